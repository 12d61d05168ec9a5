"""Ratios: the most return, or the most single risk, for each unit of the portfolio's risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controller.errors import InputError
from controller.strategy.constraints import SLACK, Constraints
from controller.strategy.optimisers.convex import CHAIN, Program, require_numbers
from controller.strategy.optimisers.mean_variance import ACTIVE_SET, PIVOTS
from controller.strategy.protocol import FloatArray, Moments
from controller.strategy.solution import Attempt, Solution


@dataclass(frozen=True, slots=True)
class MaximumSharpe:
    """max  (r'w - cost(w)) / (w'Cw)**0.5 (Sharpe, Journal of Portfolio Management 1994).

    The expected returns are in excess of the rate without risk. Where none of them can be had above zero there is no
    such portfolio, and that is said.
    """

    chain: tuple[str, ...] = (ACTIVE_SET, *CHAIN)

    def solve(self, moments: Moments, constraints: Constraints) -> Solution:
        """See `Optimiser.solve`. `objective` is the ratio {1/period**0.5}."""
        constraints.require_sound()
        require_numbers(moments, constraints)
        if not (moments.mean[constraints.upper > 0.0] > 0.0).any():
            raise InputError(
                "No asset that may be held has an expected return above the rate without risk.",
                "Use minimum variance, or another estimate of returns.",
            )
        return _largest_ratio(moments.mean, moments, constraints, self.chain, "expected excess return above zero")


@dataclass(frozen=True, slots=True)
class MaximumDiversification:
    """max  s'w / (w'Cw)**0.5 with each asset's own deviation s (Choueifaty and Coignard, J. of Portfolio Mgmt 2008)."""

    chain: tuple[str, ...] = (ACTIVE_SET, *CHAIN)

    def solve(self, moments: Moments, constraints: Constraints) -> Solution:
        """See `Optimiser.solve`. `objective` is the diversification ratio {1}."""
        constraints.require_sound()
        require_numbers(moments, constraints)
        deviations = np.sqrt(np.diag(moments.covariance))
        return _largest_ratio(deviations, moments, constraints, self.chain, "deviation above zero")


def _largest_ratio(
    reward: FloatArray, moments: Moments, constraints: Constraints, chain: tuple[str, ...], what: str
) -> Solution:
    """max q'w / (w'Cw)**0.5: without other bounds than w >= 0 a cone, in which the active set is exact."""
    attempts: tuple[Attempt, ...] = ()
    is_cone = constraints.only_bounds and not constraints.lower.any() and bool((constraints.maximum >= 1.0).all())
    if chain[:1] == (ACTIVE_SET,) and is_cone:
        found = _on_cone(moments.covariance, reward, sorted(set(range(len(reward))) - constraints.excluded))
        if not isinstance(found, Attempt):
            return Solution(found, _ratio(reward, moments, found), (Attempt(ACTIVE_SET, "optimal"),))
        attempts = (found,)
    program = Program(constraints, moments, scaled=True)
    size = float(np.max(np.abs(reward))) or 1.0
    program.extra.append((what, (reward / size) @ program.w - program.cost() / size >= 1.0))
    solution = program.minimise(program.risk(), tuple(each for each in chain if each != ACTIVE_SET))
    ratio = _ratio(reward, moments, solution.weights)
    return Solution(solution.weights, ratio, (*attempts, *solution.attempts))


def _ratio(reward: FloatArray, moments: Moments, weights: FloatArray) -> float:
    variance = float(weights @ moments.covariance @ weights)
    return float(reward @ weights) / variance**0.5 if variance > 0.0 else float("inf")


def _on_cone(covariance: FloatArray, reward: FloatArray, members: list[int]) -> FloatArray | Attempt:
    from controller.strategy.optimisers import active_set

    deviations = np.sqrt(np.diag(covariance)[members])
    if not (deviations > 0.0).all():
        return Attempt(ACTIVE_SET, "an asset has no risk")
    # in units of each asset's own risk the matrix is the correlation, so that no scale is too small
    c = np.ascontiguousarray(covariance[np.ix_(members, members)] / np.outer(deviations, deviations))
    q = reward[members] / deviations
    q = q / np.max(np.abs(q))
    y, pivots = active_set.solve_cone(c, q, PIVOTS + len(q))
    if pivots < 0:
        return Attempt(ACTIVE_SET, f"gave up after {-pivots} pivots")
    gradient = c @ y - q
    residual = max(float(np.max(-gradient)), float(np.max(np.abs(gradient * (y > 0.0)))))
    if residual > SLACK or not y.any():
        return Attempt(ACTIVE_SET, f"misses the optimality conditions by {residual:.1e}")
    weights = np.zeros(len(reward))
    weights[members] = y / deviations
    found: FloatArray = weights / weights.sum()
    return found
