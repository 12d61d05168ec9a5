"""Mean-variance (Markowitz, Journal of Finance 1952): risk against return, or the one at a given other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from controller.strategy.constraints import SLACK, Constraints, InfeasibleError
from controller.strategy.optimisers.convex import CHAIN, Program, require_numbers
from controller.strategy.protocol import FloatArray, Moments
from controller.strategy.solution import Attempt, Solution

ACTIVE_SET: Final = "active set"
PIVOTS: Final = 200
"""Pivots after which the active set gives up, and as many again for each asset."""


@dataclass(frozen=True, slots=True)
class MeanVariance:
    """min  gamma/2 w'Cw - r'w + cost(w); the mission's problem at gamma = 1 and without costs."""

    risk_aversion: float = 1.0
    chain: tuple[str, ...] = (ACTIVE_SET, *CHAIN)

    def solve(self, moments: Moments, constraints: Constraints) -> Solution:
        """See `Optimiser.solve`. On bounds alone it is exact to working precision."""
        return _quadratic(moments, constraints, self.risk_aversion, moments.mean, self.chain)


@dataclass(frozen=True, slots=True)
class MinimumVariance:
    """min  1/2 w'Cw + cost(w)."""

    chain: tuple[str, ...] = (ACTIVE_SET, *CHAIN)

    def solve(self, moments: Moments, constraints: Constraints) -> Solution:
        """See `Optimiser.solve`."""
        return _quadratic(moments, constraints, 1.0, np.zeros_like(moments.mean), self.chain)


@dataclass(frozen=True, slots=True)
class TargetReturn:
    """min  1/2 w'Cw + cost(w)  where r'w is at least `target` {1/period}."""

    target: float

    def solve(self, moments: Moments, constraints: Constraints) -> Solution:
        """See `Optimiser.solve`."""
        program = Program(constraints, moments)
        program.extra.append((f"return at least {self.target:.4g}", moments.mean @ program.w >= self.target))
        return program.minimise(0.5 * program.variance() + program.cost())


@dataclass(frozen=True, slots=True)
class TargetRisk:
    """max  r'w - cost(w)  where the standard deviation is at most `target` {1/period**0.5}."""

    target: float

    def solve(self, moments: Moments, constraints: Constraints) -> Solution:
        """See `Optimiser.solve`."""
        program = Program(constraints, moments)
        program.extra.append((f"standard deviation at most {self.target:.4g}", program.risk() <= self.target))
        return program.minimise(program.cost() - moments.mean @ program.w)


@dataclass(frozen=True, slots=True)
class RobustMeanVariance:
    """max  r'w - doubt |C/T|^(1/2)-norm of w - gamma/2 w'Cw: the worst return of an ellipsoid around the estimate.

    Goldfarb and Iyengar, Mathematics of Operations Research 2003; the ellipsoid is that of the sample mean, C/T.
    """

    risk_aversion: float = 1.0
    doubt: float = 1.0  # {1} standard errors

    def solve(self, moments: Moments, constraints: Constraints) -> Solution:
        """See `Optimiser.solve`."""
        program = Program(constraints, moments)
        error = program.risk() / np.sqrt(max(len(moments.returns), 1))
        worst = moments.mean @ program.w - self.doubt * error
        return program.minimise(0.5 * self.risk_aversion * program.variance() - worst + program.cost())


def _quadratic(
    moments: Moments, constraints: Constraints, gamma: float, mean: FloatArray, chain: tuple[str, ...]
) -> Solution:
    attempts: tuple[Attempt, ...] = ()
    if chain[:1] == (ACTIVE_SET,) and constraints.only_bounds:
        constraints.require_sound()
        require_numbers(moments, constraints)
        found = on_box(gamma * moments.covariance, mean, constraints.lower, constraints.upper)
        if not isinstance(found, Attempt):
            return quadratic_solution(found, gamma * moments.covariance, mean, (Attempt(ACTIVE_SET, "optimal"),))
        attempts = (found,)
    program = Program(constraints, moments)
    objective = 0.5 * gamma * program.variance() - mean @ program.w + program.cost()
    solution = program.minimise(objective, tuple(each for each in chain if each != ACTIVE_SET))
    return quadratic_solution(
        solution.weights, gamma * moments.covariance, mean, (*attempts, *solution.attempts), solution.objective
    )


def quadratic_solution(
    weights: FloatArray,
    curvature: FloatArray,
    mean: FloatArray,
    attempts: tuple[Attempt, ...],
    objective: float | None = None,
) -> Solution:
    """Of min 1/2 w'Hw - r'w, which is the objective unless another one is given, such as one with costs."""
    gradient = curvature @ weights - mean
    found = float(0.5 * weights @ (gradient - mean)) if objective is None else objective
    return Solution(weights, found, attempts, gradient=gradient, curvature=curvature)


def on_box(covariance: FloatArray, mean: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray | Attempt:
    """min 1/2 w'Cw - r'w, 1'w = 1, l <= w <= u, with its Karush-Kuhn-Tucker conditions checked.

    Returns
    -------
    (n,) weights, or why there are none.

    Raises
    ------
    InfeasibleError
        When the bounds leave no room for a sum of 1.
    """
    from controller.strategy.optimisers import active_set

    require_room(lower, upper)
    scale = float(np.max(np.diag(covariance), initial=0.0)) or 1.0
    c, r = np.ascontiguousarray(covariance / scale), mean / scale
    weights, multiplier, pivots = active_set.solve(c, r, lower, upper, PIVOTS + len(r))
    if pivots < 0:
        return Attempt(ACTIVE_SET, f"gave up after {-pivots} pivots")
    weights = np.clip(weights, lower, upper)
    residual = kkt_residual(c, r, lower, upper, weights, multiplier)
    if residual > SLACK:
        return Attempt(ACTIVE_SET, f"misses the optimality conditions by {residual:.1e}")
    return weights


def kkt_residual(
    covariance: FloatArray,
    mean: FloatArray,
    lower: FloatArray,
    upper: FloatArray,
    weights: FloatArray,
    multiplier: float,
) -> float:
    """How far weights are from optimal: the largest violation of any condition, in the units of the gradient's size.

    Boyd and Vandenberghe, Convex Optimization, 5.5.3: feasible; the gradient Cw - r equals the multiplier between the
    bounds, is not below it at the lower and not above it at the upper one.
    """
    gradient = covariance @ weights - mean - multiplier
    size = 1.0 + float(np.max(np.abs(covariance @ weights), initial=0.0)) + float(np.max(np.abs(mean), initial=0.0))
    can_rise, can_fall = weights < upper - SLACK, weights > lower + SLACK
    wrong = np.maximum(np.where(can_rise, -gradient, 0.0), np.where(can_fall, gradient, 0.0))
    outside = np.maximum(lower - weights, weights - upper)
    return float(max(np.max(wrong) / size, np.max(outside), abs(weights.sum() - 1.0)))


def require_room(lower: FloatArray, upper: FloatArray) -> None:
    """Raises `InfeasibleError` where bounds leave no room for a sum of 1."""
    crossed = [f"asset {i} at least {lower[i]:.4g} and at most {upper[i]:.4g}" for i in np.nonzero(lower > upper)[0]]
    if crossed:
        raise InfeasibleError(crossed)
    if lower.sum() > 1.0 + SLACK:
        raise InfeasibleError(["weights sum to 1", f"minimum weights sum to {lower.sum():.4g}"])
    if upper.sum() < 1.0 - SLACK:
        raise InfeasibleError(["weights sum to 1", f"maximum weights sum to {upper.sum():.4g}"])
