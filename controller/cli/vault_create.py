"""evenkeel vault create"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controller.cli import options
from controller.cli.creation import Creation, prepare
from controller.cli.output import out, print_json, print_pairs
from controller.cli.session import Session, required, signer
from controller.config.files import read_file
from controller.report.wording import Words, mandate_words


def create(
    mandate_file: Annotated[Path, typer.Argument(help="The mandate, TOML.")],
    fund: Annotated[str | None, typer.Option(help='First mint, on target, e.g. "1000000 USD".')] = None,
    guardian: Annotated[str | None, typer.Option(help="May pause. Default: the owner.")] = None,
    strategist: Annotated[str | None, typer.Option(help="May move targets. Default: nobody.")] = None,
    keeper: Annotated[list[str] | None, typer.Option(help="May rebalance; repeatable. Default: the owner.")] = None,
    salt: Annotated[
        int, typer.Option(min=0, max=2**256 - 1, help="Another number, another vault of the same owner.")
    ] = 0,
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
    """Create a vault that enforces a mandate file, and fund it. Dry without --broadcast."""
    session = Session.open(network, url, networks, deployments)
    key = required(signer(session, keystore, passphrase_file, dev_account), dry=not broadcast)
    if broadcast:
        session.require_recorded_code()
    creation = prepare(session, key, read_file(mandate_file), guardian, strategist, tuple(keeper or ()), salt, fund)
    document = creation.broadcast(key) if broadcast else creation.rehearse()
    if as_json:
        print_json(document)
        return
    _explain(session, creation)
    print_pairs("Vault", document)
    if broadcast:
        out.print(f"Next: evenkeel status {creation.vault} --network {network}", soft_wrap=True)
    else:
        out.print("[yellow]Dry run:[/yellow] the chain would accept it; nothing was sent. Add --broadcast to send.")


def _explain(session: Session, creation: Creation) -> None:
    """The mandate in plain words, before anything else."""
    words = Words(tuple(session.symbol(asset.token) for asset in creation.mandate.assets))
    for sentence in mandate_words(creation.mandate, words):
        out.print(f"  {sentence}", markup=False)
