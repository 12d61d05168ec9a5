"""Forecasters of scikit-learn, and families of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from controller.errors import InputError
from controller.strategy.forecast.protocol import Family, Fitted, Forecaster
from controller.strategy.observed import library

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FromLibrary:
    """Any regressor of scikit-learn's kind; it is copied before each fit.

    Parameters
    ----------
    estimator : for example `sklearn.ensemble.RandomForestRegressor(random_state=0)`; seed what draws at random.
    """

    estimator: Any

    def fit(self, features: FloatArray, outcomes: FloatArray) -> Fitted:
        fitted: Fitted = library("sklearn.base", "scikit-learn").clone(self.estimator).fit(features, outcomes)
        return fitted


@dataclass(frozen=True, slots=True)
class Ridge:
    """Linear, with a penalty on large coefficients: Hoerl and Kennard (1970).

    Parameters
    ----------
    penalty : {1} for each sample: 1 halves the coefficient of a feature of unit variance.
    """

    penalty: float = 1.0

    def fit(self, features: FloatArray, outcomes: FloatArray) -> Fitted:
        linear = library("sklearn.linear_model", "scikit-learn")
        return FromLibrary(linear.Ridge(alpha=self.penalty * len(outcomes))).fit(features, outcomes)


@dataclass(frozen=True, slots=True)
class Boosting:
    """Gradient boosting of small trees: Friedman (2001), with histograms.

    Parameters
    ----------
    leaves : in a tree; 2 adds features up, more lets them act together.
    trees : how many.
    rate : {1} by which each counts.
    """

    leaves: int = 4
    trees: int = 40
    rate: float = 0.05

    def fit(self, features: FloatArray, outcomes: FloatArray) -> Fitted:
        ensemble = library("sklearn.ensemble", "scikit-learn")
        regressor = ensemble.HistGradientBoostingRegressor(
            max_leaf_nodes=self.leaves,
            max_iter=self.trees,
            learning_rate=self.rate,
            min_samples_leaf=50,
            early_stopping=False,
            random_state=0,
        )
        return FromLibrary(regressor).fit(features, outcomes)


def families(names: tuple[str, ...] = ("ridge", "boosting"), *, seed: int = 1) -> list[Family]:
    """The families by name: ridge, boosting, network (of PyTorch).

    Raises
    ------
    InputError
        For a name that is none of them.
    """
    known = {"ridge": _ridges, "boosting": _boostings, "network": _networks}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise InputError(f"There is no forecaster {', '.join(unknown)}.", f"Choose of: {', '.join(known)}.")
    return [Family(name, known[name](seed)) for name in dict.fromkeys(names)]


def _ridges(_seed: int) -> list[Forecaster]:
    return [Ridge(penalty) for penalty in (10.0, 1.0, 0.1)]


def _boostings(_seed: int) -> list[Forecaster]:
    return [Boosting(leaves) for leaves in (2, 4)]


def _networks(seed: int) -> list[Forecaster]:
    from controller.strategy.forecast.network import Network

    return [Network(width, seed=seed) for width in (4, 16)]
