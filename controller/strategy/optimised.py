"""A strategy made of an estimator, an optimiser and a rounding: from past prices to targets inside of the mandate."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from controller.errors import InputError
from controller.model import Mandate, Snapshot
from controller.strategy.constraints import Constraints
from controller.strategy.protocol import Estimator, FloatArray, Optimiser
from controller.strategy.rounding import DUST, to_bps
from controller.strategy.solution import Solution
from controller.units import BPS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Optimised:
    """Estimates, optimises and rounds. Whatever the optimiser says, the mandate's bounds hold of the targets."""

    estimator: Estimator
    optimiser: Optimiser
    constraints: Constraints | None = None  # besides the mandate's bounds; with as many assets as the mandate
    window: int | None = None  # newest rows of the past that are looked at; None: all
    least: int = field(default=2)  # rows of returns below which there is nothing to estimate from
    periods_per_year: float = 252.0

    def target(self, snapshot: Snapshot, past: pd.DataFrame | None) -> tuple[int, ...]:
        """See `Strategy.target`.

        Raises
        ------
        InputError
            When the past is missing, too short, or no prices of these assets.
        InfeasibleError
            When no weights keep all constraints.
        """
        solution = self.solve(snapshot.mandate, past)
        bounds = within(snapshot.mandate, self.constraints)
        return to_bps(
            solution.weights,
            np.ceil(bounds.lower * BPS - DUST).astype(int).tolist(),
            np.floor(bounds.upper * BPS + DUST).astype(int).tolist(),
            gradient=solution.gradient,
            curvature=solution.curvature,
        )

    def solve(self, mandate: Mandate, past: pd.DataFrame | None) -> Solution:
        """The weights before they are rounded, and how they were found."""
        returns = simple_returns(past, len(mandate.assets), self.window)
        if len(returns) < self.least:
            raise InputError(
                f"The past has {len(returns)} returns, this strategy needs {self.least}.", "Give a longer history."
            )
        inside = within(mandate, self.constraints)
        return self.optimiser.solve(self.estimator.moments(returns, self.periods_per_year), inside)


def within(mandate: Mandate, constraints: Constraints | None) -> Constraints:
    """What is wanted, inside of what the vault enforces.

    Raises
    ------
    InputError, InfeasibleError
        As `Constraints.require_sound`: an asset that the mandate wants held cannot be excluded.
    """
    bounds = Constraints.of_mandate(mandate)
    if constraints is None:
        return bounds
    if constraints.assets != bounds.assets:
        raise InputError(
            f"The constraints are of {constraints.assets} assets, the mandate has {bounds.assets}.",
            "Name one bound for each asset of the mandate.",
        )
    inside = replace(
        constraints,
        minimum=np.maximum(constraints.minimum, bounds.minimum),
        maximum=np.minimum(constraints.maximum, bounds.maximum),
    )
    inside.require_sound()
    return inside


def simple_returns(past: pd.DataFrame | None, assets: int, window: int | None = None) -> FloatArray:
    """(T, n) {1/period} of the newest `window` rows of prices.

    Raises
    ------
    InputError
        When there are no prices, or any of them is missing or not above zero.
    """
    if past is None:
        raise InputError("This strategy decides from past prices, and there are none.", "Give a history.")
    prices = past.to_numpy(dtype=np.float64)
    if prices.ndim != 2 or prices.shape[1] != assets:
        raise InputError(
            f"The history has {prices.shape[-1]} columns, the mandate {assets} assets.", "One column for each asset."
        )
    if window is not None:
        prices = prices[-(window + 1) :]
    if not (np.isfinite(prices).all() and (prices > 0.0).all()):
        row, column = np.argwhere(~(np.isfinite(prices) & (prices > 0.0)))[0]
        raise InputError(
            f"The price of {past.columns[column]} at {past.index[len(past) - len(prices) + row]} is "
            f"{prices[row, column]}, must be above zero.",
            "Fill or drop what is missing before it gets here.",
        )
    found: FloatArray = prices[1:] / prices[:-1] - 1.0
    return found
