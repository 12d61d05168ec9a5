"""evenkeel vault template"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer

from controller.chain.contract import Contract
from controller.cli import options
from controller.cli.output import print_json
from controller.cli.session import Session
from controller.config import mandate_template
from controller.errors import UsageError
from controller.units import to_decimal


def template(
    symbols: Annotated[list[str], typer.Argument(help="Assets by symbol, e.g. EQUITY BOND GOLD.")],
    name: Annotated[str, typer.Option(help="Name of the share.")] = "My Vault",
    symbol: Annotated[str, typer.Option(help="Symbol of the share.")] = "VAULT",
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> None:
    """Print a commented mandate file with equal weights, to be edited: evenkeel vault template A B > mandate.toml"""
    session = Session.open(network, url, networks, deployments)
    unknown = [wanted for wanted in symbols if wanted not in session.tokens]
    if unknown:
        known = ", ".join(sorted(session.tokens)) or "none"
        raise UsageError(f"Unknown on this network: {', '.join(unknown)}.", f"Known are: {known}.")
    if len(set(symbols)) < len(symbols) or not 2 <= len(symbols) <= 16:
        raise UsageError("A vault holds 2 to 16 assets, each of them once.", f"Named were: {', '.join(symbols)}.")
    block = session.chain.head()
    prices: dict[str, Decimal] = {}
    for wanted in symbols:
        token = session.tokens[wanted]
        answer = Contract(session.chain, token.feed, "IAggregatorV3").read("latestRoundData", block=block)[1]
        prices[wanted] = to_decimal(answer, token.feed_decimals)
    file = mandate_template.render(name, symbol, prices)
    print_json({"mandate_file": file}) if as_json else typer.echo(file, nl=False)
