"""What `evenkeel simulate` shows: a table of distributions, a page with pictures of them, and a document."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from controller.backtest.outcomes import MEASURES
from controller.backtest.simulation import Simulation
from controller.report.axes import axis_for
from controller.report.figure import Plane, Series, figure
from controller.report.sheet import Picture, Sheet, SheetTable
from controller.strategy.statistics import Quantile
from controller.units import BPS

SHOWN = {
    "growth": ("growth\n/year", "{:.1%}", 1.0),
    "fall": ("worst\nfall", "{:.1%}", 1.0),
    "worst_drift": ("worst\ndrift", "{:.1%}", 1.0),
    "cost": ("cost\nbps/yr", "{:.2f}", BPS),
    "loss_budget": ("loss\nbudget", "{:.1%}", 1.0),
    "rebalances": ("times", "{:.0f}", 1.0),
    "gas": ("gas", "{:,.0f}", 1.0),
}
"""Heading, how a number is written, and what it is multiplied by."""
LINES = {"low": 0, "middle": 1, "high": 2}
CAPTION = (
    "low (5%), middle and high (95%) of the paths; drift: of the asset that is farthest off its target; cost: what "
    "trades lost of the vault's value, in a year; loss budget: the most of it in use at any time; times: rebalances; "
    "gas: all that was paid for it"
)


def simulation_table(found: Mapping[str, Simulation]) -> Table:
    """Three lines for each scenario that has more than one path."""
    table = Table(title="What became of the vault", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.caption, table.caption_justify = CAPTION, "left"
    table.add_column("scenario", no_wrap=True)
    for heading, *_ in SHOWN.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for name, one in found.items():
        for row in _rows(name, one):
            table.add_row(escape(row[0]), *row[1:])
        table.add_section()
    return table


def _rows(name: str, one: Simulation) -> list[tuple[str, ...]]:
    quantiles = {measure: one.quantiles(measure) for measure in SHOWN}
    lines = LINES if len(one.outcomes) > 1 else {name: 1}
    return [
        (
            f"{name}: {word}" if word != name else name,
            *(_written(measure, each[place].value) for measure, each in quantiles.items()),
        )
        for word, place in lines.items()
    ]


def _written(measure: str, value: float) -> str:
    _, how, times = SHOWN[measure]
    return how.format(value * times)


def goal_lines(found: Mapping[str, Simulation], goal: float) -> list[str]:
    """One sentence for each scenario."""
    lines = []
    for name, one in _many(found).items():
        chance = one.reached(goal)
        worst = one.missing(goal)[-1]
        missing = (
            f"; missing where it is missed, on average: {one.shortfall(goal):,.0f}, "
            f"in the worst 5%: {worst.value:,.0f}{_between(worst)} and more"
        )
        lines.append(
            f"{name}: a value of {goal:,.0f} is reached in {chance.share:.1%} of {len(one.outcomes):,} "
            f"({chance.low:.1%} to {chance.high:.1%}){missing if chance.share < 1 else ''}."
        )
    return lines


def simulation_document(found: Mapping[str, Simulation], goal: float | None) -> dict[str, Any]:
    """Every quantile of every measure with its interval, by scenario: for `--json`."""
    return {
        name: {
            "paths": len(one.outcomes),
            **{measure: [_quantile(each) for each in one.quantiles(measure)] for measure in MEASURES},
            **({} if goal is None else {"goal": _goal(one, goal)}),
        }
        for name, one in found.items()
    }


def _between(each: Quantile) -> str:
    """The interval, where there is one."""
    return f" ({each.low:,.0f} to {each.high:,.0f})" if math.isfinite(each.low) and math.isfinite(each.high) else ""


def _quantile(each: Quantile) -> dict[str, float | None]:
    """JSON knows no infinity: null where nothing bounds it."""
    low, high = (end if math.isfinite(end) else None for end in (each.low, each.high))
    return {"at": each.at, "value": each.value, "low": low, "high": high}


def _goal(one: Simulation, goal: float) -> dict[str, Any]:
    chance = one.reached(goal)
    return {
        "reached": chance.share,
        "low": chance.low,
        "high": chance.high,
        "mean_shortfall": one.shortfall(goal),
        "shortfall": [_quantile(each) for each in one.missing(goal)],
    }


# ---- the page


def simulation_sheet(
    title: str, sentences: Sequence[str], found: Mapping[str, Simulation], years: float, footer: str
) -> Sheet:
    """A page of the same, with how values spread over time and how drift and cost are distributed."""
    headings = ("scenario", *(heading.replace("\n", " ") for heading, *_ in SHOWN.values()))
    rows = [row for name, one in found.items() for row in _rows(name, one)]
    many = _many(found)
    pictures = [Picture(f"{name}: 5%, 50% and 95% of the paths", fan(name, one, years)) for name, one in many.items()]
    for measure, words in (("worst_drift", "largest drift, %"), ("cost", "cost of trading, bps a year")):
        if many:
            picture = _distributions(many, measure, words, BPS if measure == "cost" else 100.0)
            pictures.append(Picture("Part of the paths that stay at or below", picture))
    return Sheet(
        title,
        f"{sum(len(one.outcomes) for one in found.values()):,} paths",
        sentences,
        [SheetTable("What became of the vault", CAPTION, headings, rows)],
        pictures,
        footer,
    )


def _many(found: Mapping[str, Simulation]) -> dict[str, Simulation]:
    """Scenarios that are more than the one path that happened."""
    return {name: one for name, one in found.items() if len(one.outcomes) > 1}


def fan(name: str, one: Simulation, years: float) -> str:
    """SVG of the low end, the middle and the high end of the values over time."""
    times = np.linspace(0.0, years, one.values.shape[1])
    low, middle, high = np.quantile(one.values, (0.05, 0.5, 0.95), axis=0) / 1e6
    plane = Plane(
        axis_for([0.0, years]),
        axis_for([*low, *high]),
        "years",
        "value of the vault, million",
    )
    lines = {"95%": high, "50%": middle, "5%": low}
    return figure(
        f"{name}: the value of the vault",
        plane,
        [Series(label, list(zip(times, line, strict=True))) for label, line in lines.items()],
    )


def _distributions(found: Mapping[str, Simulation], measure: str, words: str, times: float) -> str:
    drawn = {
        name: np.sort([float(getattr(outcome, measure)) for outcome in one.outcomes]) * times
        for name, one in found.items()
    }
    plane = Plane(
        axis_for([value for values in drawn.values() for value in (values[0], values[-1])]),
        axis_for([0.0, 100.0]),
        words,
        "% of the paths",
    )
    return figure(
        words[0].upper() + words[1:],
        plane,
        [
            Series(name, [(float(value), 100.0 * (place + 1) / len(values)) for place, value in enumerate(values)])
            for name, values in drawn.items()
        ],
    )
