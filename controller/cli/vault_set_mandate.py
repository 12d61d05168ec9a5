"""evenkeel vault set-mandate"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controller.cli import options
from controller.cli.changes import describe
from controller.cli.creation import mandate_call
from controller.cli.owning import make_or_announce, show
from controller.cli.session import Session, required, signer
from controller.config.files import read_file


def set_mandate(
    mandate_file: Annotated[Path, typer.Argument(help="The new mandate, TOML.")],
    vault: options.Vault = None,
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    keystore: options.Keystore = None,
    passphrase_file: options.PassphraseFile = None,
    dev_account: options.DevAccount = None,
    broadcast: options.Broadcast = False,
    as_json: options.AsJson = False,
) -> None:
    """Give a vault another mandate, as its owner. Dry without --broadcast.

    What only tightens holds at once. What loosens anything is announced, and can be made after the timelock.
    """
    session = Session.open(network, url, networks, deployments)
    key = required(signer(session, keystore, passphrase_file, dev_account), dry=not broadcast)
    snapshot = session.snapshot(vault)
    call = mandate_call(session, snapshot, read_file(mandate_file))
    changes = tuple(map(session.named, describe(call, snapshot.mandate)))
    done = make_or_announce(session, key, snapshot.vault, snapshot.mandate, call, broadcast=broadcast)
    show("Mandate", changes, done, as_json=as_json)
