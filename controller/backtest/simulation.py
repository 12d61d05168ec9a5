"""A mandate through thousands of futures, and what became of it in each: the engine itself, many times.

The same seed gives the same answer, on however many cores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from controller.backtest.engine import Setting
from controller.backtest.futures import Future, prices_from
from controller.backtest.moments import Moment, moments_of
from controller.backtest.outcomes import FloatArray, Outcome, by_compiled, by_engine, outcome_of
from controller.backtest.scenarios import Trouble
from controller.errors import InputError, MissingExtraError
from controller.market.history import freeze
from controller.model import Mandate
from controller.strategy.periods import YEAR
from controller.strategy.statistics import Chance, Quantile, quantiles

if TYPE_CHECKING:
    import pandas as pd

BATCH: Final = 8
"""Paths that a worker runs at once; each has a seed of its own, so that the answer does not depend on it."""
MANY: Final = 100_000
"""Moments of all paths from which on it is worth to compile; the answer does not depend on it."""


@dataclass(frozen=True, slots=True)
class Course:
    """Where futures begin, and how long they are."""

    mandate: Mandate
    names: tuple[str, ...]  # of its assets
    past: pd.DataFrame  # {quote/tok} up to where they begin; a strategy sees it
    step: int  # {s} between two moments
    periods: int

    @property
    def years(self) -> float:
        return self.periods * self.step / YEAR


@dataclass(frozen=True, eq=False)
class Simulation:
    """All paths of one scenario."""

    outcomes: tuple[Outcome, ...]
    values: FloatArray  # (paths, periods + 1) {quote}

    def quantiles(self, measure: str) -> tuple[Quantile, ...]:
        """The 5%, 50% and 95% quantiles of a field of `Outcome`, with their intervals."""
        return quantiles([float(getattr(one, measure)) for one in self.outcomes])

    def reached(self, goal: float) -> Chance:
        """How many paths end with `goal` {quote} or more."""
        return Chance.of(sum(one.final >= goal for one in self.outcomes), len(self.outcomes))

    def shortfall(self, goal: float) -> float:
        """{quote} the mean of what is missing where the goal is missed; 0 where it never is."""
        missed = [goal - one.final for one in self.outcomes if one.final < goal]
        return float(np.mean(missed)) if missed else 0.0

    def missing(self, goal: float) -> tuple[Quantile, ...]:
        """Quantiles, as those of a measure, of what is missing {quote} of a goal; 0 on a path that reaches it."""
        return quantiles([max(goal - one.final, 0.0) for one in self.outcomes])


Seeds = Sequence[np.random.SeedSequence]
Paths = list[tuple[Outcome, FloatArray]]


def simulate(
    setting: Setting,
    course: Course,
    future: Future,
    value: int,
    *,
    paths: int,
    seed: int,
    troubles: Sequence[Trouble] = (),
    jobs: int = 1,
    progress: Callable[[int], None] = lambda _done: None,
) -> Simulation:
    """`paths` futures of a vault.

    Parameters
    ----------
    value : D36{quote} that it starts with.
    jobs : processes; -1: one for each core.
    progress : told how many more paths are done.

    Raises
    ------
    InputError
        When there is no path, or a future has prices that no feed can say.
    """
    if paths < 1 or course.periods < 1:
        raise InputError(f"{paths} paths of {course.periods} periods are nothing.", "One path of one period at least.")
    if not jobs:
        raise InputError("No process is to do the work.", "Give --jobs 1 or more, or -1: one for each core.")
    seeds, many = np.random.SeedSequence(seed).spawn(paths), paths * course.periods >= MANY
    batches = [seeds[begin : begin + BATCH] for begin in range(0, paths, BATCH)]
    found: Paths = []

    def work(some: Seeds) -> Paths:
        return [_path(setting, course, future, value, troubles, one, many) for one in some]

    for batch in _batches(work, batches, jobs):
        found += batch
        progress(len(batch))
    return Simulation(tuple(outcome for outcome, _ in found), np.array([values for _, values in found]))


def replayed(setting: Setting, moments: Sequence[Moment], value: int, past: pd.DataFrame | None = None) -> Simulation:
    """The one path that really happened, as a simulation of one."""
    setting = deepcopy(setting)  # a market and a strategy may remember
    outcome, values = outcome_of(setting, moments, by_engine(setting, moments, value, past))
    return Simulation((outcome,), values[None, :])


def _batches(work: Callable[[Seeds], Paths], batches: Sequence[Seeds], jobs: int) -> Iterable[Paths]:
    if jobs == 1:
        return map(work, batches)
    try:
        from joblib import Parallel, delayed
    except ImportError:
        raise MissingExtraError("research", "joblib") from None
    found: Iterable[Paths] = Parallel(n_jobs=jobs, return_as="generator")(delayed(work)(batch) for batch in batches)
    return found


def _path(
    setting: Setting,
    course: Course,
    future: Future,
    value: int,
    troubles: Sequence[Trouble],
    seed: np.random.SeedSequence,
    many: bool,
) -> tuple[Outcome, FloatArray]:
    prices, times = _drawn(course, future, np.random.default_rng(seed))
    moments = _moments(course.mandate, times, prices)
    setting = deepcopy(setting)  # a market and a strategy may remember
    for one in troubles:
        moments, setting = one.moments(moments), one.setting(setting, len(moments))
    if many:
        with suppress(InputError, MissingExtraError):  # what is not compiled is left to the engine
            return outcome_of(setting, moments, by_compiled(setting, moments, value))
    import pandas as pd

    index = pd.to_datetime(times, unit="s", utc=True)
    past = pd.concat([course.past, pd.DataFrame(prices[1:], index[1:], list(course.names))])
    seen = freeze(past.to_numpy(dtype=float), course.names, past.index)
    return outcome_of(setting, moments, by_engine(setting, moments, value, seen))


def _drawn(course: Course, future: Future, chance: np.random.Generator) -> tuple[FloatArray, list[int]]:
    first = course.past[list(course.names)].to_numpy(dtype=float)[-1]
    begin = int(course.past.index[-1].timestamp())
    times = [begin + course.step * place for place in range(course.periods + 1)]
    return prices_from(first, future.draw(chance, course.periods)), times


def _moments(mandate: Mandate, times: Sequence[int], prices: FloatArray) -> list[Moment]:
    scales = [10**asset.feed.decimals for asset in mandate.assets]
    answers = [[round(float(price) * scale) for price, scale in zip(row, scales, strict=True)] for row in prices]
    for place, row in enumerate(answers):
        if min(row) <= 0:
            raise InputError(
                f"A future has a price of {prices[place].min():.3g}, which its feed cannot say.",
                "Simulate fewer years, or another future.",
            )
    return moments_of(mandate, times, answers)
