"""Optimisers against closed forms, optimality conditions, other libraries and published frontiers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from orlib import frontier, problem
from skfolio.optimization import MeanRisk, NestedClustersOptimization

from controller.errors import InputError
from controller.strategy.constraints import Constraints, Group, InfeasibleError
from controller.strategy.optimisers import active_set
from controller.strategy.optimisers.exclusion import cost_of_exclusions
from controller.strategy.optimisers.genetic import ChosenHoldings, front
from controller.strategy.optimisers.hierarchical import HierarchicalRiskParity
from controller.strategy.optimisers.library import FromLibrary
from controller.strategy.optimisers.mean_variance import (
    MeanVariance,
    MinimumVariance,
    RobustMeanVariance,
    TargetReturn,
    TargetRisk,
    kkt_residual,
)
from controller.strategy.optimisers.ratio import MaximumDiversification, MaximumSharpe
from controller.strategy.optimisers.risk import EqualWeight, InverseVolatility, RiskBudgeting
from controller.strategy.optimisers.tail import KellyGrowth, MinimumCVaR
from controller.strategy.protocol import FloatArray, Moments, Optimiser

CLARABEL = ("CLARABEL",)


def market(n: int, seed: int, days: int = 300) -> Moments:
    """Returns with a few common factors, as markets have them."""
    chance = np.random.default_rng(seed)
    loadings, factors = chance.normal(size=(n, 3)) * 0.01, chance.normal(size=(days, 3))
    returns = factors @ loadings.T + chance.normal(size=(days, n)) * chance.uniform(0.005, 0.02, n) + 0.0004
    return Moments(returns.mean(0), np.cov(returns.T), returns, 252.0)


SMALL = market(8, seed=1)
FREE = Constraints.long_only(8)


# ---- mean-variance


def test_mean_variance__when_two_assets__then_the_closed_form() -> None:
    moments = Moments(np.array([0.02, 0.01]), np.array([[0.04, 0.006], [0.006, 0.01]]), np.empty((0, 2)), 1.0)
    (solution, gamma) = (MeanVariance(2.0).solve(moments, Constraints.long_only(2)), 2.0)
    # d/dx of gamma/2 (x'Cx) - r'x along (x, 1 - x)
    x = (0.01 / gamma + 0.01 - 0.006) / (0.04 + 0.01 - 2 * 0.006)
    assert solution.weights == pytest.approx([x, 1 - x], abs=1e-15)


@pytest.mark.parametrize("number", [1, 2])
def test_target_return__over_a_published_frontier__then_the_same_variances(number: int) -> None:
    moments, published = problem(number), frontier(number)
    constraints = Constraints.long_only(len(moments.mean))
    for mean, variance in published[1::125]:
        weights = TargetReturn(float(mean)).solve(moments, constraints).weights
        assert weights @ moments.covariance @ weights == pytest.approx(variance, rel=3e-5)


@pytest.mark.parametrize("gamma", [0.5, 3.0, 30.0])
def test_active_set__when_clarabel_solves_the_same__then_the_same_weights(gamma: float) -> None:
    bounds = replace(FREE, minimum=np.array([0.05] + [0.0] * 7), maximum=np.full(8, 0.4), excluded=frozenset({3}))
    exact = MeanVariance(gamma).solve(SMALL, bounds)
    other = MeanVariance(gamma, CLARABEL).solve(SMALL, bounds)
    assert [each.solver for each in exact.attempts] == ["active set"]
    assert exact.objective <= other.objective + 1e-12
    assert exact.weights == pytest.approx(other.weights, abs=1e-5)
    assert exact.weights[3] == 0.0


def test_active_set__when_it_cannot__then_the_next_solver_answers_and_both_are_recorded() -> None:
    twins = Moments(SMALL.mean[[0, 0, 1]], SMALL.covariance[np.ix_([0, 0, 1], [0, 0, 1])], np.empty((0, 3)), 252.0)
    singular = MinimumVariance().solve(twins, replace(Constraints.long_only(3), maximum=np.array([0.45, 0.45, 1.0])))
    assert singular.weights.sum() == pytest.approx(1.0)
    alone = MinimumVariance().solve(
        Moments(SMALL.mean[:2], SMALL.covariance[:2, :2], np.empty((0, 2)), 252.0), Constraints.long_only(2)
    )
    assert singular.objective <= alone.objective + 1e-12
    assert singular.attempts[-1].said == "optimal"


def test_mean_variance__when_trading_costs__then_it_stays_where_the_gain_is_smaller() -> None:
    now = EqualWeight().solve(SMALL, FREE).weights
    free = MeanVariance(5.0).solve(SMALL, FREE)
    some = MeanVariance(5.0).solve(SMALL, replace(FREE, current=now, linear_cost=np.full(8, 2e-4)))
    dear = MeanVariance(5.0).solve(SMALL, replace(FREE, current=now, linear_cost=np.full(8, 1.0)))
    curved = MeanVariance(5.0).solve(SMALL, replace(FREE, current=now, power_cost=np.full(8, 2e-3)))
    moved = [np.abs(each.weights - now).sum() for each in (free, some, dear, curved)]
    assert moved[0] > moved[1] > moved[2]
    assert moved[2] == pytest.approx(0.0, abs=1e-6)
    assert 0.0 < moved[3] < moved[0]


def test_constraints__when_all_are_given__then_all_are_kept() -> None:
    now = np.full(8, 0.125)
    wanted = replace(
        FREE,
        groups=(Group("defensive", (0, 1, 2), 0.3, 0.5),),
        current=now,
        turnover=0.2,
        benchmark=now,
        tracking_error=0.004,
    )
    for optimiser in (MeanVariance(5.0), MaximumSharpe(), TargetRisk(0.02), RobustMeanVariance(5.0), KellyGrowth()):
        weights = optimiser.solve(SMALL, wanted).weights
        assert weights.sum() == pytest.approx(1.0)
        assert 0.3 - 1e-6 <= weights[:3].sum() <= 0.5 + 1e-6
        assert np.abs(weights - now).sum() / 2 <= 0.2 + 1e-6
        assert np.sqrt((weights - now) @ SMALL.covariance @ (weights - now)) <= 0.004 + 1e-6


def test_constraints__when_in_conflict__then_those_are_named_and_no_others() -> None:
    groups = (Group("a", (0, 1), minimum=0.7), Group("b", (2, 3), minimum=0.5), Group("c", (4, 5), maximum=0.9))
    with pytest.raises(InfeasibleError) as caught:
        MeanVariance().solve(SMALL, replace(FREE, groups=groups))
    assert {"weights sum to 1", "group a at least 0.7", "group b at least 0.5"} <= set(caught.value.conflict)
    assert not any("group c" in name for name in caught.value.conflict)
    with pytest.raises(InfeasibleError, match=r"maximum weights sum to 0\.8"):
        MeanVariance().solve(SMALL, replace(FREE, maximum=np.full(8, 0.1)))
    with pytest.raises(InfeasibleError, match="return at least"):
        TargetReturn(1.0).solve(SMALL, FREE)


def test_exclusions__when_asked__then_the_tracking_error_that_they_cost() -> None:
    held = int(np.argmax(MinimumVariance().solve(SMALL, FREE).weights))
    without, error = cost_of_exclusions(MinimumVariance(), SMALL, replace(FREE, excluded=frozenset({held})))
    whole = MinimumVariance().solve(SMALL, FREE).weights
    apart = without.weights - whole
    assert without.weights[held] == 0.0
    assert error == pytest.approx(np.sqrt(apart @ SMALL.covariance @ apart))
    assert error > 0.0


# ---- ratios and shares of risk


def test_maximum_sharpe__when_skfolio_is_asked__then_the_same() -> None:
    from skfolio.optimization import MeanRisk, ObjectiveFunction

    for bound in (1.0, 0.3):
        model = MeanRisk(objective_function=ObjectiveFunction.MAXIMIZE_RATIO, max_weights=bound)
        model.fit(pd.DataFrame(SMALL.returns))
        theirs = model.weights_
        ours = MaximumSharpe().solve(SMALL, replace(FREE, maximum=np.full(8, bound)))
        their_ratio = SMALL.mean @ theirs / np.sqrt(theirs @ SMALL.covariance @ theirs)
        assert ours.objective == pytest.approx(their_ratio, rel=1e-5)
        assert ours.objective >= their_ratio * (1 - 1e-9)
        assert ours.weights == pytest.approx(theirs, abs=1e-3)


@pytest.mark.parametrize("optimiser", [MaximumSharpe, MaximumDiversification])
def test_ratio__on_the_cone_and_by_clarabel__then_the_same_ratio(optimiser: type[MaximumSharpe]) -> None:
    exact = optimiser().solve(SMALL, FREE)
    other = optimiser(CLARABEL).solve(SMALL, FREE)
    assert exact.objective == pytest.approx(other.objective, rel=1e-9)
    assert exact.objective >= other.objective - 1e-12


def test_maximum_sharpe__when_nothing_is_expected__then_said() -> None:
    with pytest.raises(InputError, match="above the rate without risk"):
        MaximumSharpe().solve(replace(SMALL, mean=-np.abs(SMALL.mean)), FREE)


def test_risk_parity__when_skfolio_is_asked__then_the_same_and_the_shares_are_equal() -> None:
    from skfolio.optimization import RiskBudgeting as Theirs

    model = Theirs()
    model.fit(pd.DataFrame(SMALL.returns))
    ours = RiskBudgeting().solve(SMALL, FREE)
    assert ours.weights == pytest.approx(model.weights_, abs=1e-4)
    shares = ours.weights * (SMALL.covariance @ ours.weights)
    assert shares / shares.sum() == pytest.approx(np.full(8, 0.125), abs=1e-11)


def test_risk_budgets__when_given__then_met() -> None:
    budgets = tuple(float(i + 1) for i in range(8))
    weights = RiskBudgeting(budgets).solve(SMALL, FREE).weights
    shares = weights * (SMALL.covariance @ weights)
    assert shares / shares.sum() == pytest.approx(np.array(budgets) / 36.0, abs=1e-11)
    with pytest.raises(InfeasibleError, match="shares of risk are met by one set of weights"):
        RiskBudgeting().solve(SMALL, replace(FREE, maximum=np.full(8, 0.13)))


@pytest.mark.parametrize("linkage", ["single", "complete", "average", "ward"])
@pytest.mark.parametrize("n", [2, 8, 40])
def test_hierarchical_risk_parity__when_pyportfolioopt_is_asked__then_the_same(linkage: str, n: int) -> None:
    from pypfopt import HRPOpt

    moments = market(n, seed=n)
    theirs = HRPOpt(cov_matrix=pd.DataFrame(moments.covariance)).optimize(linkage_method=linkage)
    ours = HierarchicalRiskParity(linkage).solve(moments, Constraints.long_only(n)).weights  # type: ignore[arg-type]
    assert ours == pytest.approx([theirs[i] for i in range(n)], abs=1e-12)


def test_hierarchical_risk_parity__when_bounded__then_the_nearest_inside() -> None:
    bounded = replace(FREE, maximum=np.full(8, 0.2))
    weights = HierarchicalRiskParity().solve(SMALL, bounded).weights
    assert weights.max() <= 0.2 + 1e-15
    assert weights.sum() == pytest.approx(1.0)


def test_simple_rules__then_their_definitions() -> None:
    deviations = np.sqrt(np.diag(SMALL.covariance))
    assert EqualWeight().solve(SMALL, FREE).weights == pytest.approx(np.full(8, 0.125))
    assert InverseVolatility().solve(SMALL, FREE).weights == pytest.approx((1 / deviations) / (1 / deviations).sum())
    some = EqualWeight().solve(SMALL, replace(FREE, excluded=frozenset({0, 1}), minimum=np.array([0.0] * 7 + [0.5])))
    assert some.weights == pytest.approx([0, 0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.5])


# ---- tails and growth


def test_minimum_cvar__when_skfolio_is_asked__then_the_same() -> None:
    from skfolio import RiskMeasure
    from skfolio.optimization import MeanRisk

    model = MeanRisk(risk_measure=RiskMeasure.CVAR)
    model.fit(pd.DataFrame(SMALL.returns))
    ours = MinimumCVaR().solve(SMALL, FREE)
    theirs = np.sort(SMALL.returns @ model.weights_)[:15].mean()
    assert ours.objective == pytest.approx(-theirs, rel=1e-5)
    assert np.sort(SMALL.returns @ ours.weights)[:15].mean() == pytest.approx(-ours.objective, rel=1e-6)


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"minimum": np.full(8, 0.02), "maximum": np.full(8, 0.3), "excluded": frozenset()},
        {"groups": (Group("some", (0, 1, 2), 0.35, 0.4), Group("rest", (5, 6), 0.0, 0.1))},
        {"current": np.full(8, 0.125), "turnover": 0.15},
        {"current": np.full(8, 0.125), "linear_cost": np.linspace(1e-4, 4e-3, 8)},
    ],
)
def test_minimum_cvar__by_a_simplex__then_the_optimum_of_an_interior_point_and_never_above_it(
    other: dict[str, object],
) -> None:
    constraints = replace(FREE, **other)  # type: ignore[arg-type]
    corner = MinimumCVaR().solve(SMALL, constraints)
    near = MinimumCVaR(chain=("CLARABEL",)).solve(SMALL, constraints)
    assert [each.solver for each in corner.attempts] == ["HIGHS"]
    assert corner.objective == pytest.approx(near.objective, rel=1e-6)
    assert corner.objective <= near.objective + 1e-9
    assert corner.weights == pytest.approx(near.weights, abs=1e-4)
    worst = -np.sort(SMALL.returns @ corner.weights)[:15].mean()
    cost = constraints.linear_cost
    paid = 0.0 if cost is None else float(cost @ np.abs(corner.weights - np.full(8, 0.125)))
    assert corner.objective == pytest.approx(worst + paid, abs=1e-12)


def test_minimum_cvar__when_something_is_not_linear__then_the_next_solver_keeps_it_and_both_are_recorded() -> None:
    now = np.full(8, 0.125)
    found = MinimumCVaR().solve(SMALL, replace(FREE, benchmark=now, tracking_error=0.001))
    assert [each.solver for each in found.attempts] == ["HIGHS", "CLARABEL"]
    assert found.attempts[0].said == "does not take a tracking error"
    apart = found.weights - now
    assert (apart @ SMALL.covariance @ apart) ** 0.5 <= 0.001 + 1e-6
    with pytest.raises(InfeasibleError, match=r"asset 0 at most 0\.2; group some at least 0\.9"):
        MinimumCVaR().solve(
            SMALL,
            replace(FREE, maximum=np.array([0.2] + [1.0] * 7), groups=(Group("some", (0,), 0.9, 1.0),)),
        )


def test_kelly__when_one_bet_and_cash__then_edge_over_odds() -> None:
    bet = np.array([[1.0, 0.0]] * 6 + [[-1.0, 0.0]] * 4)  # even odds, won six times of ten
    moments = Moments(bet.mean(0), np.cov(bet.T), bet, 1.0)
    assert KellyGrowth().solve(moments, Constraints.long_only(2)).weights == pytest.approx([0.2, 0.8], abs=1e-5)


# ---- holdings


def errors(number: int, lambdas: range, **search: int) -> FloatArray:
    """Mean errors {percent} of variance and return against the unconstrained frontier, as Cura (2009) measures them."""
    moments, published = problem(number), frontier(number)
    wanted = replace(Constraints.long_only(len(moments.mean)), cardinality=10, smallest_holding=0.01)
    found = []
    for step in lambdas:
        weight = step / 50
        # lambda w'Cw - (1 - lambda) r'w
        given = moments if weight < 1 else replace(moments, mean=np.zeros_like(moments.mean))
        gamma = 2 * weight / (1 - weight) if weight < 1 else 1.0
        weights = ChosenHoldings(gamma, exactly=True, **search).solve(given, wanted).weights
        assert (weights > 0).sum() == 10
        assert weights[weights > 0].min() >= 0.01 - 1e-12
        variance, mean = weights @ moments.covariance @ weights, moments.mean @ weights
        nearest = published[np.argmin(np.hypot(published[:, 1] - variance, published[:, 0] - mean))]
        found.append((100 * abs(nearest[1] - variance) / variance, 100 * abs(nearest[0] - mean) / mean))
    return np.mean(found, axis=0)


@pytest.mark.parametrize(("number", "published"), [(1, 1.641), (2, 6.86)])
def test_holdings__ten_of_a_published_problem__then_no_farther_from_its_frontier_than_the_best_known(
    number: int, published: float
) -> None:
    variance, _ = errors(number, range(51), population=12, generations=4)
    assert variance <= published


def test_holdings__when_few_enough_to_try_them_all__then_the_best_set() -> None:
    from itertools import combinations

    best = min(
        MeanVariance(4.0).solve(SMALL, replace(FREE, excluded=frozenset(set(range(8)) - set(chosen)))).objective
        for chosen in combinations(range(8), 3)
    )
    found = ChosenHoldings(4.0).solve(SMALL, replace(FREE, cardinality=3))
    assert found.objective == pytest.approx(best, abs=1e-15)
    assert (found.weights > 0).sum() <= 3
    again = ChosenHoldings(4.0).solve(SMALL, replace(FREE, cardinality=3))
    assert (again.weights == found.weights).all(), "one seed, one answer"


@pytest.mark.parametrize(
    "other",
    [
        {"linear_cost": np.full(8, 0.001), "current": np.full(8, 0.125)},
        {"power_cost": np.full(8, 0.001), "current": np.full(8, 0.125)},
        {"turnover": 0.1, "current": np.full(8, 0.125)},
        {"groups": (Group("some", (0, 1), 0.1, 0.5),)},
    ],
)
def test_chosen_holdings__when_more_is_asked_than_a_search_keeps__then_refused(other: dict[str, object]) -> None:
    constraints = replace(FREE, cardinality=3, **other)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="weighs no cost"):
        ChosenHoldings(4.0).solve(SMALL, constraints)
    with pytest.raises(InputError, match="weighs no cost"):
        front(SMALL, constraints)


def test_front__then_nobody_is_beaten_in_both_and_the_limit_holds() -> None:
    found = front(SMALL, replace(FREE, cardinality=3), population=24, generations=10)
    assert ((found.weights > 1e-12).sum(axis=1) <= 3).all()
    assert (np.diff(found.variances) >= 0).all()
    assert (np.diff(found.returns) >= -1e-15).all()


# ---- bad input


@pytest.mark.parametrize(
    "optimiser",
    [MeanVariance(), MinimumVariance(), MaximumSharpe(), RiskBudgeting(), HierarchicalRiskParity(), ChosenHoldings()],
)
def test_optimisers__when_moments_are_no_numbers__then_one_clear_error(optimiser: Optimiser) -> None:
    broken = SMALL.covariance.copy()
    broken[2, 3] = broken[3, 2] = np.nan
    with pytest.raises(InputError, match="no numbers"):
        optimiser.solve(replace(SMALL, covariance=broken), FREE)
    with pytest.raises(InputError, match="8 assets"):
        optimiser.solve(SMALL, Constraints.long_only(5))


def test_constraints__when_they_contradict_themselves__then_every_mistake_at_once() -> None:
    wrong = replace(
        FREE,
        turnover=0.1,
        tracking_error=0.01,
        linear_cost=np.full(8, -1.0),
        excluded=frozenset({9}),
        groups=(Group("none", ()),),
        cardinality=0,
    )
    with pytest.raises(InputError) as caught:
        MeanVariance().solve(SMALL, wrong)
    assert {mistake.where for mistake in caught.value.mistakes} == {
        "turnover", "tracking_error", "linear_cost", "excluded", "group none", "cardinality"
    }  # fmt: skip


def test_active_set__when_out_of_pivots__then_it_says_so() -> None:
    _, _, pivots = active_set.solve(SMALL.covariance, SMALL.mean, np.zeros(8), np.ones(8), 0)
    assert pivots < 0


def test_kkt_residual__when_a_weight_is_off__then_not_zero() -> None:
    weights = MeanVariance(5.0).solve(SMALL, FREE).weights
    c, r = 5.0 * SMALL.covariance, SMALL.mean
    gradient = c @ weights - r
    multiplier = float(gradient[weights > 1e-9].mean())
    zero, one = np.zeros(8), np.ones(8)
    assert kkt_residual(c, r, zero, one, weights, multiplier) < 1e-12
    off = weights + 1e-3 * (np.eye(8)[0] - np.eye(8)[1])
    assert kkt_residual(c, r, zero, one, off, multiplier) > 1e-8


@pytest.mark.parametrize(
    "optimiser",
    [MeanVariance(), MinimumCVaR(), MaximumSharpe(), RiskBudgeting(), EqualWeight(), HierarchicalRiskParity()],
)
def test_solve__when_an_excluded_asset_has_to_be_held__then_both_are_named(optimiser: Optimiser) -> None:
    minimum = np.array([0.0] * 3 + [0.1] + [0.0] * 4)
    with pytest.raises(InfeasibleError) as caught:
        optimiser.solve(SMALL, replace(FREE, excluded=frozenset({3}), minimum=minimum))
    assert caught.value.conflict == ("asset 3 excluded", "asset 3 at least 0.1")
    with pytest.raises(InfeasibleError, match="every asset excluded"):
        optimiser.solve(SMALL, replace(FREE, excluded=frozenset(range(8))))


# ---- a library's own


def test_from_library__of_minimum_variance__then_ours() -> None:
    bounds = replace(FREE, maximum=np.full(8, 0.3), excluded=frozenset({2}))
    theirs = FromLibrary(MeanRisk()).solve(SMALL, bounds)
    ours = MinimumVariance().solve(SMALL, bounds)
    assert theirs.weights == pytest.approx(ours.weights, abs=1e-3)  # its solver stops there
    variances = [each.weights @ SMALL.covariance @ each.weights for each in (theirs, ours)]
    assert variances[0] == pytest.approx(variances[1], rel=1e-5)
    assert variances[0] >= variances[1]
    assert theirs.weights[2] == 0.0
    assert theirs.weights.max() <= 0.3


def test_from_library__of_what_takes_no_bounds__then_refused_outside_of_them() -> None:
    free = FromLibrary(NestedClustersOptimization()).solve(SMALL, FREE)
    assert free.weights.sum() == pytest.approx(1.0)
    assert free.objective < 1e-9
    with pytest.raises(InputError, match="NestedClustersOptimization answers outside of the mandate's bounds"):
        FromLibrary(NestedClustersOptimization()).solve(SMALL, replace(FREE, maximum=np.full(8, 0.13)))
    with pytest.raises(InputError, match="bounds and exclusions only"):
        FromLibrary(MeanRisk()).solve(SMALL, replace(FREE, cardinality=3))


def test_from_library__when_it_fails__then_its_words() -> None:
    with pytest.raises(InputError, match="MeanRisk finds no weights"):
        FromLibrary(MeanRisk(min_return=10.0)).solve(SMALL, FREE)
