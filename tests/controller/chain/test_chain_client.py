"""Reads, proofs, logs and errors on real nodes of both engines."""

from __future__ import annotations

from dataclasses import replace

import pytest
import rlp
from eth_utils.crypto import keccak
from plan_world import PlanWorld, compiled

from controller.chain import dev, ledger
from controller.chain.abi import Abi
from controller.chain.artifacts import load
from controller.chain.client import Chain
from controller.chain.contract import Contract
from controller.chain.entries import NO_HEAD, Paused, decode_entry, encode_payload, entry_head
from controller.chain.nodes import Node
from controller.chain.transport import RpcError
from controller.errors import (
    CodeMismatchError,
    InputError,
    NodeError,
    Retry,
    RevertError,
    WrongChainError,
)
from controller.execution.send import simulate
from controller.model import Kind


def test_chain__when_it_serves_another_id__then_refuses(shared_node: Node) -> None:
    with pytest.raises(WrongChainError, match="serves chain"):
        Chain(shared_node.url, 5)


def test_chain__when_nobody_listens__then_says_so_without_the_path() -> None:
    with pytest.raises(NodeError) as caught:
        Chain("http://127.0.0.1:9/v3/SECRET-KEY")
    assert "SECRET" not in str(caught.value)
    assert "127.0.0.1:9" in str(caught.value)


def test_header__when_hashed__then_gives_the_block_hash(world: PlanWorld) -> None:
    for number in (1, world.chain.head().number):
        block = world.chain.block(number)
        assert keccak(rlp.encode(list(world.chain.header_rlp_fields(block)))) == block.hash


def test_head__when_deeper_than_the_chain__then_gives_genesis(shared_chain: Chain) -> None:
    dev.mine(shared_chain)
    assert shared_chain.head(depth=10**9).number == 0
    assert shared_chain.head(depth=1).number == shared_chain.head().number - 1


def test_read__when_pinned_to_the_past__then_sees_the_past(world: PlanWorld) -> None:
    before = world.chain.head()
    dev.transact(world.chain, world.owner, world.vault, world.contract.encode("setPaused", True))
    after = world.chain.head()
    assert world.contract.read("status", block=before)[4] is False
    assert world.contract.read("status", block=after)[4] is True


def test_read__when_the_block_is_on_another_branch__then_next_block_error(world: PlanWorld) -> None:
    gone = replace(world.chain.head(), hash=b"\x11" * 32)
    for read in (
        lambda: world.contract.read("status", block=gone),
        lambda: world.chain.balance(world.owner, gone),
        lambda: world.chain.proof(world.ledger, [bytes(32)], gone),
        lambda: world.chain.logs(world.ledger, [], 0, gone),
        lambda: world.chain.header(gone),
    ):
        with pytest.raises(NodeError, match="not part of the chain") as caught:
            read()
        assert caught.value.retry is Retry.NEXT_BLOCK


def test_read__when_the_block_is_in_the_future__then_node_error(world: PlanWorld) -> None:
    with pytest.raises(NodeError):
        world.chain.block(10**9)


def test_read__when_there_is_no_code__then_code_mismatch(shared_chain: Chain) -> None:
    with pytest.raises(CodeMismatchError, match="Nothing at"):
        Contract(shared_chain, "0x" + "11" * 20, "IVault").read("status", block=shared_chain.head())


def test_read__when_the_contract_answers_something_else__then_code_mismatch(world: PlanWorld) -> None:
    claimed = Abi([{"type": "function", "name": "ledger", "inputs": [], "outputs": [{"type": "uint256[]"}]}])
    with pytest.raises(CodeMismatchError, match="something else"):
        Contract(world.chain, world.vault, claimed).read("ledger", block=world.chain.head())


def test_read__when_the_function_does_not_exist__then_input_error(world: PlanWorld) -> None:
    with pytest.raises(InputError, match="has no function"):
        world.contract.read("nothing", block=world.chain.head())


@pytest.mark.parametrize(
    ("call", "name", "part"),
    [
        (("panic", 0), "Panic", "division by zero"),
        (("complain", "no such luck"), "Error", "no such luck"),
    ],
)
def test_call__when_it_reverts__then_decoded(world: PlanWorld, call: tuple[str, object], name: str, part: str) -> None:
    with pytest.raises(RevertError) as caught:
        world.chain.call(world.vault, world.contract.encode(*call), world.chain.head())
    assert caught.value.name == name
    assert part in str(caught.value)


def test_estimate__when_it_reverts_with_a_custom_error__then_decoded(world: PlanWorld) -> None:
    with pytest.raises(RevertError) as caught:
        simulate(world.chain, world.vault, world.plan(nonce=7), world.signer.address)
    assert (caught.value.name, caught.value.arguments) == ("NonceMismatch", {"expected": 0, "given": 7})
    assert "new plan" in caught.value.hint


def test_estimate__when_the_plan_refers_to_the_head__then_passes(world: PlanWorld) -> None:
    assert simulate(world.chain, world.vault, world.plan(), world.signer.address) > 21_000


def test_transact__when_it_reverts__then_decoded(world: PlanWorld) -> None:
    with pytest.raises(RevertError, match="no such luck"):
        dev.transact(world.chain, world.owner, world.vault, world.contract.encode("complain", "no such luck"))


def test_request__when_the_method_is_unknown__then_rpc_error(shared_chain: Chain) -> None:
    with pytest.raises(RpcError, match="evenkeel_nothing"):
        shared_chain.request("evenkeel_nothing")


def test_code__when_asked__then_hash_and_bytes_agree(world: PlanWorld) -> None:
    head = world.chain.head()
    code = world.chain.code(world.vault, head)
    assert len(code) > 100
    assert keccak(code) == world.chain.code_hash(world.vault, head)
    assert world.chain.code("0x" + "11" * 20, head) == b""


@pytest.mark.parametrize("chunk", [1, 3, 5_000])
def test_entries__when_read_in_chunks__then_fold_to_the_proven_head(world: PlanWorld, chunk: int) -> None:
    payload = encode_payload(Kind.PAUSED, Paused(world.owner))
    for _ in range(5):
        dev.transact(world.chain, world.owner, world.vault, world.contract.encode("record", int(Kind.PAUSED), payload))
    last = world.chain.head()
    found = ledger.entries(world.chain, world.ledger, world.vault, last.number - 6, last, chunk)
    head = NO_HEAD
    for seq, entry in enumerate(found):
        assert entry.seq == seq
        assert decode_entry(entry) == Paused(world.owner)
        head = entry_head(head, entry.seq, entry.kind, entry.payload)
        assert head == entry.head
    slot = ledger.storage_slot(world.vault)
    proof = world.chain.proof(world.ledger, [slot], last)
    assert ledger.unpack_slot(proof.storage[0].value) == (head, 5)
    assert proof.storage[0].slot == slot
    assert ledger.head(world.chain, world.ledger, world.vault, last) == (head, 5)
    assert world.chain.storage(world.ledger, slot, last) == head + (5).to_bytes(5, "big")


def test_set_next_timestamp__when_set__then_the_next_block_has_exactly_that(world: PlanWorld) -> None:
    for gap in (1, 2, 86_400, 31 * 86_400):
        wanted = world.chain.head().timestamp + gap
        dev.set_next_timestamp(world.chain, wanted)
        world.chain.fees(world.chain.head())
        receipt = dev.transact(world.chain, world.owner, world.owner, value=1)
        assert world.chain.block(receipt.block_number).timestamp == wanted
    dev.mine(world.chain)
    assert world.chain.head().timestamp == wanted + 1


def test_set_next_timestamp__when_simulated_in_between__then_still_exact(world: PlanWorld) -> None:
    plan = world.plan(lifetime=10**6)
    wanted = world.chain.head().timestamp + 5_000
    dev.set_next_timestamp(world.chain, wanted)
    simulate(world.chain, world.vault, plan, world.signer.address)
    world.contract.read("status", block=world.chain.head())
    receipt = dev.transact(world.chain, world.owner, world.owner, value=1)
    assert world.chain.block(receipt.block_number).timestamp == wanted


def test_set_next_timestamp__when_not_after_the_head__then_refused(shared_chain: Chain) -> None:
    with pytest.raises(InputError, match="cannot be at"):
        dev.set_next_timestamp(shared_chain, shared_chain.head().timestamp)


def test_deploy__when_larger_than_the_limit__then_refused(shared_chain: Chain, shared_node: Node) -> None:
    # returns 24,577 bytes of zero as its code: one more than EIP-170 allows
    code = bytes.fromhex("6160015ff3")
    with pytest.raises((RevertError, NodeError)):
        dev.deploy(shared_chain, shared_node.accounts[0], code)


def test_selector__when_compiled__then_matches_the_interface() -> None:
    assert compiled()[0].functions["rebalance"].selector == load("IVault").abi.functions["rebalance"].selector
