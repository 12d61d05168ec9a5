"""Options gathered in dataclasses: typer sees each of them, the command sees the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from controller.cli.option_groups import gathered


@dataclass(frozen=True)
class Where:
    needed: Annotated[str, typer.Option(help="Where.")]
    times: Annotated[int, typer.Option("--times", min=1)] = 2


def show(*, first: str, where: Where, loud: Annotated[bool, typer.Option("--loud")] = False) -> None:
    """Shows it."""
    typer.echo(f"{first} {where} {loud}")


def test_gathered__then_every_field_is_an_option_and_the_command_gets_the_whole() -> None:
    app = typer.Typer()
    app.command()(gathered(show))
    run = CliRunner()
    done = run.invoke(app, ["here", "--needed", "x", "--times", "3", "--loud"])
    assert done.output == "here Where(needed='x', times=3) True\n"
    assert run.invoke(app, ["here", "--needed", "x"]).output == "here Where(needed='x', times=2) False\n"
    assert run.invoke(app, ["here"]).exit_code == 2
    assert run.invoke(app, ["here", "--needed", "x", "--times", "0"]).exit_code == 2
    assert "Shows it." in run.invoke(app, ["--help"]).output
