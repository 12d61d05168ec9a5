"""Shares of risk: risk parity, risk budgets, and the simple rules that need no solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from controller.errors import InputError
from controller.strategy.constraints import SLACK, Constraints, InfeasibleError
from controller.strategy.optimisers.convex import require_numbers
from controller.strategy.optimisers.mean_variance import require_room
from controller.strategy.protocol import FloatArray, Moments
from controller.strategy.solution import Attempt, Solution

SWEEPS: Final = 10_000
"""Sweeps over all assets after which it gives up."""
EVEN: Final = 1e-12
"""{1} by which a share of the risk may miss its budget."""


@dataclass(frozen=True, slots=True)
class RiskBudgeting:
    """w (Cw) in proportion to `budgets`, each asset's share of the risk; equal shares without any: risk parity.

    The minimum of 1/2 x'Cx - b' log x, by cyclical coordinate descent (Griveau-Billion, Richard and Roncalli 2013),
    scaled to sum to 1. Defined for w >= 0 without other bounds: with those, shares of risk could not be met.
    """

    budgets: tuple[float, ...] | None = None

    def solve(self, moments: Moments, constraints: Constraints) -> Solution:
        """See `Optimiser.solve`. `objective` is the largest miss of a share."""
        from controller.strategy.optimisers import coordinate

        constraints.require_sound()
        require_numbers(moments, constraints)
        held = [index for index in range(constraints.assets) if index not in constraints.excluded]
        budgets = self._budgets(held, constraints.assets)
        covariance = moments.covariance[np.ix_(held, held)]
        deviations = np.sqrt(np.diag(covariance))
        if not (deviations > 0.0).all():
            raise InputError("An asset without any risk can have no share of it.", "Exclude it, or hold it apart.")
        correlation = np.ascontiguousarray(covariance / np.outer(deviations, deviations))
        x, sweeps = coordinate.risk_budgets(correlation, budgets, SWEEPS, EVEN)
        weights = np.zeros(constraints.assets)
        weights[held] = x / deviations
        weights /= weights.sum()
        shares = weights[held] * (covariance @ weights[held])
        miss = float(np.max(np.abs(shares / shares.sum() - budgets)))
        if not miss < SLACK:
            raise InputError(
                f"The shares of risk do not settle: one misses its budget by {miss:.1e} after {sweeps} sweeps.",
                "Look for assets that hedge each other completely.",
            )
        _require_inside(weights, constraints, "shares of risk are met by one set of weights alone")
        return Solution(weights, miss, (Attempt("coordinate descent", "optimal"),), {"sweeps": float(sweeps)})

    def _budgets(self, held: list[int], assets: int) -> FloatArray:
        if self.budgets is None:
            return np.full(len(held), 1.0 / len(held))
        given = np.array(self.budgets, dtype=np.float64)
        if given.shape != (assets,) or not (given[held] > 0.0).all() or not np.isfinite(given).all():
            raise InputError(f"Risk budgets must be {assets} numbers above zero.", "Exclude what shall have no risk.")
        found: FloatArray = given[held] / given[held].sum()
        return found


@dataclass(frozen=True, slots=True)
class EqualWeight:
    """1/n of each asset that may be held; the hardest of all to beat (DeMiguel, Garlappi and Uppal 2009)."""

    def solve(self, moments: Moments, constraints: Constraints) -> Solution:
        """See `Optimiser.solve`: the weights inside of the bounds that are nearest to equal ones."""
        return _nearest(np.ones(constraints.assets), constraints)


@dataclass(frozen=True, slots=True)
class InverseVolatility:
    """Weights in proportion to 1 / deviation: risk parity where all correlations are equal."""

    def solve(self, moments: Moments, constraints: Constraints) -> Solution:
        """See `Optimiser.solve`: the weights inside of the bounds that are nearest to those."""
        require_numbers(moments, constraints)
        deviations = np.sqrt(np.diag(moments.covariance))
        if not (deviations > 0.0).all():
            raise InputError("An asset without any risk has no inverse volatility.", "Exclude it.")
        return _nearest(1.0 / deviations, constraints)


def _nearest(wish: FloatArray, constraints: Constraints) -> Solution:
    """The projection of `wish`, scaled to sum to 1, onto the bounds: w = clip(wish - t), by bisection's exact end."""
    constraints.require_sound()
    require_room(constraints.lower, constraints.upper)
    if not constraints.only_bounds:
        raise InputError(
            "A rule without an objective keeps bounds and exclusions only.", "Use an optimiser for the rest."
        )
    allowed = np.where(constraints.upper > 0.0, wish, 0.0)
    wanted = allowed / allowed.sum()
    weights = projected(wanted, constraints.lower, constraints.upper)
    return Solution(weights, float(np.sum((weights - wanted) ** 2)), (Attempt("closed form", "optimal"),))


def projected(wanted: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """The nearest point to `wanted` with lower <= w <= upper and a sum of 1 (Held, Wolfe and Crowder 1974)."""
    # the sum of clip(wanted - t) falls in t, and is linear between these
    knots = np.sort(np.concatenate([wanted - lower, wanted - upper]))
    sums = np.array([np.clip(wanted - t, lower, upper).sum() for t in knots])
    above = int(np.searchsorted(-sums, -1.0, side="right")) - 1
    if above < 0 or above == len(knots) - 1:
        return _shifted(wanted, float(knots[max(above, 0)]), lower, upper)
    slope = sums[above] - sums[above + 1]
    t = knots[above] + (sums[above] - 1.0) * (knots[above + 1] - knots[above]) / slope if slope > 0.0 else knots[above]
    return _shifted(wanted, float(t), lower, upper)


def _shifted(wanted: FloatArray, by: float, lower: FloatArray, upper: FloatArray) -> FloatArray:
    found: FloatArray = np.clip(wanted - by, lower, upper)
    return found


def _require_inside(weights: FloatArray, constraints: Constraints, why: str) -> None:
    if not constraints.only_bounds:
        raise InputError(f"Only bounds and exclusions can be kept here: {why}.", "Use an optimiser for the rest.")
    outside = (weights < constraints.lower - SLACK) | (weights > constraints.upper + SLACK)
    if outside.any():
        named = [
            f"asset {i} between {constraints.lower[i]:.4g} and {constraints.upper[i]:.4g}"
            for i in np.nonzero(outside)[0]
        ]
        raise InfeasibleError([why, *named])
