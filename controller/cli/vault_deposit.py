"""evenkeel vault deposit"""

from __future__ import annotations

from typing import Annotated

import typer

from controller.cli import options
from controller.cli.flowing import prepare
from controller.cli.session import Session, required, signer


def deposit(
    value: Annotated[
        str | None, typer.Argument(help='What is to come in, "1000 USD"; else --amount.', show_default=False)
    ] = None,
    vault: Annotated[str | None, typer.Option(help="Address of the vault, where there are several.")] = None,
    amount: Annotated[
        list[str] | None, typer.Option(help="Whole tokens of one asset, GOLD=1.5; repeatable.", show_default=False)
    ] = None,
    tolerance: Annotated[str, typer.Option(help="By how much the shares may be worse than shown.")] = "0.5%",
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
    """Pay single assets in, at the oracle's prices less the spread. Dry without --broadcast.

    Where the mandate has a spread. A value is divided by the vault so that its drift becomes smaller. Approves exactly
    what is paid.
    """
    session = Session.open(network, url, networks, deployments)
    key = required(signer(session, keystore, passphrase_file, dev_account), dry=not broadcast)
    flow = prepare(session, key.address, vault, value, amount or (), tolerance, inward=True)
    flow.show(flow.broadcast(key) if broadcast else flow.document(), as_json=as_json)
