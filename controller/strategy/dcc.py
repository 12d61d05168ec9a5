"""Correlations that move: Engle (2002), Dynamic Conditional Correlation, J. of Business and Economic Statistics 20(3).

Each asset's variance follows a GARCH(1, 1), which `arch` fits; what is left, z, has the correlation of

    Q_t = (1 - a - b) S + a z_{t-1} z_{t-1}' + b Q_{t-1},    S the sample correlation of z

with a and b by maximum likelihood in a second step, as Engle proposes.
"""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from controller.errors import InputError
from controller.strategy.observed import library, observed, spread_out, symmetric

FloatArray = npt.NDArray[np.float64]

LEAST = 100
"""{period} that a GARCH needs to be more than noise."""
_ARRIVED = (0, 8)
"""What SLSQP says at an optimum: that it is one, or that no step along its gradient is better."""


@dataclass(frozen=True, slots=True)
class Dynamics:
    """What was fitted.

    Parameters
    ----------
    news, memory : {1} a and b; they sum to less than 1.
    correlation : (n, n) {1} expected of the next period.
    volatility : (n,) {1/period} expected of the next period.
    """

    news: float
    memory: float
    correlation: FloatArray
    volatility: FloatArray


@dataclass(frozen=True, slots=True)
class DccGarch:
    """The covariance that DCC(1, 1) on GARCH(1, 1) expects of the next period."""

    def covariance(self, returns: FloatArray) -> FloatArray:
        def expected(live: FloatArray) -> FloatArray:
            found = fit(live)
            return found.correlation * np.outer(found.volatility, found.volatility)

        return spread_out(observed(returns, LEAST), expected)


def fit(returns: FloatArray) -> Dynamics:
    """Fits both steps to returns (T, n) of assets that all move.

    Raises
    ------
    InputError
        For fewer than `LEAST` periods, or where no GARCH can be fitted.
    MissingExtraError
        Without arch or scipy.
    """
    values = observed(returns, LEAST)
    columns = [_garch(values[:, asset], asset) for asset in range(values.shape[1])]
    residuals = np.column_stack([column[0] for column in columns])
    volatility = np.array([column[1] for column in columns])
    if values.shape[1] == 1:
        return Dynamics(0.0, 0.0, np.ones((1, 1)), volatility)
    news, memory = _second_step(residuals)
    last = _recursion(residuals, news, memory)[-1]
    scale = np.sqrt(np.diag(last))
    correlation = symmetric(last / np.outer(scale, scale))
    np.fill_diagonal(correlation, 1.0)
    return Dynamics(news, memory, correlation, volatility)


def _garch(returns: FloatArray, asset: int) -> tuple[FloatArray, float]:
    """(T,) standardised residuals, and {1/period} the volatility of the next period."""
    arch = library("arch", "arch")
    scale = 1 / returns.std()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the flag below says the same
            model = arch.arch_model(returns * scale, mean="Constant", vol="GARCH", p=1, q=1, rescale=False)
            fitted: Any = model.fit(disp="off", show_warning=False)
            ahead = float(fitted.forecast(horizon=1, reindex=False).variance.to_numpy()[-1, 0])
        failure = (
            "" if fitted.convergence_flag in _ARRIVED and math.isfinite(ahead) else "its likelihood has no maximum"
        )
    except (ValueError, np.linalg.LinAlgError) as error:
        failure = str(error).splitlines()[0]
    if failure:
        raise InputError(
            f"No GARCH can be fitted to asset {asset}: {failure}.",
            "Use an exponentially weighted covariance, or a longer history.",
        )
    residuals = np.asarray(fitted.resid / fitted.conditional_volatility, dtype=np.float64)
    return residuals, math.sqrt(ahead) / scale


def _recursion(residuals: FloatArray, news: float, memory: float) -> FloatArray:
    """(T + 1, n, n) Q of every period and, last, of the next one."""
    level = np.corrcoef(residuals.T)
    news_of = np.einsum("ti,tj->tij", residuals, residuals) - level
    filtered = library("scipy.signal", "scipy").lfilter(
        [0.0, news], [1.0, -memory], np.concatenate([news_of, np.zeros_like(news_of[:1])]), axis=0
    )
    return np.asarray(level + filtered, dtype=np.float64)


def _loss(parameters: FloatArray, residuals: FloatArray) -> float:
    """Twice the negative log-likelihood of the second step, per period, constants left out."""
    q = _recursion(residuals, *parameters)[:-1]
    scale = np.sqrt(np.einsum("tii->ti", q))
    correlation = q / (scale[:, :, None] * scale[:, None, :])
    sign, log = np.linalg.slogdet(correlation)
    if np.any(sign <= 0):
        return math.inf
    solved = np.linalg.solve(correlation, residuals[:, :, None])[:, :, 0]
    return float(np.mean(log + np.einsum("ti,ti->t", residuals, solved)))


def _second_step(residuals: FloatArray) -> tuple[float, float]:
    """a and b. Assets that are one and the same leave no likelihood to maximise: then nothing moves."""
    optimise = library("scipy.optimize", "scipy")
    if np.linalg.matrix_rank(np.corrcoef(residuals.T), tol=1e-6) < residuals.shape[1]:
        return 0.0, 0.0

    def loss(free: FloatArray) -> float:
        total = 0.999 / (1 + math.exp(-free[0]))  # a + b, below one
        share = 1 / (1 + math.exp(-free[1]))  # of the news in it
        return _loss(np.array([total * share, total * (1 - share)]), residuals)

    options = {"xatol": 1e-3, "fatol": 1e-8, "maxiter": 200}
    found = optimise.minimize(loss, np.array([3.5, -3.0]), method="Nelder-Mead", options=options).x
    total, share = 0.999 / (1 + math.exp(-found[0])), 1 / (1 + math.exp(-found[1]))
    return total * share, total * (1 - share)
