"""evenkeel keeper"""

from __future__ import annotations

from typing import Annotated

import typer

from controller.cli import options
from controller.cli.keeper_say import drain, pause, reset, resume
from controller.cli.keeper_status import status
from controller.cli.keeper_template import template
from controller.cli.keeping import run_fleet
from controller.cli.output import err, out, print_error, print_json
from controller.cli.rebalance import describe
from controller.cli.session import Session, required, signer
from controller.cli.stopping import Stopping
from controller.cli.views import tick_document
from controller.errors import EvenkeelError, Retry
from controller.execution.send import recover
from controller.model import TickRecord

app = typer.Typer(no_args_is_help=True, help="Keep vaults on their mandates, day and night.")
for each in (template, status, pause, resume, reset, drain):
    app.command()(each)


@app.command()
def run(
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
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between two ticks.")] = 60.0,
    once: Annotated[bool, typer.Option("--once", help="One tick, then exit.")] = False,
    config: options.KeeperFile = None,
    as_json: options.AsJson = False,
) -> None:
    """Tick until stopped. SIGTERM and Ctrl-C end it after the tick that is under way.

    Without a keeper file it keeps one vault and prints what it does. With --config it keeps all vaults that the file
    names, under its guards, and writes JSON lines to stderr.
    """
    stopping = Stopping.on_signals()
    if config is not None:
        run_fleet(config, networks, deployments, stopping, broadcast=broadcast, once=once)
        return
    session = Session.open(network, url, networks, deployments)
    key = signer(session, keystore, passphrase_file, dev_account)
    address = session.vault(vault)
    with session.journal(journal) as records:
        controller = session.controller(records, required(key) if broadcast else key, stopping.sleep_in_tick)
        if broadcast:
            session.require_recorded_code(address)
            recover(
                session.chain,
                records,
                address,
                confirmations=session.confirmations,
                sleep=stopping.sleep_in_tick,
            )
        while stopping.since is None:
            try:
                record = controller.tick(address, broadcast=broadcast)
                _show(session, record, as_json=as_json)
            except EvenkeelError as error:
                if once or error.retry is Retry.NEVER:
                    raise
                print_error(error, as_json=as_json)
            if once:
                return
            stopping.wait(interval)
    err.print("Stopped.")


def _show(session: Session, record: TickRecord, *, as_json: bool) -> None:
    print_json(tick_document(record)) if as_json else out.print(session.named(describe(record)), soft_wrap=True)
