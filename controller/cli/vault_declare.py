"""evenkeel vault declare"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
from eth_utils.crypto import keccak

from controller.chain.contract import Contract
from controller.cli import options
from controller.cli.changes import describe
from controller.cli.owning import carry_out, show
from controller.cli.session import Session, required, signer
from controller.config.files import read_file

HASH = re.compile("0x[0-9a-fA-F]{64}")


def declare(
    statement: Annotated[str, typer.Argument(help="The file with the statement, or the keccak256 of its bytes, 0x...")],
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
    """Put the hash of a statement into a vault's ledger, as its owner: a standing lot rule, a profile. Dry without
    --broadcast.

    From then on it can be shown that this very file was there at that time, byte for byte: keep it as it is. The file
    itself stays here.
    """
    session = Session.open(network, url, networks, deployments)
    key = required(signer(session, keystore, passphrase_file, dev_account), dry=not broadcast)
    said = bytes.fromhex(statement[2:]) if HASH.fullmatch(statement) else bytes(keccak(read_file(Path(statement))))
    snapshot = session.snapshot(vault)
    call = Contract(session.chain, snapshot.vault, "IVault").encode("declare", said)
    done = carry_out(session, key, snapshot.vault, call, broadcast=broadcast)
    show("Declared", describe(call, snapshot.mandate), {"statement": "0x" + said.hex(), **done}, as_json=as_json)
