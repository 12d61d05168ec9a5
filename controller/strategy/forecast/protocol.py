"""What a forecaster is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


class Fitted(Protocol):
    """What has learnt."""

    def predict(self, features: FloatArray) -> FloatArray:
        """(n,) {1} expected outcomes, in standard deviations, of features (n, k)."""
        ...


class Forecaster(Protocol):
    """What learns. One with other settings is another one: they are compared by cross-validation."""

    def fit(self, features: FloatArray, outcomes: FloatArray) -> Fitted:
        """Learns from samples (S, k) and what came of them (S,); the same samples give the same answer."""
        ...


@dataclass(frozen=True, slots=True)
class Family:
    """Forecasters of one kind, of which cross-validation chooses before each walk.

    Parameters
    ----------
    name : for people.
    members : in the order in which ties are broken; each of them counts as a trial.
    """

    name: str
    members: Sequence[Forecaster]
