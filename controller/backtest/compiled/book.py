"""What one plan is judged by, compiled: `planning.rules`, `planning.budget`, `planning.triggers` and `planning.book`.

Every function here is the one of the same name there, in the same order of operations.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from controller.backtest.compiled.jit import compiled
from controller.backtest.compiled.wide import Words, load, narrow, store, wide
from controller.model import Cause, Scope, TriggerKind
from controller.planning.budget import D14 as _D14
from controller.units import BPS as _BPS

Integers = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]

BPS: Final = _BPS
D14: Final = _D14
THRESHOLD: Final = int(TriggerKind.THRESHOLD)
CALENDAR: Final = int(TriggerKind.CALENDAR)
EITHER: Final = int(TriggerKind.EITHER)
BOTH: Final = int(TriggerKind.BOTH)
BOOK: Final = int(Scope.BOOK)
BY_BAND: Final = int(Cause.THRESHOLD)
BY_CALENDAR: Final = int(Cause.CALENDAR)
BY_BOTH: Final = int(Cause.THRESHOLD_AND_CALENDAR)
IN_BAND: Final = int(Cause.IN_BAND)
BEFORE_PERIOD: Final = int(Cause.BEFORE_PERIOD)
COOLING_DOWN: Final = int(Cause.COOLING_DOWN)


class Rules(NamedTuple):
    """Of one mandate, and what trading costs."""

    kind: int
    band: int  # {bps}
    relative_band: int  # {bps of the target}
    cooldown: int  # {s}
    drift: int  # {bps}
    relative_drift: int  # {bps of the target}
    scope: int
    window: int  # {s}
    max_slippage: int  # {bps}
    max_loss: int  # {bps}
    loss_budget: int  # {bps}
    turnover_budget: int  # {bps}
    budget_window: int  # {s}
    max_trades: int
    cost: int  # {bps} of what is sold


class Book(NamedTuple):
    """A vault at the moment of a plan; wide integers stand in rows."""

    prices: Words  # (n, 4) D36{quote/qTok}
    balances: Words  # (n, 4) {qTok}
    values: Words  # (n, 4) D36{quote}
    targets: Integers  # (n,) {bps}
    total: int  # D36{quote}
    smallest: int  # D36{quote} of a trade
    margins: Words  # (5, 4) D36{quote} * {bps}: of `sizing`, and half of the smallest trade
    wanted: int  # bitmap of the assets that must end inside the destination
    lost: int  # D14{1} of the loss budget in use
    sold: int  # D14{1} of the turnover budget in use


@compiled
def magnitude(number: int) -> int:
    return number if number >= 0 else wide(0) - number


@compiled
def larger(one: int, other: int) -> int:
    return one if one >= other else other  # noqa: FURB136 - wide integers know no max


@compiled
def smaller(one: int, other: int) -> int:
    return one if one <= other else other  # noqa: FURB136


@compiled
def div_up(numerator: int, denominator: int) -> int:
    """Neither is negative."""
    return (numerator + denominator - 1) // denominator


@compiled
def excess(value: int, target: int, total: int) -> int:
    return value * BPS - total * target


@compiled
def side(value: int, target: int, total: int) -> int:
    off = excess(value, target, total)
    return int(off > 0) - int(off < 0)


@compiled
def is_breach(rules: Rules, off: int, target: int, total: int) -> bool:
    if rules.band > 0 and off >= total * rules.band:
        return True
    return rules.relative_band > 0 and target > 0 and off * BPS >= total * (rules.relative_band * target)


@compiled
def reach(rules: Rules, target: int, total: int) -> int:
    absolute = total * rules.drift
    if rules.relative_band == 0:
        return absolute
    relative = total * (rules.relative_drift * target) // BPS
    return smaller(absolute, relative) if rules.band > 0 else relative


@compiled
def is_inside(rules: Rules, smallest: int, off: int, target: int, total: int) -> bool:
    return off - smallest * BPS <= reach(rules, target, total)


@compiled
def breaches(rules: Rules, values: Words, targets: Integers, total: int) -> int:
    """Bitmap."""
    found = 0
    for asset in range(len(targets)):
        off = magnitude(excess(load(values, asset), targets[asset], total))
        if is_breach(rules, off, targets[asset], total):
            found |= 1 << asset
    return found


@compiled
def assess(rules: Rules, hit: int, begun: bool, assets: int) -> tuple[int, int]:
    """The trigger's answer and a bitmap of the assets that the rebalance is about.

    Parameters
    ----------
    hit : bitmap of the assets in breach; not looked at by a calendar alone.
    begun : whether a period has begun since the last rebalance.
    """
    if rules.kind == CALENDAR:
        hit = 0
    by_band = BY_BAND if hit else IN_BAND
    if rules.kind == THRESHOLD or (rules.kind == BOTH and hit == 0):
        return by_band, hit
    if rules.kind == BOTH:
        return (BY_BOTH, hit) if begun else (BEFORE_PERIOD, 0)
    if begun:
        return (BY_BOTH if hit else BY_CALENDAR), (1 << assets) - 1
    return (BEFORE_PERIOD, 0) if rules.kind == CALENDAR else (by_band, hit)


@compiled
def capacity(budget: int) -> int:
    return budget * (D14 // BPS // 2)


@compiled
def leaked(level: int, elapsed: int, budget: int, window: int) -> int:
    whole = wide(capacity(budget)) * elapsed // wide(window)
    return narrow(larger(wide(level) - whole, wide(0)))


@compiled
def used(level: int, amount: int, total: int) -> int:
    """D14{1} in use after an amount of a vault worth `total`."""
    return level + narrow(div_up(amount * D14, total))


@compiled
def valued(balances: Words, prices: Words, values: Words) -> int:
    """D36{quote} of all, with that of each asset in its row."""
    total = wide(0)
    for asset in range(len(balances)):
        value = load(balances, asset) * load(prices, asset)
        store(values, asset, value)
        total = total + value
    return total


@compiled
def copy_rows(source: Words, target: Words, count: int) -> None:
    """The first `count` integers; numba takes seconds to compile a slice that is put into another."""
    for row in range(count):
        store(target, row, load(source, row))


@compiled
def copy_places(source: Integers, target: Integers, count: int) -> None:
    for place in range(count):
        target[place] = source[place]


@compiled
def are_same(one: Integers, other: Integers, count: int) -> bool:
    same = True
    for place in range(count):
        same &= one[place] == other[place]
    return same
