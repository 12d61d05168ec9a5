"""A mandate through thousands of futures, and what became of it in each: the engine itself, many times.

The same seed gives the same answer, on however many cores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from controller.backtest.engine import Setting, gas_paid, run
from controller.backtest.futures import Future, prices_from
from controller.backtest.moments import Moment, moments_of
from controller.backtest.scenarios import Trouble
from controller.errors import InputError, MissingExtraError
from controller.market.history import freeze
from controller.model import Mandate, TickRecord
from controller.planning import rules
from controller.planning.budget import Bucket
from controller.strategy.periods import YEAR
from controller.strategy.statistics import Chance, Quantile, quantiles
from controller.units import BPS, VALUE_DECIMALS

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
ONE: Final = 10**VALUE_DECIMALS
"""D36{quote} in one."""
BATCH: Final = 8
"""Paths that a worker runs at once; each has a seed of its own, so that the answer does not depend on it."""


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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one path. At what the assets were really worth, whatever the feeds said."""

    growth: float  # {1/year}
    final: float  # {quote}
    gas: float  # {quote}, paid by whoever sends
    cost: float  # {1/year} of the vault's mean value that trades lost
    drift: float  # {1} mean over the moments of the largest of any asset
    worst_drift: float  # {1}
    fall: float  # {1} largest fall from a height
    loss_budget: float  # {1} of what may be lost at once, the most that was in use
    rebalances: int


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


Seeds = Sequence[np.random.SeedSequence]
Paths = list[tuple[Outcome, FloatArray]]
MEASURES: Final = tuple(each.name for each in fields(Outcome))


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
    seeds = np.random.SeedSequence(seed).spawn(paths)
    batches = [seeds[begin : begin + BATCH] for begin in range(0, paths, BATCH)]
    found: Paths = []

    def work(some: Seeds) -> Paths:
        return [_path(setting, course, future, value, troubles, one) for one in some]

    for batch in _batches(work, batches, jobs):
        found += batch
        progress(len(batch))
    return Simulation(tuple(outcome for outcome, _ in found), np.array([values for _, values in found]))


def replayed(setting: Setting, moments: Sequence[Moment], value: int, past: pd.DataFrame | None = None) -> Simulation:
    """The one path that really happened, as a simulation of one."""
    outcome, values = _run(setting, moments, value, past)
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
) -> tuple[Outcome, FloatArray]:
    prices, times = _drawn(course, future, np.random.default_rng(seed))
    moments = _moments(course.mandate, times, prices)
    setting = deepcopy(setting)  # a market and a strategy may remember
    for one in troubles:
        moments, setting = one.moments(moments), one.setting(setting, len(moments))
    import pandas as pd

    index = pd.to_datetime(times, unit="s", utc=True)
    past = pd.concat([course.past, pd.DataFrame(prices[1:], index[1:], list(course.names))])
    seen = freeze(past.to_numpy(dtype=float), course.names, past.index)
    return _run(setting, moments, value, seen)


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


def _run(
    setting: Setting, moments: Sequence[Moment], value: int, past: pd.DataFrame | None
) -> tuple[Outcome, FloatArray]:
    ticks = run(setting, moments, value, past=past)
    held = [rules.values(tick.balances, moment.worth) for tick, moment in zip(ticks, moments, strict=True)]
    values = np.array([sum(row) / ONE for row in held])
    years = (moments[-1].block.timestamp - moments[0].block.timestamp) / YEAR
    drifts = [_drift(row, tick.targets) for row, tick in zip(held, ticks, strict=True)]
    lost = sum(_lost(tick) for tick in ticks) / ONE
    gas = gas_paid(setting, moments, ticks) / ONE
    outcome = Outcome(
        growth=float((values[-1] / values[0]) ** (1.0 / years) - 1.0),
        final=float(values[-1]),
        gas=gas,
        cost=float(lost / values.mean() / years),
        drift=float(np.mean(drifts)),
        worst_drift=max(drifts),
        fall=float(1.0 - np.min(values / np.maximum.accumulate(values))),
        loss_budget=_loss_budget(ticks, setting.mandate),
        rebalances=sum(tick.outcome is not None for tick in ticks),
    )
    return outcome, values


def _drift(held: Sequence[int], targets: Sequence[int]) -> float:
    total = sum(held)
    return max(abs(value / total - target / BPS) for value, target in zip(held, targets, strict=True))


def _lost(tick: TickRecord) -> int:
    """D36{quote} that the trades of a tick have lost against the feeds."""
    if tick.outcome is None:
        return 0
    prices = tick.outcome.rebalance.prices
    return sum(
        max(fill.amount_in * prices[fill.sell] - fill.amount_out * prices[fill.buy], 0)
        for fill in tick.outcome.rebalance.fills
    )


def _loss_budget(ticks: Sequence[TickRecord], mandate: Mandate) -> float:
    """{1} the most of the loss budget's capacity that was in use."""
    limits = mandate.limits
    bucket, most, since = Bucket(0, limits.loss_budget, limits.budget_window), 0, 0
    for tick in ticks:
        if tick.outcome is None:
            continue
        level = bucket.after(tick.block.timestamp - since).used(_lost(tick), tick.value)
        bucket, most, since = replace(bucket, level=level), max(most, level), tick.block.timestamp
    return most / bucket.capacity if bucket.capacity else 0.0
