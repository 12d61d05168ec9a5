"""A block header as the node states it, and the hash that its own bytes have."""

from __future__ import annotations

from dataclasses import dataclass

import rlp
from eth_utils.crypto import keccak
from rlp.exceptions import RLPException

from controller.chain import wire
from controller.errors import InputError
from controller.model import BlockRef

_PARENT_HASH, _STATE_ROOT, _TRANSACTIONS_ROOT, _RECEIPTS_ROOT, _NUMBER, _TIMESTAMP, _BASE_FEE = 0, 3, 4, 5, 8, 11, 15
"""Places in the RLP list."""
_KNOWN = frozenset(
    {
        "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom",
        "difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce",
        "baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash",
        "hash", "size", "totalDifficulty", "transactions", "uncles", "withdrawals",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Header:
    """`fields` are the items of the RLP list, in order; everything but `stated_hash` is read from them."""

    stated_hash: bytes
    fields: tuple[bytes, ...]
    unknown: tuple[str, ...] = ()  # keys that no fork known here has: the hash may cover them

    @property
    def block(self) -> BlockRef:
        number, timestamp = (int.from_bytes(self.fields[place]) for place in (_NUMBER, _TIMESTAMP))
        return BlockRef(number, self.stated_hash, timestamp)

    @property
    def parent_hash(self) -> bytes:
        return self.fields[_PARENT_HASH]

    @property
    def state_root(self) -> bytes:
        return self.fields[_STATE_ROOT]

    @property
    def transactions_root(self) -> bytes:
        return self.fields[_TRANSACTIONS_ROOT]

    @property
    def base_fee(self) -> int:
        """{wei/gas}; zero before London."""
        return int.from_bytes(self.fields[_BASE_FEE]) if len(self.fields) > _BASE_FEE else 0

    @property
    def receipts_root(self) -> bytes:
        return self.fields[_RECEIPTS_ROOT]

    def encoded(self) -> bytes:
        return bytes(rlp.encode(list(self.fields)))

    def computed_hash(self) -> bytes:
        return bytes(keccak(self.encoded()))


def header_from_rlp(raw: bytes) -> Header:
    """A header from the bytes that its hash is of; raises `InputError` when they are none."""
    try:
        fields = rlp.decode(raw)
    except RLPException as error:
        raise InputError(f"A header cannot be read: {error}.") from None
    if not isinstance(fields, list) or len(fields) <= _TIMESTAMP or not all(isinstance(item, bytes) for item in fields):
        raise InputError("A header is no list of fields.")
    return Header(bytes(keccak(raw)), tuple(fields))


def header_from_json(answer: wire.Json) -> Header:
    """Read an answer of ``eth_getBlockByNumber``; raises `NodeError` when it is none."""
    return Header(wire.block_ref(answer).hash, wire.header_fields(answer), tuple(sorted(set(answer) - _KNOWN)))
