"""Mean-variance on any box: the optimality conditions hold, or a clear error says why there is nothing to hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from controller.errors import InputError
from controller.strategy.constraints import Constraints, Group, InfeasibleError
from controller.strategy.optimisers.convex import TOLERANCE
from controller.strategy.optimisers.mean_variance import MeanVariance, kkt_residual
from controller.strategy.optimisers.ratio import MaximumSharpe
from controller.strategy.optimisers.risk import RiskBudgeting
from controller.strategy.optimisers.tail import MinimumCVaR
from controller.strategy.protocol import FloatArray, Moments, Optimiser


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


# ---- the convex path, certified by a linear program


@st.composite
def constrained(draw: st.DrawFn) -> tuple[Moments, Constraints]:
    """Such moments under groups, turnover and linear costs besides the bounds."""
    moments, constraints = draw(problems())
    n = constraints.assets
    chance = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if draw(st.booleans()):
        members = tuple(int(each) for each in np.nonzero(chance.random(n) < 0.5)[0]) or (0,)
        least, most = sorted(chance.uniform(0.0, 1.0, 2))
        constraints = replace(constraints, groups=(Group("some", members, least, most),))
    if draw(st.booleans()):
        now = chance.dirichlet(np.ones(n))
        budget = draw(st.sampled_from([None, 0.05, 0.5]))
        cost = chance.uniform(0.0, 2.0, n) * float(np.max(np.abs(moments.mean))) if draw(st.booleans()) else None
        constraints = replace(constraints, current=now, turnover=budget, linear_cost=cost)
    return moments, constraints


def least(gradient: FloatArray, given: Constraints) -> float | None:
    """min g'v + cost(v) over everything that keeps the constraints, by HiGHS; None where nothing does."""
    n = given.assets
    eye, none, one = np.eye(n), np.zeros((n, n)), np.ones(n)
    now = np.zeros(n) if given.current is None else given.current
    # v, and what each moves by, from above
    rows, most = [np.hstack([eye, -eye]), np.hstack([-eye, -eye])], [now, -now]
    if given.turnover is not None:
        rows.append(np.concatenate([np.zeros(n), one])[None])
        most.append(np.array([2.0 * given.turnover]))
    for group in given.groups:
        member = np.isin(np.arange(n), group.members).astype(float)
        rows += [np.concatenate([member, 0 * one])[None], np.concatenate([-member, 0 * one])[None]]
        most.append(np.array([group.maximum, -group.minimum]))
    cost = 0 * one if given.linear_cost is None else given.linear_cost
    size = float(max(np.max(np.abs(gradient)), np.max(cost))) or 1.0
    found = linprog(
        np.concatenate([gradient, cost]) / size,
        A_ub=np.vstack(rows),
        b_ub=np.concatenate(most),
        A_eq=np.concatenate([one, none[0]])[None],
        b_eq=[1.0],
        bounds=[*zip(given.lower, given.upper, strict=True), *[(0.0, None)] * n],
    )
    return None if found.status == 2 else float(found.fun) * size


@given(problem=constrained(), gamma=st.sampled_from([0.01, 1.0, 50.0]))
def test_convex_path__on_anything__then_no_direction_gains_or_the_conflict_is_real(
    problem: tuple[Moments, Constraints], gamma: float
) -> None:
    """For a convex f, f(w) - min f <= f'(w) w - min f'(w) v: a linear program by another solver bounds what is lost."""
    moments, given = problem
    try:
        solution = MeanVariance(gamma, ("CLARABEL", "PIQP", "SCS")).solve(moments, given)
    except InfeasibleError:
        assert least(np.zeros(given.assets), given) is None
        return
    w = solution.weights
    assert abs(w.sum() - 1.0) <= 1e-9
    assert (w >= given.lower).all()
    assert (w <= given.upper).all()
    for group in given.groups:
        assert group.minimum - TOLERANCE <= w[list(group.members)].sum() <= group.maximum + TOLERANCE
    gradient = gamma * moments.covariance @ w - moments.mean
    moved = np.zeros(given.assets) if given.current is None else np.abs(w - given.current)
    assert given.turnover is None or moved.sum() <= 2.0 * given.turnover + TOLERANCE
    here = float(gradient @ w) + (0.0 if given.linear_cost is None else float(given.linear_cost @ moved))
    best = least(gradient, given)
    assert best is not None
    size = max(float(np.max(np.abs(moments.mean))), gamma * float(np.max(np.diag(moments.covariance))))
    assert here - best <= 1e-5 * size


@given(
    problem=constrained(),
    where=st.sampled_from(["mean", "covariance", "returns"]),
    value=st.sampled_from(["nan", "inf"]),
)
def test_convex_path__when_a_value_is_no_number__then_a_clear_error(
    problem: tuple[Moments, Constraints], where: str, value: str
) -> None:
    moments, given = problem
    spoilt = np.array(getattr(moments, where))
    spoilt.flat[0] = float(value)
    optimiser: Optimiser = MinimumCVaR() if where == "returns" else MeanVariance(1.0, ("CLARABEL",))
    with pytest.raises(InputError, match="no numbers"):
        optimiser.solve(replace(moments, **{where: spoilt}), given)
