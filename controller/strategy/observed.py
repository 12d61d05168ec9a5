"""What every estimate asks of the returns that it is given."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from controller.errors import InputError, MissingExtraError

FloatArray = npt.NDArray[np.float64]

_CLOSE = 1e-12


def observed(returns: FloatArray, least: int = 2) -> FloatArray:
    """The returns, as they are.

    Parameters
    ----------
    returns : (T, n) {1/period} simple, oldest first.
    least : how many rows an estimate needs.

    Raises
    ------
    InputError
        For another shape, too few rows, numbers that are not finite or returns of less than -100%.
    """
    values = np.asarray(returns, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] == 0:
        raise InputError("Returns are a table of periods by assets.", "Give one row for each period, oldest first.")
    if len(values) < least:
        raise InputError(f"{len(values)} periods of returns are too few, this needs {least}.", "Give a longer history.")
    bad = np.flatnonzero(~np.isfinite(values).all(axis=0))
    if len(bad):
        raise InputError(
            f"The returns of {'asset' if len(bad) == 1 else 'assets'} {', '.join(map(str, bad))} are not all finite.",
            "Fill or leave out what is missing.",
        )
    if values.min() < -1 - _CLOSE:
        raise InputError("A return is below -100%.", "Give simple returns of prices, 0.01 for 1%.")
    return values


def moving(returns: FloatArray) -> npt.NDArray[np.bool_]:
    """(n,) bool: which assets moved at all; what did not has no correlation with anything."""
    spread = returns.std(axis=0)
    return np.asarray(spread > _CLOSE * np.maximum(1.0, np.abs(returns).max(axis=0)), dtype=np.bool_)


def spread_out(returns: FloatArray, estimate: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """(n, n) a covariance of the assets that move, with zeros for those that do not.

    Cash has a variance of exactly zero, which estimators by correlation would divide by.
    """
    live = moving(returns)
    found = np.zeros((returns.shape[1], returns.shape[1]))
    if live.any():
        found[np.ix_(live, live)] = symmetric(estimate(returns[:, live]))
    return found


def symmetric(matrix: FloatArray) -> FloatArray:
    """(n, n) the matrix without what rounding made of its symmetry."""
    return np.asarray((matrix + matrix.T) / 2, dtype=np.float64)


def half_life_weights(periods: int, half_life: float) -> FloatArray:
    """(T,) {1} weights that halve every `half_life` periods back, oldest first, summing to 1.

    Raises
    ------
    InputError
        For a half-life that is not above zero.
    """
    if not half_life > 0:
        raise InputError(f"A half-life of {half_life!r} periods is not above zero.", "Give it in periods.")
    weights = np.exp2(-np.arange(periods)[::-1] / half_life)
    return np.asarray(weights / weights.sum(), dtype=np.float64)


def library(module: str, package: str) -> Any:
    """A module of the optional research libraries.

    Raises
    ------
    MissingExtraError
        Without its package.
    """
    try:
        return import_module(module)
    except ImportError:
        raise MissingExtraError("research", package) from None
