"""Which sources a record names."""

from __future__ import annotations

import os
import re
import subprocess
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


def test_source_commit__when_the_index_of_the_checkout_is_old__then_it_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("controller/__init__.py", "contracts/Vault.sol"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("")
    git = ["git", "-C", str(tmp_path), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "First"]):
        subprocess.run([*git, *command], check=True)
    os.utime(tmp_path / "contracts" / "Vault.sol", (1, 1))
    index = (tmp_path / ".git" / "index").read_bytes()
    monkeypatch.setattr(source, "_PACKAGE", tmp_path / "controller")
    assert re.fullmatch(r"[0-9a-f]{40}", source.source_commit())
    assert (tmp_path / ".git" / "index").read_bytes() == index
