"""One vault on anvil for all tests of the command line; each test finds it as the one before left the market."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import Here
from vault_world import VaultWorld, vault_world

from controller.replay.markets import MACRO


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultWorld]:
    with vault_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def world(shared: VaultWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VaultWorld]:
    """The shared vault as it was made, in a working directory of the test's own; undone by a snapshot of the node."""
    shutil.copytree(shared.directory, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    for name, value in shared.settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("EVENKEEL_KEY", raising=False)
    snapshot = shared.chain.request("evm_snapshot")
    yield shared
    shared.chain.request("evm_revert", snapshot)


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    return Here(monkeypatch, capsys)


@pytest.fixture
def macro_mandate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's mandate as mandate.toml, in a working directory of the test's own."""
    monkeypatch.chdir(tmp_path)
    Path("mandate.toml").write_bytes(MACRO.mandate_file())
