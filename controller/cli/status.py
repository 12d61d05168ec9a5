"""evenkeel status"""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from controller.cli import options
from controller.cli.output import out, print_json
from controller.cli.session import Session
from controller.cli.views import snapshot_document
from controller.planning import due
from controller.tick import observed, read_snapshot
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
    block = session.chain.head()
    snapshot = read_snapshot(session.chain, session.address("VaultLens"), session.vault(vault), block)
    seen, why_not = observed(snapshot), due.why_not(snapshot, block.timestamp + 1)
    if as_json:
        print_json(snapshot_document(snapshot, seen, why_not, session.symbol))
        return 0 if why_not else DUE
    table = Table(
        title=f"{escape(snapshot.mandate.name)} ({snapshot.vault}), block {block.number}", title_justify="left"
    )
    for heading, justify in (
        ("asset", "left"),
        ("balance", "right"),
        ("value", "right"),
        ("weight", "right"),
        ("target", "right"),
    ):
        table.add_column(heading, justify="left" if justify == "left" else "right")
    for asset, balance, price in zip(snapshot.mandate.assets, snapshot.balances, snapshot.prices, strict=True):
        value = balance * price.value
        weight = f"{100 * value / seen.value:.2f}%" if seen.value else "-"
        shown = show_value(value) if price.value else f"[red]{escape(price.failure)}[/red]"
        table.add_row(
            session.symbol(asset.token),
            f"{to_decimal(balance, asset.decimals):,.6f}",
            shown,
            weight,
            f"{asset.target / 100:.2f}%",
        )
    out.print(table)
    out.print(
        f"Value {show_value(seen.value)}, largest drift {show_bps(seen.drift)} bps of {snapshot.mandate.band} bps."
    )
    if why_not is None:
        out.print("[bold yellow]A rebalance is due.[/bold yellow] Next: evenkeel plan")
        return DUE
    out.print(f"[green]Nothing to do:[/green] {why_not.reason.value}, {escape(session.named(why_not.detail))}.")
    return 0
