"""Transactions as a block commits to them: their consensus encoding, their place in the block's trie, who sent them.

A block's `transactionsRoot` is the root of the trie of rlp(index) => transaction, where a transaction is the list of
its fields, behind a byte of its type unless that is zero (EIP-2718; EIP-155, 2930, 1559, 4844, 7702; deposits of OP
chains).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import rlp
from eth_utils.crypto import keccak
from rlp.exceptions import RLPException
from trie.hexary import HexaryTrie

from controller.audit.signatures import signed_by
from controller.chain import wire
from controller.chain.abi import checksum
from controller.chain.wire import Json
from controller.errors import InputError

_CALL: Final = ("gas", "to", "value", "input")
_TIPPED: Final = ("chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas", *_CALL, "accessList")
_SIGNED: Final = ("v", "r", "s")
_DEPOSIT: Final = 0x7E
_FIELDS: Final[Mapping[int, tuple[str, ...]]] = {
    0: ("nonce", "gasPrice", *_CALL, *_SIGNED),
    1: ("chainId", "nonce", "gasPrice", *_CALL, "accessList", *_SIGNED),
    2: (*_TIPPED, *_SIGNED),
    3: (*_TIPPED, "maxFeePerBlobGas", "blobVersionedHashes", *_SIGNED),
    4: (*_TIPPED, "authorizationList", *_SIGNED),
    _DEPOSIT: ("sourceHash", "from", "to", "mint", "value", "gas", "isSystemTx", "input"),
}
"""By type, the names that nodes give to the fields, in the order of their list."""
_NUMBERS: Final = ("gasPrice", "maxFeePerGas", "maxPriorityFeePerGas", "v")
"""Those that are looked at."""
_OCTETS: Final = frozenset({"to", "input", "sourceHash", "from"})
_LISTS: Final = 0xC0
"""First bytes from here on begin a list, those below are types."""
_FIRST_EIP155: Final = 35


@dataclass(frozen=True, slots=True)
class Sent:
    """What a transaction asked for, by its own bytes."""

    sender: str
    to: str | None  # None when it creates a contract
    data: bytes
    most: int  # {wei/gas} that it pays at most
    tip: int | None  # {wei/gas} above the base fee; None where it names one price

    def prices(self, base: int) -> set[int]:
        """{wei/gas} that it may have paid where the base fee was `base`; some rollups take no tip."""
        return {self.most} if self.tip is None else {min(self.most, base + self.tip), min(self.most, base)}


def encode_transaction(answer: Json) -> bytes:
    """The consensus encoding of a transaction that a node gives as JSON.

    Raises
    ------
    InputError
        When it is of a type that this version does not know.
    NodeError
        When it is none.
    """
    kind = wire.quantity(wire.field(answer, "type")) if answer.get("type") is not None else 0
    fields = [_value(answer, name) for name in _names(kind)]
    return (bytes([kind]) if kind else b"") + bytes(rlp.encode(fields))


def read_transaction(raw: bytes) -> Sent:
    """What it says, with its sender recovered from the signature.

    Raises
    ------
    InputError
        When it is none, of an unknown type, or signed by nobody.
    """
    kind = raw[0] if raw[:1] and raw[0] < _LISTS else 0
    names = _names(kind)
    try:
        values: list[Any] = rlp.decode(raw[1:] if kind else raw)
        said = dict(zip(names, values, strict=True))
        sender = bytes(said["from"]) if kind == _DEPOSIT else None
        to = checksum(said["to"]) if said["to"] else None
        numbers = {name: int.from_bytes(said[name]) for name in _NUMBERS if name in said}
    except (RLPException, TypeError, ValueError) as error:
        raise InputError(f"A transaction cannot be read: {error}.") from None
    found = checksum(sender) if sender is not None else _sender(kind, values, numbers["v"])
    if found is None:
        raise InputError("The transaction's signature is nobody's.")
    most = numbers.get("gasPrice", numbers.get("maxFeePerGas", 0))
    return Sent(found, to, bytes(said["input"]), most, numbers.get("maxPriorityFeePerGas"))


def inclusion(transactions: Sequence[bytes]) -> list[tuple[bytes, ...]]:
    """Of every transaction of a whole block, the nodes that lead from the root of their trie to it."""
    trie = HexaryTrie({})
    for index, transaction in enumerate(transactions):
        trie[rlp.encode(index)] = transaction
    paths = (trie.get_proof(rlp.encode(index)) for index in range(len(transactions)))  # type: ignore[no-untyped-call]
    return [tuple(bytes(rlp.encode(node)) for node in nodes) for nodes in paths]


def _names(kind: int) -> tuple[str, ...]:
    if kind not in _FIELDS:
        raise InputError(f"This version does not know transactions of type {kind:#x}.", "Use a newer version.")
    return _FIELDS[kind]


def _sender(kind: int, values: Sequence[Any], v: int) -> str | None:
    signed = list(values[: -len(_SIGNED)])
    if kind == 0 and v >= _FIRST_EIP155:
        signed += [_number((v - _FIRST_EIP155) // 2), b"", b""]
    digest = bytes(keccak((bytes([kind]) if kind else b"") + rlp.encode(signed)))
    parity = v if kind else (v - _FIRST_EIP155) % 2 if v >= _FIRST_EIP155 else v - 27
    return signed_by(digest, parity, *(int.from_bytes(word) for word in values[-2:]))


def _value(answer: Json, name: str) -> Any:
    if name == "accessList":
        return [
            [wire.octets(wire.field(item, "address")), list(map(wire.octets, wire.field(item, "storageKeys")))]
            for item in answer.get(name) or ()
        ]
    if name == "blobVersionedHashes":
        return list(map(wire.octets, wire.field(answer, name)))
    if name == "authorizationList":
        return [_authorisation(item) for item in wire.field(answer, name)]
    if name == "isSystemTx":
        return b"\1" if answer.get(name) else b""
    if name == "mint" or (name == "to" and answer.get(name) is None):
        return _number(wire.quantity(answer.get(name) or "0x0"))
    value = wire.field(answer, name)
    return wire.octets(value) if name in _OCTETS else _number(wire.quantity(value))


def _authorisation(item: Json) -> list[bytes]:
    """EIP-7702."""
    return [
        wire.octets(wire.field(item, name)) if name == "address" else _number(wire.quantity(wire.field(item, name)))
        for name in ("chainId", "address", "nonce", "yParity", "r", "s")
    ]


def _number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
