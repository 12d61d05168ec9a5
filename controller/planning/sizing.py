"""Which assets to trade, against which, and for how much: the fewest and smallest trades that reach the destination.

Everything here is in scaled value, D36{quote} * {bps}: the unit of `rules.excess`, in which nothing is divided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.model import Mandate, Scope
from controller.planning import rules
from controller.planning.pairing import Pair, Range, Step, choose, fit
from controller.units import BPS

MARGINS = (4, 16, 64, 0)
"""Parts of the smallest trade that sizes keep from every limit, for what quotes do not foresee; 0 is none."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Value to be moved from one asset to another."""

    sell: int
    buy: int
    value: int  # D36{quote} * {bps}


def transfers(
    held: Sequence[int], costs: Sequence[int], mandate: Mandate, kept: Sequence[Pair] = ()
) -> tuple[Transfer, ...] | None:
    """Sizes a rebalance.

    Parameters
    ----------
    held : D36{quote} of each asset before any trade.
    costs : D36{quote} that buying each asset is expected to lose to fees and impact; negative when it gains.
    kept : pairs to stay with if amounts can be found for them, so that the quotes of one round hold in the next.

    Returns
    -------
    One transfer for each trade, the largest surplus first; None when trades of at least the minimum cannot reach the
    destination without crossing a target.
    """
    minimum = BPS * mandate.min_trade_value
    levels = [_ranges(held, costs, mandate, level) for level in range(len(MARGINS))]
    for ranges in levels[:-1] if kept else ():
        flows = fit(kept, ranges, minimum)
        if flows is not None:
            return _ordered(flows, held, mandate)
    choices = {choose(ranges, minimum, step) for ranges in (levels[0], levels[-1]) for step in Step}
    for ranges in levels:
        found = [flows for pairs in choices if (flows := fit(pairs, ranges, minimum)) is not None]
        if found:
            best = min(found, key=lambda flows: (len(flows), sum(flows.values()), sorted(flows)))
            return _ordered(best, held, mandate)
    return None


def _ordered(flows: dict[Pair, int], held: Sequence[int], mandate: Mandate) -> tuple[Transfer, ...]:
    total = sum(held)
    surplus = [rules.excess(value, target, total) for value, target in zip(held, mandate.targets, strict=True)]
    order = sorted(flows, key=lambda pair: (-surplus[pair[0]], pair[0], surplus[pair[1]], pair[1]))
    return tuple(Transfer(sell, buy, flows[sell, buy]) for sell, buy in order)


def _ranges(held: Sequence[int], costs: Sequence[int], mandate: Mandate, level: int) -> tuple[Range, ...]:
    """What each asset needs and allows, the costs already paid.

    With x of value sold (times 10,000) against an asset whose purchase loses c, and C lost in all, the excess of a
    bought asset becomes e + x - 10,000 * c + t * C and that of a sold one e - x + t * C. The last terms are known from
    the quotes, so they are added first, and the sizes follow as if trading were free.
    """
    before, after = sum(held), sum(held) - sum(costs)
    in_breach = rules.breaches(held, mandate.targets, mandate.band)
    ranges = []
    for asset, (value, target, cost) in enumerate(zip(held, mandate.targets, costs, strict=True)):
        was = rules.excess(value, target, before)
        side = (was > 0) - (was < 0)
        distance = side * (was + target * (before - after) - BPS * cost)
        must = mandate.scope is Scope.BOOK or in_breach[asset]
        ranges.append(_range(side, distance, after, mandate, must=must, level=level))
    return tuple(ranges)


def _range(side: int, distance: int, total: int, mandate: Mandate, *, must: bool, level: int) -> Range:
    """At the first level the aim is the destination itself, or half a smallest trade for a destination of zero; after
    that it is what the contract allows, less a margin. The margin keeps the target at a distance as well; it shrinks
    from level to level, and as far as a trade of the minimum size needs the room."""
    minimum = BPS * mandate.min_trade_value
    for margin in [minimum // part if part else 0 for part in MARGINS[level:]]:
        aim, room = rules.tolerance(total, mandate) - margin, distance - margin
        if room >= minimum:
            break
    if level == 0 and room < distance:
        aim = max(mandate.destination * total, minimum // 2)
    return Range(side, max(distance - aim, 0) if must else 0, max(room, 0))
