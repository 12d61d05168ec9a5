"""Expected returns against published examples, other libraries and the papers' own formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypfopt.black_litterman import BlackLittermanModel
from skfolio.moments import EWMu, ShrunkMu, ShrunkMuMethods

from controller.errors import InputError
from controller.strategy.covariance import Sample
from controller.strategy.returns import (
    BayesStein,
    Equilibrium,
    Exponential,
    FromLibrary,
    Historical,
    JamesStein,
    Momentum,
)
from controller.strategy.views import View, black_litterman

if TYPE_CHECKING:
    from controller.strategy.protocol import ReturnsEstimator

ALL: tuple[Callable[[], ReturnsEstimator], ...] = (
    Historical,
    lambda: Exponential(30),
    lambda: Momentum(20, 2),
    lambda: Equilibrium(Sample()),
    JamesStein,
    BayesStein,
)

# He, G. and Litterman, R. (1999), tables 1 and 2: seven markets, in percent
VOLATILITY = np.array([16.0, 20.3, 24.8, 27.1, 21.0, 20.0, 18.7]) / 100
MARKET = np.array([1.6, 2.2, 5.2, 5.5, 11.6, 12.4, 61.5]) / 100
UPPER = [
    [0.488, 0.478, 0.515, 0.439, 0.512, 0.491],
    [0.664, 0.655, 0.310, 0.608, 0.779],
    [0.861, 0.355, 0.783, 0.668],
    [0.354, 0.777, 0.653],
    [0.405, 0.306],
    [0.652],
]
GERMANY_AGAINST_EUROPE = View((0, 0, -0.295, 1, 0, -0.705, 0), 0.05)
CANADA_AGAINST_AMERICA = View((0, 1, 0, 0, 0, 0, -1), 0.03)


def _markets() -> np.ndarray:
    correlation = np.eye(7)
    for row, values in enumerate(UPPER):
        correlation[row, row + 1 :] = correlation[row + 1 :, row] = values
    return correlation * np.outer(VOLATILITY, VOLATILITY)


def _returns(seed: int = 1, periods: int = 300, size: int = 5) -> np.ndarray:
    generator = np.random.default_rng(seed)
    common = generator.normal(0, 0.01, (periods, 1))
    return np.asarray(0.0003 + common + generator.normal(0, 0.01, (periods, size)) * np.linspace(0.5, 2, size))


def test_equilibrium__of_he_and_litterman__then_their_table() -> None:
    assert 2.5 * _markets() @ MARKET * 100 == pytest.approx([3.9, 6.9, 8.4, 9.0, 4.3, 6.8, 7.6], abs=0.05)


@pytest.mark.parametrize(
    ("views", "means", "weights"),
    [
        (
            [GERMANY_AGAINST_EUROPE],
            [4.3, 7.6, 9.3, 11.0, 4.5, 7.0, 8.1],
            [1.5, 2.1, -4.0, 35.4, 11.0, -9.5, 58.6],
        ),
        (
            [GERMANY_AGAINST_EUROPE, CANADA_AGAINST_AMERICA],
            [4.4, 8.7, 9.5, 11.2, 4.6, 7.0, 7.5],
            [1.5, 41.9, -3.4, 33.6, 11.0, -8.2, 18.8],
        ),
    ],
)
def test_black_litterman__of_he_and_litterman__then_their_tables(
    views: list[View], means: list[float], weights: list[float]
) -> None:
    """Tables 4 and 5 of the paper, in percent, to one digit from rounded inputs; tau 0.05, risk aversion 2.5."""
    covariance = _markets()
    found = black_litterman(2.5 * covariance @ MARKET, covariance, views, tau=0.05)
    assert found.mean * 100 == pytest.approx(means, abs=0.051)
    assert np.linalg.solve(2.5 * found.covariance, found.mean) * 100 == pytest.approx(weights, abs=0.06)


def test_black_litterman__of_uncertain_views__then_as_pypfopt() -> None:
    covariance, prior = _markets(), 2.5 * _markets() @ MARKET
    views = [View((0, 0, 1, 0, 0, 0, 0), 0.1, 0.02), View((1, -1, 0, 0, 0, 0, 0), 0.01, 0.001)]
    peer = BlackLittermanModel(
        covariance,
        pi=prior,
        Q=np.array([view.expected for view in views]),
        P=np.array([view.portfolio for view in views]),
        omega=np.diag([0.02, 0.001]),
        tau=0.05,
    )
    found = black_litterman(prior, covariance, views, tau=0.05)
    assert found.mean == pytest.approx(peer.bl_returns().to_numpy(), rel=1e-9)
    assert found.covariance == pytest.approx(peer.bl_cov().to_numpy(), rel=1e-9)


def test_black_litterman__of_a_certain_view__then_it_holds_exactly() -> None:
    covariance = _markets()
    view = View((0, 1, 0, 0, 0, 0, -1), 0.03, 0.0)
    found = black_litterman(2.5 * covariance @ MARKET, covariance, [view])
    assert np.array(view.portfolio) @ found.mean == pytest.approx(0.03)
    assert black_litterman(found.mean, covariance, [], tau=0.05).mean == pytest.approx(found.mean)


@pytest.mark.parametrize(
    ("views", "said"),
    [
        ([View((1, 0), 0.1)], "view 1: needs 7"),
        ([View((0,) * 7, 0.1)], "about no asset"),
        ([View((1, *[0] * 6), float("nan"))], "finite expectation"),
        ([View((1, *[0] * 6), 0.1, -1.0)], "variance"),
        ([View((1, *[0] * 6), 0.1, 0.0), View((1, *[0] * 6), 0.2, 0.0)], "contradict"),
    ],
)
def test_black_litterman__of_views_that_cannot_be__then_an_error(views: list[View], said: str) -> None:
    with pytest.raises(InputError, match=said):
        black_litterman(2.5 * _markets() @ MARKET, _markets(), views)


def test_james_stein_and_bayes_stein__of_any_returns__then_as_skfolio() -> None:
    returns = np.random.default_rng(7).normal(np.linspace(-0.004, 0.004, 5), 0.01, (300, 5))
    james = ShrunkMu(method=ShrunkMuMethods.JAMES_STEIN).fit(returns).mu_
    bayes = ShrunkMu(method=ShrunkMuMethods.BAYES_STEIN, vol_weighted_target=True).fit(returns).mu_
    assert JamesStein().mean(returns) == pytest.approx(james, rel=1e-9)
    assert BayesStein().mean(returns) == pytest.approx(bayes, rel=1e-9)


def test_james_stein_and_bayes_stein__of_many_samples__then_nearer_to_the_truth_than_the_mean() -> None:
    truth, errors = np.linspace(-0.0005, 0.0015, 10), []
    for seed in range(200):
        returns = np.random.default_rng(seed).normal(truth, 0.01, (60, 10))
        errors.append([((one.mean(returns) - truth) ** 2).sum() for one in (Historical(), JamesStein(), BayesStein())])
    historical, james, bayes = np.mean(errors, axis=0)
    assert james < 0.6 * historical
    assert bayes < 0.6 * historical


def test_momentum__of_one_riser__then_it_alone_is_expected_to_rise() -> None:
    returns = np.zeros((40, 4)) + np.random.default_rng(3).normal(0, 0.001, (40, 4))
    returns[20:30, 2] += 0.02
    found = Momentum(30, 5).mean(returns)
    assert found[2] > 0 > max(np.delete(found, 2))
    late = returns.copy()
    late[-5:] = 0.5  # what is skipped does not choose
    assert np.argmax(Momentum(30, 5).mean(late)) == 2
    spread = Momentum(30, 5, 0.03).mean(returns) / returns.std(axis=0, ddof=1)
    assert spread.std() == pytest.approx(0.03)


def test_exponential__of_a_jump__then_half_of_it_after_one_half_life() -> None:
    returns = np.r_[np.zeros((400, 1)), np.full((20, 1), 0.01)]
    assert Exponential(20).mean(returns)[0] == pytest.approx(0.005, rel=1e-5)


def test_from_library__of_any_skfolio_estimator__then_its_means() -> None:
    returns = _returns()
    estimator = EWMu(half_life=30)
    assert FromLibrary(estimator).mean(returns) == pytest.approx(estimator.fit(returns).mu_)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    periods=st.integers(25, 60),
    size=st.integers(1, 6),
    scale=st.sampled_from([1e-8, 1.0, 10.0]),
    doubled=st.booleans(),
    cash=st.booleans(),
)
def test_mean__of_any_returns__then_finite_and_the_same_for_twins(
    seed: int, periods: int, size: int, scale: float, doubled: bool, cash: bool
) -> None:
    returns = np.clip(_returns(seed, periods, size) * scale, -0.9, 5)
    if doubled:
        returns = np.c_[returns, returns[:, 0]]
    if cash:
        returns = np.c_[returns, np.zeros(periods)]
    for estimator in ALL:
        found = estimator().mean(returns)
        assert found.shape == (returns.shape[1],)
        assert np.isfinite(found).all()
        if doubled:
            assert found[size] == pytest.approx(found[0], rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("bad", [np.full((30, 2), np.nan), np.zeros((0, 2)), np.zeros(30), np.full((30, 2), -2.0)])
def test_mean__of_no_returns__then_one_clear_error(bad: np.ndarray) -> None:
    for estimator in ALL:
        with pytest.raises(InputError):
            estimator().mean(bad)
