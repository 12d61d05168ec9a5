"""Records: whole or not at all, and every bad one named."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from controller.deploy import records
from controller.deploy.records import Deployment
from controller.errors import InputError, NotFoundError, StorageError

RECORD = Deployment(
    name="Ledger",
    contract_name="Ledger",
    address="0x" + "11" * 20,
    abi=({"type": "function", "name": "chain"},),
    args=("0x" + "22" * 20,),
    transaction_hash="0x" + "33" * 32,
    block_number=7,
    code_hash="0x" + "44" * 32,
    commit="55" * 20,
    compiler="solc",
)


def test_save__when_read_back__then_is_the_same(tmp_path: Path) -> None:
    directory = records.folder(tmp_path, 1337)
    records.save(directory, RECORD)
    assert records.load_all(directory) == {"Ledger": RECORD}
    assert records.find(directory, "Ledger") == RECORD
    document = json.loads((directory / "Ledger.json").read_text())
    assert list(document) == [
        "address", "contractName", "args", "transactionHash", "blockNumber", "codeHash", "commit", "compiler", "abi",
    ]  # fmt: skip


def test_load_all__when_other_files_lie_there__then_reads_records_only(tmp_path: Path) -> None:
    records.save(tmp_path, RECORD)
    (tmp_path / "tokens.json").write_text("{}")
    (tmp_path / ".Vault.pending.json").write_text("{")
    assert list(records.load_all(tmp_path)) == ["Ledger"]
    assert records.load_all(tmp_path / "nowhere") == {}


def test_load_all__when_records_are_broken__then_all_are_named(tmp_path: Path) -> None:
    (tmp_path / "Ledger.json").write_text("{")
    (tmp_path / "Vault.json").write_text('{"address": "0x"}')
    (tmp_path / "VaultLens.json").write_text("[]")
    with pytest.raises(InputError) as caught:
        records.load_all(tmp_path)
    assert [Path(mistake.where).name for mistake in caught.value.mistakes] == [
        "Ledger.json",
        "Vault.json",
        "VaultLens.json",
    ]


def test_find__when_not_deployed__then_says_how_to(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"Vault is not deployed on chain 5.*evenkeel deploy"):
        records.find(tmp_path / "5", "Vault")


def test_save__when_the_disk_is_full__then_the_old_record_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records.save(tmp_path, RECORD)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        records.write_json(tmp_path / "Ledger.json", {"address": "0x"})
    assert records.load_all(tmp_path) == {"Ledger": RECORD}
    assert [path.name for path in tmp_path.iterdir()] == ["Ledger.json"]
