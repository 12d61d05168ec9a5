"""evenkeel vault history"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controller.cli import options
from controller.cli.output import out, print_json
from controller.cli.session import Session
from controller.config import quantities
from controller.errors import UsageError
from controller.market.history import write_history
from controller.market.rounds import FeedPast


def history(
    to: Annotated[Path, typer.Option(help="File to write, .csv or .parquet.")],
    vault: options.Vault = None,
    every: Annotated[str, typer.Option(help="Between two rows.")] = "1 day",
    rows: Annotated[int, typer.Option(min=1, max=100_000, help="How many rows, at most.")] = 400,
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> None:
    """Write the past prices of a vault's assets, as the rounds of its feeds have them: the past of a strategy."""
    try:
        step = quantities.seconds(every)
    except ValueError as error:
        raise UsageError(f"--every: {error}.") from None
    if step == 0:
        raise UsageError("--every must be above zero.", 'For example "1 day".')
    session = Session.open(network, url, networks, deployments)
    snapshot = session.snapshot(vault)
    symbols = [session.symbol(asset.token) for asset in snapshot.mandate.assets]
    found = FeedPast(session.chain, step, rows)(snapshot).set_axis(symbols, axis=1)
    write_history(found, to)
    said = {"file": str(to), "rows": len(found), "assets": symbols}
    print_json(said) if as_json else out.print(f"{to}: {len(found)} rows of {', '.join(symbols)}.", soft_wrap=True)
