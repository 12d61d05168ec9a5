"""evenkeel advise"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from controller.cli import options
from controller.cli.bars import working
from controller.cli.output import out, print_json
from controller.cli.quantity import quantity
from controller.config import profile_file, quantities
from controller.config.mandate_outline import Outline, outline
from controller.errors import NotFoundError, UsageError
from controller.market.history import read_history
from controller.model import Mandate, Period, TriggerKind
from controller.planning.path import targets_at
from controller.report.advice import advice_document, advice_picture, advice_table, mandate_lines
from controller.strategy.advise import Advice
from controller.strategy.advise import advise as propose
from controller.strategy.drifting import Rule, Setting
from controller.strategy.periods import periods_per_year, simple_returns
from controller.strategy.profile import assess
from controller.units import BPS

LENGTHS = {Period.DAY: 1 / 365.25, Period.WEEK: 7 / 365.25, Period.MONTH: 1 / 12, Period.QUARTER: 1 / 4, Period.YEAR: 1}
"""{year}"""
USUAL = 3.0
"""{1} risk aversion where nobody says one."""


def advise(
    mandate: Annotated[Path, typer.Argument(help="Mandate file, as evenkeel vault template prints one.")],
    history: Annotated[Path, typer.Argument(help="Prices, .csv or .parquet: a date column and one for each asset.")],
    risk_aversion: Annotated[
        float | None,
        typer.Option(
            help="Relative risk aversion: 1 daring, 3 usual, 10 cautious. The higher, the closer. Default: the "
            "profile's, else 3.",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option("--profile", help="Profile whose answers say the risk aversion.", show_default=False),
    ] = None,
    cost: Annotated[
        str, typer.Option(help="Lost on each trade, pool fee and price impact, of the value sold.")
    ] = "30 bps",
    gas: Annotated[str, typer.Option(help="Gas of one rebalance, whatever its size.")] = "2 USD",
    value: Annotated[str, typer.Option(help="Value of the vault, against which gas is weighed.")] = "1000000 USD",
    picture: Annotated[
        Path | None, typer.Option("--picture", help="Draw drift against cost to this SVG file.", show_default=False)
    ] = None,
    years: Annotated[float, typer.Option(min=0.5, max=50, help="Length of each simulated path, in years.")] = 10.0,
    paths: Annotated[int, typer.Option(min=1, max=4096, help="How many paths are simulated.")] = 64,
    seed: Annotated[int, typer.Option(min=0, help="Of the simulation: the same seed gives the same advice.")] = 1,
    as_json: options.AsJson = False,
) -> None:
    """Propose when to rebalance (the band) and how far (the destination) for a mandate, and show the alternatives.

    A narrow band follows the target closely and trades much; a wide one trades little and drifts. Proposed is the pair
    whose cost of trading and cost of risk, as this risk aversion feels the drift, are together the least. Volatilities
    and correlations come from the price history; no returns are forecast.

    Nothing is changed: the last lines are for you to paste into the mandate file.

    Example: evenkeel advise mandate.toml prices.csv --cost "0.05%" --gas "1 USD" --picture advice.svg
    """
    plan, setting = _setting(mandate, history, _aversion(risk_aversion, profile), cost, gas, value)
    with working("Trying bands and destinations") as progress:
        found = propose(setting, seed=seed, own=_own(plan.mandate), years=years, paths=paths, progress=progress)
    if picture is not None:
        picture.write_text(advice_picture(found), encoding="utf-8")
    if as_json:
        volatility = dict(zip(plan.names, np.sqrt(np.diag(setting.covariance)).tolist(), strict=True))
        print_json({**advice_document(found), "volatility_per_year": volatility})
        return
    _show(found, plan, setting, picture)


def _show(found: Advice, plan: Outline, setting: Setting, picture: Path | None) -> None:
    risks = ", ".join(
        f"{name} {math.sqrt(variance):.1%}"
        for name, variance in zip(plan.names, np.diag(setting.covariance), strict=True)
    )
    out.print(f"Volatility a year: {risks}.", soft_wrap=True, markup=False)
    out.print(
        f"A trade loses {setting.cost * BPS:g} bps of what is sold, a rebalance {setting.fixed * BPS:.3g} bps of the "
        f"vault in gas; risk aversion {setting.risk_aversion:g}.",
        soft_wrap=True,
    )
    out.print(advice_table(found))
    theory = found.closed_form
    out.print(f"Theory, for one asset alone: band {theory.band:.2%}, destination {theory.destination:.2%}.")
    out.print("\nFor the mandate file:\n")
    out.print(mandate_lines(found), markup=False)
    if picture is not None:
        out.print(f"Picture: {picture.resolve()}", soft_wrap=True, markup=False)


def _aversion(said: float | None, profile: Path | None) -> float:
    """What is said here, and where nothing is, what the profile's answers amount to."""
    if said is not None:
        return said
    if profile is None:
        return USUAL
    chosen = profile_file.load(profile)
    return assess(chosen.answers, chosen.market).aversion


def _setting(
    mandate: Path, history: Path, risk_aversion: float, cost: str, gas: str, value: str
) -> tuple[Outline, Setting]:
    if not mandate.is_file():
        raise NotFoundError(f"There is no file {mandate}.", "Print one: evenkeel vault template A B > mandate.toml")
    plan = outline(mandate.read_bytes())
    prices = read_history(history)
    worth = quantity("--value", value, quantities.money)
    if worth == 0:
        raise UsageError("--value is zero.", 'Write what the vault holds, for example --value "1000000 USD".')
    returns = np.log1p(simple_returns(prices, plan.names))
    targets = targets_at(plan.mandate.path, int(prices.index[-1].timestamp()))
    setting = Setting(
        targets=np.array(targets) / BPS,
        covariance=np.cov(returns.T) * periods_per_year(prices),
        risk_aversion=risk_aversion,
        cost=quantity("--cost", cost, quantities.share) / BPS,
        fixed=quantity("--gas", gas, quantities.money) / worth,
    )
    return plan, setting.checked()


def _own(mandate: Mandate) -> Rule | None:
    """The mandate's present rule; none where its band is relative, which no one band stands for."""
    trigger = mandate.trigger
    if trigger.relative_band or trigger.kind is TriggerKind.BOTH:
        return None
    return Rule(
        "this mandate",
        band=trigger.band / BPS if trigger.band else math.inf,
        destination=mandate.destination.drift / BPS,
        every=trigger.every * LENGTHS[trigger.period] if trigger.every else 0.0,
    )
