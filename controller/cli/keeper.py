"""evenkeel keeper"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from controller.cli import options
from controller.cli.keeper_say import drain, pause, reset, resume
from controller.cli.keeper_status import status
from controller.cli.keeper_template import template
from controller.cli.keeping import Voice, kept
from controller.cli.session import Session, required, signer
from controller.cli.stopping import Stopping
from controller.cli.telling import tell
from controller.config import keeper_file
from controller.config.keeper_file import KeeperFile
from controller.execution.keys import Secret, Signer
from controller.keeper.schedule import Pace, Schedule

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
    interval: Annotated[float, typer.Option(min=1.0, help="Seconds between two ticks.")] = 60.0,
    once: Annotated[bool, typer.Option("--once", help="One tick, then exit.")] = False,
    config: options.KeeperFile = None,
    as_json: options.AsJson = False,
) -> None:
    """Tick until stopped. SIGTERM and Ctrl-C end it after the step that is under way.

    Without a keeper file it keeps one vault, under the guards that hold by default. With --config it keeps all vaults
    that the file names, and writes JSON lines to stderr, which --json does on stdout without a file.
    """
    stopping = Stopping.on_signals()
    key: Signer | None = None
    if config is None:
        session = Session.open(network, url, networks, deployments)
        key = signer(session, keystore, passphrase_file, dev_account)
        key = required(key) if broadcast else key
        address = session.vault(vault)
        session.require_recorded_code(address) if broadcast else session.snapshot(address)
        file = _file(session, address, interval, session.journal_path(journal))
        voice = Voice(sys.stdout, None if as_json else tell(session.named))
    else:
        file = keeper_file.load(config, os.environ, networks)
        session, voice = Session.of(file.network, deployments), Voice()
    with kept(file, session, broadcast=broadcast, signer=key, voice=voice) as found:
        found.keeper.run_once(found.heads, stopping) if once else found.keeper.run(found.heads, stopping)


def _file(session: Session, vault: str, interval: float, journal: Path) -> KeeperFile:
    """What a keeper file would say."""
    return replace(
        keeper_file.usual(session.network, os.environ),
        vaults=(vault,),
        schedule=Schedule(Pace.INTERVAL, interval),
        journal=Secret(f"sqlite:///{journal.absolute()}"),
    )
