"""A band and a destination for a mandate, and what the alternatives would come to."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from controller.errors import InputError
from controller.strategy.drifting import Outcome, Rule, Setting, simulate
from controller.strategy.no_trade_book import Impulse, impulse
from controller.units import BPS

SIZES = (0.35, 0.5, 0.7, 0.85, 1.0, 1.2, 1.4, 2.0, 2.8)
"""Bands that are tried, as multiples of the closed form's."""
SHARES = (0.0, 0.25, 0.5, 0.75, 0.9)
"""Destinations that are tried, as shares of the band."""
CUSTOMARY = (
    Rule("never"),
    Rule("every year to target", every=1),
    Rule("every quarter to target", every=1 / 4),
    Rule("every month to target", every=1 / 12),
    Rule("band 5% to target", 0.05),
    Rule("band 5% to 2.5%", 0.05, 0.025),
)
"""What people do; the last is what a mandate file begins with."""
GOOD = 0.01
"""Rules whose total is within this share of the least are as good as it; of them the one that trades least often."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What was found.

    Parameters
    ----------
    band, destination : {bps} of the proposal.
    proposed : what it comes to.
    alternatives : the customary rules and the mandate's own.
    tried : every band and destination that was looked at.
    closed_form : what theory says of the asset whose closed form is the widest, taken alone against all others.
    """

    band: int
    destination: int
    proposed: Outcome
    alternatives: tuple[Outcome, ...]
    tried: tuple[Outcome, ...]
    closed_form: Impulse


def advise(
    setting: Setting,
    *,
    seed: int = 1,
    own: Rule | None = None,
    years: float = 10.0,
    paths: int = 64,
    progress: Callable[[float], None] = lambda done: None,
) -> Advice:
    """Proposes the band and the destination whose cost and risk together are the least.

    The closed form of `no_trade_book.impulse`, for one asset against all others, says where to look; the simulation of
    all assets together decides. Neither volatility nor cost is a forecast of returns, and none is needed.

    Parameters
    ----------
    setting : targets, covariance, risk aversion and costs.
    own : the mandate's present rule, to be shown beside the others.
    seed, years, paths, progress : as in `drifting.simulate`.

    Raises
    ------
    InputError
        With every number that is out of its range, and where no trade costs anything.
    """
    theory = _closed_form(setting.checked())
    bands = {_points(theory.band * size) for size in SIZES}
    pairs = sorted({(band, math.floor(band * share)) for band, share in itertools.product(bands, SHARES)})
    grid = [Rule(f"band {band / BPS:.2%} to {end / BPS:.2%}", band / BPS, end / BPS) for band, end in pairs]
    customary = [*CUSTOMARY, *([own] if own else [])]
    found = simulate([*customary, *grid], setting, seed=seed, years=years, paths=paths, progress=progress)
    tried = found[len(customary) :]
    least = min(outcome.total for outcome in tried)
    chosen = min(
        (outcome for outcome in tried if outcome.total <= least * (1 + GOOD)), key=lambda outcome: outcome.rebalances
    )
    return Advice(
        band=round(chosen.rule.band * BPS),
        destination=round(chosen.rule.destination * BPS),
        proposed=chosen,
        alternatives=tuple(found[: len(customary)]),
        tried=tuple(tried),
        closed_form=theory,
    )


def _closed_form(setting: Setting) -> Impulse:
    """Of each asset against the rest of the portfolio; the widest, because one band has to serve all of them."""
    if setting.cost == 0 and setting.fixed == 0:
        raise InputError("Where trading is free the best band is zero.", "Say what trading costs.")
    if not np.any(setting.covariance):
        raise InputError("Prices that never move never drift.", "Give a history in which prices move.")
    inner = [float(target) for target in setting.targets if 0 < target < 1]
    if not inner:
        raise InputError("All of the target is in one asset, so there is nothing to rebalance.", "Give two assets.")
    rules = [impulse(target, setting.risk_aversion, setting.cost, setting.fixed) for target in inner]
    return max(rules, key=lambda rule: rule.band)


def _points(band: float) -> int:
    """{bps} a whole number from 1 to just below 100%, in steps of 5 where that is finer than a tenth of the band."""
    points = max(1, min(round(band * BPS), BPS - 1))
    return points if points < 50 else round(points / 5) * 5
