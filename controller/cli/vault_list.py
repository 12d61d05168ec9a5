"""evenkeel vault list"""

from __future__ import annotations

from typing import Literal

from rich.markup import escape
from rich.table import Table

from controller.chain import lens
from controller.cli import options
from controller.cli.output import out, print_json
from controller.cli.session import Session
from controller.errors import EvenkeelError
from controller.planning import due
from controller.tick import observed
from controller.units import show_bps, show_value


def list_(
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> None:
    """List the vaults of the deployed factory."""
    session = Session.open(network, url, networks, deployments)
    block = session.chain.head()
    found = lens.snapshots(session.chain, session.address("VaultLens"), session.vaults(block), block)
    rows: list[dict[str, str]] = []
    for vault, snapshot in found.items():
        if isinstance(snapshot, EvenkeelError):
            rows.append({"vault": vault, "name": "", "value": "", "drift_bps": "", "state": snapshot.message})
            continue
        seen, why_not = observed(snapshot), due.why_not(snapshot, block.timestamp + 1)
        rows.append(
            {
                "vault": vault,
                "name": snapshot.mandate.name,
                "value": show_value(seen.value),
                "drift_bps": show_bps(seen.drift),
                "state": why_not.reason.value if why_not else "due",
            }
        )
    if as_json:
        print_json(rows)
        return
    table = Table(title=f"Vaults on chain {session.chain.chain_id}, block {block.number}", title_justify="left")
    justify: Literal["left", "right"]
    for heading in ("vault", "name", "value", "drift, bps", "state"):
        justify = "right" if heading in ("value", "drift, bps") else "left"
        table.add_column(heading, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row.values()))
    out.print(table if rows else "No vault yet. Create one: evenkeel vault create MANDATE.toml --broadcast")
