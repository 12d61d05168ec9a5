"""Estimates as optimisers get them, and the whole way to a mandate's targets."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from planning_pieces import make_mandate, make_snapshot
from skfolio.prior import EmpiricalPrior

from controller.errors import InputError
from controller.strategy import dcc
from controller.strategy.covariance import Exponential, LedoitWolf, Sample, StressSwitch
from controller.strategy.estimates import BlackLitterman, Estimate, SkfolioEstimator
from controller.strategy.optimised import Optimised
from controller.strategy.optimisers.mean_variance import MeanVariance
from controller.strategy.protocol import Estimator
from controller.strategy.returns import Historical, JamesStein
from controller.strategy.views import View


def _returns(seed: int = 1, periods: int = 300, size: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0004, 0.01, (periods, size))


def test_estimate__of_any_parts__then_each_parts_own_answer() -> None:
    returns = _returns()
    found = Estimate(JamesStein(), Sample(), safe=0.0001).moments(returns, 252)
    assert found.mean == pytest.approx(JamesStein().mean(returns) - 0.0001)
    assert found.covariance == pytest.approx(np.cov(returns.T))
    assert found.periods_per_year == 252


def test_black_litterman__without_views__then_the_market_is_the_best_portfolio() -> None:
    weights = (0.5, 0.3, 0.2)
    found = BlackLitterman((), weights, 2.5).moments(_returns(), 252)
    best = np.linalg.solve(2.5 * found.covariance / 1.05, found.mean)
    assert best == pytest.approx(weights)


def test_black_litterman__of_a_view__then_its_asset_is_expected_to_earn_more() -> None:
    bold = BlackLitterman([View((1, 0, 0), 0.01)]).moments(_returns(), 252)
    calm = BlackLitterman().moments(_returns(), 252)
    assert calm.mean[0] < bold.mean[0] < 0.01


def test_skfolio__any_prior__then_its_own_moments() -> None:
    returns = _returns()
    expected = EmpiricalPrior().fit(returns).return_distribution_
    found = SkfolioEstimator(EmpiricalPrior()).moments(returns, 252)
    assert found.mean == pytest.approx(expected.mu)
    assert found.covariance == pytest.approx(expected.covariance)


@pytest.mark.parametrize(
    "estimator",
    [
        Estimate(),
        Estimate(Historical(), Exponential(40)),
        Estimate(Historical(), StressSwitch()),
        Estimate(Historical(), dcc.DccGarch()),
        BlackLitterman([View((0, 1, -1), 0.0002)]),
        SkfolioEstimator(EmpiricalPrior()),
    ],
)
def test_optimised__with_any_estimator__then_whole_targets_of_the_mandate(estimator: Estimator) -> None:
    prices = pd.DataFrame(100 * np.cumprod(1 + _returns(), axis=0), pd.date_range("2020-01-01", periods=300, tz="UTC"))
    snapshot = make_snapshot(make_mandate((6_000, 3_000, 1_000)), (1, 2, 3), (1, 1, 1))
    targets = Optimised(estimator, MeanVariance()).target(snapshot, prices)
    assert sum(targets) == 10_000
    assert min(targets) >= 0


class Broken:
    """An estimator from elsewhere that answers for too few assets, or with what is no number."""

    def __init__(self, *answer: float) -> None:
        self.answer = np.array(answer)

    def mean(self, returns: np.ndarray) -> np.ndarray:
        return self.answer


@pytest.mark.parametrize("answer", [(0.1,), (0.1, math.nan, 0.2)])
def test_estimate__of_a_broken_part__then_a_clear_error(answer: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="estimate is"):
        Estimate(Broken(*answer), LedoitWolf()).moments(_returns(), 252)
