"""evenkeel goal"""

from __future__ import annotations

import typer

from controller.cli.goal_check import check
from controller.cli.goal_glide import glide
from controller.cli.goal_template import template

app = typer.Typer(no_args_is_help=True, help="What you save for: how probable it is, and glide paths. Signs nothing.")
for command in (template, check, glide):
    app.command()(command)
