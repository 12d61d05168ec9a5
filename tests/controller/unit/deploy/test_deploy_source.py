"""Which sources a record names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from controller.deploy import source


def test_source_commit__when_in_the_checkout__then_is_a_commit_that_says_whether_contracts_differ() -> None:
    assert re.fullmatch(r"[0-9a-f]{40}(-dirty)?|evenkeel \d+\.\d+\.\d+", source.source_commit())


def test_source_commit__when_installed_elsewhere__then_is_the_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "_PACKAGE", tmp_path / "controller")
    assert source.source_commit() == "evenkeel 0.1.0"
