"""Which assets to trade, against which, and for how much: the fewest and smallest trades that reach the destination.

Everything here is in scaled value, D36{quote} * {bps}: the unit of `rules.excess`, in which nothing is divided.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from controller.model import Mandate, Scope
from controller.planning import rules
from controller.units import BPS


@dataclass(frozen=True, slots=True)
class Transfer:
    """Value to be moved from one asset to another."""

    sell: int
    buy: int
    value: int  # D36{quote} * {bps}


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


def transfers(held: Sequence[int], costs: Sequence[int], mandate: Mandate) -> tuple[Transfer, ...] | None:
    """Sizes a rebalance.

    Parameters
    ----------
    held : D36{quote} of each asset before any trade.
    costs : D36{quote} that buying each asset is expected to lose to fees and impact; negative when it gains.

    Returns
    -------
    One transfer for each trade, the largest surplus first; None when trades of at least the minimum cannot reach the
    destination without crossing a target.
    """
    minimum = BPS * mandate.min_trade_value
    for bare, steps in ((False, (Step.LESS, Step.MORE)), (True, tuple(Step))):
        ranges = _ranges(held, costs, mandate, bare)
        found = [flows for step in steps if (flows := _pair(ranges, minimum, step)) is not None]
        if found:
            total = sum(held)
            surplus = [rules.excess(value, target, total) for value, target in zip(held, mandate.targets, strict=True)]
            flows = min(found, key=lambda flows: (len(flows), sum(flows.values())))
            order = sorted(flows, key=lambda pair: (-surplus[pair[0]], pair[0], surplus[pair[1]], pair[1]))
            return tuple(Transfer(sell, buy, flows[sell, buy]) for sell, buy in order)
    return None


def _ranges(held: Sequence[int], costs: Sequence[int], mandate: Mandate, bare: bool) -> tuple[Range, ...]:
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
        ranges.append(_range(side, distance, after, mandate, must=must, bare=bare))
    return tuple(ranges)


def _range(side: int, distance: int, total: int, mandate: Mandate, *, must: bool, bare: bool) -> Range:
    """Aims at the destination itself and stays a quarter of the smallest trade away from the target, as far as a trade
    of the minimum size fits in between; else, or when `bare`, everything that the contract allows."""
    minimum = BPS * mandate.min_trade_value
    aim, room = max(mandate.destination * total, minimum // 2), distance - minimum // 4
    if bare or room < minimum:
        aim, room = rules.tolerance(total, mandate), distance
    return Range(side, max(distance - aim, 0) if must else 0, max(room, 0))


def _pair(ranges: tuple[Range, ...], minimum: int, step: Step) -> dict[tuple[int, int], int] | None:
    """Serves the largest need first. A pair that already trades may grow by any amount; a new one starts at the
    minimum. Every round ends a need or a room, so there are at most twice as many rounds as assets."""
    need = [entry.need for entry in ranges]
    room = [entry.room for entry in ranges]
    flows: dict[tuple[int, int], int] = {}
    while any(need):
        asset = max(range(len(need)), key=lambda index: (need[index], -index))
        other = _partner(asset, ranges, need, room, flows, minimum)
        if other is None:
            return None
        pair = (asset, other) if ranges[asset].side > 0 else (other, asset)
        wished = {
            Step.LESS: min(need[asset], need[other] or need[asset]),
            Step.MORE: max(need[asset], need[other]),
            Step.ROOM: room[asset],
        }[step]
        value = min(wished if pair in flows else max(wished, minimum), room[asset], room[other])
        flows[pair] = flows.get(pair, 0) + value
        for index in pair:
            need[index], room[index] = max(need[index] - value, 0), room[index] - value
    return flows


def _partner(
    asset: int,
    ranges: tuple[Range, ...],
    need: list[int],
    room: list[int],
    flows: dict[tuple[int, int], int],
    minimum: int,
) -> int | None:
    """The best counterpart: an existing pair for a rest too small for a trade of its own, then whoever needs most, then
    whoever trades already, then whoever has most room; None when no trade with `asset` is possible."""
    side = ranges[asset].side
    trading = {index for pair in flows for index in pair}

    def rank(other: int) -> tuple[bool, int, bool, bool, int, int]:
        paired = (asset, other) in flows or (other, asset) in flows
        small = paired and need[asset] < minimum and room[other] >= need[asset]
        return small, need[other], paired, other in trading, room[other], -other

    def fits(other: int) -> bool:
        paired = (asset, other) in flows or (other, asset) in flows
        return ranges[other].side == -side and min(room[asset], room[other]) >= (1 if paired else minimum)

    return max((other for other in range(len(ranges)) if side and fits(other)), key=rank, default=None)
