"""evenkeel vault pending"""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from controller.chain.pending import pending as read_pending
from controller.cli import options
from controller.cli.changes import describe, moment
from controller.cli.output import out, print_json
from controller.cli.session import Session


def pending(
    vault: options.Vault = None,
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> None:
    """List what the owner has announced: what it changes, from when it can be made, and until when."""
    session = Session.open(network, url, networks, deployments)
    snapshot = session.snapshot(vault)
    now = snapshot.block.timestamp
    rows = [
        {
            "call_hash": "0x" + waiting.call_hash.hex(),
            "state": "waiting" if now < waiting.executable_at else "ready" if now <= waiting.expires_at else "expired",
            "executable_at": waiting.executable_at,
            "expires_at": waiting.expires_at,
            "changes": [session.named(change) for change in describe(waiting.call, snapshot.mandate)],
            "call": "0x" + waiting.call.hex(),
        }
        for waiting in read_pending(session.chain, snapshot.vault, session.ledger_start, snapshot.block)
    ]
    if as_json:
        print_json(rows)
        return
    table = Table(title=f"Announced by the owner of {snapshot.vault}", title_justify="left")
    for heading in ("call", "state", "can be made", "what changes"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        when = f"{moment(int(str(row['executable_at'])))} to {moment(int(str(row['expires_at'])))}"
        changes = row["changes"]
        said = "\n".join(changes) if isinstance(changes, list) else ""
        table.add_row(str(row["call_hash"])[:18], str(row["state"]), when, escape(said))
    out.print(table if rows else "Nothing is announced.")
