"""evenkeel chain"""

from __future__ import annotations

import typer

from controller.cli.chain_move import move
from controller.cli.chain_up import up

app = typer.Typer(no_args_is_help=True, help="A local chain to try things on.")
app.command()(up)
app.command()(move)
