"""evenkeel flow plan"""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from controller.cli import options
from controller.cli.output import out, print_json
from controller.cli.session import Session
from controller.config import quantities
from controller.errors import UsageError
from controller.model import Snapshot
from controller.planning.wants import best
from controller.units import D18, show_bps, show_value, to_decimal
from controller.wealth.flows import FlowPlan, Standing, plan_flow, whole_rebalance


def plan(
    vault: options.Vault = None,
    deposit: Annotated[str | None, typer.Option(help='What is to come in, "1000 USD".', show_default=False)] = None,
    withdraw: Annotated[str | None, typer.Option(help='What is to go out, "1000 USD".', show_default=False)] = None,
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> None:
    """Show how money that comes in or goes out rebalances a vault by itself: bought alone, or sold alone.

    Tells what drift remains, how much it would take to be inside every band, and what trading all to target would cost
    instead, by real quotes. Make the flow with evenkeel vault deposit or withdraw.
    """
    text = deposit or withdraw
    if text is None or (deposit and withdraw):
        raise UsageError('Say what comes in or what goes out: --deposit "1000 USD", or --withdraw.')
    try:
        amount = quantities.money(text) * D18
    except ValueError as error:
        raise UsageError(f"{'--deposit' if deposit else '--withdraw'}: {error}.") from None
    if not amount:
        raise UsageError("Nothing comes in or goes out.", 'Name an amount above zero, "1000 USD".')
    session = Session.open(network, url, networks, deployments)
    snapshot = session.snapshot(vault)
    made = plan_flow(snapshot, amount, inward=deposit is not None)
    turnover, cost = _instead(session, snapshot)
    if as_json:
        print_json(_document(session, snapshot, made, turnover, cost))
        return
    _show(session, snapshot, made)
    out.print(_compared(turnover, cost))
    if not snapshot.mandate.spread:
        out.print(
            "This mandate has no spread, so shares come and go in kind alone: these amounts need another mandate."
        )


def _instead(session: Session, snapshot: Snapshot) -> tuple[int, int | None]:
    """D36{quote} that a whole rebalance would sell, and lose by the best quotes; None where a trade has no route."""
    wants, prices = whole_rebalance(snapshot), [price.value for price in snapshot.prices]
    quotes = session.quotes()(snapshot, wants)
    turnover = sum(want.amount_in * prices[want.sell] for want in wants)
    found = [best(want, quotes) for want in wants]
    routed = [quote for quote in found if quote is not None]
    if len(routed) < len(wants):
        return turnover, None
    # D36{quote} = {qTok} * D36{quote/qTok}
    return turnover, turnover - sum(quote.amount_out * prices[quote.buy] for quote in routed)


def _compared(turnover: int, cost: int | None) -> str:
    """What a whole rebalance would be instead."""
    sold = f"Trading everything to target instead would sell {show_value(turnover)}"
    if not turnover:
        return "There is nothing that a rebalance could trade instead."
    return (
        f"{sold}, and no venue has a route for it."
        if cost is None
        else f"{sold} and lose {show_value(cost)} to the pools."
    )


def _document(
    session: Session, snapshot: Snapshot, made: FlowPlan, turnover: int, cost: int | None
) -> dict[str, object]:
    """`values` are D36{quote}, `amounts` {qTok}, drifts D18{1}."""
    symbols = [session.symbol(asset.token) for asset in snapshot.mandate.assets]

    def standing(of: Standing) -> dict[str, object]:
        inside = [symbol for index, symbol in enumerate(symbols) if of.breaches >> index & 1]
        return {"largest_drift": str(of.largest), "turnover_drift": str(of.turnover), "in_breach": inside}

    return {
        "vault": snapshot.vault,
        "direction": "in" if made.inward else "out",
        "values": dict(zip(symbols, map(str, made.values), strict=True)),
        "amounts": dict(zip(symbols, map(str, made.amounts), strict=True)),
        "before": standing(made.before),
        "after": standing(made.after),
        "into_band": None if made.into_band is None else str(made.into_band),
        "rebalance_turnover": str(turnover),
        "rebalance_cost": None if cost is None else str(cost),
    }


def _show(session: Session, snapshot: Snapshot, made: FlowPlan) -> None:
    verb, flow = ("buys", "deposit") if made.inward else ("sells", "withdrawal")
    table = Table(title=f"This {flow} {verb}", title_justify="left")
    for heading in ("asset", "value", "amount"):
        table.add_column(heading, justify="left" if heading == "asset" else "right")
    for asset, value, amount in zip(snapshot.mandate.assets, made.values, made.amounts, strict=True):
        table.add_row(
            escape(session.symbol(asset.token)), show_value(value, 4), f"{to_decimal(amount, asset.decimals):,.6f}"
        )
    out.print(table)
    symbols = [session.symbol(asset.token) for asset in snapshot.mandate.assets]
    for when, standing in (("before", made.before), ("after", made.after)):
        over = [symbol for index, symbol in enumerate(symbols) if standing.breaches >> index & 1]
        breach = f"{', '.join(over)} in breach of a band" if over else "inside every band"
        drifts = (
            f"largest drift {show_bps(standing.largest)} bps, {show_bps(standing.turnover)} bps of value off target"
        )
        out.print(f"{when}: {drifts}, {breach}")
    if made.into_band is None:
        out.print(f"No {flow} alone brings it inside every band.")
    elif made.before.breaches:
        out.print(f"The least {flow} that brings it inside every band: {show_value(made.into_band)}.")
