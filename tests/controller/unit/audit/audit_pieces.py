"""What a made-up chain consists of: addresses, a mandate, headers, proofs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import rlp
from eth_abi import encode
from eth_utils import keccak, to_checksum_address
from trie import HexaryTrie

from controller.audit.header import Header
from controller.chain import entries as said
from controller.chain.wire import Proof, StorageProof
from controller.model import (
    Asset,
    Destination,
    Feed,
    Fees,
    Kind,
    Knot,
    Limits,
    Mandate,
    Period,
    Rebalance,
    Scope,
    Sequencer,
    Trigger,
    TriggerKind,
)

ZERO = "0x" + "00" * 20
MANDATE_FILE = b'[mandate]\nname = "Sixty thirty ten"\n'
START = 1_600_000_000  # {s} 2020-09-13 12:26:40 UTC
DAY = 86_400  # {s}


def address(name: str) -> str:
    return str(to_checksum_address(keccak(text=name)[:20]))


def make_asset(name: str, decimals: int, least: int = 0, most: int = 10_000) -> Asset:
    return Asset(address(name), decimals, least, most, Feed(address(f"{name} feed"), 100_000, 8, 50, 10**8, 10**15))


MANDATE = Mandate(
    name="Sixty thirty ten",
    symbol="STT",
    file_hash=keccak(MANDATE_FILE),
    oracle=address("oracle"),
    sequencer=Sequencer(),
    trigger=Trigger(TriggerKind.EITHER, 500, 0, Period.DAY, 1, START, 3_600),
    destination=Destination(150, 0, Scope.BOOK, 7_200),
    limits=Limits(
        max_slippage=50,
        max_loss=30,
        loss_budget=600,
        turnover_budget=40_000,
        budget_window=30 * DAY,
        min_trade=50 * 10**18,
        max_trades=8,
        max_step=500,
        step_delay=600,
    ),
    fees=Fees(address("fee recipient"), 200, 1_000),
    spread=100,
    timelock=3_600,
    venues=(address("venue"), address("other venue")),
    assets=(make_asset("stocks", 18, 2_000), make_asset("bonds", 8, 1_000), make_asset("gold", 6)),
    path=(Knot(0, (6_000, 3_000, 1_000)),),
)
ANSWERS = (300 * 10**8, 100 * 10**8, 2_000 * 10**8, 10**8)


def made_header(
    parent: bytes, state_root: bytes, number: int, timestamp: int, roots: tuple[bytes, bytes] = (bytes(32), bytes(32))
) -> Header:
    """A Shanghai header; `roots` are those of the transactions and of the receipts."""
    words = [parent, bytes(32), bytes(20), state_root, *roots, bytes(256)]
    numbers = [0, number, 30_000_000, 21_000, timestamp]
    later = [b"", bytes(32), bytes(8), b"\x07", bytes(32)]
    fields = (*words, *(rlp.sedes.big_endian_int.serialize(value) for value in numbers), *later)
    return Header(keccak(rlp.encode(list(fields))), fields)


KINDS: dict[type, Kind] = {
    Rebalance if kind is Kind.REBALANCED else getattr(said, kind.name.title().replace("_", "")): kind for kind in Kind
}

Told = tuple[str, list[bytes], bytes]
"""(address, topics, data) of a log."""


def transfer_log(token: str, sender: str, receiver: str, amount: int) -> Told:
    ends = [bytes.fromhex(end[2:]).rjust(32, b"\0") for end in (sender, receiver)]
    return token, [keccak(text="Transfer(address,address,uint256)"), *ends], amount.to_bytes(32)


def answer_log(feed: str, number: int, answer: int, updated_at: int) -> Told:
    topic = keccak(text="AnswerUpdated(int256,uint256,uint256)")
    return feed, [topic, answer.to_bytes(32), number.to_bytes(32)], updated_at.to_bytes(32)


def entry_log(ledger: str, vault: str, seq: int, kind: int, head: bytes, payload: bytes) -> Told:
    words = [bytes.fromhex(vault[2:]).rjust(32, b"\0"), seq.to_bytes(32), kind.to_bytes(32)]
    topic = keccak(text="Entry(address,uint40,uint8,bytes27,bytes)")
    return ledger, [topic, *words], encode(["bytes27", "bytes"], [head, payload])


def made_receipt(place: int, logs: Sequence[Told]) -> bytes:
    """Of an EIP-1559 transaction."""
    said = [[bytes.fromhex(where[2:]), topics, data] for where, topics, data in logs]
    return bytes(
        b"\2" + rlp.encode([b"\1", rlp.sedes.big_endian_int.serialize(21_000 * (place + 1)), bytes(256), said])
    )


def made_transaction(source: bytes, sender: str, to: str | None, data: bytes) -> bytes:
    """A deposit of an OP chain: it names its sender, whom nobody has to sign for."""
    ends = [bytes.fromhex((end or "")[2:]) for end in (sender, to)]
    return bytes(b"\x7e" + rlp.encode([source, *ends, b"", b"", b"\x52\x08", b"", data]))


@cache
def _trie(items: tuple[bytes, ...]) -> HexaryTrie:
    trie = HexaryTrie({})
    for index, item in enumerate(items):
        trie[rlp.encode(index)] = item
    return trie


def trie_root(items: Sequence[bytes]) -> bytes:
    return bytes(_trie(tuple(items)).root_hash)


def trie_path(items: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The nodes from the root to an item."""
    return tuple(rlp.encode(node) for node in _trie(tuple(items)).get_proof(rlp.encode(index)))


def next_head(head: bytes, seq: int, kind: int, payload: bytes) -> bytes:
    """ILedger's sentence, written a second time."""
    words = head.ljust(32, b"\0"), seq.to_bytes(32), kind.to_bytes(32), keccak(payload)
    return bytes(keccak(b"".join(words))[:27])


def prove(ledger: str, vault: str, head: bytes, count: int) -> tuple[bytes, Proof]:
    """State root and proof of a world in which the ledger's slot of `vault` holds `head` and `count`."""
    slot = keccak(encode(["address", "uint256"], [vault, 0]))
    storage, accounts = HexaryTrie({}), HexaryTrie({})
    for name in ("other vault", "third vault", "fourth vault"):
        storage[keccak(keccak(text=name))] = rlp.encode(keccak(text=name))
        accounts[keccak(bytes.fromhex(address(name)[2:]))] = rlp.encode([b"\1", b"", bytes(32), bytes(32)])
    value = int.from_bytes(head + count.to_bytes(5))
    if value:
        storage[keccak(slot)] = rlp.encode(value)
    key = keccak(bytes.fromhex(ledger[2:]))
    accounts[key] = rlp.encode([b"\1", b"", storage.root_hash, keccak(b"code")])
    nodes = tuple(rlp.encode(node) for node in accounts.get_proof(key))
    inner = tuple(rlp.encode(node) for node in storage.get_proof(keccak(slot)))
    proof = Proof(ledger, 0, 1, keccak(b"code"), storage.root_hash, nodes, (StorageProof(slot, value, inner),))
    return accounts.root_hash, proof
