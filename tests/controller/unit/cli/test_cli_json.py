"""Every command speaks to scripts."""

from __future__ import annotations

import pytest
import typer
from typer.main import get_command

from controller.cli.main import app

COMMANDS = {
    (name, inner): command
    for name, group in get_command(app).commands.items()  # type: ignore[attr-defined]  # a group has them
    for inner, command in getattr(group, "commands", {"": group}).items()
}


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_command__whatever_it_does__then_takes_json(path: tuple[str, str]) -> None:
    options = {option for parameter in COMMANDS[path].params for option in parameter.opts}
    assert "--json" in options


def test_commands__when_listed__then_all_are_looked_at() -> None:
    assert isinstance(app, typer.Typer)
    assert {("vault", "template"), ("keeper", "run"), ("chain", "move"), ("demo", "")} <= set(COMMANDS)
