"""evenkeel simulate"""

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
from controller.report.wording import Words, mandate_words
from controller.units import to_decimal

if TYPE_CHECKING:
    import pandas as pd

    from controller.backtest.engine import Setting
    from controller.backtest.simulation import Course, Simulation

EVERY = "all"
FREE = "gas"
"""The scenario that is none where gas is free."""


def simulate(
    mandate: backtesting.Mandate,
    history: backtesting.History,
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            help="What happens; repeatable. all: everything that the history allows.", show_default="bootstrap"
        ),
    ] = None,
    paths: Annotated[int, typer.Option(min=2, max=100_000, help="Futures of each scenario.")] = 200,
    years: Annotated[float, typer.Option(min=0.01, max=200.0, help="How long they are.")] = 10.0,
    seed: Annotated[int, typer.Option(min=0, help="What they are drawn from: the same seed, the same answer.")] = 1,
    start: backtesting.Start = None,
    end: backtesting.End = None,
    value: backtesting.Value = "1000000 USD",
    goal: Annotated[str | None, typer.Option(help="What the vault should be worth in the end.")] = None,
    depth: backtesting.Depth = None,
    cost: backtesting.Cost = "10 bps",
    gas: backtesting.GasCost = "0 USD",
    strategy: backtesting.StrategyFile = None,
    jobs: Annotated[int, typer.Option(help="Processes; -1: one for each core.")] = -1,
    page: Annotated[Path, typer.Option("--out", help="Where the page goes.")] = Path("simulation.html"),
    as_json: options.AsJson = False,
) -> None:
    """Run a mandate through many futures, and show how drift, cost, losses and goals spread.

    Futures are drawn from the history: bootstrap (blocks of it), normal, jumps, regimes (calm and stressed), together
    (every correlation at one). Troubles come on top of the bootstrap: frozen-feed, stuck-feed, dry (liquidity gone),
    gas (a hundred times dearer). Episodes are history itself: 1973, 1987, 2000, 2008, 2020, 2022. Every path is
    decided by the functions that trade.

    Example: evenkeel simulate mandate.toml macro --from 1970-01 --scenario jumps --scenario 2008 --goal "2000000 USD"
    """
    from controller.backtest.simulation_page import goal_lines, simulation_document, simulation_sheet, simulation_table
    from controller.report.sheet import write_sheet

    plan = outline(read_file(mandate))
    setting = setting_of(plan, depth, cost, strategy, gas)
    worth = quantity("--value", value, quantities.money) * SCALE
    wanted = None if goal is None else float(to_decimal(quantity("--goal", goal, quantities.money), 18))
    course = _course(plan, prices_of(history), start, end, years)
    found = _run(
        setting,
        course,
        _names(scenario, course, dear=bool(setting.gas.price)),
        worth,
        paths=paths,
        seed=seed,
        jobs=jobs,
    )
    words = Words(plan.names)
    sentences = [" ".join(mandate_words(plan.mandate, words))]
    lines = [] if wanted is None else goal_lines(found, wanted)
    footer = f"seed {seed}; {course.years:.2f} years of {course.periods} moments"
    write_sheet(page, simulation_sheet(plan.mandate.name, [*sentences, *lines], found, course.years, footer))
    if as_json:
        print_json({"scenarios": simulation_document(found, wanted), "seed": seed, "page": str(page.resolve())})
        return
    out.print(simulation_table(found))
    for line in lines:
        out.print(line, soft_wrap=True, highlight=False)
    out.print(f"Page: {page.resolve()}", soft_wrap=True)


def _course(plan: Outline, whole: pd.DataFrame, start: str | None, end: str | None, years: float) -> Course:
    from controller.backtest import history as histories
    from controller.backtest.simulation import Course
    from controller.strategy.periods import YEAR, periods_per_year

    prices = histories.part(whole, day("--from", start), day("--to", end))
    histories.moments(plan.mandate, plan.names, prices)  # tells what the history lacks
    step = round(YEAR / periods_per_year(prices))
    return Course(plan.mandate, plan.names, prices[list(plan.names)], step, max(round(years * YEAR / step), 1))


def _names(wanted: list[str] | None, course: Course, *, dear: bool) -> list[str]:
    """Of the scenarios; `dear` where gas costs anything."""
    from controller.backtest.futures import FUTURES
    from controller.backtest.scenarios import EPISODES, TROUBLES, held

    if wanted == [EVERY]:
        troubles = [name for name in TROUBLES if dear or name != FREE]
        return [*FUTURES, *troubles, *(name for name in EPISODES if held(name, course.past))]
    names = wanted or ["bootstrap"]
    if FREE in names and not dear:
        raise UsageError("A hundred times no gas is no gas.", 'Say what a rebalance costs, as --gas "5 USD".')
    known = {*FUTURES, *TROUBLES, *EPISODES}
    if unknown := [name for name in names if name not in known]:
        raise UsageError(f"There is no scenario {', '.join(unknown)}.", f"There are: {', '.join(sorted(known))}.")
    return list(dict.fromkeys(names))


def _run(
    setting: Setting, course: Course, names: list[str], worth: int, *, paths: int, seed: int, jobs: int
) -> dict[str, Simulation]:
    from controller.backtest.futures import FUTURES, future
    from controller.backtest.history import moments
    from controller.backtest.scenarios import EPISODES, TROUBLES, episode
    from controller.backtest.simulation import replayed, simulate
    from controller.strategy.periods import simple_returns

    found: dict[str, Simulation] = {}
    returns = simple_returns(course.past, course.names)
    with counting() as progress:
        task = progress.add_task("Simulating", total=paths * sum(name not in EPISODES for name in names))
        for name in names:
            if name in EPISODES:
                happened = episode(name, course.past)
                found[name] = replayed(setting, moments(course.mandate, course.names, happened), worth, course.past)
                continue
            drawn = future(name if name in FUTURES else "bootstrap", returns)
            troubles = (TROUBLES[name],) if name in TROUBLES else ()
            found[name] = simulate(
                setting,
                course,
                drawn,
                worth,
                paths=paths,
                seed=seed,
                troubles=troubles,
                jobs=jobs,
                progress=lambda done: progress.update(task, advance=done),
            )
    return found
