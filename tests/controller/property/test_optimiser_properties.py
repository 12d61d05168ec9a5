"""Mean-variance on any box: the optimality conditions hold, or a clear error says why there is nothing to hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import InputError
from controller.strategy.constraints import Constraints
from controller.strategy.optimisers.mean_variance import MeanVariance, kkt_residual
from controller.strategy.optimisers.ratio import MaximumSharpe
from controller.strategy.optimisers.risk import RiskBudgeting
from controller.strategy.protocol import FloatArray, Moments


@st.composite
def problems(draw: st.DrawFn) -> tuple[Moments, Constraints]:
    """Singular, badly scaled, duplicated, short: whatever an estimate may be."""
    n = draw(st.integers(1, 12))
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    rows = draw(st.sampled_from([2, n, 3 * n + 2]))
    returns = chance.normal(size=(max(rows, 2), n)) * 10.0 ** chance.uniform(-6, draw(st.sampled_from([-6, -1])), n)
    if n > 1 and draw(st.booleans()):
        returns[:, 0] = returns[:, 1]
    covariance = np.atleast_2d(np.cov(returns.T))
    mean = returns.mean(0) * draw(st.sampled_from([0.0, 1.0, 100.0]))
    low = chance.uniform(0, 1.0 / n, n) if draw(st.booleans()) else np.zeros(n)
    high = np.minimum(low + chance.uniform(0.5 / n, 1.0, n), 1.0) if draw(st.booleans()) else np.ones(n)
    return Moments(mean, covariance, returns, 252.0), Constraints(low, high)


@given(problem=problems(), gamma=st.sampled_from([0.01, 1.0, 50.0]))
def test_mean_variance__on_any_box__then_optimal_or_infeasible_by_name(
    problem: tuple[Moments, Constraints], gamma: float
) -> None:
    moments, constraints = problem
    room = constraints.lower.sum() <= 1.0 + 1e-9 and constraints.upper.sum() >= 1.0 - 1e-9
    try:
        solution = MeanVariance(gamma).solve(moments, constraints)
    except InputError:
        assert not room, "what can be solved is"
        return
    weights = solution.weights
    assert abs(weights.sum() - 1.0) < 1e-7
    assert (weights >= constraints.lower - 1e-7).all()
    assert (weights <= constraints.upper + 1e-7).all()
    if solution.attempts[-1].solver == "active set":
        scale = gamma * float(np.max(np.diag(moments.covariance))) or 1.0
        c, r = gamma * moments.covariance / scale, moments.mean / scale
        multiplier = _multiplier(c, r, weights, constraints)
        assert kkt_residual(c, r, constraints.lower, constraints.upper, weights, multiplier) < 1e-8


def _multiplier(c: FloatArray, r: FloatArray, weights: FloatArray, constraints: Constraints) -> float:
    """The middle of those that the conditions leave open."""
    gradient = c @ weights - r
    can_fall = weights > constraints.lower + 1e-9
    can_rise = weights < constraints.upper - 1e-9
    low = float(np.max(gradient[can_fall], initial=-np.inf))
    high = float(np.min(gradient[can_rise], initial=np.inf))
    return low if not np.isfinite(high) else high if not np.isfinite(low) else (low + high) / 2.0


@given(problem=problems())
def test_ratio_and_risk_shares__on_any_estimate__then_an_answer_or_a_clear_error(
    problem: tuple[Moments, Constraints],
) -> None:
    moments, _ = problem
    free = Constraints.long_only(len(moments.mean))
    for optimiser in (MaximumSharpe(), RiskBudgeting()):
        try:
            weights = optimiser.solve(replace(moments), free).weights
        except InputError:
            continue
        assert abs(weights.sum() - 1.0) < 1e-7
        assert (weights >= -1e-9).all()
