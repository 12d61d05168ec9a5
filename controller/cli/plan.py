"""evenkeel plan"""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from controller.cli import options
from controller.cli.output import out, print_json
from controller.cli.session import Session
from controller.cli.views import decision_document
from controller.model import Mandate, NoTrade, Plan
from controller.units import to_decimal


def plan(
    vault: options.Vault = None,
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    journal: options.JournalPath = None,
    as_json: options.AsJson = False,
) -> None:
    """Show what the controller would trade now, with real quotes. Never sends anything."""
    session = Session.open(network, url, networks, deployments)
    with session.journal(journal) as records:
        controller = session.controller(records, None)
        snapshot = controller.snapshot(session.vault(vault), session.chain.head())
        decision = controller.decide(snapshot, now=snapshot.block.timestamp + 1)
    if as_json:
        print_json(decision_document(decision))
    elif isinstance(decision, NoTrade):
        out.print(f"[green]No trade:[/green] {decision.reason.value}, {escape(session.named(decision.detail))}.")
    else:
        out.print(_table(decision, snapshot.mandate, session))
        out.print("Send it: evenkeel rebalance --broadcast")


def _table(plan: Plan, mandate: Mandate, session: Session) -> Table:
    table = Table(title=f"Plan {plan.nonce} on block {plan.reference_block}", title_justify="left")
    table.add_column("sell")
    table.add_column("amount", justify="right")
    table.add_column("buy")
    table.add_column("at least", justify="right")
    for trade in plan.trades:
        sell, buy = mandate.assets[trade.sell], mandate.assets[trade.buy]
        table.add_row(
            session.symbol(sell.token),
            f"{to_decimal(trade.amount_in, sell.decimals):,.6f}",
            session.symbol(buy.token),
            f"{to_decimal(trade.min_out, buy.decimals):,.6f}",
        )
    return table
