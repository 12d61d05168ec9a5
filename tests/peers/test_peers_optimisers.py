"""Optimisers against Riskfolio-Lib, live: `make test-peers`, in the environment that has it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import riskfolio

from controller.strategy.constraints import Constraints
from controller.strategy.optimisers.mean_variance import MinimumVariance
from controller.strategy.optimisers.ratio import MaximumSharpe
from controller.strategy.optimisers.risk import RiskBudgeting
from controller.strategy.optimisers.tail import MinimumCVaR
from controller.strategy.protocol import FloatArray, Moments, Optimiser

ASSETS, DAYS = 12, 400


def market() -> Moments:
    chance = np.random.default_rng(3)
    common = chance.normal(size=(DAYS, 2)) @ (chance.normal(size=(2, ASSETS)) * 0.006)
    returns = common + chance.normal(size=(DAYS, ASSETS)) * chance.uniform(0.005, 0.015, ASSETS) + 0.0005
    return Moments(returns.mean(0), np.cov(returns.T), returns, 252.0)


MOMENTS = market()
FREE = Constraints.long_only(ASSETS)


def theirs(how: str, **words: object) -> FloatArray:
    """Weights of Riskfolio-Lib."""
    portfolio = riskfolio.Portfolio(returns=pd.DataFrame(MOMENTS.returns))
    portfolio.assets_stats(method_mu="hist", method_cov="hist")
    return np.asarray(getattr(portfolio, how)(model="Classic", **words)).ravel()


CASES: dict[str, tuple[Optimiser, FloatArray]] = {
    "minimum variance": (MinimumVariance(), theirs("optimization", rm="MV", obj="MinRisk")),
    "maximum Sharpe": (MaximumSharpe(), theirs("optimization", rm="MV", obj="Sharpe", rf=0)),
    "risk parity": (RiskBudgeting(), theirs("rp_optimization", rm="MV")),
    "minimum CVaR": (MinimumCVaR(0.95), theirs("optimization", rm="CVaR", obj="MinRisk")),
}


@pytest.mark.parametrize("name", CASES)
def test_optimiser__beside_riskfolio__then_the_same_weights(name: str) -> None:
    ours, other = CASES[name]
    assert ours.solve(MOMENTS, FREE).weights == pytest.approx(other, abs=2e-3)


def test_maximum_sharpe__beside_riskfolio__then_at_least_its_ratio() -> None:
    _, other = CASES["maximum Sharpe"]
    ratio = MOMENTS.mean @ other / np.sqrt(other @ MOMENTS.covariance @ other)
    assert MaximumSharpe().solve(MOMENTS, FREE).objective >= ratio * (1 - 1e-9)
