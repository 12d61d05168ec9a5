"""Returns that have not happened: drawn from what has, or from a model of it. One seed, one future."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from controller.errors import InputError
from controller.strategy.covariance import StressSwitch

FloatArray = npt.NDArray[np.float64]

LEAST: Final = 24
"""Returns below which nothing is drawn from them."""


class Future(Protocol):
    """Where returns come from."""

    def draw(self, chance: np.random.Generator, periods: int) -> FloatArray:
        """(periods, n) {1/period} simple returns, each above -1."""


@dataclass(frozen=True, eq=False)
class Resampled:
    """Blocks of history, of random length, joined: the stationary bootstrap (Politis and Romano, JASA 1994).

    All assets come from the same rows, so that what fell together falls together. The mean length is the cube root of
    the number of rows, at least 2.
    """

    returns: FloatArray  # (T, n) {1/period}

    def draw(self, chance: np.random.Generator, periods: int) -> FloatArray:
        rows = len(self.returns)
        new = chance.random(periods) < 1.0 / max(rows ** (1.0 / 3.0), 2.0)
        new[0] = True
        starts = chance.integers(0, rows, periods)
        since = np.arange(periods) - np.maximum.accumulate(np.where(new, np.arange(periods), 0))
        begun = starts[np.maximum.accumulate(np.where(new, np.arange(periods), 0))]
        found: FloatArray = self.returns[(begun + since) % rows]
        return found


@dataclass(frozen=True, eq=False)
class Normal:
    """Correlated geometric Brownian motion: logarithmic returns are normal and independent of time."""

    mean: FloatArray  # (n,) {1/period} of logarithmic returns
    covariance: FloatArray  # (n, n) of them
    _root: FloatArray = field(init=False)

    def __post_init__(self) -> None:
        values, vectors = np.linalg.eigh(self.covariance)
        object.__setattr__(self, "_root", vectors * np.sqrt(np.maximum(values, 0.0)))

    @classmethod
    def of(cls, returns: FloatArray) -> Normal:
        """With the mean and covariance of history."""
        logs = np.log1p(returns)
        return cls(logs.mean(0), np.atleast_2d(np.cov(logs.T)))

    @classmethod
    def together(cls, returns: FloatArray) -> Normal:
        """With the mean and the volatilities of history, and every correlation at one: nothing diversifies."""
        logs = np.log1p(returns)
        return cls(logs.mean(0), np.outer(logs.std(0, ddof=1), logs.std(0, ddof=1)))

    def logs(self, chance: np.random.Generator, periods: int) -> FloatArray:
        """(periods, n) logarithmic returns."""
        found: FloatArray = self.mean + chance.standard_normal((periods, len(self.mean))) @ self._root.T
        return found

    def draw(self, chance: np.random.Generator, periods: int) -> FloatArray:
        return np.expm1(self.logs(chance, periods))


@dataclass(frozen=True, eq=False)
class Jumps:
    """Geometric Brownian motion with jumps that hit all assets at once (Merton, Journal of Financial Economics 1976).

    A jump takes `size` standard deviations of a period off each asset, give or take one; what they take off on average
    is given back in calm periods, so that the mean return is that of `calm`.
    """

    calm: Normal
    rate: float = 0.02  # {1/period} jumps
    size: float = 4.0  # {1} standard deviations of a period

    def draw(self, chance: np.random.Generator, periods: int) -> FloatArray:
        deviations = np.sqrt(np.diag(self.calm.covariance))
        hits = chance.poisson(self.rate, periods)[:, None]
        fall = self.size * hits + np.sqrt(hits) * chance.standard_normal((periods, len(deviations)))
        found: FloatArray = self.calm.logs(chance, periods) + deviations * (self.rate * self.size - fall)
        return np.expm1(found)


@dataclass(frozen=True, eq=False)
class Regimes:
    """Calm and stressed times, each with its own mean and covariance, that follow each other by a Markov chain
    (Hamilton, Econometrica 1989); which times were stressed is told by `strategy.covariance.StressSwitch`."""

    calm: Normal
    stressed: Normal
    begins: float  # {1/period} probability that a calm period is followed by a stressed one
    ends: float  # {1/period} probability that a stressed period is followed by a calm one

    @classmethod
    def of(cls, returns: FloatArray) -> Regimes:
        """With the regimes of history."""
        bad = StressSwitch().stressed(returns)
        before, then = bad[:-1], bad[1:]
        return cls(
            Normal.of(returns[~bad]),
            Normal.of(returns[bad]),
            begins=float(then[~before].mean()),
            ends=float(1.0 - then[before].mean()),
        )

    def draw(self, chance: np.random.Generator, periods: int) -> FloatArray:
        luck = chance.random(periods + 1)
        bad = np.empty(periods, dtype=bool)
        now = luck[periods] < self.begins / (self.begins + self.ends)
        for period in range(periods):
            now = luck[period] >= self.ends if now else luck[period] < self.begins
            bad[period] = now
        calm, stressed = self.calm.draw(chance, periods), self.stressed.draw(chance, periods)
        return np.where(bad[:, None], stressed, calm)


FUTURES: Final[Mapping[str, Callable[[FloatArray], Future]]] = {
    "bootstrap": Resampled,
    "normal": Normal.of,
    "jumps": lambda returns: Jumps(Normal.of(returns)),
    "regimes": Regimes.of,
    "together": Normal.together,
}
"""By name, from returns (T, n)."""


def future(name: str, returns: FloatArray) -> Future:
    """One of `FUTURES`.

    Raises
    ------
    InputError
        When there is none of that name, or the history is too short for it.
    """
    if name not in FUTURES:
        raise InputError(f"There is no future {name!r}.", f"There are: {', '.join(FUTURES)}.")
    if len(returns) < LEAST:
        raise InputError(f"Nothing can be drawn from {len(returns)} returns.", f"Give a history of {LEAST} or more.")
    return FUTURES[name](returns)


def prices_from(first: FloatArray, returns: FloatArray) -> FloatArray:
    """(periods + 1, n) {quote/tok}, the first row being `first`."""
    return np.vstack([first, first * np.cumprod(1.0 + returns, axis=0)])
