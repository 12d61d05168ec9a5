"""evenkeel backtest"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from controller.cli import backtesting, options
from controller.cli.backtesting import SCALE, day, prices_of, setting_of
from controller.cli.output import out, print_json
from controller.cli.quantity import quantity
from controller.cli.session import read_file
from controller.config import quantities
from controller.config.mandate_outline import outline
from controller.report.console import summary_table
from controller.report.metrics import summarise
from controller.report.page import write_report
from controller.report.wording import Words


def backtest(
    mandate: backtesting.Mandate,
    history: backtesting.History,
    start: backtesting.Start = None,
    end: backtesting.End = None,
    value: backtesting.Value = "1000000 USD",
    depth: backtesting.Depth = None,
    cost: backtesting.Cost = "10 bps",
    strategy: backtesting.StrategyFile = None,
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
    from controller.backtest.engine import run
    from controller.backtest.performance import measures, returns_of
    from controller.strategy.periods import periods_per_year

    plan = outline(read_file(mandate))
    whole = prices_of(history)
    prices = histories.part(whole, day("--from", start), day("--to", end))
    moments = histories.moments(plan.mandate, plan.names, prices)
    setting = setting_of(plan, depth, cost, strategy)
    with backtesting.progress() as progress:
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
