"""evenkeel forecast"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from controller.cli import options
from controller.cli.output import err, out, print_json
from controller.config import quantities
from controller.errors import UsageError
from controller.market.history import read_history
from controller.report.forecasts import judgement_document, judgement_table, verdict
from controller.strategy.forecast.judge import judge
from controller.strategy.forecast.learners import families
from controller.strategy.periods import periods_per_year, simple_returns


def forecast(
    history: Annotated[Path, typer.Argument(help="Prices, .csv or .parquet: a date column and one for each asset.")],
    forecaster: Annotated[
        list[str] | None,
        typer.Option(help="ridge, boosting, network (PyTorch); may be repeated. Default: ridge and boosting."),
    ] = None,
    horizon: Annotated[
        int, typer.Option(min=2, help="Periods from one decision to the next, rows of the history.")
    ] = 21,
    train: Annotated[int, typer.Option(min=1, help="Decisions that the first learning has.")] = 60,
    cost: Annotated[str, typer.Option(help="Pool fee and price impact of a trade, of the value sold.")] = "10 bps",
    seed: Annotated[int, typer.Option(min=0, help="Of what learns at random; the same seed gives the same.")] = 1,
    as_json: options.AsJson = False,
) -> None:
    """Try whether machine learning would have paid: against equal weights, and against not trading at all.

    Every forecaster walks forward: it learns from what had come to pass, forecasts the next decisions, learns again.
    Its settings are chosen by purged and embargoed cross-validation inside of what it may know. The deflated Sharpe
    ratio is the probability that what it earned above equal weights is more than the luck of the best of so many
    trials; below 95% it is no evidence. A forecaster that loses is shown as one that loses.

    Example: evenkeel forecast prices.csv --forecaster ridge --horizon 21 --cost "0.1%"
    """
    prices = read_history(history)
    try:
        lost = quantities.share(cost) / 10_000
    except ValueError as error:
        raise UsageError(f"--cost: {error}.", "See: evenkeel forecast --help") from None
    chosen = families(tuple(forecaster or ("ridge", "boosting")), seed=seed)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("Walking forward", total=1)
        found = judge(
            simple_returns(prices),
            chosen,
            periods_per_year(prices),
            horizon=horizon,
            train=train,
            cost=lost,
            progress=lambda done: progress.update(task, completed=done),
        )
    if as_json:
        print_json(judgement_document(found))
        return
    out.print(judgement_table(found))
    out.print(escape(verdict(found)), soft_wrap=True)
