"""What every strategy is, and what it is made of: pure functions from the past to moments, from moments to weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from controller.model import Snapshot

if TYPE_CHECKING:
    import pandas as pd

    from controller.strategy.constraints import Constraints
    from controller.strategy.solution import Solution

FloatArray = npt.NDArray[np.float64]


class Strategy(Protocol):
    """Decides targets. The same object decides in a backtest, in the live keeper and in the audit."""

    def target(self, snapshot: Snapshot, past: pd.DataFrame | None) -> tuple[int, ...]:
        """Targets of one tick.

        Parameters
        ----------
        snapshot : the vault at the block of the tick.
        past : {quote/tok} prices, one column for each asset of the mandate, every row strictly before the block's
            timestamp; None for a strategy that needs none.

        Returns
        -------
        {bps}, one for each asset of the mandate, summing to exactly 10,000.
        """
        ...


@dataclass(frozen=True, eq=False)
class Moments:
    """What optimisers decide from."""

    mean: FloatArray  # (n,) {1/period} expected simple excess returns
    covariance: FloatArray  # (n, n) {1/period} symmetric, positive semidefinite
    returns: FloatArray  # (T, n) the simple returns that they were estimated from, oldest first
    periods_per_year: float


class Estimator(Protocol):
    """Moments from past returns."""

    def moments(self, returns: FloatArray, periods_per_year: float) -> Moments:
        """`returns` (T, n) are simple, oldest first."""
        ...


class ReturnsEstimator(Protocol):
    """Expected returns from past ones."""

    def mean(self, returns: FloatArray) -> FloatArray:
        """(n,) {1/period} from `returns` (T, n)."""
        ...


class CovarianceEstimator(Protocol):
    """A covariance from past returns."""

    def covariance(self, returns: FloatArray) -> FloatArray:
        """(n, n) {1/period} from `returns` (T, n)."""
        ...


class Optimiser(Protocol):
    """Weights from moments."""

    def solve(self, moments: Moments, constraints: Constraints) -> Solution:
        """The best weights that keep every constraint.

        Raises
        ------
        InfeasibleError
            When no weights keep all constraints; it names those in conflict.
        InputError
            When moments or constraints are no numbers, or do not fit together.
        """
        ...
