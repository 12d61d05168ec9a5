"""evenkeel backtest"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from controller.cli import options
from controller.cli.output import err, out, print_json
from controller.cli.quantity import quantity
from controller.cli.session import read_file
from controller.config import quantities, strategy_file
from controller.config.mandate_outline import outline
from controller.replay.markets import date
from controller.report.console import summary_table
from controller.report.metrics import summarise
from controller.report.page import write_report
from controller.report.wording import Words
from controller.units import VALUE_DECIMALS

SCALE = 10 ** (VALUE_DECIMALS - 18)
"""D36{quote} in D18{quote}."""
if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())


def backtest(
    mandate: Annotated[Path, typer.Argument(help="Mandate file, as evenkeel vault template prints one.")],
    history: Annotated[
        str, typer.Argument(help="Prices, .csv or .parquet, wide or long; or macro or crypto, which are bundled.")
    ],
    start: Annotated[str | None, typer.Option("--from", help="First day, 2007-06 or 2007-06-01.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Last day.")] = None,
    value: Annotated[str, typer.Option(help="What the vault starts with, on target.")] = "1000000 USD",
    depth: Annotated[
        str | None, typer.Option(help="Trade in Uniswap V3 pools of 5 bps, so deep on either side.", show_default=False)
    ] = None,
    cost: Annotated[str, typer.Option(help="Without --depth: what every trade loses of the value sold.")] = "10 bps",
    strategy: Annotated[
        Path | None, typer.Option("--strategy", help="Strategy file that moves the targets.", show_default=False)
    ] = None,
    page: Annotated[Path, typer.Option("--out", help="Where the page goes.")] = Path("report.html"),
    as_json: options.AsJson = False,
) -> None:
    """Run a mandate over history with the keeper's own decisions, and draw what became of it.

    Triggers, destinations, budgets, parts and trade sizes are decided by the functions that trade, in the same
    integers. A strategy sees prices before each moment only, also those before --from. `evenkeel replay` shows that a
    real chain does the same to the last unit. Intervals are 95%, by the stationary bootstrap.

    Example: evenkeel backtest mandate.toml macro --from 1990-01 --depth "100000000 USD"
    """
    from controller.backtest import history as histories
    from controller.backtest.engine import Setting, run
    from controller.backtest.paper import Market, Proportional, full_range
    from controller.backtest.performance import measures, returns_of
    from controller.strategy.periods import periods_per_year

    plan = outline(read_file(mandate))
    whole = _prices(history)
    prices = histories.part(whole, _day("--from", start), _day("--to", end))
    moments = histories.moments(plan.mandate, plan.names, prices)
    decided = None if strategy is None else strategy_file.load(strategy)
    market: Market = Proportional(quantity("--cost", cost, quantities.share))
    if depth is not None:
        market = full_range(plan.mandate, quantity("--depth", depth, quantities.money) * SCALE)
    setting = Setting(plan.mandate, market)
    if decided is not None:
        terms = decided.terms(len(plan.names))
        setting = Setting(plan.mandate, market, strategy=decided.build(plan.names), terms=terms)
    with Progress(*COLUMNS, console=err, transient=True) as progress:
        task = progress.add_task("Deciding", total=len(moments))
        ticks = run(
            setting,
            moments,
            quantity("--value", value, quantities.money) * SCALE,
            past=whole[list(plan.names)],
            progress=lambda _record: progress.update(task, advance=1),
        )
    summary = summarise(ticks, plan.mandate)
    words = Words(plan.names)
    found = measures(returns_of(summary.vault_series), periods_per_year(prices))
    write_report(page, ticks, plan.mandate, summary, words=words)
    if as_json:
        rows = {name: {"value": m.value, "low": m.low, "high": m.high} for name, m in found.items()}
        print_json({"summary": summary.as_dict(), "measures": rows, "report": str(page.resolve())})
        return
    out.print(summary_table(summary, words))
    table = Table(title="Measures of the vault's value per share, with 95% intervals", title_justify="left")
    for heading in ("measure", "value", "from", "to"):
        table.add_column(heading, justify="left" if heading == "measure" else "right")
    for name, each in found.items():
        shown = "{:.2f}" if name in {"sharpe", "sortino", "calmar"} else "{:.2%}"
        table.add_row(name, *(shown.format(number) for number in (each.value, each.low, each.high)))
    out.print(table)
    out.print(f"Report: {page.resolve()}", soft_wrap=True)


def _prices(named: str) -> pd.DataFrame:
    from controller.market import datasets
    from controller.market.history import read_history

    bundled = {"macro": datasets.macro, "crypto": datasets.crypto}
    return bundled[named]() if named in bundled else read_history(Path(named))


def _day(option: str, text: str | None) -> datetime | None:
    return None if text is None else date(option, text)
