"""L2: transactions as blocks commit to them, beside eth-account's encoding of every type that it signs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
import rlp
from audit_evidence import gather
from audit_pieces import address, trie_path, trie_root
from audit_world import World
from eth_account import Account
from eth_utils import keccak

from controller.audit.evidence import Call, Evidence, Inclusion, Missing
from controller.audit.judge import judge
from controller.audit.proof import looked_up
from controller.audit.read_chain import read_inclusions
from controller.audit.report import Level
from controller.audit.sent import check_transactions
from controller.audit.transaction_trie import encode_transaction, inclusion, read_transaction
from controller.chain.client import Chain
from controller.chain.transport import RpcError
from controller.errors import InputError
from controller.execution.keys import development_signer
from controller.model import Entry, Kind

KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"  # the first development account's
TO, DATA = address("receiver"), b"\0\1\2" * 40
LIST = [{"address": address("listed"), "storageKeys": ["0x" + "00" * 31 + "07", "0x" + "ff" * 32]}]
TIPPED = {"maxPriorityFeePerGas": 2 * 10**9, "maxFeePerGas": 3 * 10**9, "chainId": 31337}
KINDS: dict[str, dict[str, Any]] = {
    "legacy": {"gasPrice": 10**9, "chainId": 31337},
    "legacy of any chain": {"gasPrice": 10**9},
    "access list": {"type": 1, "gasPrice": 10**9, "chainId": 31337, "accessList": LIST},
    "tipped": {"type": 2, **TIPPED, "accessList": LIST},
    "blob": {"type": 3, **TIPPED, "maxFeePerBlobGas": 5, "blobVersionedHashes": ["0x01" + "22" * 31]},
}


def _signed(kind: str, **changes: Any) -> tuple[dict[str, Any], bytes]:
    """As a node would tell it, and the bytes that eth-account signed."""
    asked = {"nonce": 300, "gas": 21_000, "to": TO, "value": 10**20, "data": DATA, **KINDS[kind], **changes}
    done = Account.sign_transaction(asked, KEY)
    told = {name: hex(value) if isinstance(value, int) else value for name, value in asked.items()}
    told |= {"input": "0x" + DATA.hex(), "v": hex(done.v), "r": hex(done.r), "s": hex(done.s)}
    return {"type": "0x0", **told}, bytes(done.raw_transaction)


@pytest.mark.parametrize("kind", list(KINDS))
def test_encode_transaction__when_eth_account_signed_it__then_the_bytes_and_the_sender_are_its(kind: str) -> None:
    told, raw = _signed(kind)
    assert encode_transaction(told) == raw
    sent = read_transaction(raw)
    assert (sent.sender, sent.to, sent.data) == (development_signer(0).address, TO, DATA)


def test_encode_transaction__when_a_contract_is_created__then_has_no_receiver() -> None:
    told, raw = _signed("tipped", to=b"")
    assert encode_transaction({**told, "to": None}) == raw
    assert read_transaction(raw).to is None


def test_encode_transaction__when_code_is_delegated__then_as_eth_account_has_it() -> None:
    leave = Account.sign_authorization({"chainId": 31337, "address": address("code"), "nonce": 7}, KEY)
    told, raw = _signed("tipped", type=4, authorizationList=[leave])
    item = {name: hex(value) for name, value in (("chainId", leave.chain_id), ("nonce", leave.nonce),
            ("yParity", leave.y_parity), ("r", leave.r), ("s", leave.s))}  # fmt: skip
    told["authorizationList"] = [{**item, "address": "0x" + bytes(leave.address).hex()}]
    assert encode_transaction(told) == raw
    assert read_transaction(raw).sender == development_signer(0).address


def test_read_transaction__when_it_is_a_deposit_of_another_chain__then_names_its_sender() -> None:
    """As the specification of the OP chains lists its fields."""
    told = {
        "type": "0x7e", "sourceHash": "0x" + "11" * 32, "from": address("depositor"), "to": TO, "mint": None,
        "value": "0x0", "gas": "0xf4240", "isSystemTx": False, "input": "0x015d8eb9",
    }  # fmt: skip
    raw = encode_transaction(told)
    assert raw[0] == 0x7E
    assert read_transaction(raw).sender == address("depositor")
    assert read_transaction(raw).prices(7) == {0}


def test_transactions__when_unreadable__then_says_so() -> None:
    with pytest.raises(InputError, match="of type 0x64"):
        encode_transaction({"type": "0x64"})
    for raw in (b"\x64\xc0", b"", b"\2\xc0", b"\2\xff", rlp.encode([b"\1"] * 9)):
        with pytest.raises(InputError):
            read_transaction(raw)
    told, _ = _signed("tipped")
    with pytest.raises(InputError, match="nobody's"):
        read_transaction(encode_transaction({**told, "r": "0x0"}))


def test_inclusion__when_a_block_has_many__then_each_is_led_to() -> None:
    inside = [_signed("tipped", nonce=nonce)[1] for nonce in range(20)] * 10
    root = trie_root(inside)
    for index, nodes in enumerate(inclusion(inside)):
        assert index % 50 or nodes == trie_path(inside, index)  # slow: built anew each time
        assert looked_up(root, rlp.encode(index), nodes, "its") == inside[index]


def test_sent__when_a_price_is_reckoned__then_is_the_tip_above_the_base_and_never_above_the_most() -> None:
    sent = read_transaction(_signed("tipped")[1])
    assert sent.prices(5 * 10**8) == {25 * 10**8, 5 * 10**8}
    assert sent.prices(2 * 10**9) == {3 * 10**9, 2 * 10**9}
    assert read_transaction(_signed("legacy")[1]).prices(7) == {10**9}


# ---- in an audit


def _life() -> tuple[Evidence, Entry]:
    evidence = gather(World(5))
    entry = next(each for each in evidence.entries if each.kind == Kind.REBALANCED)
    assert check_transactions(evidence) == []
    return evidence, entry


def _call(evidence: Evidence, entry: Entry, **changes: Any) -> Evidence:
    call = replace(evidence.calls[entry.transaction], **changes)
    return replace(evidence, calls={**evidence.calls, entry.transaction: call})


def _receipt(evidence: Evidence, entry: Entry, **changes: Any) -> Evidence:
    receipt = replace(evidence.receipts[entry.transaction], **changes)
    return replace(evidence, receipts={**evidence.receipts, entry.transaction: receipt})


def _proof(evidence: Evidence, entry: Entry, proof: Inclusion | Missing) -> Evidence:
    return replace(evidence, inclusions={**(evidence.inclusions or {}), entry.transaction: proof})


def _of(evidence: Evidence, entry: Entry) -> Inclusion:
    assert isinstance(evidence.inclusions, Mapping)
    found = evidence.inclusions[entry.transaction]
    assert isinstance(found, Inclusion)
    return found


LIES: dict[str, tuple[Callable[[Evidence, Entry], Evidence], str]] = {
    "who sent it": (lambda e, x: _call(e, x, sender=address("somebody")), "sender is 0x"),
    "to whom": (lambda e, x: _call(e, x, to=address("somewhere")), "receiver is 0x"),
    "the data": (lambda e, x: _call(e, x, data_hash=keccak(b"other")), "data's hash is 0x"),
    "the plan": (lambda e, x: _call(e, x, plan=None), "the plan is not the one"),
    "the gas": (lambda e, x: _receipt(e, x, gas_used=20_000), "20000 gas, the block commits to 21000"),
    "its price": (lambda e, x: _receipt(e, x, gas_price=9), "9 wei of gas price, the transaction comes to 0"),
    "that it is not there": (
        lambda e, x: replace(e, calls={key: call for key, call in e.calls.items() if key != x.transaction}),
        "the block commits to it",
    ),
    "its place": (lambda e, x: _proof(e, x, replace(_of(e, x), index=7)), "does not lead|another transaction"),
    "the proof": (
        lambda e, x: _proof(e, x, replace(_of(e, x), nodes=(b"\xc0", *_of(e, x).nodes[1:]))), "does not lead",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(LIES))
def test_audit__when_the_node_lies_about_a_transaction__then_it_is_named(name: str) -> None:
    evidence, entry = _life()
    tell, words = LIES[name]
    found = [each for each in judge(tell(evidence, entry)).wrong if each.level is Level.L2]
    assert [each.seq for each in found] == [entry.seq]
    assert any(word in found[0].what for word in words.split("|")), found[0].what


def test_audit__when_a_log_is_said_to_be_anothers__then_it_is_named() -> None:
    world = World(6)
    world.wait(10_000)
    world.close(*world.flows(), *world.flows(), world.vault.mint(address("alice"), address("bob"), 10**20))
    world.close()
    evidence = gather(world)
    number = world.number - 1
    mine = [entry for entry in evidence.entries if entry.block_number == number]
    moved = replace(mine[-1], transaction=mine[0].transaction)
    assert mine[0].transaction != mine[-1].transaction
    found = check_transactions(replace(evidence, entries=(*evidence.entries[: moved.seq], moved)))
    assert [finding.seq for finding in found] == [moved.seq]
    assert "another transaction's receipt" in found[0].what


def test_audit__when_a_transaction_is_not_proven__then_its_sender_is_the_nodes_word() -> None:
    evidence, entry = _life()
    report = judge(_proof(evidence, entry, Missing("it has no blocks.")))
    assert report.ok
    assert [finding.seq for finding in report.unchecked] == [entry.seq]
    assert "the node's word: it has no blocks" in report.unchecked[0].what
    assert not report.reached(Level.L2)


def test_audit__when_the_block_has_another_transaction_there__then_it_is_named() -> None:
    world = World(5)
    world.wait(10_000)
    world.rebalance_block(Fraction(6, 10))
    world.close(world.vault.mint(address("alice"), address("bob"), 10**20), *world.flows())
    world.close()
    evidence = gather(world)
    first, other = (evidence.entries[place] for place in (-1, -2))
    if first.transaction == other.transaction:
        other = evidence.entries[-3]
    swapped = _proof(evidence, first, _of(evidence, other))
    found = check_transactions(swapped)
    own = [each.seq for each in evidence.entries if each.transaction == first.transaction]
    assert [finding.seq for finding in found] == own[:1]
    assert "another transaction at place" in found[0].what


def test_audit__when_a_whole_trie_is_forged__then_the_blocks_root_does_not_lead_there() -> None:
    evidence, entry = _life()
    true, root = _of(evidence, entry), evidence.headers[entry.block_number].transactions_root
    raw = looked_up(root, rlp.encode(true.index), true.nodes, "its")
    forged = Inclusion(1, trie_path([b"\2another", raw], 1))
    found = check_transactions(_proof(evidence, entry, forged))
    assert [finding.seq for finding in found] == [entry.seq]
    assert "does not lead" in found[0].what


def test_call__when_altered_together_with_nothing_else__then_l4_alone_would_have_believed_it() -> None:
    """What the proof is for: that somebody else made a call is refuted by nothing else."""
    evidence, entry = _life()
    call = Call(address("x"), address("y"), evidence.calls[entry.transaction].plan)
    believed = replace(evidence, inclusions=None, calls={**evidence.calls, entry.transaction: call})
    assert judge(believed).ok
    assert not judge(replace(believed, inclusions=evidence.inclusions)).ok


class _Rollup(Chain):
    """A chain with one block, whose first transaction is of a type of its own."""

    def __init__(self, inside: list[dict[str, Any]], raw: str | None) -> None:
        self._block, self._raw = {"transactions": inside}, raw

    def request(self, method: str, *parameters: Any) -> Any:
        assert method == "eth_getRawTransactionByHash"
        if self._raw is None:
            raise RpcError(method, -32601, "no such method")
        return self._raw

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        return [self._block for _ in calls]


def test_read_inclusions__when_another_transaction_is_of_an_unknown_type__then_its_bytes_are_asked_for() -> None:
    internal = b"\x6a" + rlp.encode([b"\7", b"start of the block"])
    told, raw = _signed("tipped")
    inside = [{"type": "0x6a", "hash": "0x" + keccak(internal).hex()}, {**told, "hash": "0x" + keccak(raw).hex()}]
    found = read_inclusions(_Rollup(inside, "0x" + internal.hex()), {keccak(raw): 7})
    assert found == {keccak(raw): Inclusion(1, trie_path([internal, raw], 1))}
    refused = read_inclusions(_Rollup(inside, None), {keccak(raw): 7})[keccak(raw)]
    assert isinstance(refused, Missing)
    gone = read_inclusions(_Rollup([], None), {keccak(raw): 7})[keccak(raw)]
    assert isinstance(gone, Missing)
