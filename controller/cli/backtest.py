"""evenkeel backtest"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from controller.cli import backtesting, options
from controller.cli.backtesting import SCALE, day, ends_of, flows_of, prices_of, setting_of, splits_of
from controller.cli.bars import counting
from controller.cli.output import out, print_json
from controller.cli.quantity import quantity
from controller.config import quantities
from controller.config.files import read_file
from controller.config.mandate_outline import outline
from controller.report.console import summary_table
from controller.report.metrics import summarise
from controller.report.page import write_report
from controller.report.wording import Words
from controller.units import BPS

if TYPE_CHECKING:
    from controller.backtest.attribution import Attribution


def backtest(
    mandate: backtesting.Mandate,
    history: backtesting.History,
    start: backtesting.Start = None,
    end: backtesting.End = None,
    value: backtesting.Value = "1000000 USD",
    depth: backtesting.Depth = None,
    cost: backtesting.Cost = "10 bps",
    gas: backtesting.GasCost = "0 USD",
    gas_prices: Annotated[
        Path | None,
        typer.Option(help="What gas costs: a file with columns date, gwei and coin.", show_default=False),
    ] = None,
    feed_deviation: Annotated[
        str, typer.Option(help="Feeds answer when a price has moved so far, e.g. 0.5%.")
    ] = "0 bps",
    feed_heartbeat: Annotated[str, typer.Option(help="Or after so long.")] = "0 seconds",
    flows: Annotated[
        Path | None,
        typer.Option(help="What comes in and goes out: a file with columns date and amount.", show_default=False),
    ] = None,
    splits: Annotated[
        Path | None, typer.Option(help="A file with columns date, asset and ratio.", show_default=False)
    ] = None,
    delisted: Annotated[
        list[str] | None,
        typer.Option(help="ASSET=2008-09-15:40%: from then on worth that part of its last price.", show_default=False),
    ] = None,
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
    from controller.backtest import events
    from controller.backtest import history as histories
    from controller.backtest.attribution import attribute
    from controller.backtest.engine import gas_paid, run
    from controller.backtest.feeds import Feeds, with_gas
    from controller.backtest.performance import flows_with_ends, measures, money_weighted, returns_of, tracking_error
    from controller.market.history import read_history
    from controller.strategy.periods import periods_per_year

    plan = outline(read_file(mandate))
    whole = events.delisted(prices_of(history), ends_of(delisted or []))
    whole = whole if splits is None else events.unsplit(whole, splits_of(splits))
    prices = histories.part(whole, day("--from", start), day("--to", end))
    moments = histories.moments(plan.mandate, plan.names, prices)
    setting = setting_of(plan, depth, cost, strategy, gas)
    moments = moments if flows is None else events.with_flows(moments, flows_of(flows))
    lag = Feeds(
        quantity("--feed-deviation", feed_deviation, quantities.share),
        quantity("--feed-heartbeat", feed_heartbeat, quantities.seconds),
    )
    moments = moments if lag == Feeds() else lag.seen(moments)
    moments = moments if gas_prices is None else with_gas(moments, read_history(gas_prices))
    with counting() as progress:
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
    paid = gas_paid(setting, moments, ticks)
    # while no feed answers, a vault has no value that could be told apart
    valued = all(tick.value for tick in ticks)
    parts = attribute(ticks, summary.frictionless, setting.market.kept, paid) if valued else None
    per_year = periods_per_year(prices)
    found = measures(returns_of(summary.vault_series), per_year)
    own = money_weighted(flows_with_ends(moments, ticks))
    astray = tracking_error(summary.vault_series, summary.frictionless.series, per_year)
    write_report(page, ticks, plan.mandate, summary, words=words)
    if as_json:
        rows = {name: {"value": m.value, "low": m.low, "high": m.high} for name, m in found.items()}
        more = {
            "money_weighted": own,
            "attribution": parts.as_dict() if parts else None,
            "tracking_error": astray,
            "gas_paid_d36": str(paid),
        }
        print_json({"summary": summary.as_dict(), "measures": rows, **more, "report": str(page.resolve())})
        return
    out.print(summary_table(summary, words))
    table = Table(title="Measures of the vault's value per share, with 95% intervals", title_justify="left")
    for heading in ("measure", "value", "from", "to"):
        table.add_column(heading, justify="left" if heading == "measure" else "right")
    for name, each in found.items():
        shown = "{:.2f}" if name in {"sharpe", "sortino", "calmar"} else "{:.2%}"
        table.add_row(name, *(shown.format(number) for number in (each.value, each.low, each.high)))
    if own is not None:
        table.caption = f"money-weighted, of an owner with these flows: {own:.2%} a year"
    out.print(table)
    if parts is not None:
        out.print(_parts_table(parts, astray))
    out.print(f"Report: {page.resolve()}", soft_wrap=True)


def _parts_table(parts: Attribution, astray: float) -> Table:
    table = Table(title="Against the same rule without any cost", title_justify="left", show_header=False)
    table.add_column("part")
    table.add_column("bps", justify="right")
    for name, part in parts.as_dict().items():
        table.add_row(name, f"{part * BPS:,.2f} bps", style="bold" if name == "total" else None)
    table.add_row("tracking error", f"{astray * BPS:,.2f} bps a year")
    return table
