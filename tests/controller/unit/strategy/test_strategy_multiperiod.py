"""Multi-period trading against dynamic programming by brute force, and against each other."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.errors import InputError
from controller.strategy.multiperiod import Limits, Market, plan_ahead, policy
from controller.strategy.no_trade_book import edge


def _market(seed: int = 1, size: int = 3, signals: int = 2, discount: float = 0.05) -> Market:
    generator = np.random.default_rng(seed)
    factors = generator.normal(0, 0.02, (size + 2, size))
    covariance = factors.T @ factors
    return Market(
        covariance=covariance,
        risk_aversion=5.0,
        costs=generator.uniform(0.5, 5) * covariance + np.diag(generator.uniform(1e-4, 1e-2, size)),
        loadings=generator.normal(0, 0.01, (size, signals)),
        decay=generator.uniform(0.05, 0.9, signals),
        discount=discount,
    )


def _dynamic_program(market: Market, periods: int) -> tuple[np.ndarray, np.ndarray]:
    """The first policy of a game of so many periods, by the textbook's backward induction on z = (x, f).

    A generic LQ regulator: z' = F z + G u, u the trade, reward -1/2 (z, u)' W (z, u); it knows nothing of the paper.
    """
    size, signals = market.loadings.shape
    whole = size + signals
    worth = 1 - market.discount
    move = np.zeros((whole, whole))
    move[:size, :size] = np.eye(size)
    move[size:, size:] = np.diag(1 - market.decay)
    trade = np.r_[np.eye(size), np.zeros((signals, size))]
    risk = np.zeros((whole, whole))
    risk[:size, :size] = market.risk_aversion * market.covariance
    risk[:size, size:] = -market.loadings
    risk[size:, :size] = -market.loadings.T
    # the reward is earned with the position after the trade and the signals before they move
    after = np.r_[np.c_[np.eye(size), np.zeros((size, signals))], np.c_[np.zeros((signals, size)), np.eye(signals)]]
    value = np.zeros((whole, whole))
    for _ in range(periods):
        ahead = risk + worth * move.T @ value @ move
        quadratic = trade.T @ ahead @ trade + market.costs
        gain = np.linalg.solve(quadratic, trade.T @ ahead @ after)
        value = after.T @ ahead @ after - gain.T @ quadratic @ gain
    return np.eye(size) - gain[:, :size], -gain[:, size:]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 4), signals=st.integers(1, 3), discount=st.floats(0.01, 0.5))
def test_policy__of_any_market__then_that_of_a_long_dynamic_program(
    seed: int, size: int, signals: int, discount: float
) -> None:
    market = _market(seed, size, signals, discount)
    keep, aim = _dynamic_program(market, 2000)
    found = policy(market)
    assert found.keep == pytest.approx(keep, rel=1e-6, abs=1e-9)
    assert found.aim == pytest.approx(aim, rel=1e-6, abs=1e-9 * float(np.abs(aim).max()))


def test_policy__when_costs_are_a_multiple_of_risk__then_the_papers_closed_form() -> None:
    """Garleanu and Pedersen (2013), proposition 3: for Lambda = lambda Sigma the trading rate is a / lambda.

    Their discounting is ours with r gamma in the place of gamma.
    """
    base = _market()
    ratio, worth = 2.0, 1 - base.discount
    gamma = base.risk_aversion
    market = replace(base, costs=ratio * base.covariance)
    theirs = gamma / worth
    level = theirs * worth + ratio * base.discount
    a = (-level + math.sqrt(level**2 + 4 * theirs * ratio * worth**2)) / (2 * worth)
    rate = a / ratio
    found = policy(market)
    assert found.keep == pytest.approx((1 - rate) * np.eye(3), abs=1e-9)
    signals = np.array([1.0, -0.5])
    markowitz = np.linalg.solve(gamma * base.covariance, base.loadings / (1 + base.decay * a * worth / gamma) @ signals)
    assert found.goal(signals) == pytest.approx(markowitz, rel=1e-6)


def test_policy__of_signals_that_decay_faster__then_less_is_made_of_them() -> None:
    market = _market(2, signals=1)
    slow, fast = (policy(replace(market, decay=np.array([decay]))) for decay in (0.02, 0.8))
    signals = np.ones(1)
    assert np.linalg.norm(fast.goal(signals)) < 0.8 * np.linalg.norm(slow.goal(signals))
    assert np.linalg.norm(fast.next(np.zeros(3), signals)) < np.linalg.norm(slow.next(np.zeros(3), signals))


def test_policy__without_signals__then_back_to_the_target_bit_by_bit() -> None:
    found = policy(_market())
    position, size = np.array([0.1, -0.1, 0.05]), []
    for _ in range(200):
        size.append(np.linalg.norm(position))
        position = found.next(position, np.zeros(2))
    assert size[-1] < 0.05 * size[0]


def test_policy__of_what_does_not_fit__then_every_mistake_at_once() -> None:
    market = replace(_market(), costs=-np.eye(3), decay=np.array([2.0, 0.1]), discount=1.0, risk_aversion=math.nan)
    with pytest.raises(InputError) as caught:
        policy(market)
    assert [one.where for one in caught.value.mistakes] == ["costs", "decay", "discount", "risk aversion"]


# ---- a horizon


def _open(size: int, turnover: float = math.inf) -> Limits:
    return Limits(np.zeros(size), np.ones(size), turnover)


def test_plan_ahead__over_one_period__then_the_edge_of_the_no_trade_region() -> None:
    """With means of gamma Sigma w* it is the single-period problem, solved there by another solver."""
    covariance, target = _market(3).covariance * 50, np.array([0.5, 0.3, 0.2])
    weights, costs = np.array([0.2, 0.3, 0.5]), np.array([0.002, 0.001, 0.003])
    means = 4.0 * covariance @ target
    found = plan_ahead(weights, means[None, :], covariance, 4.0, costs, _open(3))
    assert found[0] == pytest.approx(edge(weights, target, covariance, 4.0, costs), abs=1e-6)


def test_plan_ahead__of_a_signal_that_turns__then_less_is_traded_than_by_one_who_does_not_look_ahead() -> None:
    covariance, weights, costs = np.diag([0.01, 0.01]), np.array([0.5, 0.5]), np.full(2, 0.01)
    now = np.array([[0.03, 0.0]])
    lasting, turning = np.tile(now, (4, 1)), np.r_[now, -now, -now, -now]
    shortsighted = plan_ahead(weights, now, covariance, 2.0, costs, _open(2))[0, 0]
    assert plan_ahead(weights, turning, covariance, 2.0, costs, _open(2))[0, 0] < shortsighted
    assert plan_ahead(weights, lasting, covariance, 2.0, costs, _open(2))[0, 0] > shortsighted


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), periods=st.integers(1, 5), turnover=st.floats(0.01, 0.3))
def test_plan_ahead__of_anything__then_within_every_limit_and_better_than_staying(
    seed: int, periods: int, turnover: float
) -> None:
    generator = np.random.default_rng(seed)
    covariance = _market(seed).covariance
    weights, means = generator.dirichlet(np.ones(3)), generator.normal(0, 0.01, (periods, 3))
    costs = generator.uniform(0, 0.01, 3)
    found = plan_ahead(weights, means, covariance, 3.0, costs, _open(3, turnover))

    def worth(path: np.ndarray) -> float:
        moves = np.abs(np.diff(np.r_[weights[None, :], path], axis=0))
        risk = np.einsum("ti,ij,tj->", path, covariance, path)
        return float((means * path).sum() - 1.5 * risk - (moves @ costs).sum())

    assert found.sum(axis=1) == pytest.approx(np.ones(periods), abs=1e-7)
    assert found.min() > -1e-7
    moved = np.abs(np.diff(np.r_[weights[None, :], found], axis=0)).sum(axis=1) / 2
    assert moved.max() <= turnover + 1e-6
    assert worth(found) >= worth(np.tile(weights, (periods, 1))) - 1e-8


def test_plan_ahead__of_limits_that_no_weights_keep__then_an_error() -> None:
    limits = Limits(np.array([0.9, 0.0]), np.ones(2), 0.01)
    with pytest.raises(InputError, match="No weights keep"):
        plan_ahead(np.array([0.1, 0.9]), np.zeros((2, 2)), np.eye(2), 1.0, np.zeros(2), limits)
    with pytest.raises(InputError, match="finite"):
        plan_ahead(np.array([0.1, math.nan]), np.zeros((2, 2)), np.eye(2), 1.0, np.zeros(2), limits)
