"""What a forecaster sees and what it is asked: nothing of a feature lies after its moment, all of an outcome does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controller.errors import InputError
from controller.strategy.observed import observed

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

WINDOWS = (1, 3, 6, 12)
"""{horizon} over which past returns are looked at."""
_CLIP = 3.0
"""{1} standard deviations beyond which a feature or an outcome counts as no farther."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Samples of all assets at all moments of decision.

    Parameters
    ----------
    moments : (D,) rows of the returns; a decision at row t knows the returns up to and including t.
    features : (D, n, k) {1} cross-sectional scores.
    outcomes : (D, n) {1} return over the next `horizon` rows in standard deviations, less the mean of all assets; not
        a number where it has not come to pass.
    horizon : {period}
    """

    moments: IntArray
    features: FloatArray
    outcomes: FloatArray
    horizon: int


def panel(returns: FloatArray, *, horizon: int = 21, stride: int | None = None) -> Panel:
    """Features and outcomes of returns (T, n).

    The features of an asset are its returns over 1, 3, 6 and 12 horizons, each in units of its own volatility, its
    volatility itself, and how that has changed; each as a score among all assets, because differences between assets
    are easier to foresee than the market.

    Parameters
    ----------
    horizon : {period} of the forecast.
    stride : {period} from one decision to the next; the horizon where nothing is said.

    Raises
    ------
    InputError
        For fewer than 2 assets, or too short a history for a single decision.
    """
    step = horizon if stride is None else stride
    if horizon < 2 or step < 1:
        raise InputError("A horizon is at least 2 periods, and a decision comes at least one later.", "Give more.")
    longest = max(WINDOWS) * horizon
    values = observed(returns, longest + 1)
    if values.shape[1] < 2:
        raise InputError("Forecasts compare assets, so there must be at least 2.", "Give more assets.")
    logs = np.log1p(np.maximum(values, -0.99))
    moments = np.arange(longest - 1, len(values), step)
    features, outcomes = [], []
    for moment in moments:
        past = logs[moment + 1 - longest : moment + 1]
        features.append(_features(past, horizon))
        outcomes.append(_outcome(past, logs[moment + 1 : moment + 1 + horizon], horizon))
    return Panel(moments, np.array(features), np.array(outcomes), horizon)


def _features(past: FloatArray, horizon: int) -> FloatArray:
    """(n, k) from (T, n) returns that end at the moment."""
    spread, recent = _volatility(past), _volatility(past[-2 * horizon :])
    columns = [past[-window * horizon :].sum(axis=0) / (spread * np.sqrt(window * horizon)) for window in WINDOWS]
    columns += [np.log(spread), np.log(recent / spread)]
    return np.column_stack([_score(column) for column in columns])


def _outcome(past: FloatArray, ahead: FloatArray, horizon: int) -> FloatArray:
    if len(ahead) < horizon:
        return np.full(past.shape[1], np.nan)
    scaled = ahead.sum(axis=0) / (_volatility(past) * np.sqrt(horizon))
    return np.asarray(np.clip(scaled - scaled.mean(), -_CLIP, _CLIP), dtype=np.float64)


def _volatility(past: FloatArray) -> FloatArray:
    """(n,) {1/period} with a floor, for what never moves."""
    return np.asarray(np.maximum(past.std(axis=0), 1e-8), dtype=np.float64)


def _score(values: FloatArray) -> FloatArray:
    spread = values.std()
    scaled = (values - values.mean()) / spread if spread > 1e-12 else np.zeros_like(values)
    return np.asarray(np.clip(scaled, -_CLIP, _CLIP), dtype=np.float64)
