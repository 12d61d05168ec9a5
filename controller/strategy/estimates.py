"""Moments for optimisers: any returns with any covariance, an equilibrium with views, or a prior of skfolio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from controller.errors import InputError
from controller.strategy.covariance import LedoitWolf
from controller.strategy.observed import library, observed, symmetric
from controller.strategy.protocol import CovarianceEstimator, FloatArray, Moments, ReturnsEstimator
from controller.strategy.returns import Equilibrium, Historical
from controller.strategy.views import View, black_litterman


@dataclass(frozen=True, slots=True)
class Estimate:
    """Expected returns and covariance, each by its own estimator.

    Parameters
    ----------
    safe : {1/period} what the safe asset earns; expected returns are in excess of it.
    """

    returns: ReturnsEstimator = field(default_factory=Historical)
    covariance: CovarianceEstimator = field(default_factory=LedoitWolf)
    safe: float = 0.0

    def moments(self, returns: FloatArray, periods_per_year: float) -> Moments:
        """See `Estimator.moments`."""
        values = observed(returns)
        return _moments(
            self.returns.mean(values) - self.safe, self.covariance.covariance(values), values, periods_per_year
        )


@dataclass(frozen=True, slots=True)
class BlackLitterman:
    """An equilibrium with views: `views.black_litterman` on `returns.Equilibrium`.

    Parameters
    ----------
    weights : (n,) {1} of the market, for example the mandate's own targets; equal ones where nothing is said.
    risk_aversion : {1} of the market. tau : {1} uncertainty of the equilibrium relative to that of returns.
    """

    views: Sequence[View] = ()
    weights: tuple[float, ...] | None = None
    risk_aversion: float = 2.5
    tau: float = 0.05
    covariance: CovarianceEstimator = field(default_factory=LedoitWolf)

    def moments(self, returns: FloatArray, periods_per_year: float) -> Moments:
        """See `Estimator.moments`."""
        values = observed(returns)
        prior = Equilibrium(self.covariance, self.weights, self.risk_aversion).mean(values)
        found = black_litterman(prior, self.covariance.covariance(values), self.views, tau=self.tau)
        return _moments(found.mean, found.covariance, values, periods_per_year)


@dataclass(frozen=True, slots=True)
class SkfolioEstimator:
    """Any prior of skfolio: `fit(X)` and then `return_distribution_`.

    Parameters
    ----------
    prior : for example `skfolio.prior.FactorModel()`; it is copied before each fit.
    """

    prior: Any

    def moments(self, returns: FloatArray, periods_per_year: float) -> Moments:
        """See `Estimator.moments`."""
        values = observed(returns)
        found = library("sklearn.base", "scikit-learn").clone(self.prior).fit(values).return_distribution_
        return _moments(np.asarray(found.mu), np.asarray(found.covariance), values, periods_per_year)


def _moments(mean: FloatArray, covariance: FloatArray, returns: FloatArray, periods_per_year: float) -> Moments:
    """What was estimated, checked once more: an estimator may have come from anywhere."""
    size = returns.shape[1]
    if mean.shape != (size,) or covariance.shape != (size, size):
        raise InputError(
            f"The estimate is of {len(mean)} returns and a covariance of {covariance.shape}, not of {size} assets.",
            "Give an estimator that answers for every asset.",
        )
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise InputError("The estimate is not all finite numbers.", "Use a longer history, or a sturdier estimator.")
    if not periods_per_year > 0:
        raise InputError(f"{periods_per_year!r} periods per year are not above zero.", "Give 252 for trading days.")
    return Moments(mean, symmetric(covariance), returns, periods_per_year)
