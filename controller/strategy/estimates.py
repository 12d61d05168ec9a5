"""Expected returns and a covariance, estimated apart, as the moments that an optimiser decides from."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from controller.strategy.observed import FloatArray


@dataclass(frozen=True, slots=True)
class Estimates:
    """An `Estimator` of two others.

    Parameters
    ----------
    returns : a `ReturnsEstimator`.
    covariance : a `CovarianceEstimator`.
    """

    returns: Any
    covariance: Any

    def moments(self, returns: FloatArray, periods_per_year: float) -> Any:
        """`Moments` of `returns` (T, n) {1/period}, simple, oldest first."""
        made = import_module("controller.strategy.protocol").Moments
        return made(self.returns.mean(returns), self.covariance.covariance(returns), returns, periods_per_year)
