"""Which assets trade with which, and amounts that fit, compiled: `planning.pairing`, step by step.

A pair is one number, its seller times 64 plus its buyer, so that pairs sort as they do there. Needs, rooms and flows
are wide integers in rows, D36{quote} * {bps}.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from controller.backtest.compiled.book import Integers, larger, smaller
from controller.backtest.compiled.jit import compiled
from controller.backtest.compiled.wide import WORDS, Words, load, store, wide
from controller.planning.pairing import STEPS as _STEPS

SELLER: Final = 6
"""Bits of a pair below its seller."""
BUYER: Final = 2**SELLER - 1
"""Mask of its buyer."""
STEPS: Final = _STEPS
EIGHTHS: Final = STEPS.bit_length() - 1
"""Bits to shift by in the place of a division by `STEPS`, a power of two."""
LESS: Final = 0
MORE: Final = 1
ROOM: Final = 2


class Ranges(NamedTuple):
    """How much of each asset may be traded, in the one direction that its side of the target allows."""

    side: Integers  # (n,)
    need: Words  # (n, 4)
    room: Words  # (n, 4)


@compiled
def ranges_of(assets: int) -> Ranges:
    return Ranges(
        np.zeros(assets, np.int64), np.zeros((assets, WORDS), np.uint64), np.zeros((assets, WORDS), np.uint64)
    )


@compiled
def _neediest(need: Words) -> int:
    """The first of the largest needs; -1 when there is none."""
    best, found = wide(0), -1
    for asset in range(len(need)):
        if load(need, asset) > best:
            best, found = load(need, asset), asset
    return found


@compiled
def serve(ranges: Ranges, minimum: int, step: int, pairs: Integers, flows: Words) -> int:
    """Fills `pairs` and `flows`, in the order in which they come up, and returns their number."""
    need, room, count = ranges.need.copy(), ranges.room.copy(), 0
    # places of pairs by seller and buyer, from 1 on; on the diagonal, whether an asset trades
    known = np.zeros((len(need), len(need)), np.int64)
    while True:
        asset = _neediest(need)
        if asset < 0:
            return count
        side = ranges.side[asset]
        other = _partner(asset, ranges, need, room, known, minimum)
        if other < 0:
            store(need, asset, wide(0))
            continue
        wished = _wished(asset, other, need, room, step)
        sell, buy = (asset, other) if side > 0 else (other, asset)
        place = known[sell, buy] - 1
        if place < 0:
            pairs[count] = sell << SELLER | buy
            store(flows, count, wide(0))
            place, count = count, count + 1
            known[sell, buy], known[sell, sell], known[buy, buy] = count, 1, 1
            wished = larger(wished, minimum)
        value = smaller(wished, smaller(load(room, asset), load(room, other)))
        store(flows, place, load(flows, place) + value)
        for index in (asset, other):
            store(need, index, larger(load(need, index) - value, wide(0)))
            store(room, index, load(room, index) - value)


@compiled
def _wished(asset: int, other: int, need: Words, room: Words, step: int) -> int:
    mine, theirs = load(need, asset), load(need, other)
    if step == ROOM:
        return load(room, asset)
    if step == MORE:
        return larger(mine, theirs)
    return mine if theirs == 0 else smaller(mine, theirs)


@compiled
def _partner(asset: int, ranges: Ranges, need: Words, room: Words, known: Integers, minimum: int) -> int:
    """The best counterpart, or -1."""
    side, best = ranges.side[asset], -1
    if side == 0:
        return -1
    mine, top = load(need, asset), (0, 0, 0)  # of the best: whether it serves a small rest, is paired, and trades
    for other in range(len(need)):
        if ranges.side[other] != -side:
            continue
        paired = (known[asset, other] if side > 0 else known[other, asset]) > 0
        least = wide(1) if paired else minimum
        if load(room, asset) < least or load(room, other) < least:
            continue
        small = paired and mine < minimum and load(room, other) >= mine
        rank = (int(small), int(paired), known[other, other])
        if best < 0 or _is_better(rank, top, need, room, other, best):
            best, top = other, rank
    return best


@compiled
def _is_better(
    rank: tuple[int, int, int], top: tuple[int, int, int], need: Words, room: Words, other: int, best: int
) -> bool:
    """Whether it ranks above the best so far, which comes before it."""
    if rank[0] != top[0]:
        return rank[0] > top[0]
    if load(need, other) != load(need, best):
        return load(need, other) > load(need, best)
    if rank[1:] != top[1:]:
        return rank[1:] > top[1:]
    return load(room, other) > load(room, best)


@compiled
def fit(pairs: Integers, count: int, ranges: Ranges, minimum: int, flows: Words) -> bool:
    """Whether there are amounts for the pairs, which `flows` then holds."""
    given = np.zeros_like(ranges.need)
    for place in range(count):
        store(flows, place, minimum)
        for asset in (pairs[place] >> SELLER, pairs[place] & BUYER):
            store(given, asset, load(given, asset) + minimum)
    for asset in range(len(given)):
        if load(given, asset) > 0 and load(given, asset) > load(ranges.room, asset):
            return False
    if not _is_balanced(pairs, count, ranges):
        return False
    search = _search_of(len(given), pairs, count)
    while True:
        asset = _short(given, ranges.need)
        if asset < 0:
            return True
        if not _pushed(asset, search, pairs, flows, given, ranges, minimum):
            return False


@compiled
def _is_balanced(pairs: Integers, count: int, ranges: Ranges) -> bool:
    """Whether in every group of assets that pairs connect what is needed on one side has room on the other: without
    that there are no amounts, and none need to be looked for."""
    assets = len(ranges.side)
    group = np.arange(assets)
    for place in range(count):
        one, other = group[pairs[place] >> SELLER], group[pairs[place] & BUYER]
        for asset in range(assets):
            group[asset] = one if group[asset] == other else group[asset]
    for name in range(assets):
        excess, spare = wide(0), wide(0)  # needs of sellers less rooms of buyers, and the other way round
        for asset in range(assets):
            if group[asset] != name:
                continue
            if ranges.side[asset] > 0:
                excess, spare = excess + load(ranges.need, asset), spare - load(ranges.room, asset)
            else:
                excess, spare = excess - load(ranges.room, asset), spare + load(ranges.need, asset)
        if excess > 0 or spare > 0:
            return False
    return True


@compiled
def _short(given: Words, need: Words) -> int:
    for asset in range(len(given)):
        if load(given, asset) < load(need, asset):
            return asset
    return -1


class Search(NamedTuple):
    """A breadth-first search: for each place in the queue where it came from, and the pairs that rose and fell."""

    queue: Integers  # (n,) assets
    origin: Integers  # (n,) places, -1 at the start
    rise: Integers  # (n,) places of pairs
    fall: Integers  # (n,)
    seen: Integers  # (n,)
    ends: Integers  # (3,) where it ends: place in the queue, pair that rises, pair that falls; -1 for none
    begin: Integers  # (n + 1,) where the pairs of each asset begin in `near`
    near: Integers  # (2 * m,) places of pairs, by asset, ascending


@compiled
def _pushed(
    asset: int,
    search: Search,
    pairs: Integers,
    flows: Words,
    given: Words,
    ranges: Ranges,
    minimum: int,
) -> bool:
    """Whether value could be pushed towards an asset that is short."""
    for other in range(len(search.seen)):
        search.seen[other] = 0
    ends = search.ends
    search.queue[0], search.seen[asset], ends[0] = asset, 1, -1
    slack = _path(search, pairs, flows, given, ranges, minimum)
    if ends[0] < 0:
        return False
    value = smaller(load(ranges.need, asset) - load(given, asset), slack)
    if ends[2] >= 0:
        value = smaller(value, load(flows, ends[2]) - minimum)
    place = ends[0]
    while search.origin[place] >= 0:
        value = smaller(value, load(flows, search.fall[place]) - minimum)
        place = search.origin[place]
    _changed(ends[1], value, pairs, flows, given)
    if ends[2] >= 0:
        _changed(ends[2], wide(0) - value, pairs, flows, given)
    place = ends[0]
    while search.origin[place] >= 0:
        _changed(search.rise[place], value, pairs, flows, given)
        _changed(search.fall[place], wide(0) - value, pairs, flows, given)
        place = search.origin[place]
    return True


@compiled
def _search_of(assets: int, pairs: Integers, count: int) -> Search:
    rows, begin, near = np.empty((5, assets), np.int64), np.zeros(assets + 1, np.int64), np.empty(2 * count, np.int64)
    rows[1, 0] = -1  # the queue's first came from nowhere
    filled = 0
    for asset in range(assets):
        begin[asset] = filled
        for place in range(count):
            if _other(pairs[place], asset) >= 0:
                near[filled] = place
                filled += 1
    begin[assets] = filled
    return Search(rows[0], rows[1], rows[2], rows[3], rows[4], np.empty(3, np.int64), begin, near)


@compiled
def _changed(place: int, change: int, pairs: Integers, flows: Words, given: Words) -> None:
    store(flows, place, load(flows, place) + change)
    for asset in (pairs[place] >> SELLER, pairs[place] & BUYER):
        store(given, asset, load(given, asset) + change)


@compiled
def _other(pair: int, asset: int) -> int:
    """The other end of a pair; -1 where the asset is none of its ends."""
    sell, buy = pair >> SELLER, pair & BUYER
    if asset == sell:
        return buy
    return sell if asset == buy else -1


@compiled
def _path(
    search: Search,
    pairs: Integers,
    flows: Words,
    given: Words,
    ranges: Ranges,
    minimum: int,
) -> int:
    """The most that the end of the path takes; the search's `ends` say where it ends."""
    ends = search.ends
    head, tail, best, found = 0, 1, STEPS + 1, wide(0)
    while head < tail:
        node = search.queue[head]
        for rises in range(search.begin[node], search.begin[node + 1]):
            rise = search.near[rises]
            other = _other(pairs[rise], node)
            if search.seen[other]:
                continue
            search.seen[other] = 1
            step = _filling(ranges, given, other, best)
            if step < best:
                best, found = step, _limit(ranges, other, step) - load(given, other)
                ends[0], ends[1], ends[2] = head, rise, -1
            if best == 0:
                return found
            for falls in range(search.begin[other], search.begin[other + 1]):
                fall = search.near[falls]
                third = _other(pairs[fall], other)
                if search.seen[third] or load(flows, fall) == minimum:
                    continue
                search.seen[third] = 1
                if load(given, third) > load(ranges.need, third):
                    ends[0], ends[1], ends[2] = head, rise, fall
                    return load(given, third) - load(ranges.need, third)
                search.queue[tail], search.origin[tail] = third, head
                search.rise[tail], search.fall[tail] = rise, fall
                tail += 1
        head += 1
    return found


@compiled
def _filling(ranges: Ranges, given: Words, asset: int, best: int) -> int:
    """The first step at which an asset still takes more, or `best` where that is no later."""
    has = load(given, asset)
    if has >= _limit(ranges, asset, best - 1):
        return best
    step = 0
    while has >= _limit(ranges, asset, step):
        step += 1
    return step


@compiled
def _limit(ranges: Ranges, asset: int, step: int) -> int:
    """How much an asset takes at a step."""
    need = load(ranges.need, asset)
    return need if step == 0 else need + ((load(ranges.room, asset) - need) * step >> wide(EIGHTHS))
