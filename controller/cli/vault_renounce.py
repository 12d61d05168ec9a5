"""evenkeel vault renounce"""

from __future__ import annotations

from typing import Annotated

import typer

from controller.chain.contract import Contract
from controller.cli import options
from controller.cli.changes import describe
from controller.cli.owning import make_or_announce, show
from controller.cli.session import Session, required, signer
from controller.errors import UsageError
from controller.model import Power


def renounce(
    power: Annotated[
        str,
        typer.Argument(help="mandate: to set another one; targets: to move them; roles: to give any; pause: to pause."),
    ],
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
    """Give up a power over a vault for good, as its owner. Dry without --broadcast.

    To give up pausing is announced first, because nobody could stop the vault any more.
    """
    if power.upper() not in Power.__members__:
        raise UsageError(
            f"There is no power {power!r}.", f"Powers: {', '.join(name.lower() for name in Power.__members__)}."
        )
    session = Session.open(network, url, networks, deployments)
    key = required(signer(session, keystore, passphrase_file, dev_account), dry=not broadcast)
    snapshot = session.snapshot(vault)
    call = Contract(session.chain, snapshot.vault, "IVault").encode("renounce", Power[power.upper()])
    done = make_or_announce(session, key, snapshot.vault, snapshot.mandate, call, broadcast=broadcast)
    show("Renounced", describe(call, snapshot.mandate), done, as_json=as_json)
