"""evenkeel vault set-role"""

from __future__ import annotations

from typing import Annotated

import typer
from eth_utils.address import is_address, to_checksum_address

from controller.chain.contract import Contract
from controller.cli import options
from controller.cli.changes import describe
from controller.cli.owning import make_or_announce, show
from controller.cli.session import Session, required, signer
from controller.errors import UsageError
from controller.model import ZERO_ADDRESS

CALLS = {"keeper": "setKeeper", "strategist": "setStrategist", "guardian": "setGuardian", "owner": "proposeOwner"}


def set_role(
    role: Annotated[str, typer.Argument(help="keeper, strategist, guardian, or owner.")],
    address: Annotated[str | None, typer.Argument(help="Who. Left out: nobody.", show_default=False)] = None,
    vault: Annotated[str | None, typer.Option(help="Address of the vault, where there are several.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the role of a keeper away.")] = False,
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
    """Give or take a role, as the vault's owner. Dry without --broadcast.

    Who loses a role loses it at once, but for the guardian; who gets one is announced, and gets it after the timelock.
    A proposed owner has to accept.
    """
    if role not in CALLS:
        raise UsageError(f"There is no role {role!r}.", f"Roles: {', '.join(CALLS)}.")
    if (address is None and role == "keeper") or (address is not None and not is_address(address)):
        raise UsageError(f"{address or 'Nobody'} is no address.", "Write an address as 0x and 40 hex digits.")
    session = Session.open(network, url, networks, deployments)
    key = required(signer(session, keystore, passphrase_file, dev_account), dry=not broadcast)
    snapshot = session.snapshot(vault)
    who = str(to_checksum_address(address)) if address else ZERO_ADDRESS
    given = (who, not remove) if role == "keeper" else (who,)
    call = Contract(session.chain, snapshot.vault, "IVault").encode(CALLS[role], *given)
    done = make_or_announce(session, key, snapshot.vault, snapshot.mandate, call, broadcast=broadcast)
    show("Roles", describe(call, snapshot.mandate), done, as_json=as_json)
