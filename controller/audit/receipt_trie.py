"""Receipts as a block commits to them: their consensus encoding, and the root of their trie.

A block's `receiptsRoot` is the root of the trie of rlp(index) => receipt, where a receipt is the list of status,
cumulative gas, bloom and logs, behind a byte of its type unless that is zero (EIP-2718, EIP-658; Yellow Paper 4.3).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import rlp
from rlp.exceptions import RLPException
from trie.hexary import HexaryTrie

from controller.chain import wire
from controller.chain.abi import checksum
from controller.chain.wire import Json, Log
from controller.errors import InputError

_DEPOSIT: Final = 0x7E
"""Receipts of deposits on OP chains carry two more fields."""
_FIELDS: Final = 4
_LISTS: Final = 0xC0
"""First bytes from here on begin a list, those below are types."""


def encode_receipt(answer: Json) -> bytes:
    """The consensus encoding of a receipt that a node gives as JSON."""
    kind = wire.quantity(answer.get("type") or "0x0") if isinstance(answer, Mapping) else 0
    # before Byzantium a receipt had the state's root in the place of a status
    state = "root" if isinstance(answer, Mapping) and answer.get("status") is None else "status"
    fields: list[Any] = [
        wire.octets(answer["root"]) if state == "root" and answer.get("root") else _number(answer, "status"),
        _number(answer, "cumulativeGasUsed"),
        wire.octets(wire.field(answer, "logsBloom")),
        [_log(log) for log in wire.field(answer, "logs")],
    ]
    if kind == _DEPOSIT:
        later = ("depositNonce", "depositReceiptVersion")
        fields += [_number(answer, name) for name in later if answer.get(name) is not None]
    return (bytes([kind]) if kind else b"") + bytes(rlp.encode(fields))


def receipts_root(receipts: Sequence[bytes]) -> bytes:
    """The root of the trie of a whole block's receipts, in the order of their transactions."""
    trie = HexaryTrie({}, prune=True)
    for index, receipt in enumerate(receipts):
        trie[rlp.encode(index)] = receipt
    return bytes(trie.root_hash)


def block_logs(receipts: Sequence[bytes], block: int, block_hash: bytes, hashes: Sequence[bytes] = ()) -> Iterator[Log]:
    """Every log of a block, numbered as the block numbers them.

    Parameters
    ----------
    hashes : of the transactions; a receipt does not name its own.

    Raises
    ------
    InputError
        When a receipt is none.
    """
    index = 0
    for place, receipt in enumerate(receipts):
        transaction = hashes[place] if place < len(hashes) else b""
        for address, topics, data in _logs(receipt):
            yield Log(checksum(address), tuple(topics), data, block, block_hash, transaction, index)
            index += 1


def _logs(receipt: bytes) -> list[tuple[bytes, list[bytes], bytes]]:
    try:
        return [
            (bytes(address), [bytes(topic) for topic in topics], bytes(data))
            for address, topics, data in _fields(receipt)[3]
        ]
    except (TypeError, ValueError) as error:
        raise InputError(f"A receipt cannot be read: {error}.") from None


def _fields(receipt: bytes) -> list[Any]:
    """Status, cumulative gas, bloom, logs."""
    body = receipt[1:] if receipt[:1] and receipt[0] < _LISTS else receipt
    try:
        found = rlp.decode(body)
    except (RLPException, TypeError) as error:
        raise InputError(f"A receipt cannot be read: {error}.") from None
    if not isinstance(found, list) or len(found) < _FIELDS:
        raise InputError("A receipt cannot be read: it is no list of four.")
    return found


def costs(receipts: Sequence[bytes], index: int) -> tuple[int, range]:
    """{gas} that the transaction at `index` used, and the places of its logs in the block.

    Raises
    ------
    InputError
        When there is no such receipt, or one is none.
    """
    if not 0 <= index < len(receipts):
        raise InputError(f"There is no receipt {index} among {len(receipts)}.")
    first = sum(len(_logs(receipt)) for receipt in receipts[:index])
    used = [int.from_bytes(_fields(receipt)[1]) for receipt in receipts[max(index - 1, 0) : index + 1]]
    gas = used[-1] - (used[0] if index else 0)
    return gas, range(first, first + len(_logs(receipts[index])))


def pack_receipts(receipts: Sequence[bytes]) -> bytes:
    """A block's receipts as one piece."""
    return bytes(rlp.encode(list(receipts)))


def unpack_receipts(packed: bytes) -> tuple[bytes, ...]:
    """Raises `InputError` where `packed` is not what `pack_receipts` gives."""
    try:
        found = rlp.decode(packed)
    except RLPException as error:
        raise InputError(f"A block's receipts cannot be read: {error}.") from None
    if not isinstance(found, list) or not all(isinstance(item, bytes) for item in found):
        raise InputError("A block's receipts are no list of receipts.")
    return tuple(found)


def _number(answer: Json, name: str) -> bytes:
    number = wire.quantity(wire.field(answer, name))
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _log(answer: Json) -> list[Any]:
    topics = [wire.octets(topic) for topic in wire.field(answer, "topics")]
    return [wire.octets(wire.field(answer, "address")), topics, wire.octets(wire.field(answer, "data"))]
