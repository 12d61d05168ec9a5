"""evenkeel vault"""

from __future__ import annotations

import typer

from controller.cli.vault_create import create
from controller.cli.vault_list import list_
from controller.cli.vault_template import template

app = typer.Typer(no_args_is_help=True, help="Create and list vaults.")
app.command()(template)
app.command()(create)
app.command("list")(list_)
