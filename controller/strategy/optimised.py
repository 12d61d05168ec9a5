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
from controller.units import BPS, div_up

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
    keep: tuple[tuple[int, int], ...] = ()  # assets, and the {s} before which they are not to be sold

    def target(self, snapshot: Snapshot, past: pd.DataFrame | None) -> tuple[int, ...]:
        """See `Strategy.target`.

        Raises
        ------
        InputError
            When the past is missing, too short, or no prices of these assets.
        InfeasibleError
            When no weights keep all constraints.
        """
        bounds = self._kept(within(snapshot.mandate, self.constraints), snapshot)
        solution = self._solve(bounds, past)
        return to_bps(
            solution.weights,
            np.ceil(bounds.lower * BPS - DUST).astype(int).tolist(),
            np.floor(bounds.upper * BPS + DUST).astype(int).tolist(),
            gradient=solution.gradient,
            curvature=solution.curvature,
        )

    def solve(self, mandate: Mandate, past: pd.DataFrame | None) -> Solution:
        """The weights before they are rounded, and how they were found."""
        return self._solve(within(mandate, self.constraints), past)

    def _kept(self, bounds: Constraints, snapshot: Snapshot) -> Constraints:
        """No less of what is to be kept than there is now, as far as the mandate lets there be as much."""
        # D36{quote} = {qTok} * D36{quote/qTok}
        held = [amount * price.value for amount, price in zip(snapshot.balances, snapshot.prices, strict=True)]
        minimum = bounds.minimum.copy()
        for index, until in self.keep:
            if snapshot.block.timestamp < until and any(held):
                # {bps} = D36{quote} * {bps} / D36{quote}
                least = div_up(held[index] * BPS, sum(held)) / BPS
                minimum[index] = max(minimum[index], min(least, bounds.maximum[index]))
        return replace(bounds, minimum=minimum)

    def _solve(self, bounds: Constraints, past: pd.DataFrame | None) -> Solution:
        returns = simple_returns(past, bounds.assets, self.window)
        if len(returns) < self.least:
            raise InputError(
                f"The past has {len(returns)} returns, this strategy needs {self.least}.", "Give a longer history."
            )
        return self.optimiser.solve(self.estimator.moments(returns, self.periods_per_year), bounds)


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
