"""Whether the band and the destination that `evenkeel advise` proposes grow faster than what people do.

.venv/bin/python scripts/band_study.py [--paths 200] [--years 10] [--seed 1] [--picture docs/images/bands.svg]

Every rule is a mandate that the code of the backtest runs over the same paths, after costs. Prices are correlated
geometric Brownian motions whose trend makes the targets those of the fastest growth: otherwise a rule that drifts
towards what rises most would be ahead for a reason that has nothing to do with costs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from controller.backtest.engine import Setting
from controller.backtest.fast import FastRun, Track
from controller.backtest.moments import moments_of
from controller.backtest.paper import Proportional
from controller.model import Mandate, Period, TriggerKind
from controller.report.axes import axis_for
from controller.report.figure import Plane, Series, figure
from controller.strategy import drifting
from controller.strategy.advise import advise
from controller.strategy.statistics import NORMAL_95
from controller.units import BPS

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "controller"))

from planning_pieces import DAY, make_mandate  # noqa: E402 - beside the tests that build the same mandates

FloatArray = npt.NDArray[np.float64]
LOOKS: Final = 365
"""{1/year} moments: a keeper looks every day."""
START: Final = 10_957 * DAY
VALUE: Final = 10**7 * 10**36
UNIT: Final = 10**8
"""Of a feed's answer."""


@dataclass(frozen=True, eq=False)
class Case:
    """What is kept, and what trading it costs."""

    name: str
    targets: tuple[int, ...]  # {bps}
    volatilities: tuple[float, ...]  # {1/year**0.5}
    correlation: float  # {1} of every pair
    cost: int  # {bps} of what is sold
    gas: float = 0.0  # {1} of one rebalance over the vault's value

    @property
    def shares(self) -> FloatArray:
        return np.array(self.targets) / BPS

    @property
    def covariance(self) -> FloatArray:
        """(n, n) {1/year}"""
        spread = np.array(self.volatilities)
        alike = np.full((len(spread), len(spread)), self.correlation) + np.eye(len(spread)) * (1 - self.correlation)
        found: FloatArray = np.outer(spread, spread) * alike
        return found


CASES: Final = (
    Case("60% of a volatile asset, 40% dollars", (6_000, 4_000), (0.8, 0.0), 0.0, 30),
    Case("60% stocks, 40% dollars", (6_000, 4_000), (0.18, 0.0), 0.0, 10),
    Case("three volatile assets and dollars", (3_000, 2_500, 2_000, 2_500), (0.7, 0.8, 0.9, 0.0), 0.6, 30),
    Case("the first, gas 2 bps of the vault", (6_000, 4_000), (0.8, 0.0), 0.0, 30, 0.0002),
)


@dataclass(frozen=True, slots=True)
class Row:
    """What a rule came to beside the advised one."""

    name: str
    rebalances: float  # {1/year}
    behind: float  # {1/year} growth less than that of the advised rule, on the same paths
    low: float  # the interval that holds it in 95 cases of 100
    high: float


def rules(case: Case, **effort: float) -> dict[str, Mandate]:
    """The advised rule first, then calendars and fixed bands.

    Parameters
    ----------
    effort : years and paths of `advise`.
    """
    fields = drifting.Setting(case.shares, case.covariance, 1.0, case.cost / BPS, case.gas)
    found = advise(fields, **effort)  # type: ignore[arg-type]
    name = f"advised: {found.band / 100:g}% to {found.destination / 100:g}%"
    mandates = {name: _mandate(case, band=found.band, destination=found.destination)}
    for word, period, every in CALENDARS:
        mandates[word] = _mandate(
            case, kind=TriggerKind.CALENDAR, band=0, destination=0, period=period, every=every, anchor=START
        )
    for band, end in BANDS:
        mandates[f"band {band / 100:g}% to {end / 100:g}%"] = _mandate(case, band=band, destination=end)
    return mandates


ROOMY: Final = {
    "cooldown": 0,
    "window": 0,
    "min_trade": 10**18,
    "max_loss": 200,
    "loss_budget": 10_000,
    "turnover_budget": 1_000_000,
    "max_slippage": 500,
}
"""Limits of a mandate that are never reached, so that the rules alone differ."""
CALENDARS: Final = (
    ("every week", Period.WEEK, 1),
    ("every month", Period.MONTH, 1),
    ("every quarter", Period.QUARTER, 1),
    ("every year", Period.YEAR, 1),
)
BANDS: Final = ((100, 0), (250, 0), (500, 0), (500, 250), (1_000, 0), (2_000, 0))
"""{bps} band and destination."""


def _mandate(case: Case, **changes: object) -> Mandate:
    return make_mandate(case.targets, (), **{**ROOMY, **changes})


def study(
    case: Case,
    mandates: Mapping[str, Mandate],
    *,
    paths: int,
    years: float,
    seed: int,
    progress: Callable[[int], None] = lambda _done: None,
) -> list[Row]:
    """Every rule of a case on the same paths; the first row is the one that others are held against."""
    growth, count = np.empty((paths, len(mandates))), np.zeros(len(mandates))
    for place, chance in enumerate(np.random.SeedSequence(seed).spawn(paths)):
        answers = drawn(case, np.random.default_rng(chance), round(years * LOOKS))
        track = track_of(next(iter(mandates.values())), answers)
        for number, mandate in enumerate(mandates.values()):
            run = track.run(Setting(mandate, Proportional(case.cost)), VALUE)
            gas = len(run.rebalances) * np.log1p(-case.gas)
            growth[place, number] = (grown(run) - luck(case, run, answers) + gas) / years
            count[number] += len(run.rebalances)
        progress(1)
    behind = growth[:, :1] - growth
    mean, error = behind.mean(0), NORMAL_95 * behind.std(0, ddof=1) / paths**0.5
    return [
        Row(name, count[number] / paths / years, *(float(each[number]) for each in (mean, mean - error, mean + error)))
        for number, name in enumerate(mandates)
    ]


def track_of(mandate: Mandate, answers: npt.NDArray[np.int64]) -> Track:
    times = [START + day * DAY for day in range(len(answers))]
    return Track.of(mandate, moments_of(mandate, times, answers.tolist()))


def drawn(case: Case, chance: np.random.Generator, days: int) -> npt.NDArray[np.int64]:
    """(days + 1, n) of the feeds: Brownian, with the trend mu = Sigma pi that makes the targets grow fastest."""
    step = case.covariance / LOOKS
    values, vectors = np.linalg.eigh(step)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    logs = _trend(case) - np.diag(step) / 2 + chance.standard_normal((days, len(step))) @ root.T
    prices = 100.0 * np.exp(np.vstack([np.zeros(len(step)), np.cumsum(logs, axis=0)]))
    found: npt.NDArray[np.int64] = np.round(prices * UNIT).astype(np.int64)
    return found


def _trend(case: Case) -> FloatArray:
    """(n,) {1/moment} logarithm of the expected growth of each price."""
    found: FloatArray = case.covariance @ case.shares / LOOKS
    return found


def grown(run: FastRun) -> float:
    """Logarithm of a run's growth after costs."""
    return float(np.log(run.values[-1] / run.values[0]))


def luck(case: Case, run: FastRun, answers: npt.NDArray[np.int64]) -> float:
    """What of it is chance alone: a sum whose expectation is zero, to be taken off (a control variate).

    Of log(1 + w'R) = w'R - (w'R)^2 / 2 + ... it is the first two terms less what they are expected to be where the
    weights w of the moment before are known. No rule's costs are in it.
    """
    held = np.tile(np.array(run.balances, dtype=float), (len(answers), 1))
    for each in run.rebalances:
        for fill in each.fills:
            held[: each.place, fill.sell] += fill.amount_in
            held[: each.place, fill.buy] -= fill.amount_out
    worth = held * answers
    weights = (worth / worth.sum(1, keepdims=True))[:-1]
    returns = answers[1:] / answers[:-1] - 1.0
    mean = np.expm1(_trend(case))
    square = np.outer(1 + mean, 1 + mean) * np.exp(case.covariance / LOOKS) - 1.0 - mean[:, None] - mean[None, :]
    gained = (weights * returns).sum(1)
    surprise = gained - weights @ mean - (gained**2 - ((weights @ square) * weights).sum(1)) / 2
    return float(surprise.sum())


def table(case: Case, rows: Sequence[Row]) -> Table:
    shown = Table(title=case.name, title_justify="left")
    for heading in ("rule", "times a year", "behind, bps a year", "95%"):
        shown.add_column(heading, justify="left" if heading == "rule" else "right")
    for row in rows:
        interval = f"{row.low * BPS:.2f} to {row.high * BPS:.2f}"
        shown.add_row(row.name, f"{row.rebalances:.2f}", f"{row.behind * BPS:.2f}", interval)
    return shown


def picture(case: Case, rows: Sequence[Row]) -> str:
    """How often a rule trades, and what it gives up."""
    advised, *others = rows
    groups = {
        "fixed bands": [row for row in others if row.name.startswith("band")],
        "calendars": [row for row in others if row.name.startswith("every")],
        advised.name: [advised],
    }
    lines = []
    for label, some in groups.items():
        names = [row.name.removeprefix("band ").removeprefix("every ").removesuffix(" to 0%") for row in some]
        points = [(row.rebalances, row.behind * BPS) for row in some]
        lines.append(Series(label, points, dots=True, names=names if some != [advised] else ()))
    plane = Plane(
        axis_for([row.rebalances for row in rows], logarithmic=True),
        axis_for([row.behind * BPS for row in rows]),
        "rebalances a year",
        "growth given up, bps a year",
    )
    return figure(f"{case.name}; {case.cost} bps of what is sold", plane, lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paths", type=int, default=200)
    parser.add_argument("--years", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--picture", type=Path, help="where the picture of the first case goes")
    given = parser.parse_args()
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("Paths", total=given.paths * len(CASES))
        for case in CASES:
            told = partial(bar.advance, task)
            rows = study(case, rules(case), paths=given.paths, years=given.years, seed=given.seed, progress=told)
            Console().print(table(case, rows))
            if given.picture and case is CASES[0]:
                given.picture.write_text(picture(case, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
