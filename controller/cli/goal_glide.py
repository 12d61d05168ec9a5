"""evenkeel goal glide"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from controller.cli import options
from controller.cli.bars import working
from controller.cli.goal_check import File, Paths, Seed, chance_document, interval_words
from controller.cli.output import out, print_json
from controller.cli.weights import read_weights
from controller.errors import UsageError
from controller.report.wording import plural


def glide(
    file: File,
    name: Annotated[str, typer.Argument(metavar="GOAL", help="Which goal of the file.")],
    safe: Annotated[list[str], typer.Option("--safe", help="Targets at the end, BOND=80%; repeatable, sum 100%.")],
    paths: Paths = 20_000,
    seed: Seed = 1,
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> None:
    """Propose a glide path for a goal: how many years before the end its targets should move to safe ones.

    Every glide is tried in the same futures. The best is printed as a mandate file has it, [[path]] for [[path]]; the
    owner puts it in force with evenkeel vault set-mandate.
    """
    from controller.cli.goals import read_goals
    from controller.wealth.glides import propose
    from controller.wealth.knots import as_mandate_path

    plan = read_goals(file, network, url, networks, deployments)
    found = [goal for goal in plan.goals if goal.name == name]
    if not found:
        raise UsageError(f"There is no goal {name!r}.", f"Goals: {', '.join(goal.name for goal in plan.goals)}.")
    weights, _ = read_weights(safe, plan.assumptions.assets, "0 days")
    with working("Trying glides") as progress:
        glides = propose(found[0], weights, plan.assumptions, now=plan.now, paths=paths, seed=seed, progress=progress)
    text = as_mandate_path(glides[0].path, plan.assumptions.assets)
    if as_json:
        tried = [{"years": one.years, **chance_document(one.outcome.chance)} for one in glides]
        print_json({"goal": name, "glides": tried, "path": text})
        return
    table = Table(title=f"{name}: glides to the safe targets", title_justify="left")
    for heading in ("over the last", "reached", "interval (95%)", "poor end (5%)"):
        table.add_column(heading, justify="right")
    for one in glides:
        chance = one.outcome.chance
        over = plural(one.years, "year") if one.years else "no glide"
        table.add_row(over, f"{chance.share:.1%}", interval_words(chance), f"{one.outcome.wealth[0]:,.0f}")
    out.print(table)
    out.print(text, markup=False, soft_wrap=True)
