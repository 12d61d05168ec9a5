"""What `evenkeel sweep` shows: the best with their intervals, a heat map, a page, and a document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from controller.backtest.performance import Measure
from controller.backtest.sweep.grid import Axis, Grid
from controller.backtest.sweep.verdict import Ranked, Verdict
from controller.report.heat_map import heat_map
from controller.report.sheet import Picture, Sheet, SheetTable
from controller.units import BPS

if TYPE_CHECKING:
    import pandas as pd

PERCENT: Final = {"return", "volatility", "drawdown", "cvar"}
SHOWN: Final = ("return", "sharpe", "drawdown")
CAPTION: Final = (
    "with 95% intervals, by the stationary bootstrap and the same draws for all; behind: what the first has more, and "
    "its interval; cost: bps of the value that trades lose in a year; times: rebalances"
)


def best_table(found: Verdict) -> Table:
    """For a terminal."""
    table = Table(title=_title(found), title_justify="left", box=SIMPLE_HEAD, padding=(0, 1))
    table.caption, table.caption_justify = CAPTION, "left"
    for place, heading in enumerate(_headings(found)):
        table.add_column(heading, justify="left" if place < len(found.best[0].labels) else "right")
    for one in found.best:
        table.add_row(*(escape(cell) for cell in _cells(one, found.by, {found.by})))
    return table


def _title(found: Verdict) -> str:
    return f"The best {len(found.best)} of {found.trials:,} by {found.by}"


def _headings(found: Verdict) -> list[str]:
    return [*found.best[0].labels, *dict.fromkeys((*SHOWN, found.by)), "behind", "cost", "times"]


def _cells(one: Ranked, by: str, sure: set[str]) -> list[str]:
    """Of a row; measures of `sure` have their intervals."""
    measures = [
        _written(name, one.found[name]) if name in sure else _number(name, one.found[name].value)
        for name in dict.fromkeys((*SHOWN, by))
    ]
    behind = "" if one.behind is None else _written(by, one.behind)
    return [*one.labels.values(), *measures, behind, f"{one.cost * BPS:.2f}", f"{one.rebalances:,}"]


def _number(name: str, value: float) -> str:
    return f"{value:.2%}" if name in PERCENT else f"{value:.3f}"


def _written(name: str, each: Measure) -> str:
    return f"{_number(name, each.value)} ({_number(name, each.low)} to {_number(name, each.high)})"


def heat(grid: Grid, table: pd.DataFrame, by: str) -> str | None:
    """The best of every two values of the first two axes that vary, over all others; None where only one varies."""
    varied = [axis for axis in grid.axes if len(axis.values) > 1]
    if len(varied) < 2:
        return None
    upward, across = varied[:2]
    best = table.groupby([upward.name, across.name])[by].max()
    values = [[_cell(best, row, column) for column in across.labels] for row in upward.labels]
    title = f"{by}, the best over what else varies" if len(varied) > 2 else by
    return heat_map(title, _axis(across), _axis(upward), values, lambda value: _number(by, value))


def _axis(axis: Axis) -> tuple[str, tuple[str, ...]]:
    return axis.name.replace("_", " "), axis.labels


def _cell(best: pd.Series, row: str, column: str) -> float | None:
    value = float(best.get((row, column), float("nan")))
    return None if value != value else value


def sweep_sheet(title: str, found: Verdict, grid: Grid, table: pd.DataFrame, footer: str) -> Sheet:
    """The page."""
    rows = [_cells(one, found.by, {*SHOWN, found.by}) for one in found.best]
    picture = heat(grid, table, found.by)
    return Sheet(
        title,
        f"{found.trials:,} configurations",
        [*found.words, _luck(found)],
        [SheetTable(_title(found), CAPTION, _headings(found), rows)],
        [] if picture is None else [Picture("Dark is better", picture)],
        footer,
    )


def _luck(found: Verdict) -> str:
    words = f"Deflated Sharpe ratio: {found.deflated:.0%}"
    if found.overfitting is None:
        return f"{words}; the history is too short for a probability of overfitting."
    return f"{words}; probability of overfitting: {found.overfitting.probability:.0%}, from {found.sampled:,} of them."


def sweep_document(found: Verdict) -> dict[str, Any]:
    """For `--json`."""
    return {
        "by": found.by,
        "configurations": found.trials,
        "clear": found.is_clear,
        "words": found.words,
        "deflated_sharpe": found.deflated,
        "overfitting": None
        if found.overfitting is None
        else {"probability": found.overfitting.probability, "from": found.sampled, "halves": found.overfitting.halves},
        "best": [
            {
                "configuration": one.number,
                **one.labels,
                "measures": {name: _interval(each) for name, each in one.found.items()},
                "behind": None if one.behind is None else _interval(one.behind),
                "cost": one.cost,
                "turnover": one.turnover,
                "rebalances": one.rebalances,
            }
            for one in found.best
        ],
    }


def _interval(each: Measure) -> dict[str, float]:
    return {"value": each.value, "low": each.low, "high": each.high}
