"""What is left of the best configurations once luck is taken into account, and the plain words for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from controller.backtest.overfitting import PARTS, Overfitting, probability_of_overfitting
from controller.backtest.performance import LEAST, Measure, differences, measures
from controller.backtest.sweep.work import Work
from controller.errors import InputError
from controller.strategy.statistics import deflated_sharpe, sharpe

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
CHOICES: Final = ("sharpe", "return", "sortino", "calmar")
"""What the best can be the best by."""
MOST: Final = 400
"""Configurations that the probability of overfitting is worked out from: all of them, or so many at even distances."""
SURE: Final = 0.95
"""{1} of the deflated Sharpe ratio from which on the best is more than luck."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """One of the best."""

    number: int
    labels: dict[str, str]
    found: dict[str, Measure]  # with their intervals
    behind: Measure | None  # what the best has more by the measure they are ranked by; None for the best itself
    cost: float  # {1/year} of the value
    turnover: float  # {1/year}
    rebalances: int

    @property
    def is_behind(self) -> bool:
        """Whether chance does not explain that the best is ahead."""
        return self.behind is not None and self.behind.low > 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a sweep comes to."""

    by: str
    best: tuple[Ranked, ...]
    deflated: float  # {1} probability that the Sharpe ratio of the best by it is above the luck of so many trials
    overfitting: Overfitting | None  # None where the history is too short for it
    trials: int  # configurations that are possible
    sampled: int  # of them, those that the overfitting is worked out from

    @property
    def is_clear(self) -> bool:
        """Whether the best is ahead of every other that is shown, by more than chance and by more than selection."""
        alone = all(one.is_behind for one in self.best[1:])
        overfitted = self.overfitting is not None and self.overfitting.probability >= 0.5
        return alone and self.deflated >= SURE and not overfitted

    @property
    def words(self) -> list[str]:
        """Sentences for people."""
        if self.trials == 1:
            return ["One configuration is no choice."]
        near = [one for one in self.best[1:] if not one.is_behind]
        reasons = []
        if near:
            reasons.append(f"{len(near)} of the next {len(self.best) - 1} are as good by chance alone")
        if self.deflated < SURE:
            odds = f"a probability of {self.deflated:.0%}"
            reasons.append(f"with {self.trials:,} tried, its Sharpe ratio is more than luck with {odds}")
        if self.overfitting is not None and self.overfitting.probability >= 0.5:
            reasons.append(
                f"what is best in one half of the history is below the median of the other half in "
                f"{self.overfitting.probability:.0%} of the ways to halve it"
            )
        if self.is_clear:
            return [f"The first is clearly the best by its {self.by}: chance does not explain its lead."]
        return ["No rule is clearly best: " + "; ".join(reasons) + ".", "Choose the simplest or cheapest of them."]


def verdict(
    work: Work,
    table: pd.DataFrame,
    per_year: float,
    *,
    by: str = "sharpe",
    top: int = 10,
    seed: int = 0,
    progress: Callable[[int], None] = lambda _done: None,
) -> Verdict:
    """Of a sweep that is done.

    Parameters
    ----------
    table : of `Store.read`.
    per_year : moments in a year.
    top : how many are shown, each with intervals by the same draws.
    progress : told how many configurations more have been run again.

    Raises
    ------
    InputError
        When there is nothing to rank, or the history is too short.
    """
    possible = table[np.isfinite(table[by])]
    if possible.empty or len(work.moments) <= LEAST:
        raise InputError("There is nothing to rank.", "Give a longer history, or a wider grid.")
    order = possible.sort_values([by, "configuration"], ascending=[False, True], kind="stable")
    chosen = [int(number) for number in order["configuration"].iloc[:top]]
    series: dict[int, FloatArray] = {}  # each is run again once

    def returns_of(number: int) -> FloatArray:
        if number not in series:
            values = work.values(number)
            series[number] = values[1:] / values[:-1] - 1.0
            progress(1)
        return series[number]

    lead = differences(np.array([returns_of(number) for number in chosen]), per_year, by, seed=seed)
    rows = order.set_index("configuration")
    best = tuple(
        Ranked(
            number,
            work.grid.labels(number),
            measures(returns_of(number), per_year, seed=seed),
            None if place == 0 else lead[place - 1],
            float(rows.loc[number, "cost"]),
            float(rows.loc[number, "turnover"]),
            int(rows.loc[number, "rebalances"]),
        )
        for place, number in enumerate(chosen)
    )
    numbers = _sampled(possible["configuration"].to_numpy())
    overfitting = None
    if len(numbers) >= 2 and len(work.moments) - 1 >= 2 * PARTS:
        overfitting = probability_of_overfitting(np.array([returns_of(number) for number in numbers]).T)
    return Verdict(by, best, _deflated(possible, returns_of, per_year), overfitting, len(possible), len(numbers))


def _sampled(numbers: npt.NDArray[np.int64]) -> list[int]:
    places = np.unique(np.linspace(0, len(numbers) - 1, min(len(numbers), MOST)).round().astype(np.int64))
    return [int(number) for number in numbers[places]]


def _deflated(possible: pd.DataFrame, returns_of: Callable[[int], FloatArray], per_year: float) -> float:
    """Of the best by its Sharpe ratio; all trials count as independent, so it errs low."""
    ratios = possible["sharpe"].to_numpy(dtype=float) / sqrt(per_year)
    best = int(possible["configuration"].iloc[int(np.argmax(ratios))])
    variance = float(np.var(ratios, ddof=1)) if len(ratios) > 1 else 0.0
    return deflated_sharpe(sharpe(returns_of(best)), len(ratios), variance)
