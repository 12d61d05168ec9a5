"""evenkeel vault revoke"""

from __future__ import annotations

from typing import Annotated

import typer

from controller.chain.contract import Contract
from controller.cli import options
from controller.cli.changes import describe
from controller.cli.owning import announced, carry_out, show
from controller.cli.session import Session, required, signer


def revoke(
    call: Annotated[str, typer.Argument(help="How the hash of the call begins, as vault pending shows it.")],
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
    """Withdraw an announced call, as the owner or the guardian. Dry without --broadcast."""
    session = Session.open(network, url, networks, deployments)
    key = required(signer(session, keystore, passphrase_file, dev_account), dry=not broadcast)
    snapshot = session.snapshot(vault)
    waiting = announced(session, snapshot.vault, call)
    data = Contract(session.chain, snapshot.vault, "IVault").encode("revoke", waiting.call)
    done = carry_out(session, key, snapshot.vault, data, broadcast=broadcast)
    changes = tuple(map(session.named, describe(waiting.call, snapshot.mandate)))
    show("Withdrawn", changes, done, as_json=as_json)
