"""Expected returns from an equilibrium and views on it: Black and Litterman (1992), Global Portfolio Optimization.

The notation is that of He, G. and Litterman, R. (1999), The Intuition Behind Black-Litterman Model Portfolios.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controller.errors import InputError, Mistake
from controller.strategy.observed import symmetric

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class View:
    """What one portfolio is believed to return.

    Parameters
    ----------
    portfolio : (n,) {1} absolute views sum to 1, relative ones to 0.
    expected : {1/period}
    variance : {1/period^2} of the belief; where nothing is said that of the prior, tau p' Sigma p, so that a view
        weighs as much as the equilibrium.
    """

    portfolio: tuple[float, ...]
    expected: float
    variance: float | None = None


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is believed after the views.

    Parameters
    ----------
    mean : (n,) {1/period}
    covariance : (n, n) {1/period} of returns, the uncertainty of the mean included.
    """

    mean: FloatArray
    covariance: FloatArray


def black_litterman(
    equilibrium: FloatArray, covariance: FloatArray, views: Sequence[View], *, tau: float = 0.05
) -> Posterior:
    """Mixes the equilibrium with views, each by its certainty.

    mean = pi + tau S P' (tau P S P' + Omega)^-1 (q - P pi)
    covariance = S + tau S - tau S P' (tau P S P' + Omega)^-1 tau P S

    This form inverts no covariance, so that a singular one and a view of certainty (variance zero) are no exception.

    Parameters
    ----------
    equilibrium : (n,) {1/period} pi; see `returns.Equilibrium`.
    covariance : (n, n) {1/period} S
    tau : {1} the uncertainty of the equilibrium relative to that of returns.

    Raises
    ------
    InputError
        With every view that does not fit, and where certain views contradict each other.
    """
    size = len(equilibrium)
    _check(size, equilibrium, covariance, views, tau)
    if not views:
        return Posterior(equilibrium.copy(), symmetric((1 + tau) * covariance))
    portfolios = np.array([view.portfolio for view in views], dtype=np.float64)
    expected = np.array([view.expected for view in views])
    prior = tau * covariance @ portfolios.T
    known = np.diag(portfolios @ prior)
    doubt = np.array([one if view.variance is None else view.variance for view, one in zip(views, known, strict=True)])
    mixed = portfolios @ prior + np.diag(doubt)
    gap = expected - portfolios @ equilibrium
    gain = np.linalg.lstsq(mixed, np.c_[gap, prior.T], rcond=None)[0]
    if not np.allclose(mixed @ gain[:, 0], gap, rtol=1e-8, atol=1e-10 * max(1.0, float(np.abs(gap).max()))):
        raise InputError("Views that are certain contradict each other or the equilibrium.", "Give them a variance.")
    return Posterior(
        np.asarray(equilibrium + prior @ gain[:, 0], dtype=np.float64),
        symmetric((1 + tau) * covariance - prior @ gain[:, 1:]),
    )


def _check(size: int, equilibrium: FloatArray, covariance: FloatArray, views: Sequence[View], tau: float) -> None:
    mistakes = []
    if covariance.shape != (size, size) or not (np.isfinite(covariance).all() and np.isfinite(equilibrium).all()):
        mistakes.append(
            Mistake("covariance", f"must be {size} by {size} finite numbers, as the equilibrium has {size}")
        )
    if not (np.isfinite(tau) and tau > 0):
        mistakes.append(Mistake("tau", f"{tau!r} is not a number above 0"))
    for number, view in enumerate(views, start=1):
        if len(view.portfolio) != size or not np.isfinite([*view.portfolio, view.expected]).all():
            mistakes.append(Mistake(f"view {number}", f"needs {size} finite weights and a finite expectation"))
        elif not any(view.portfolio):
            mistakes.append(Mistake(f"view {number}", "is about no asset"))
        if view.variance is not None and not (np.isfinite(view.variance) and view.variance >= 0):
            mistakes.append(Mistake(f"view {number}", f"has the variance {view.variance!r}, which is not 0 or more"))
    if mistakes:
        raise InputError("These views cannot be mixed in.", "Correct what is named.", tuple(mistakes))
