"""evenkeel rebalance"""

from __future__ import annotations

from rich.markup import escape

from controller.cli import options
from controller.cli.output import out, print_json
from controller.cli.session import Session, required, signer
from controller.cli.views import tick_document
from controller.model import TickRecord
from controller.units import show_bps, show_value


def rebalance(
    vault: options.Vault = None,
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    journal: options.JournalPath = None,
    keystore: options.Keystore = None,
    passphrase_file: options.PassphraseFile = None,
    dev_account: options.DevAccount = None,
    broadcast: options.Broadcast = False,
    as_json: options.AsJson = False,
) -> None:
    """Rebalance a vault once, if it is due. Dry without --broadcast."""
    session = Session.open(network, url, networks, deployments)
    key = signer(session, keystore, passphrase_file, dev_account)
    with session.journal(journal) as records:
        controller = session.controller(records, required(key) if broadcast else key)
        address = session.vault(vault)
        if broadcast:
            session.require_recorded_code(address)
        record = controller.tick(address, broadcast=broadcast)
    if as_json:
        print_json(tick_document(record))
    else:
        out.print(session.named(describe(record)), soft_wrap=True)


def describe(record: TickRecord) -> str:
    """One tick in one line."""
    if record.reason is not None:
        return f"[green]No trade:[/green] {record.reason.value}, {escape(record.detail)}."
    if record.outcome is None:
        return f"[yellow]Dry run:[/yellow] {record.detail} planned, nothing sent. Add --broadcast to send."
    done = record.outcome.rebalance
    return (
        f"[bold green]Rebalanced[/bold green] in block {record.outcome.block.number} with {record.detail}: drift "
        f"{show_bps(done.drift_before)} to {show_bps(done.drift_after)} bps, cost "
        f"{show_value(done.value_before - done.value_after)}, {record.outcome.gas_used:,} gas, "
        f"transaction 0x{record.outcome.transaction.hex()}."
    )
