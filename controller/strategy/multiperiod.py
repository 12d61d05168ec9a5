"""Trading towards where the target will be: expected returns that decay, and costs that grow with the trade.

Garleanu, N. and Pedersen, L. H. (2013), Dynamic Trading with Predictable Returns and Transaction Costs, Journal of
Finance 68(6). Positions are deviations {1} from the mandate's target, so that no signal means no deviation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controller.errors import InputError, Mistake
from controller.strategy.observed import library

FloatArray = npt.NDArray[np.float64]

_CLOSE = 1e-13


@dataclass(frozen=True, slots=True)
class Market:
    """Signals f' = (1 - decay) f + noise, expected returns loadings @ f, and quadratic costs.

    Each period is worth x' B f - gamma/2 x' Sigma x - 1/2 (x - x0)' Lambda (x - x0), for the position x after x0.

    Parameters
    ----------
    covariance : (n, n) {1/period} Sigma.
    risk_aversion : {1} gamma.
    costs : (n, n) {1} Lambda, symmetric and positive definite; impact grows with the trade.
    loadings : (n, k) {1/period} B, expected return for a unit of each signal.
    decay : (k,) {1/period} share of each signal that is gone after a period.
    discount : {1} what a period later is worth less, 0 to below 1.
    """

    covariance: FloatArray
    risk_aversion: float
    costs: FloatArray
    loadings: FloatArray
    decay: FloatArray
    discount: float = 0.02


@dataclass(frozen=True, slots=True)
class Policy:
    """x = keep x0 + aim f: part of the way from where one is to where the signals will point.

    Parameters
    ----------
    keep : (n, n) {1}
    aim : (n, k) {1}
    """

    keep: FloatArray
    aim: FloatArray

    def next(self, position: FloatArray, signals: FloatArray) -> FloatArray:
        """(n,) {1} the position to hold over the next period."""
        return np.asarray(self.keep @ position + self.aim @ signals, dtype=np.float64)

    def goal(self, signals: FloatArray) -> FloatArray:
        """(n,) {1} the position at which one would stay: nearer to zero the faster its signals decay."""
        gap = np.eye(len(self.keep)) - self.keep
        return np.asarray(np.linalg.solve(gap, self.aim @ signals), dtype=np.float64)


def policy(market: Market) -> Policy:
    """The optimal policy.

    The value is V(x, f) = -1/2 x' A x + x' C f + ..., discounted by r = 1 - discount. With
    J = gamma Sigma + Lambda + r A,

        keep = J^-1 Lambda,   A = Lambda - Lambda keep,
        aim = J^-1 (B + r C (1 - decay)),   C = Lambda aim

    A solves a Riccati equation whose closed form, with M = Lambda^-1/2 gamma Sigma Lambda^-1/2, is

        A = Lambda^1/2 a Lambda^1/2,   r a^2 + (M + 1 - r) a - M = 0

    and, since everything commutes with M, is taken eigenvalue by eigenvalue; C follows column by column. The paper
    discounts a period's risk once more than its cost: that is this with gamma and B multiplied by r.

    Raises
    ------
    InputError
        With everything that does not fit.
    """
    _check(market)
    worth = 1 - market.discount
    values, vectors = np.linalg.eigh(market.costs)
    root, back = (vectors * np.sqrt(values)) @ vectors.T, (vectors / np.sqrt(values)) @ vectors.T
    risk, axes = np.linalg.eigh(back @ (market.risk_aversion * market.covariance) @ back)
    risk = np.maximum(risk, 0)
    level = risk + 1 - worth
    # the positive root, written so that it loses no digits where risk is small
    steep = 2 * risk / (level + np.sqrt(level**2 + 4 * worth * risk))
    transform = root @ axes
    curve = (transform * steep) @ transform.T
    total = market.risk_aversion * market.covariance + market.costs + worth * curve
    keep = np.linalg.solve(total, market.costs)
    aim = np.column_stack(
        [
            np.linalg.solve(total - worth * (1 - decay) * market.costs, loading)
            for decay, loading in zip(market.decay, market.loadings.T, strict=True)
        ]
    )
    return Policy(np.asarray(keep, dtype=np.float64), np.asarray(aim, dtype=np.float64))


@dataclass(frozen=True, slots=True)
class Limits:
    """What a plan over a horizon keeps to.

    Parameters
    ----------
    minimum, maximum : (n,) {1} weights of every period.
    turnover : {1} value sold in any one period; infinite for no limit.
    """

    minimum: FloatArray
    maximum: FloatArray
    turnover: float = math.inf


def plan_ahead(
    weights: FloatArray,
    means: FloatArray,
    covariance: FloatArray,
    risk_aversion: float,
    costs: FloatArray,
    limits: Limits,
) -> FloatArray:
    """Model predictive control: the best weights of the coming periods, of which only the first are traded to.

    Maximises the sum over periods of means_t' x_t - gamma/2 x_t' Sigma x_t - costs' |x_t - x_(t-1)|, each x_t summing
    to 1 and within the limits (Boyd et al. 2017, Multi-Period Trading via Convex Optimization). It is asked again,
    with what has become known, at the next tick.

    Parameters
    ----------
    weights : (n,) {1} now, summing to 1.
    means : (H, n) {1/period} expected returns of each of the coming periods.
    covariance : (n, n) {1/period}
    costs : (n,) {1} lost on each unit of value bought or sold.

    Returns
    -------
    (H, n) {1}

    Raises
    ------
    InputError
        For numbers that do not fit, or limits that no weights keep.
    """
    _check_plan(weights, means, covariance, risk_aversion, costs, limits)
    cp = library("cvxpy", "cvxpy")
    periods, size = means.shape
    held = cp.Variable((periods, size))
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    root = (vectors * np.sqrt(np.maximum(values, 0))).T
    moves = held - cp.vstack([weights[None, :], held[:-1]]) if periods > 1 else held - weights[None, :]
    worth = cp.sum(cp.multiply(means, held)) - risk_aversion / 2 * cp.sum_squares(held @ root.T)
    constraints = [cp.sum(held, axis=1) == 1, held >= limits.minimum[None, :], held <= limits.maximum[None, :]]
    if math.isfinite(limits.turnover):
        constraints.append(cp.sum(cp.abs(moves), axis=1) <= 2 * limits.turnover)
    problem = cp.Problem(cp.Maximize(worth - cp.sum(cp.abs(moves) @ costs)), constraints)
    problem.solve(solver=cp.CLARABEL)
    if held.value is None:
        raise InputError(
            f"No weights keep these limits over {periods} periods: the solver says {problem.status}.",
            "Widen the turnover, or the minimum and maximum weights.",
        )
    return np.asarray(held.value, dtype=np.float64)


def _check(market: Market) -> None:
    size, count = len(market.covariance), len(market.decay)
    mistakes = _matrix("covariance", market.covariance, size, strict=False)
    mistakes += _matrix("costs", market.costs, size, strict=True)
    if market.loadings.shape != (size, count) or not np.isfinite(market.loadings).all():
        mistakes.append(Mistake("loadings", f"must be {size} by {count} finite numbers"))
    if not np.all((market.decay >= 0) & (market.decay <= 1)):
        mistakes.append(Mistake("decay", "must be from 0 to 1 for every signal"))
    if not 0 <= market.discount < 1:
        mistakes.append(Mistake("discount", f"{market.discount!r} is not from 0 to below 1"))
    elif market.discount == 0 and np.any(market.decay == 0) and not mistakes:
        values = np.linalg.eigvalsh(market.covariance)
        if values[0] <= _CLOSE * max(values[-1], 1e-300):
            mistakes.append(Mistake("discount", "must be above 0 where a signal never decays and a risk is zero"))
    if not (math.isfinite(market.risk_aversion) and market.risk_aversion > 0):
        mistakes.append(Mistake("risk aversion", f"{market.risk_aversion!r} is not a number above 0"))
    if mistakes:
        raise InputError("There is no policy for this market.", "Correct what is named.", tuple(mistakes))


def _matrix(name: str, matrix: FloatArray, size: int, *, strict: bool) -> list[Mistake]:
    if matrix.shape != (size, size) or not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T):
        return [Mistake(name, f"must be a symmetric matrix of {size} by {size} finite numbers")]
    values = np.linalg.eigvalsh(matrix)
    floor = _CLOSE * max(float(np.abs(values).max()), 1e-300)
    if values[0] < (floor if strict else -1e3 * floor):
        return [Mistake(name, f"must be positive {'definite' if strict else 'semidefinite'}")]
    return []


def _check_plan(
    weights: FloatArray,
    means: FloatArray,
    covariance: FloatArray,
    risk_aversion: float,
    costs: FloatArray,
    limits: Limits,
) -> None:
    size = len(weights)
    mistakes = _matrix("covariance", covariance, size, strict=False)
    rows = {"costs": costs, "minimum": limits.minimum, "maximum": limits.maximum, "weights": weights}
    for name, row in rows.items():
        if row.shape != (size,) or not np.isfinite(row).all():
            mistakes.append(Mistake(name, f"must be {size} finite numbers"))
    if means.ndim != 2 or means.shape[1] != size or len(means) == 0 or not np.isfinite(means).all():
        mistakes.append(Mistake("means", f"must be one or more rows of {size} finite numbers"))
    if not (math.isfinite(risk_aversion) and risk_aversion > 0):
        mistakes.append(Mistake("risk aversion", f"{risk_aversion!r} is not a number above 0"))
    if np.any(costs < 0):
        mistakes.append(Mistake("costs", "are below zero"))
    if mistakes:
        raise InputError("There is nothing to plan ahead.", "Correct what is named.", tuple(mistakes))
