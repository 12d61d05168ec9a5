"""The fewest and smallest trades that reach the destination, compiled: `planning.sizing`, step by step."""

from __future__ import annotations

from typing import Final

import numpy as np

from controller.backtest.compiled.book import (
    BPS,
    Book,
    Integers,
    Rules,
    are_same,
    copy_places,
    copy_rows,
    excess,
    larger,
    reach,
    side,
)
from controller.backtest.compiled.jit import compiled
from controller.backtest.compiled.pairing import BUYER, SELLER, Ranges, fit, ranges_of, serve
from controller.backtest.compiled.wide import WORDS, Words, load, store, wide
from controller.planning.sizing import MARGINS as _MARGINS

MARGINS: Final = _MARGINS
LAST: Final = len(_MARGINS) - 1
CHOICES: Final = 6
"""Pairings: three steps for each of two levels."""


@compiled
def transfers(rules: Rules, book: Book, costs: Words, kept: Integers, pairs: Integers, flows: Words) -> int:
    """Fills `pairs` and `flows` D36{quote} * {bps}, the largest surplus first, and returns their number; -1 when trades
    of at least the minimum cannot reach the destination without crossing a target.

    Parameters
    ----------
    costs : (n, 4) D36{quote} that buying each asset is expected to lose.
    kept : pairs to stay with if amounts can be found for them.
    """
    minimum = book.smallest * BPS
    for level in range(LAST if len(kept) else 0):
        if fit(kept, len(kept), _ranges(rules, book, costs, level), minimum, flows):
            copy_places(kept, pairs, len(kept))
            return _ordered(pairs, flows, len(kept), book)
    choices, lengths = _choices(rules, book, costs, minimum, len(pairs))
    trial = np.empty_like(flows)
    for level in range(LAST + 1):
        ranges = _ranges(rules, book, costs, level)
        for length in range(len(pairs)):
            chosen, least = -1, wide(0)
            for choice in range(CHOICES):
                if lengths[choice] != length or not fit(choices[choice], length, ranges, minimum, trial):
                    continue
                total = _sum(trial, length)
                if chosen < 0 or total < least or (total == least and _precedes(choices, choice, chosen, length)):
                    chosen, least = choice, total
                    copy_rows(trial, flows, length)
            if chosen >= 0:
                copy_places(choices[chosen], pairs, length)
                return _ordered(pairs, flows, length, book)
    return -1


@compiled
def _choices(rules: Rules, book: Book, costs: Words, minimum: int, most: int) -> tuple[Integers, Integers]:
    """(CHOICES, most) sorted pairs of every pairing, and how many each has; one that is there already has -1."""
    choices, lengths = np.zeros((CHOICES, most), np.int64), np.zeros(CHOICES, np.int64)
    scratch, choice = np.zeros((most, WORDS), np.uint64), 0
    for level in (0, LAST):
        ranges = _ranges(rules, book, costs, level)
        for step in range(CHOICES // 2):
            count = serve(ranges, minimum, step, choices[choice], scratch)
            _sort(choices[choice], count)
            lengths[choice] = count
            for earlier in range(choice):
                if lengths[earlier] == count and are_same(choices[earlier], choices[choice], count):
                    lengths[choice] = -1
                    break
            choice += 1
    return choices, lengths


@compiled
def _sort(pairs: Integers, count: int) -> None:
    for last in range(1, count):
        place, pair = last, pairs[last]
        while place > 0 and pairs[place - 1] > pair:
            pairs[place] = pairs[place - 1]
            place -= 1
        pairs[place] = pair


@compiled
def _precedes(choices: Integers, one: int, other: int, length: int) -> bool:
    for place in range(length):
        if choices[one, place] != choices[other, place]:
            return bool(choices[one, place] < choices[other, place])
    return False


@compiled
def _sum(flows: Words, count: int) -> int:
    total = wide(0)
    for place in range(count):
        total = total + load(flows, place)
    return total


@compiled
def _ordered(pairs: Integers, flows: Words, count: int, book: Book) -> int:
    """Sorts by the seller's surplus, falling, and the buyer's, rising; of equal ones the lower index."""
    surplus = np.empty_like(book.values)
    for asset in range(len(book.targets)):
        store(surplus, asset, excess(load(book.values, asset), book.targets[asset], book.total))
    for last in range(1, count):
        place = last
        while place > 0 and _goes_before(pairs[place], pairs[place - 1], surplus):
            pairs[place], pairs[place - 1] = pairs[place - 1], pairs[place]
            flow = load(flows, place)
            store(flows, place, load(flows, place - 1))
            store(flows, place - 1, flow)
            place -= 1
    return count


@compiled
def _goes_before(one: int, other: int, surplus: Words) -> bool:
    sold, other_sold = one >> SELLER, other >> SELLER
    if sold != other_sold:
        mine, theirs = load(surplus, sold), load(surplus, other_sold)
        return mine > theirs if mine != theirs else sold < other_sold
    bought, other_bought = one & BUYER, other & BUYER
    mine, theirs = load(surplus, bought), load(surplus, other_bought)
    return mine < theirs if mine != theirs else bought < other_bought


@compiled
def _ranges(rules: Rules, book: Book, costs: Words, level: int) -> Ranges:
    """What each asset needs and allows, the costs already paid."""
    ranges, spent = ranges_of(len(book.targets)), wide(0)
    for asset in range(len(costs)):
        spent = spent + load(costs, asset)
    for asset in range(len(costs)):
        value, target = load(book.values, asset), book.targets[asset]
        which = side(value, target, book.total)
        moved = excess(value, target, book.total) + spent * target - load(costs, asset) * BPS
        ranges.side[asset] = which
        _range(rules, book, ranges, asset, moved * which, book.total - spent, level)
    return ranges


@compiled
def _range(rules: Rules, book: Book, ranges: Ranges, asset: int, distance: int, after: int, level: int) -> None:
    minimum = book.smallest * BPS
    margin, room = wide(0), distance
    for place in range(level, LAST + 1):
        margin = load(book.margins, place)
        room = distance - margin
        if room >= minimum:
            break
    store(ranges.room, asset, larger(room, wide(0)))
    if not book.wanted >> asset & 1:
        store(ranges.need, asset, wide(0))
        return
    end = reach(rules, book.targets[asset], after)
    aim = larger(end, load(book.margins, LAST + 1)) if level == 0 and room < distance else end + minimum - margin
    store(ranges.need, asset, larger(distance - aim, wide(0)))
