"""Whether goals will be reached: wealth simulated month by month, the probability with its interval.

Numbers here are floats: they are estimates about the future, and nothing is traded by them. Asset returns are
lognormal, correlated and independent over time; a vault is brought back to its targets every month. Everything is real:
amounts are in today's money, means are after inflation and costs. All goals live through the same months, so that the
probability that all are reached counts what they have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from controller.model import Knot
from controller.planning.path import targets_at
from controller.strategy.statistics import Chance
from controller.units import BPS

Floats = NDArray[np.float64]
Progress = Callable[[float], None]
"""Told the share of the work that is done."""
MONTHS: Final = 12
MONTH: Final = 2_629_800
"""{s} a twelfth of 365.25 days."""
PERCENTILES: Final = (5, 50, 95)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is expected of the assets, a year and real."""

    assets: tuple[str, ...]
    means: tuple[float, ...]  # {1/year} expected return
    volatilities: tuple[float, ...]  # {1/year} standard deviation of the logarithm of a year's return
    correlations: tuple[tuple[float, ...], ...]

    def monthly(self) -> tuple[Floats, Floats]:
        """Mean of the logarithms of a month's returns, shape (assets,), and a root of their covariance, (assets,
        assets)."""
        scale = np.array(self.volatilities)
        covariance = np.outer(scale, scale) * np.array(self.correlations) / MONTHS
        # E[exp(x)] = exp(mean + variance / 2) = 1 + a month's expected return
        means = (np.log1p(np.array(self.means)) - scale**2 / 2) / MONTHS
        values, vectors = np.linalg.eigh(covariance)
        return means, vectors * np.sqrt(np.clip(values, 0.0, None))

    def is_possible(self) -> bool:
        """Whether the correlations can be those of any returns: their matrix has no negative eigenvalue."""
        return bool(np.linalg.eigvalsh(np.array(self.correlations)).min() > -1e-9)


@dataclass(frozen=True, slots=True)
class Goal:
    """An amount at a date, or an income from a date on."""

    name: str
    value: float  # {quote} that is there for it today
    path: tuple[Knot, ...]  # targets of the vault that holds it, weights in the order of the assumptions' assets
    at: int  # {s} when the amount is needed, or the income begins
    amount: float = 0.0  # {quote}
    income: float = 0.0  # {quote/month}
    until: int = 0  # {s} of the last income; zero where there is none
    monthly: float = 0.0  # {quote/month} paid in until `at`

    @property
    def end(self) -> int:
        """{s} after which the goal is decided."""
        return self.until if self.income else self.at


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one goal."""

    name: str
    chance: Chance
    wealth: tuple[float, ...]  # {quote} the `PERCENTILES` of what is there at its end
    shortfall: float  # {quote} the mean of what is missing where it is missed


@dataclass(frozen=True, slots=True)
class Forecast:
    """All goals, and all of them together."""

    outcomes: tuple[Outcome, ...]
    together: Chance
    paths: int
    seed: int


def simulate(
    goals: Sequence[Goal],
    assumptions: Assumptions,
    *,
    now: int,
    paths: int,
    seed: int,
    progress: Progress = lambda part: None,
) -> Forecast:
    """Futures of all goals, `paths` of them, drawn from `seed`: the same every time.

    Parameters
    ----------
    now : {s} from which months are counted.
    """
    rng = np.random.default_rng(seed)
    means, root = assumptions.monthly()
    courses = [_Course(goal, now, paths) for goal in goals]
    months = max(course.months for course in courses)
    for month in range(months):
        # {1} growth of each asset in each future, shape (paths, assets)
        growth = np.exp(means + rng.standard_normal((paths, len(means))) @ root.T)
        for course in courses:
            if month < course.months:
                course.live(month, growth)
        progress((month + 1) / months)
    reached = np.ones(paths, dtype=bool)
    for course in courses:
        reached &= course.reached
    together = Chance.of(int(reached.sum()), paths)
    return Forecast(tuple(course.outcome() for course in courses), together, paths, seed)


class _Course:
    """One goal in all futures."""

    def __init__(self, goal: Goal, now: int, paths: int) -> None:
        self._goal, self._now = goal, now
        self.months = max(months_between(now, goal.end), 0)
        self._saving = max(months_between(now, goal.at), 0)
        self._wealth = np.full(paths, goal.value)
        self._missing = np.zeros(paths)  # {quote} of income that could not be paid

    def live(self, month: int, growth: Floats) -> None:
        """Pays in, grows, pays out."""
        goal = self._goal
        if month < self._saving:
            self._wealth += goal.monthly
        weights = np.array(targets_at(goal.path, self._now + month * MONTH)) / BPS
        self._wealth *= growth @ weights
        if goal.income and month >= self._saving:
            self._missing += np.clip(goal.income - self._wealth, 0.0, None)
            self._wealth = np.clip(self._wealth - goal.income, 0.0, None)

    @property
    def short(self) -> Floats:
        """{quote} that is missing in each future."""
        return self._missing if self._goal.income else np.clip(self._goal.amount - self._wealth, 0.0, None)

    @property
    def reached(self) -> NDArray[np.bool_]:
        return self.short <= 0.0

    def outcome(self) -> Outcome:
        short, reached = self.short, self.reached
        missed = short[~reached]
        return Outcome(
            self._goal.name,
            Chance.of(int(reached.sum()), len(reached)),
            tuple(float(value) for value in np.percentile(self._wealth, PERCENTILES)),
            float(missed.mean()) if missed.size else 0.0,
        )


def months_between(start: int, end: int) -> int:
    """Whole months from one {s} to another."""
    return (end - start) // MONTH
