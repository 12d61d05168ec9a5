"""evenkeel sweep"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.cli import backtesting, options
from controller.cli.backtesting import SCALE, day, prices_of, setting_of
from controller.cli.bars import counting
from controller.cli.output import out, print_json
from controller.cli.quantity import quantity
from controller.config import quantities
from controller.config.files import read_file
from controller.config.mandate_outline import Outline, outline
from controller.errors import UsageError

if TYPE_CHECKING:
    from controller.backtest.sweep.grid import Grid
    from controller.backtest.sweep.store import Store
    from controller.backtest.sweep.verdict import Verdict
    from controller.backtest.sweep.work import Work


def sweep(
    mandate: backtesting.Mandate,
    history: backtesting.History,
    axis: Annotated[
        list[str] | None, typer.Option(help="What varies, as band=1%,2%,5%; repeatable.", show_default=False)
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="Sweep file: TOML with [axes] of lists.", show_default=False)
    ] = None,
    start: backtesting.Start = None,
    end: backtesting.End = None,
    value: backtesting.Value = "1000000 USD",
    depth: backtesting.Depth = None,
    cost: backtesting.Cost = "10 bps",
    by: Annotated[str, typer.Option(help="What the best are best by: sharpe, return, sortino or calmar.")] = "sharpe",
    top: Annotated[int, typer.Option(min=1, max=100, help="How many of the best are shown.")] = 10,
    jobs: Annotated[int, typer.Option(help="How much at once; -1: one for each core.")] = -1,
    cluster: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler that does the work.", show_default=False)
    ] = None,
    folder: Annotated[Path, typer.Option("--out", help="Folder of the results; an unfinished sweep goes on.")] = Path(
        "sweep"
    ),
    as_json: options.AsJson = False,
) -> None:
    """Try every combination of bands, destinations, calendars, strategies over history, and say what is luck.

    Axes: trigger, band, relative_band, calendar, cooldown, destination, relative_destination, scope, min_trade, cost,
    strategy (files, or fixed). Fixed targets at proportional costs run compiled, with the same trades; pools and
    strategies run in the engine. Results are Parquet in the folder of --out, with a page beside them; what is there
    already is not done again.

    Example: evenkeel sweep mandate.toml macro --from 1990-01 --axis band=1%,2%,5%,10% --axis destination=0%,1%,2%
    """
    from controller.backtest.sweep import engines, shown, verdict
    from controller.backtest.sweep.store import Store
    from controller.report.sheet import write_sheet
    from controller.strategy.periods import YEAR

    if by not in verdict.CHOICES:
        raise UsageError(f"--by {by} is none of {', '.join(verdict.CHOICES)}.", "Choose one of them.")
    plan = outline(read_file(mandate))
    work = _work(plan, _grid(plan, axis or [], file, depth, cost), history, (start, end), value)
    store = Store.opened(folder, work)
    with counting() as progress:
        task = progress.add_task("Sweeping", total=len(work.grid))
        engines.sweep(
            work, store, jobs=jobs, cluster=cluster, progress=lambda done: progress.update(task, advance=done)
        )
        task = progress.add_task("Judging", total=None)
        table = store.read()
        per_year = (len(work.moments) - 1) / (
            (work.moments[-1].block.timestamp - work.moments[0].block.timestamp) / YEAR
        )
        found = verdict.verdict(
            work, table, per_year, by=by, top=top, progress=lambda done: progress.update(task, advance=done)
        )
    page = folder / "sweep.html"
    footer = f"{len(table):,} configurations over {len(work.moments):,} moments; {store.folder.name}/*.parquet"
    write_sheet(page, shown.sweep_sheet(plan.mandate.name, found, work.grid, table, footer))
    _print(found, store, page, as_json=as_json)


def _grid(plan: Outline, axis: list[str], file: Path | None, depth: str | None, cost: str) -> Grid:
    from controller.backtest.sweep.grid import grid
    from controller.config.sweep_axes import from_file, from_options

    read = [] if file is None else from_file(read_file(file), file.parent, plan.names)
    return grid(setting_of(plan, depth, cost, None, "0 USD"), [*read, *from_options(axis, plan.names)])


def _work(plan: Outline, grid: Grid, history: str, days: tuple[str | None, str | None], value: str) -> Work:
    from controller.backtest import history as histories
    from controller.backtest.sweep.work import Work

    whole = prices_of(history)
    prices = histories.part(whole, day("--from", days[0]), day("--to", days[1]))
    moments = histories.moments(plan.mandate, plan.names, prices)
    worth = quantity("--value", value, quantities.money) * SCALE
    return Work(grid, tuple(moments), worth, whole[list(plan.names)])


def _print(found: Verdict, store: Store, page: Path, *, as_json: bool) -> None:
    from controller.backtest.sweep import shown

    if as_json:
        print_json({**shown.sweep_document(found), "folder": str(store.folder.resolve()), "page": str(page.resolve())})
        return
    out.print(shown.best_table(found))
    for sentence in found.words:
        out.print(sentence, soft_wrap=True, highlight=False)
    out.print(f"Page: {page.resolve()}", soft_wrap=True)
