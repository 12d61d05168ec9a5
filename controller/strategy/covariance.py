"""Covariances, symmetric and positive semidefinite, (n, n) {1/period}, from simple returns (T, n), oldest first.

An asset that never moved (cash) has variance and covariances of exactly zero in every one of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from controller.errors import InputError
from controller.strategy.observed import half_life_weights, library, moving, observed, spread_out, symmetric

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """The unbiased sample covariance: right where periods are many times the assets, singular where they are fewer."""

    def covariance(self, returns: FloatArray) -> FloatArray:
        return spread_out(observed(returns), lambda live: np.atleast_2d(np.cov(live.T)))


@dataclass(frozen=True, slots=True)
class Exponential:
    """RiskMetrics (J.P. Morgan 1996): products of returns with weights that halve every `half_life` {period}.

    The mean is taken for zero, which it nearly is over a day.
    """

    half_life: float

    def covariance(self, returns: FloatArray) -> FloatArray:
        values = observed(returns)
        weights = half_life_weights(len(values), self.half_life)
        return spread_out(values, lambda live: (live * weights[:, None]).T @ live)


@dataclass(frozen=True, slots=True)
class SemiCovariance:
    """Of what falls short of `benchmark` {1/period}: mean of min(r_i - b, 0) min(r_j - b, 0).

    Estrada (2008), Mean-Semivariance Optimization: A Heuristic Approach; this form is positive semidefinite.
    """

    benchmark: float = 0.0

    def covariance(self, returns: FloatArray) -> FloatArray:
        short = np.minimum(observed(returns) - self.benchmark, 0)
        return symmetric(short.T @ short / len(short))


@dataclass(frozen=True, slots=True)
class FromLibrary:
    """Any estimator of scikit-learn's or skfolio's kind: `fit(X)` and then `covariance_`.

    Parameters
    ----------
    estimator : for example `skfolio.moments.GerberCovariance()`; it is copied before each fit.
    """

    estimator: Any

    def covariance(self, returns: FloatArray) -> FloatArray:
        clone = library("sklearn.base", "scikit-learn").clone
        return spread_out(observed(returns), lambda live: _fitted(clone(self.estimator), live))


@dataclass(frozen=True, slots=True)
class LedoitWolf:
    """Shrunk towards a multiple of the identity, by the share with the least expected error: scikit-learn's.

    Ledoit and Wolf (2004), A Well-Conditioned Estimator for Large-Dimensional Covariance Matrices.
    """

    def covariance(self, returns: FloatArray) -> FloatArray:
        learner = library("sklearn.covariance", "scikit-learn").LedoitWolf()
        return spread_out(observed(returns), lambda live: _fitted(learner, live))


@dataclass(frozen=True, slots=True)
class Oas:
    """As `LedoitWolf`, with the share that is best for normal returns: Chen, Wiesel, Eldar and Hero (2010)."""

    def covariance(self, returns: FloatArray) -> FloatArray:
        learner = library("sklearn.covariance", "scikit-learn").OAS()
        return spread_out(observed(returns), lambda live: _fitted(learner, live))


@dataclass(frozen=True, slots=True)
class Denoised:
    """Eigenvalues that noise alone would give are set to their mean, by the law of Marchenko and Pastur: skfolio's.

    Lopez de Prado (2020), Machine Learning for Asset Managers, chapter 2. It needs more periods than assets.
    """

    def covariance(self, returns: FloatArray) -> FloatArray:
        values = observed(returns, 3)
        if len(values) <= values.shape[1]:
            raise InputError(
                f"Denoising needs more periods than assets; there are {len(values)} of {values.shape[1]}.",
                "Use Ledoit-Wolf, or a longer history.",
            )
        learner = library("skfolio.moments", "skfolio").DenoiseCovariance()
        return spread_out(values, lambda live: _fitted(learner, live) if live.shape[1] > 1 else np.cov(live.T))


@dataclass(frozen=True, slots=True)
class StressSwitch:
    """Two regimes, calm and stressed, mixed by how much of the recent past was stressed.

    Stress is the variance of what all assets do together: of the mean of their standardised returns, smoothed with
    weights that halve every `half_life`. The periods where it is among the largest `share` are stressed; each regime
    has a covariance of its own (Chow, Jacquier, Kritzman and Lowry 1999, Optimal Portfolios in Good Times and Bad), and
    the estimate is p stressed + (1 - p) calm, with p the share of stressed periods by the same weights.

    Parameters
    ----------
    share : {1} of periods that count as stressed.
    half_life : {period} in which the memory of stress halves.
    within : covariance estimator inside of each regime.
    """

    share: float = 0.2
    half_life: float = 10.0
    within: Any = field(default_factory=LedoitWolf)

    def covariance(self, returns: FloatArray) -> FloatArray:
        if not 0 < self.share < 1:
            raise InputError(f"A share of {self.share!r} of stressed periods is not between 0 and 1.", "Give 0.2.")
        values = observed(returns, max(10, int(np.ceil(2 / min(self.share, 1 - self.share)))))
        stressed = self.stressed(values)
        now = float(half_life_weights(len(values), self.half_life)[stressed].sum())
        return symmetric(
            now * self.within.covariance(values[stressed]) + (1 - now) * self.within.covariance(values[~stressed])
        )

    def stressed(self, values: FloatArray) -> npt.NDArray[np.bool_]:
        """(T,) which periods of (T, n) returns were stressed."""
        live = values[:, moving(values)]
        if not live.shape[1]:
            return np.arange(len(values)) >= len(values) * (1 - self.share)
        together = ((live - live.mean(axis=0)) / live.std(axis=0)).mean(axis=1) ** 2
        keep, level = 0.5 ** (1 / self.half_life), together[: max(1, int(self.half_life))].mean()
        stress = np.empty(len(together))
        for period, one in enumerate(together):
            stress[period] = level = keep * level + (1 - keep) * one
        order = np.argsort(np.argsort(stress, kind="stable"), kind="stable")
        return np.asarray(order >= len(values) * (1 - self.share), dtype=np.bool_)


def diversification_ratio(weights: FloatArray, covariance: FloatArray) -> float:
    """{1} mean volatility of the assets over that of the portfolio: 1 where all move as one.

    w' sigma / sqrt(w' Sigma w)    (Choueifaty and Coignard 2008, Toward Maximum Diversification)

    Raises
    ------
    InputError
        For a portfolio without any risk.
    """
    variance = float(weights @ covariance @ weights)
    if not variance > 0:
        raise InputError("A portfolio without risk has no diversification ratio.", "Hold something that moves.")
    return float(weights @ np.sqrt(np.diag(covariance)) / np.sqrt(variance))


def _fitted(estimator: Any, returns: FloatArray) -> FloatArray:
    return np.asarray(estimator.fit(returns).covariance_, dtype=np.float64)
