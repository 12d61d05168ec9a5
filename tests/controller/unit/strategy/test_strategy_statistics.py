"""Sharpe ratios against the figures that their authors print."""

import math

import numpy as np
import pytest
from scipy.stats import binom, kurtosis, skew

from controller.errors import InputError
from controller.strategy.statistics import (
    Sharpe,
    deflated_of,
    deflated_sharpe,
    expected_maximum,
    probabilistic_sharpe,
    quantiles,
    sharpe,
)

FOUND = Sharpe(2.5 / math.sqrt(250), 1250, skew=-3, kurtosis=10)
VARIANCE = 0.5 / 250


def test_deflated__of_the_papers_example__then_its_printed_figures() -> None:
    """Bailey and Lopez de Prado (2014), A Numerical Example: N = 100, V = 1/2, T = 1250, 250 days a year."""
    assert expected_maximum(100, VARIANCE) == pytest.approx(0.1132, abs=5e-5)
    assert deflated_sharpe(FOUND, 100, VARIANCE) == pytest.approx(0.9004, abs=5e-5)
    assert deflated_sharpe(FOUND, 46, VARIANCE) == pytest.approx(0.9505, abs=5e-5)


def test_probabilistic__of_the_papers_example__then_its_printed_figures() -> None:
    """Bailey and Lopez de Prado (2012), section 4: 24 months, 0.982 if normal, 0.913 with its shape."""
    assert probabilistic_sharpe(Sharpe(0.458, 24)) == pytest.approx(0.982, abs=1e-3)
    assert probabilistic_sharpe(Sharpe(0.458, 24, -2.448, 10.164)) == pytest.approx(0.913, abs=1e-3)


def test_sharpe__of_random_returns__then_the_moments_are_scipys() -> None:
    returns = np.random.default_rng(3).standard_t(5, 500) * 0.01 + 0.001
    found = sharpe(returns)
    assert found.skew == pytest.approx(skew(returns))
    assert found.kurtosis == pytest.approx(kurtosis(returns, fisher=False))
    assert found.annual(252) == pytest.approx(returns.mean() / returns.std(ddof=1) * math.sqrt(252))


def test_deflated_of__strategies_without_skill__then_about_one_half() -> None:
    generator = np.random.default_rng(11)
    deflated = [deflated_of(generator.normal(0, 0.01, (20, 250)))[0] for _ in range(200)]
    assert np.mean(deflated) == pytest.approx(0.5, abs=0.1)
    assert np.mean(np.array(deflated) > 0.95) < 0.05


def test_deflated_of__when_there_is_one_trial__then_the_probabilistic_ratio() -> None:
    returns = np.random.default_rng(5).normal(0.001, 0.01, 300)
    assert deflated_of([returns]) == (probabilistic_sharpe(sharpe(returns)), 0)


@pytest.mark.parametrize("returns", [[], [0.1], [0.1, math.nan], [0.1, math.inf], [0.1] * 5, [[0.1, 0.2]]])
def test_sharpe__of_no_usable_series__then_one_clear_error(returns: list[float]) -> None:
    with pytest.raises(InputError):
        sharpe(returns)


@pytest.mark.parametrize(("trials", "variance"), [(0, 1), (math.nan, 1), (5, -1), (5, math.nan)])
def test_expected_maximum__of_impossible_trials__then_an_error(trials: float, variance: float) -> None:
    with pytest.raises(InputError):
        expected_maximum(trials, variance)


@pytest.mark.parametrize("count", [5, 20, 60, 72, 100, 200, 1_000])
def test_quantiles__of_any_number_of_draws__then_the_interval_holds_the_true_one_in_95_of_100(count: int) -> None:
    """The exact chance: the true quantile lies between two order statistics when so many draws are below it."""
    for each in quantiles([float(rank) for rank in range(1, count + 1)]):
        low, high = max(each.low, 0.0), min(each.high, count + 1.0)  # values are their ranks; infinite: no bound
        assert binom.cdf(high - 1, count, each.at) - binom.cdf(low - 1, count, each.at) >= 0.95
        assert low <= each.value <= high
    assert math.isinf(quantiles([0.0] * 5)[0].low)
    assert math.isfinite(quantiles([0.0] * 200)[0].low)


@pytest.mark.parametrize("drawn", [[], [1.0, math.nan]])
def test_quantiles__of_no_numbers__then_an_error(drawn: list[float]) -> None:
    with pytest.raises(InputError):
        quantiles(drawn)
