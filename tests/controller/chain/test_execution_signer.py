"""A signer elsewhere: what it returns is used only when it is exactly what was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from plan_world import PlanWorld
from signing_service import SigningService, signing

from controller.errors import Retry, SigningKeyError
from controller.execution.journal import Journal, RecordKind
from controller.execution.keys import RemoteSigner, development_signer
from controller.execution.send import submit

KEEPER = development_signer(3)
TRANSACTION = {
    "type": 2,
    "chainId": 1,
    "nonce": 7,
    "to": development_signer(5).address,
    "value": 0,
    "data": b"\xab\x00",
    "gas": 90_000,
    "maxFeePerGas": 30,
    "maxPriorityFeePerGas": 2,
}
Serve = Callable[[SigningService], str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves services on loopback until the test ends."""
    with ExitStack() as running:
        yield lambda service: running.enter_context(signing(service))


@pytest.mark.parametrize(
    ("method", "bare"),
    [("eth_signTransaction", True), ("eth_signTransaction", False), ("account_signTransaction", False)],
)
def test_sign__when_web3signer_geth_or_clef_answer__then_the_very_transaction(
    serve: Serve, method: str, bare: bool
) -> None:
    service = SigningService(method, bare)
    signer = RemoteSigner(serve(service), KEEPER.address.lower())
    assert signer.address == KEEPER.address
    assert signer.sign(TRANSACTION) == KEEPER.sign(TRANSACTION)
    assert signer.sign({**TRANSACTION, "nonce": 8}) == KEEPER.sign({**TRANSACTION, "nonce": 8})
    # a client without the first method is asked by the other one from then on
    assert [asked["method"] for asked in service.asked][-2:] == [method] * 2
    assert len(service.asked) == (2 if method == "eth_signTransaction" else 3)


def test_sign__when_a_contract_is_created__then_no_address_is_asked_for(serve: Serve) -> None:
    creation = {name: value for name, value in TRANSACTION.items() if name != "to"}
    service = SigningService("eth_signTransaction", True)
    assert RemoteSigner(serve(service), KEEPER.address).sign(creation) == KEEPER.sign(creation)
    assert "to" not in service.asked[0]


LIES: dict[str, Any] = {
    "chainId": 5,
    "nonce": 8,
    "to": development_signer(6).address,
    "value": 1,
    "data": b"\xab",
    "gas": 90_001,
    "maxFeePerGas": 31,
    "maxPriorityFeePerGas": 1,
    "accessList": [{"address": KEEPER.address, "storageKeys": []}],
}


@pytest.mark.parametrize("name", LIES)
def test_sign__when_a_field_was_changed__then_refused_by_its_name(serve: Serve, name: str) -> None:
    service = SigningService("eth_signTransaction", True, lambda asked: {**asked, name: LIES[name]})
    with pytest.raises(SigningKeyError, match=rf"something else than it was asked for: {name} is ") as caught:
        RemoteSigner(serve(service), KEEPER.address).sign(TRANSACTION)
    assert caught.value.retry is Retry.NEVER


def test_sign__when_another_key_signed__then_refused_by_its_address(serve: Serve) -> None:
    service = SigningService("eth_signTransaction", True, key=4)
    with pytest.raises(SigningKeyError, match=f"signed by {development_signer(4).address}"):
        RemoteSigner(serve(service), KEEPER.address).sign(TRANSACTION)


def test_sign__when_the_type_is_another__then_refused(serve: Serve) -> None:
    def legacy(asked: dict[str, Any]) -> dict[str, Any]:
        kept = {name: asked[name] for name in ("chainId", "nonce", "to", "value", "data", "gas")}
        return {**kept, "gasPrice": 30}

    service = SigningService("eth_signTransaction", True, legacy)
    with pytest.raises(SigningKeyError, match="no signed transaction of type 2"):
        RemoteSigner(serve(service), KEEPER.address).sign(TRANSACTION)


@pytest.mark.parametrize("result", ["0x", "0x02", "0x02c0", {}, {"raw": 5}, "no hex", None, [1]])
def test_sign__when_the_answer_is_no_transaction__then_refused(serve: Serve, result: Any) -> None:
    service = SigningService("eth_signTransaction", True, answer={"result": result})
    with pytest.raises(SigningKeyError, match=r"no signed transaction|something else"):
        RemoteSigner(serve(service), KEEPER.address).sign(TRANSACTION)


def test_sign__when_the_signer_refuses_or_is_gone__then_said_so_without_the_credential(serve: Serve) -> None:
    service = SigningService("eth_signTransaction", True, answer={"error": {"code": -32000, "message": "locked"}})
    for url in (serve(service), "http://user:secret@127.0.0.1:1/path-with-a-key"):
        signer = RemoteSigner(url, KEEPER.address, timeout=5)
        with pytest.raises(SigningKeyError, match="did not sign") as caught:
            signer.sign(TRANSACTION)
        assert caught.value.retry is Retry.NOW
        assert not any(word in f"{caught.value} {signer!r}" for word in ("secret", "path-with-a-key"))
    assert len(service.asked) == 1


def test_submit__when_a_remote_signer_signs__then_executed(world: PlanWorld, serve: Serve, tmp_path: Path) -> None:
    signer = RemoteSigner(serve(SigningService("account_signTransaction", False)), KEEPER.address)
    with Journal.at(tmp_path / "journal.db") as journal:
        outcome = submit(world.chain, signer, journal, world.vault, world.plan())
    assert world.executed() == [outcome.rebalance]


def test_submit__when_the_signer_lies__then_nothing_is_broadcast(
    world: PlanWorld, serve: Serve, tmp_path: Path
) -> None:
    def elsewhere(asked: dict[str, Any]) -> dict[str, Any]:
        return {**asked, "to": development_signer(7).address}

    signer = RemoteSigner(serve(SigningService("eth_signTransaction", True, elsewhere)), KEEPER.address)
    before = world.chain.nonce(KEEPER.address)
    with Journal.at(tmp_path / "journal.db") as journal:
        with pytest.raises(SigningKeyError, match="to is"):
            submit(world.chain, signer, journal, world.vault, world.plan())
        assert [record.kind for record in journal.records()] == [RecordKind.INTENT, RecordKind.OUTCOME]
    assert world.chain.nonce(KEEPER.address) == before
