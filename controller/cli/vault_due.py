"""evenkeel vault due"""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from controller.cli import options
from controller.cli.changes import moment
from controller.cli.output import out, print_json
from controller.cli.session import Session
from controller.cli.views import CAUSES, due_document
from controller.units import show_bps, show_value

DUE = 2


def due(
    vault: options.Vault = None,
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> int:
    """Ask the vault itself whether a rebalance is due, by which rule, how far it has drifted and what has to move.

    Exit code 0 when none is due, 2 when one is.
    """
    session = Session.open(network, url, networks, deployments)
    snapshot = session.snapshot(vault)
    answer, assets = snapshot.due, snapshot.mandate.assets
    code = DUE if answer.due else 0
    if as_json:
        print_json(due_document(answer, [session.symbol(asset.token) for asset in assets]))
        return code
    colour = "bold yellow" if answer.due else "green"
    failure = f": {escape(session.named(answer.failure))}" if answer.failure else ""
    out.print(f"[{colour}]{CAUSES[answer.cause]}[/{colour}]{failure}.", soft_wrap=True)
    if answer.next:
        out.print(f"Time alone changes this at {moment(answer.next)}.")
    drift, relative = show_bps(answer.largest_drift), show_bps(answer.largest_relative_drift)
    out.print(f"Largest drift {drift} bps, relative to its target {relative} bps.", soft_wrap=True)
    out.print(f"Half of all drifts together {show_bps(answer.turnover_drift)} bps.")
    if any(answer.moves):
        table = Table(title="To reach the destination", title_justify="left")
        table.add_column("asset")
        table.add_column("buy (+) or sell (-), USD", justify="right")
        for asset, move in zip(assets, answer.moves, strict=True):
            table.add_row(session.symbol(asset.token), show_value(move) if move else "")
        out.print(table)
    return code
