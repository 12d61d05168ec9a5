"""evenkeel audit targets"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controller.cli import options
from controller.cli.output import print_json
from controller.cli.session import Session
from controller.cli.strategies import Decided, show_replayed
from controller.errors import FindingError


def targets(
    strategy: Annotated[Path, typer.Option(help="Strategy file that is said to have decided the targets.")],
    vault: options.Vault = None,
    history: options.History = None,
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> int:
    """Decide every move of a vault's targets again, by its strategy file and the past as it was then.

    Needs a node that keeps old states. Exit code 0 when the strategy decides each of them, 3 when it does not.
    """
    session = Session.open(network, url, networks, deployments)
    address = session.vault(vault)
    replayed = Decided.by(session, strategy, history).replayed(address, session.chain.head())
    if as_json:
        print_json({"vault": address, "targets": [each.to_json() for each in replayed]})
    else:
        show_replayed(replayed)
    return 0 if all(each.matches for each in replayed) else FindingError.exit_code
