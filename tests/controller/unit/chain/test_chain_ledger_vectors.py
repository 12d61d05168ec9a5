"""The fold of the ledger's hash chain, on the vectors that forge asserts of the contract itself."""

from __future__ import annotations

import json
from pathlib import Path

from controller.chain.entries import NO_HEAD, entry_head
from controller.model import Kind

ENTRIES = json.loads((Path(__file__).parents[3] / "vectors" / "ledger.json").read_text())["entries"]


def test_entry_head__on_the_shared_vectors__then_as_the_contract_has_it() -> None:
    head = NO_HEAD
    for seq, entry in enumerate(ENTRIES):
        head = entry_head(head, seq, entry["kind"], bytes.fromhex(entry["payload"][2:]))
        assert head.hex() == entry["head"][2:]
    assert {entry["kind"] for entry in ENTRIES} == set(Kind)
