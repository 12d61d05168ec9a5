"""evenkeel profile"""

from __future__ import annotations

import typer

from controller.cli.profile_check import check
from controller.cli.profile_mandate import mandate
from controller.cli.profile_new import new
from controller.cli.profile_show import show
from controller.cli.profile_strategy import strategy

app = typer.Typer(no_args_is_help=True, help="What a person chose: risk, goals, exclusions, tax hints, in one file.")
for command in (new, show, check, mandate, strategy):
    app.command()(command)
