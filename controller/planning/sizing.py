"""Which assets to trade, against which, and for how much: the fewest and smallest trades that reach the destination.

Everything here is in scaled value, D36{quote} * {bps}: the unit of `rules.excess`, in which nothing is divided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from controller.planning import rules
from controller.planning.book import Book
from controller.planning.pairing import Pair, Range, Step, fit, serve
from controller.units import BPS

MARGINS = (4, 16, 64, 0)
"""Parts of the smallest trade that sizes keep from every limit, for what quotes do not foresee; 0 is none."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Value to be moved from one asset to another."""

    sell: int
    buy: int
    value: int  # D36{quote} * {bps}


def transfers(book: Book, costs: Sequence[int], kept: Sequence[Pair] = ()) -> tuple[Transfer, ...] | None:
    """Sizes a whole rebalance; budgets and the number of trades apart.

    Parameters
    ----------
    costs : D36{quote} that buying each asset is expected to lose to fees and impact; negative when it gains.
    kept : pairs to stay with if amounts can be found for them, so that the quotes of one round hold in the next.

    Returns
    -------
    One transfer for each trade, the largest surplus first; None when trades of at least the minimum cannot reach the
    destination without crossing a target.
    """
    minimum = BPS * book.mandate.min_trade_value
    last = len(MARGINS) - 1
    for level in range(last) if kept else ():
        flows = fit(kept, _ranges(book, costs, level), minimum)
        if flows is not None:
            return _ordered(flows, book)
    ends = (_ranges(book, costs, 0), _ranges(book, costs, last))
    choices = sorted({tuple(sorted(serve(ranges, minimum, step))) for ranges in ends for step in Step}, key=len)
    for level in range(last + 1):
        ranges = ends[0] if level == 0 else _ranges(book, costs, level)
        for _, fewest in groupby(choices, key=len):
            found = [flows for pairs in fewest if (flows := fit(pairs, ranges, minimum)) is not None]
            if found:
                return _ordered(min(found, key=lambda flows: (sum(flows.values()), sorted(flows))), book)
    return None


def some(book: Book, costs: Sequence[int]) -> tuple[Transfer, ...]:
    """What can be moved towards the destination where it cannot be reached, because what is left elsewhere is too
    little for a trade; parameters as above. None of it crosses a target."""
    return _ordered(serve(_ranges(book, costs, 0), BPS * book.mandate.min_trade_value, Step.LESS), book)


def _ordered(flows: dict[Pair, int], book: Book) -> tuple[Transfer, ...]:
    surplus = [rules.excess(value, target, book.total) for value, target in zip(book.values, book.targets, strict=True)]
    order = sorted(flows, key=lambda pair: (-surplus[pair[0]], pair[0], surplus[pair[1]], pair[1]))
    return tuple(Transfer(sell, buy, flows[sell, buy]) for sell, buy in order)


def _ranges(book: Book, costs: Sequence[int], level: int) -> tuple[Range, ...]:
    """What each asset needs and allows, the costs already paid.

    With x of value sold (times 10,000) against an asset whose purchase loses c, and C lost in all, the excess of a
    bought asset becomes e + x - 10,000 * c + t * C and that of a sold one e - x + t * C. The last terms are known from
    the quotes, so they are added first, and the sizes follow as if trading were free.
    """
    before, after = book.total, book.total - sum(costs)
    ranges = []
    for asset, (value, target, cost) in enumerate(zip(book.values, book.targets, costs, strict=True)):
        side = rules.side(value, target, before)
        distance = side * (rules.excess(value, target, before) + target * (before - after) - BPS * cost)
        reach = book.bands.reach(target, after) if book.wanted >> asset & 1 else None
        ranges.append(_range(side, distance, reach, book.bands.tolerance, level))
    return tuple(ranges)


def _range(side: int, distance: int, reach: int | None, minimum: int, level: int) -> Range:
    """At the first level the aim is the destination itself, or half a smallest trade for a destination of zero; after
    that it is what the contract allows, less a margin. The margin keeps the target at a distance as well; it shrinks
    from level to level, and as far as a trade of the minimum size needs the room. An asset without a `reach` may end
    where it is."""
    for margin in [minimum // part if part else 0 for part in MARGINS[level:]]:
        room = distance - margin
        if room >= minimum:
            break
    if reach is None:
        return Range(side, 0, max(room, 0))
    aim = max(reach, minimum // 2) if level == 0 and room < distance else reach + minimum - margin
    return Range(side, max(distance - aim, 0), max(room, 0))
