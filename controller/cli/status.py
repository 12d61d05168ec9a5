"""evenkeel status"""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from controller.cli import options
from controller.cli.output import out, print_json
from controller.cli.session import Session
from controller.cli.views import CAUSES, snapshot_document
from controller.model import Snapshot
from controller.planning import due
from controller.tick import observed
from controller.units import show_bps, show_value, to_decimal

DUE = 2


def status(
    vault: options.Vault = None,
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> int:
    """Show a vault's weights, drift and whether a rebalance is due.

    Exit code 0 when the vault is where it should be, 2 when a rebalance is due.
    """
    session = Session.open(network, url, networks, deployments)
    snapshot = session.snapshot(vault)
    block = snapshot.block
    seen, why_not = observed(snapshot), due.why_not(snapshot, block.timestamp + 1)
    if as_json:
        print_json(snapshot_document(snapshot, seen, why_not, session.symbol))
        return 0 if why_not else DUE
    table = Table(
        title=f"{escape(snapshot.mandate.name)} ({snapshot.vault}), block {block.number}", title_justify="left"
    )
    for heading in ("asset", "balance", "value", "weight", "target", "drift"):
        table.add_column(heading, justify="left" if heading == "asset" else "right")
    for asset, target, balance, price in zip(
        snapshot.mandate.assets, snapshot.targets, snapshot.balances, snapshot.prices, strict=True
    ):
        value = balance * price.value
        # {%} = {1} * 100 {%}, for showing only
        share = 100 * value / seen.value if seen.value else None
        weight, drift = ("-", "-") if share is None else (f"{share:.2f}%", f"{share - target / 100:+.2f}%")
        shown = show_value(value) if price.value else f"[red]{escape(price.failure)}[/red]"
        table.add_row(
            session.symbol(asset.token),
            f"{to_decimal(balance, asset.decimals):,.6f}",
            shown,
            weight,
            f"{target / 100:.2f}%",
            drift,
        )
    out.print(table)
    out.print(f"Value {show_value(seen.value)}, largest drift {show_bps(seen.drift)} bps. {_budgets(snapshot)}")
    if why_not is None:
        how = CAUSES[due.due(snapshot, block.timestamp + 1).cause]
        out.print(f"[bold yellow]{how}.[/bold yellow] Next: evenkeel plan")
        return DUE
    out.print(f"[green]Nothing to do:[/green] {why_not.reason.value}, {escape(session.named(why_not.detail))}.")
    return 0


def _budgets(snapshot: Snapshot) -> str:
    """What is used of what may be lost and sold at once: half of each budget."""
    limits, status = snapshot.mandate.limits, snapshot.status
    parts = [
        f"{word} {to_decimal(100 * used, 14):.3f}% of {budget / 200:g}%"
        for word, used, budget in (
            ("lost", status.loss_used, limits.loss_budget),
            ("sold", status.turnover_used, limits.turnover_budget),
        )
    ]
    return f"Budgets in use: {', '.join(parts)}."
