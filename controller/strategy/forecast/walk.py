"""Walking forward: learn from what has come to pass, forecast what comes next, move on.

Lopez de Prado (2018), Advances in Financial Machine Learning, chapters 7 and 12: samples whose outcome overlaps that of
a tested one are purged, those right after it are embargoed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controller.errors import InputError
from controller.strategy.forecast.features import Panel
from controller.strategy.forecast.protocol import Family, Fitted, Forecaster
from controller.strategy.observed import library

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

FOLDS, TESTED = 5, 2
"""Of the combinatorial cross-validation: ten ways to leave two of five parts out."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What one family forecast.

    Parameters
    ----------
    first : the first decision that was forecast.
    forecasts : (D - first, n) {1} expected outcomes in standard deviations.
    chosen : which member forecast, for each time of learning.
    correlation : {1} mean rank correlation of forecasts with outcomes, over decisions.
    """

    family: Family
    first: int
    forecasts: FloatArray
    chosen: tuple[int, ...]
    correlation: float


def overlap(panel: Panel) -> int:
    """{decision} over which two outcomes share a return."""
    steps = np.diff(panel.moments)
    return math.ceil(panel.horizon / int(steps[0])) if len(steps) else 1


def walk(
    panel: Panel,
    family: Family,
    *,
    train: int = 60,
    every: int = 12,
    embargo: int = 1,
    progress: Callable[[float], None] = lambda done: None,
) -> Walk:
    """Forecasts every decision after the first `train` of them.

    Parameters
    ----------
    train : {decision} that the first learning has; later ones have all that came before.
    every : {decision} from one learning to the next.
    embargo : {decision} left out after each tested part of the cross-validation, beside the purge.

    Raises
    ------
    InputError
        For a history that is too short for one learning with its cross-validation.
    """
    purge, count = overlap(panel), len(panel.moments)
    if count <= train + purge or train < FOLDS * (purge + embargo + 2):
        raise InputError(
            f"There are {count} decisions in this history; forecasting needs more than {train + purge}, and a first "
            f"learning of at least {FOLDS * (purge + embargo + 2)}.",
            "Give a longer history, or a shorter horizon.",
        )
    splitter = library("skfolio.model_selection", "skfolio").WalkForward(
        test_size=every, train_size=train, purged_size=purge, expand_train=True, reduce_test=True
    )
    parts, chosen = [], []
    # one thread: the samples are few, and sums in one order are the same on every machine
    with library("threadpoolctl", "scikit-learn").threadpool_limits(1):
        for known, ahead in splitter.split(panel.features):
            best = _choose(panel, family, known, purge, embargo)
            fitted = family.members[best].fit(*_samples(panel, known))
            parts.append(_forecast(fitted, panel.features[ahead]))
            chosen.append(best)
            progress((int(ahead[-1]) + 1) / count)
    forecasts = np.concatenate(parts)
    first = count - len(forecasts)
    return Walk(family, first, forecasts, tuple(chosen), _agreement(forecasts, panel.outcomes[first:]))


def _samples(panel: Panel, decisions: IntArray) -> tuple[FloatArray, FloatArray]:
    """All assets at these decisions, those whose outcome is known."""
    features, outcomes = panel.features[decisions], panel.outcomes[decisions]
    known = np.isfinite(outcomes)
    return features[known], outcomes[known]


def _forecast(fitted: Fitted, features: FloatArray) -> FloatArray:
    """(d, n) from features (d, n, k)."""
    return fitted.predict(features.reshape(-1, features.shape[-1])).reshape(features.shape[:2])


def _choose(panel: Panel, family: Family, known: IntArray, purge: int, embargo: int) -> int:
    """The member that forecasts best inside of what is known."""
    if len(family.members) == 1:
        return 0
    splitter = library("skfolio.model_selection", "skfolio").CombinatorialPurgedCV(
        n_folds=FOLDS, n_test_folds=TESTED, purged_size=purge, embargo_size=embargo
    )
    splits = [(known[train], known[np.concatenate(tests)]) for train, tests in splitter.split(panel.features[known])]
    scores = [np.mean([_score(panel, member, *split) for split in splits]) for member in family.members]
    return int(np.argmax(scores))


def _score(panel: Panel, member: Forecaster, train: IntArray, test: IntArray) -> float:
    fitted = member.fit(*_samples(panel, train))
    return _agreement(_forecast(fitted, panel.features[test]), panel.outcomes[test])


def _agreement(forecasts: FloatArray, outcomes: FloatArray) -> float:
    """{1} mean over decisions of Spearman's correlation of forecasts (d, n) with outcomes; zero where there is none."""
    known = np.isfinite(outcomes).all(axis=1) & (np.ptp(forecasts, axis=1) > 0)
    if not known.any():
        return 0.0
    # equal forecasts keep the order of the assets
    ranks = [np.argsort(np.argsort(v[known], axis=1, kind="stable"), axis=1) for v in (forecasts, outcomes)]
    off = [rank - rank.mean(axis=1, keepdims=True) for rank in ranks]
    return float(np.mean((off[0] * off[1]).sum(axis=1) / (off[0] ** 2).sum(axis=1)))
