"""evenkeel vault"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table

from controller.chain import lens
from controller.chain.contract import Contract
from controller.cli import options
from controller.cli.creation import Creation, prepare
from controller.cli.output import out, print_json, print_pairs
from controller.cli.session import Session, read_file, required, signer
from controller.config import mandate_template
from controller.errors import EvenkeelError, UsageError
from controller.planning import due
from controller.report.wording import Words, mandate_words
from controller.tick import observed
from controller.units import show_bps, show_value, to_decimal

app = typer.Typer(no_args_is_help=True, help="Create and list vaults.")


@app.command()
def template(
    symbols: Annotated[list[str], typer.Argument(help="Assets by symbol, e.g. EQUITY BOND GOLD.")],
    name: Annotated[str, typer.Option(help="Name of the share.")] = "My Vault",
    symbol: Annotated[str, typer.Option(help="Symbol of the share.")] = "VAULT",
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
) -> None:
    """Print a commented mandate file with equal weights, to be edited: evenkeel vault template A B > mandate.toml"""
    session = Session.open(network, url, networks, deployments)
    unknown = [wanted for wanted in symbols if wanted not in session.tokens]
    if unknown:
        known = ", ".join(sorted(session.tokens)) or "none"
        raise UsageError(f"Unknown on this network: {', '.join(unknown)}.", f"Known are: {known}.")
    block = session.chain.head()
    prices: dict[str, Decimal] = {}
    for wanted in symbols:
        token = session.tokens[wanted]
        answer = Contract(session.chain, token.feed, "IAggregatorV3").read("latestRoundData", block=block)[1]
        prices[wanted] = to_decimal(answer, token.feed_decimals)
    typer.echo(mandate_template.render(name, symbol, prices), nl=False)


@app.command()
def create(
    mandate_file: Annotated[Path, typer.Argument(help="The mandate, TOML.")],
    fund: Annotated[str | None, typer.Option(help='First mint, on target, e.g. "1000000 USD".')] = None,
    guardian: Annotated[str | None, typer.Option(help="May pause. Default: the owner.")] = None,
    keeper: Annotated[list[str] | None, typer.Option(help="May rebalance; repeatable. Default: the owner.")] = None,
    salt: Annotated[int, typer.Option(min=0, help="Another number, another vault of the same owner.")] = 0,
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
    key = required(signer(session, keystore, passphrase_file, dev_account))
    creation = prepare(session, key, read_file(mandate_file), guardian, tuple(keeper or ()), salt, fund)
    document = creation.broadcast(key) if broadcast else creation.rehearse()
    if as_json:
        print_json(document)
        return
    _explain(session, creation)
    print_pairs("Vault", document)
    if broadcast:
        out.print(f"Next: evenkeel status {creation.vault} --network {network}")
    else:
        out.print("[yellow]Dry run:[/yellow] the chain would accept it; nothing was sent. Add --broadcast to send.")


@app.command("list")
def list_(
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> None:
    """List the vaults of the deployed factory."""
    session = Session.open(network, url, networks, deployments)
    block = session.chain.head()
    found = lens.snapshots(session.chain, session.address("VaultLens"), session.vaults(block), block)
    rows: list[dict[str, str]] = []
    for vault, snapshot in found.items():
        if isinstance(snapshot, EvenkeelError):
            rows.append({"vault": vault, "name": "", "value": "", "drift_bps": "", "state": snapshot.message})
            continue
        seen, why_not = observed(snapshot), due.why_not(snapshot, block.timestamp + 1)
        rows.append(
            {
                "vault": vault,
                "name": snapshot.mandate.name,
                "value": show_value(seen.value),
                "drift_bps": show_bps(seen.drift),
                "state": why_not.reason.value if why_not else "due",
            }
        )
    if as_json:
        print_json(rows)
        return
    table = Table(title=f"Vaults on chain {session.chain.chain_id}, block {block.number}", title_justify="left")
    justify: Literal["left", "right"]
    for heading in ("vault", "name", "value", "drift, bps", "state"):
        justify = "right" if heading in ("value", "drift, bps") else "left"
        table.add_column(heading, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*row.values())
    out.print(table if rows else "No vault yet. Create one: evenkeel vault create MANDATE.toml --broadcast")


def _explain(session: Session, creation: Creation) -> None:
    """The mandate in plain words, before anything else."""
    words = Words(tuple(session.symbol(asset.token) for asset in creation.mandate.assets))
    for sentence in mandate_words(creation.mandate, words):
        out.print(f"  {sentence}")
