"""Which assets trade with which, and amounts that fit; in scaled value, D36{quote} * {bps}, as in `sizing`."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

Pair = tuple[int, int]
"""The asset that is sold and the one that is bought."""


@dataclass(frozen=True, slots=True)
class Range:
    """How much of one asset may be traded, in the one direction that its side of the target allows."""

    side: int  # 1 above the target: may be sold; -1 below: may be bought; 0 at the target: neither
    need: int  # D36{quote} * {bps} the least that reaches the destination
    room: int  # D36{quote} * {bps} the most that does not cross the target


class Step(Enum):
    """How far one pairing goes: to the end of the smaller need, of the larger one, or of the room."""

    LESS = auto()
    MORE = auto()
    ROOM = auto()


def serve(ranges: Sequence[Range], minimum: int, step: Step) -> dict[Pair, int]:
    """Amounts within every room that serve the largest need first, until none is left or none can be served.

    A pair that trades already may grow by any amount, a new one starts at the `minimum`. Every round ends a need or a
    room, so there are at most three times as many rounds as assets.
    """
    need = [entry.need for entry in ranges]
    room = [entry.room for entry in ranges]
    pairs: dict[Pair, int] = {}
    while any(need):
        asset = need.index(max(need))  # the first of equals
        other = _partner(asset, ranges, need, room, pairs, minimum)
        if other is None:
            need[asset] = 0
            continue
        wished = {
            Step.LESS: min(need[asset], need[other] or need[asset]),
            Step.MORE: max(need[asset], need[other]),
            Step.ROOM: room[asset],
        }[step]
        pair = (asset, other) if ranges[asset].side > 0 else (other, asset)
        value = min(wished if pair in pairs else max(wished, minimum), room[asset], room[other])
        pairs[pair] = pairs.get(pair, 0) + value
        for index in pair:
            need[index], room[index] = max(need[index] - value, 0), room[index] - value
    return pairs


def _partner(
    asset: int, ranges: Sequence[Range], need: list[int], room: list[int], pairs: dict[Pair, int], minimum: int
) -> int | None:
    """The best counterpart: an existing pair for a rest too small for a trade of its own, then whoever needs most, then
    whoever trades already, then whoever has most room; None when no trade with `asset` is possible."""
    side = ranges[asset].side
    if not side:
        return None
    trading = {index for pair in pairs for index in pair}
    best: tuple[bool, int, bool, bool, int, int] | None = None
    for other, entry in enumerate(ranges):
        if entry.side != -side:
            continue
        paired = ((asset, other) if side > 0 else (other, asset)) in pairs
        if min(room[asset], room[other]) < (1 if paired else minimum):
            continue
        small = paired and need[asset] < minimum and room[other] >= need[asset]
        rank = (small, need[other], paired, other in trading, room[other], -other)
        if best is None or rank > best:
            best = rank
    return None if best is None else -best[-1]


def fit(pairs: Sequence[Pair], ranges: Sequence[Range], minimum: int) -> dict[Pair, int] | None:
    """Amounts for given pairs, each at least the `minimum`, that meet every need within every room.

    All pairs start at the minimum; then, as long as an asset is short, value is pushed along a shortest path from it to
    an asset that can take or spare some (Ford and Fulkerson's augmenting paths), so that amounts are found whenever
    there are any.

    Returns
    -------
    The value of each pair, or None when there are no such amounts.
    """
    flows = dict.fromkeys(pairs, minimum)
    given = [sum(minimum for pair in flows if asset in pair) for asset in range(len(ranges))]
    if any(total > entry.room for total, entry in zip(given, ranges, strict=True) if total):
        return None
    while short := [asset for asset, entry in enumerate(ranges) if given[asset] < entry.need]:
        asset = short[0]
        found = _path(asset, flows, given, ranges, minimum)
        if found is None:
            return None
        path, slack = found
        value = min(ranges[asset].need - given[asset], slack, *(flows[pair] - minimum for pair in path[1::2]))
        for place, pair in enumerate(path):
            change = -value if place % 2 else value
            flows[pair] += change
            for index in pair:
                given[index] += change
    return flows


STEPS = 8
"""Rooms beyond the needs are filled in so many steps, evenly."""


def _path(
    asset: int, flows: dict[Pair, int], given: list[int], ranges: Sequence[Range], minimum: int
) -> tuple[tuple[Pair, ...], int] | None:
    """Pairs that in turn rise and fall so that `asset` gets more and nobody falls short, with the most that the end of
    the path takes: an asset below its need or with room beyond, or one given more than it needs.

    Needs are met with one another first, because what only fills a room is turnover that nothing asks for; then rooms
    are filled evenly, so that nobody ends closer to its target than it has to.
    """
    partners: dict[int, list[tuple[Pair, int]]] = {}
    for pair in flows:
        partners.setdefault(pair[0], []).append((pair, pair[1]))
        partners.setdefault(pair[1], []).append((pair, pair[0]))
    seen = {asset}
    queue: deque[tuple[int, tuple[Pair, ...]]] = deque([(asset, ())])
    best, found = STEPS + 1, None
    while queue:
        node, path = queue.popleft()
        for rise, other in partners.get(node, ()):
            if other in seen:
                continue
            seen.add(other)
            step, slack = _filling(ranges[other], given[other])
            if step < best:
                best, found = step, ((*path, rise), slack)
            if best == 0:
                return found
            for fall, third in partners[other]:
                if third in seen or flows[fall] == minimum:
                    continue
                seen.add(third)
                if given[third] > ranges[third].need:
                    return (*path, rise, fall), given[third] - ranges[third].need
                queue.append((third, (*path, rise, fall)))
    return found


def _filling(entry: Range, given: int) -> tuple[int, int]:
    """The first step at which an asset still takes more, and how much; one step too many when it is full."""
    for step in range(STEPS + 1):
        limit = entry.need + (entry.room - entry.need) * step // STEPS
        if given < limit:
            return step, limit - given
    return STEPS + 1, 0
