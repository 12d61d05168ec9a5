"""evenkeel flow"""

from __future__ import annotations

import typer

from controller.cli.flow_plan import plan

app = typer.Typer(no_args_is_help=True, help="What money that comes in or goes out does to a vault. Signs nothing.")


@app.callback()
def flows() -> None:
    """What money that comes in or goes out does to a vault. Signs nothing."""


app.command()(plan)
