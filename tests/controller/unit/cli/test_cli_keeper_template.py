"""The starter file for a keeper, as the command prints it."""

from __future__ import annotations

import json

import pytest

from controller.cli.keeper_template import template
from controller.config.keeper_file import parse


def test_template__when_printed__then_it_is_a_keeper_file_of_that_network(capsys: pytest.CaptureFixture[str]) -> None:
    """F-23"""
    template("ganache")
    printed = capsys.readouterr().out
    assert parse(printed.encode(), {}).network.name == "ganache"
    template("ganache", as_json=True)
    assert json.loads(capsys.readouterr().out) == {"keeper_file": printed}
