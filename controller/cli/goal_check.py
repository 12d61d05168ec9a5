"""evenkeel goal check"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.table import Table

from controller.cli import options
from controller.cli.bars import working
from controller.cli.output import out, print_json

if TYPE_CHECKING:
    from controller.strategy.statistics import Chance
    from controller.wealth.goals import Forecast

File = Annotated[Path, typer.Argument(metavar="GOALS", help="The goals file; print one: evenkeel goal template.")]
Paths = Annotated[int, typer.Option(min=100, max=200_000, help="How many futures are simulated.")]
Seed = Annotated[int, typer.Option(min=0, help="What the futures are drawn from: the same seed, the same answer.")]


def check(
    file: File,
    paths: Paths = 20_000,
    seed: Seed = 1,
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> None:
    """Tell how probable it is that each goal is reached, and all of them together, with the interval of the estimate.

    Goals of a vault follow its targets, its glide path included. The assumptions are yours; nothing here is a promise.
    """
    from controller.cli.goals import read_goals
    from controller.wealth.goals import simulate

    plan = read_goals(file, network, url, networks, deployments)
    with working("Living through the futures") as progress:
        found = simulate(plan.goals, plan.assumptions, now=plan.now, paths=paths, seed=seed, progress=progress)
    print_json(_document(found)) if as_json else _show(found)


def chance_document(chance: Chance) -> dict[str, float]:
    """In parts of one."""
    return {"probability": chance.share, "low": chance.low, "high": chance.high}


def interval_words(chance: Chance) -> str:
    """Two decimals: 99.98% is not certain."""
    return f"{chance.low:.2%} to {chance.high:.2%}"


def _document(found: Forecast) -> dict[str, object]:
    return {
        "paths": found.paths,
        "seed": found.seed,
        "goals": [
            {
                "name": one.name,
                **chance_document(one.chance),
                "wealth_percentiles": list(one.wealth),
                "mean_shortfall": one.shortfall,
            }
            for one in found.outcomes
        ],
        "together": chance_document(found.together),
    }


def _show(found: Forecast) -> None:
    table = Table(title=f"{found.paths:,} futures, seed {found.seed}, in today's money", title_justify="left")
    for heading in (
        "goal",
        "reached",
        "interval (95%)",
        "poor end (5%)",
        "middle",
        "good end (95%)",
        "missing if missed",
    ):
        table.add_column(heading, justify="left" if heading == "goal" else "right")
    for one in found.outcomes:
        interval = interval_words(one.chance)
        wealth = (f"{value:,.0f}" for value in one.wealth)
        table.add_row(escape(one.name), f"{one.chance.share:.1%}", interval, *wealth, f"{one.shortfall:,.0f}")
    out.print(table)
    if len(found.outcomes) > 1:
        together = found.together
        out.print(f"All of them: {together.share:.1%} ({interval_words(together)}).")
