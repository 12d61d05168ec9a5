"""Expected returns. All take simple returns (T, n), oldest first, and give (n,) {1/period}.

Means are the weakest of all estimates: twenty years of an asset of 20% volatility leave a standard error of 4.5%.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from controller.errors import InputError
from controller.strategy.observed import half_life_weights, library, moving, observed

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Historical:
    """The arithmetic mean."""

    def mean(self, returns: FloatArray) -> FloatArray:
        return np.asarray(observed(returns, 1).mean(axis=0), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Exponential:
    """The mean with weights that halve every `half_life` {period}."""

    half_life: float

    def mean(self, returns: FloatArray) -> FloatArray:
        values = observed(returns, 1)
        return np.asarray(half_life_weights(len(values), self.half_life) @ values, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Momentum:
    """What has risen goes on rising for a while: alpha = information coefficient x volatility x score.

    The score is the cross-sectional standard score of the return over `window` periods that ended `skip` periods ago
    (Jegadeesh and Titman 1993, Returns to Buying Winners and Selling Losers; the last month is left out because it
    reverts). The size is Grinold's (1994, Alpha Is Volatility Times IC Times Score). The scores sum to zero, so the
    equal-weighted mean of the volatility-scaled alphas is zero too: only differences between assets are forecast.

    Parameters
    ----------
    window, skip : {period}; 12 and 1 for months, 252 and 21 for trading days.
    coefficient : {1} correlation of forecasts with what comes; 0.05 is good.
    """

    window: int = 252
    skip: int = 21
    coefficient: float = 0.03

    def mean(self, returns: FloatArray) -> FloatArray:
        if not 0 <= self.skip < self.window:
            raise InputError(f"A momentum of {self.window} periods cannot skip {self.skip}.", "Skip fewer.")
        values = observed(returns, max(self.window, 2))
        past = values[len(values) - self.window : len(values) - self.skip]
        risen = np.prod(1 + past, axis=0) - 1
        spread = risen.std()
        score = (risen - risen.mean()) / spread if spread > 0 else np.zeros_like(risen)
        return np.asarray(self.coefficient * values.std(axis=0, ddof=1) * score, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Equilibrium:
    """What the market must expect to hold `weights`: gamma Sigma w (Sharpe 1974, Imputing Expected Security Returns).

    Parameters
    ----------
    weights : (n,) {1} of the market; equal ones where nothing is said.
    risk_aversion : {1} of the market, relative.
    covariance : any covariance estimator.
    """

    covariance: Any
    weights: tuple[float, ...] | None = None
    risk_aversion: float = 2.5

    def mean(self, returns: FloatArray) -> FloatArray:
        sigma = self.covariance.covariance(observed(returns))
        held = np.full(len(sigma), 1 / len(sigma)) if self.weights is None else np.asarray(self.weights)
        if held.shape != (len(sigma),):
            raise InputError(f"There are {len(held)} weights for {len(sigma)} assets.", "Give one for each asset.")
        return np.asarray(self.risk_aversion * sigma @ held, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class FromLibrary:
    """Any estimator of skfolio's kind: `fit(X)` and then `mu_`.

    Parameters
    ----------
    estimator : for example `skfolio.moments.ShrunkMu()`; it is copied before each fit.
    """

    estimator: Any

    def mean(self, returns: FloatArray) -> FloatArray:
        fitted = library("sklearn.base", "scikit-learn").clone(self.estimator).fit(observed(returns))
        return np.asarray(fitted.mu_, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class JamesStein:
    """The mean, pulled towards the mean of all assets by the share of its spread that noise explains.

    share = (trace S - 2 lambda_max) / (T |m - grand mean|^2), within 0 and 1 (the positive-part rule)

    James and Stein (1961), Estimation with Quadratic Loss; Jorion (1986) for returns. It takes three assets or more.
    """

    def mean(self, returns: FloatArray) -> FloatArray:
        values = observed(returns)
        live = moving(values)
        mean = values.mean(axis=0)
        if live.sum() < 3:
            return np.asarray(mean, dtype=np.float64)
        eigenvalues = np.linalg.eigvalsh(np.cov(values[:, live].T))
        off = mean[live] - mean[live].mean()
        noise, spread = max(float(eigenvalues.sum() - 2 * eigenvalues[-1]), 0.0) / len(values), float(off @ off)
        share = noise / spread if noise < spread else 1.0
        mean[live] = mean[live].mean() + (1 - share) * off
        return np.asarray(mean, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class BayesStein:
    """The mean, pulled towards that of the portfolio of least variance, m0.

    share = (n + 2) / (n + 2 + T (m - m0)' S^-1 (m - m0))

    Jorion (1986), Bayes-Stein Estimation for Portfolio Analysis, J. of Financial and Quantitative Analysis 21(3). Where
    the covariance S is singular, its pseudoinverse takes the place of the inverse. Assets that never move stay as they
    are.
    """

    def mean(self, returns: FloatArray) -> FloatArray:
        values = observed(returns)
        live = moving(values)
        mean, size = values.mean(axis=0), int(live.sum())
        if size < 3:
            return np.asarray(mean, dtype=np.float64)
        scale = values[:, live].std(axis=0, ddof=1)
        # by correlation, so that neither the units nor one wild asset decide what counts as singular
        precision = np.linalg.pinv(np.corrcoef(values[:, live].T), rcond=1e-10, hermitian=True) / np.outer(scale, scale)
        ones = np.ones(size)
        grand = float(ones @ precision @ mean[live] / (ones @ precision @ ones))
        off = mean[live] - grand
        share = (size + 2) / (size + 2 + len(values) * max(float(off @ precision @ off), 0.0))
        mean[live] = grand + (1 - share) * off
        return np.asarray(mean, dtype=np.float64)
