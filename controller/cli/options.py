"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Network = Annotated[
    str, typer.Option("--network", "-n", envvar="EVENKEEL_NETWORK", help="Network by name: anvil, ganache, sepolia.")
]
Url = Annotated[
    str | None, typer.Option("--url", envvar="EVENKEEL_URL", help="Address of a node, in place of the network's own.")
]
Networks = Annotated[
    Path | None, typer.Option("--networks", help="TOML file with networks of your own.", show_default=False)
]
Deployments = Annotated[Path, typer.Option("--deployments", help="Folder with the records of what is deployed.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of tables.")]
Broadcast = Annotated[bool, typer.Option("--broadcast", help="Really send; without it nothing leaves this machine.")]
Keystore = Annotated[
    Path | None, typer.Option("--keystore", help="Encrypted keystore file (version 3).", show_default=False)
]
PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", help="File with the keystore's passphrase.", show_default=False)
]
DevAccount = Annotated[
    int | None,
    typer.Option(
        "--dev-account", min=0, max=9, help="Sign as this development account; local chains only.", show_default=False
    ),
]
JournalPath = Annotated[
    Path | None,
    typer.Option("--journal", help="The keeper's journal. Default: .evenkeel/CHAIN.db", show_default=False),
]
KeeperFile = Annotated[
    Path | None,
    typer.Option("--config", help="Keeper file; print one: evenkeel keeper template.", show_default=False),
]
RequiredKeeperFile = Annotated[
    Path, typer.Option("--config", help="The keeper's file: its network and its journal are the ones that are meant.")
]
StrategyFile = Annotated[
    Path | None, typer.Option("--strategy", help="Strategy file that decides the targets.", show_default=False)
]
History = Annotated[
    Path | None,
    typer.Option(
        "--history",
        help="Past prices, .csv or .parquet, a column for each asset. Default: the rounds of the vault's feeds.",
        show_default=False,
    ),
]
Vault = Annotated[
    str | None, typer.Argument(help="Address of the vault; may be left out when there is only one.", show_default=False)
]

DEFAULT_NETWORK = "anvil"
DEFAULT_DEPLOYMENTS = Path("deployments")
