"""Transactions of an owner: what is said when they cannot be sent, or when nobody knows what became of them."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from command import Here, background, wait_until
from vault_world import VaultWorld, vault_world

from controller.errors import RevertError, SendError
from controller.execution import transact as module
from controller.execution.keys import development_signer
from controller.execution.transact import transact

CREATE = ("vault", "create", "mandate.toml", "--salt", "21", "--dev-account", "0", "--broadcast")


def test_vault_create__when_the_account_cannot_pay_for_gas__then_says_how_much_it_lacks(
    world: VaultWorld, here: Here
) -> None:
    world.chain.request("anvil_setBalance", world.world.accounts.owner, hex(10**6))
    before = world.chain.head()
    done = here(*CREATE)
    assert done.code == 75
    assert re.search(r"holds 1000000 wei and may need \d{10,}", done.said)
    assert done.err.count("Error:") == 1
    assert world.chain.head() == before


def test_vault_create__when_the_node_dies_with_the_transaction__then_its_hash_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with vault_world(tmp_path) as world:
        world.chain.request("evm_setAutomine", False)
        with background(*CREATE, cwd=tmp_path, settings=world.settings) as creating:
            wait_until(lambda: world.chain.request("txpool_status")["pending"] != "0x0")
            sent = world.chain.request("txpool_content")["pending"]
            os.kill(world.node.pid, signal.SIGKILL)
            assert creating.process.wait(60) == 75, creating.said
        (hash_,) = [entry["hash"] for entries in sent.values() for entry in entries.values()]
        assert hash_ in creating.said
        assert "It may still be mined: look it up before you send again." in creating.said
        assert creating.said.count("Error:") == 1


def test_transact__when_it_is_not_mined_in_time__then_says_so(
    world: VaultWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PATIENCE", 0.2)
    world.chain.request("evm_setAutomine", False)
    try:
        with pytest.raises(SendError, match="is not confirmed after"):
            transact(world.chain, development_signer(5), world.world.accounts.maker, b"")
    finally:
        world.chain.request("evm_mine")
        world.chain.request("evm_setAutomine", True)


def test_transact__when_the_call_would_revert__then_nothing_is_sent(world: VaultWorld) -> None:
    before = world.chain.head()
    with pytest.raises(RevertError, match="Unauthorised"):
        transact(world.chain, development_signer(5), world.vault, bytes.fromhex("8456cb59"))  # pause()
    assert world.chain.head() == before


def test_transact__when_more_confirmations_are_asked_for__then_waits_for_them(world: VaultWorld) -> None:
    world.chain.request("evm_setIntervalMining", 1)
    try:
        receipt = transact(world.chain, development_signer(5), world.world.accounts.maker, b"", confirmations=2)
        assert receipt.succeeded
        assert world.chain.head().number > receipt.block_number
    finally:
        world.chain.request("evm_setIntervalMining", 0)
        world.chain.request("evm_setAutomine", True)
