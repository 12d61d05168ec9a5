"""Why a vault ends where it does, beside its shadow that trades for nothing: every part of the difference by name.

METHOD. Per share, between two moments a vault grows by what trading loses, by what happens to its shares, and by what
prices do to the book that is left. Logarithms of all three add up to the logarithm of its growth; those of the shadow
likewise. So the logarithm of vault over shadow is an exact sum of parts:

    fees     what the pools keep of each trade
    impact   what a trade loses besides, or gains
    shares   fees of the vault itself, and what flows leave for the others
    drift    prices did something else to another book, while vault and shadow had last traded at the same moment
    rule     the same while they had not: the vault waited, was refused, or fired at another time
    gas      what whoever sends has paid for all of it, as a part of the end

and each is told as its part of the difference in value (Carino, Journal of Performance Measurement 1999), which they
sum to.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

from controller.errors import InputError
from controller.model import TickRecord
from controller.planning import rules
from controller.planning.aftermath import balances_after
from controller.report.shadows import Frictionless

Kept = Callable[[int, int], float]
"""{1} of a trade's value that pools keep, by the asset sold and the one bought: `Market.kept`."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Parts of the difference, each {1} of the shadow's final value; below zero is worse."""

    fees: float
    impact: float
    shares: float
    drift: float
    rule: float
    gas: float

    @property
    def total(self) -> float:
        """{1} by which the vault, its gas paid, ends above its shadow."""
        return math.fsum(getattr(self, each.name) for each in fields(self))

    def as_dict(self) -> dict[str, float]:
        return {each.name: getattr(self, each.name) for each in fields(self)} | {"total": self.total}


def attribute(ticks: Sequence[TickRecord], shadow: Frictionless, kept: Kept, gas: int = 0) -> Attribution:
    """The parts of what one run ends above its frictionless shadow.

    Parameters
    ----------
    gas : D36{quote} paid for all of its transactions.

    Raises
    ------
    InputError
        When a tick has no value: what happened then cannot be told apart.
    """
    if any(not tick.value or not tick.supply for tick in ticks):
        raise InputError("The run has ticks without a value.", "Attribute a run whose prices are all there.")
    logs = dict.fromkeys(("fees", "impact", "shares", "drift", "rule"), 0.0)
    ours = theirs = -1
    for place, (tick, then) in enumerate(pairwise(ticks)):
        ours = place if tick.outcome is not None else ours
        theirs = place if place in shadow.rebalances else theirs
        held = tick.balances if tick.outcome is None else balances_after(tick.balances, tick.outcome.rebalance.fills)
        after = sum(rules.values(held, tick.prices))
        for name, part in _trading(tick, kept, after).items():
            logs[name] += part
        moved = sum(rules.values(held, then.prices))
        logs["shares"] += math.log(then.value / moved) - math.log(then.supply / tick.supply)
        free = _ratio(shadow.series[place + 1], shadow.series[place])
        logs["drift" if ours == theirs else "rule"] += math.log(moved / after) - math.log(free)
    end = ticks[-1].value
    logs["gas"] = math.log1p(-gas / end) if gas < end else -math.inf
    whole = math.fsum(logs.values())
    # (e^x - 1) / x, the same for all parts
    scale = math.expm1(whole) / whole if whole else 1.0
    return Attribution(**{name: part * scale for name, part in logs.items()})


def _trading(tick: TickRecord, kept: Kept, after: int) -> dict[str, float]:
    """Logarithms of what trading at the tick's prices leaves of its value."""
    if tick.outcome is None:
        return {}
    whole = math.log(after / tick.value)
    fills = tick.outcome.rebalance.fills
    fees = sum(fill.amount_in * tick.prices[fill.sell] * kept(fill.sell, fill.buy) for fill in fills)
    lost = tick.value - after
    part = min(fees / lost, 1.0) * whole if lost > 0 else math.log1p(-fees / tick.value)
    return {"fees": part, "impact": whole - part}


def _ratio(now: int | None, before: int | None) -> float:
    if now is None or before is None:
        raise InputError("The shadow has no value at some tick.", "Attribute a run whose prices are all there.")
    return now / before
