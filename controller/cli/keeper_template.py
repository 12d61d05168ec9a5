"""evenkeel keeper template"""

from __future__ import annotations

import typer

from controller.cli import options
from controller.cli.output import print_json
from controller.config import keeper_template


def template(network: options.Network = options.DEFAULT_NETWORK, as_json: options.AsJson = False) -> None:
    """Print a commented keeper file, to be edited: evenkeel keeper template > keeper.toml"""
    file = keeper_template.render(network)
    print_json({"keeper_file": file}) if as_json else typer.echo(file, nl=False)
