"""What a node answers, as frozen types, and the reading of its JSON. Anything unreadable is a `NodeError`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.chain.abi import checksum
from controller.errors import NodeError
from controller.model import BlockRef

Json = Any
"""A decoded JSON value; nodes are not trusted to send what they should, so its shape is checked where it is read."""


@dataclass(frozen=True, slots=True)
class Log:
    address: str
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: bytes
    transaction: bytes
    index: int


@dataclass(frozen=True, slots=True)
class Receipt:
    transaction: bytes
    succeeded: bool
    block_number: int
    block_hash: bytes
    gas_used: int  # {gas}
    gas_price: int  # {wei/gas} effective
    contract: str | None  # created by the transaction
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class Fees:
    base: int  # {wei/gas} of the next block
    tip: int  # {wei/gas} that the node suggests


@dataclass(frozen=True, slots=True)
class StorageProof:
    slot: bytes
    value: int
    nodes: tuple[bytes, ...]  # RLP, from the storage root down


@dataclass(frozen=True, slots=True)
class Proof:
    """`eth_getProof` of one account, not yet verified."""

    address: str
    balance: int
    nonce: int
    code_hash: bytes
    storage_hash: bytes
    nodes: tuple[bytes, ...]  # RLP, from the state root down
    storage: tuple[StorageProof, ...]


def quantity(value: Json) -> int:
    """An integer that a node sends as hex."""
    try:
        return int(value, 16)
    except (TypeError, ValueError):
        raise NodeError(f"The node sent {value!r} where a number belongs.", "Try another endpoint.") from None


def octets(value: Json) -> bytes:
    """Bytes that a node sends as hex; a dropped leading zero is put back."""
    try:
        digits = value.removeprefix("0x")
        return bytes.fromhex(digits if len(digits) % 2 == 0 else "0" + digits)
    except (AttributeError, ValueError):
        raise NodeError(f"The node sent {value!r} where bytes belong.", "Try another endpoint.") from None


def word(value: bytes) -> str:
    return "0x" + value.hex()


def field(answer: Json, name: str) -> Json:
    if not isinstance(answer, Mapping) or name not in answer:
        raise NodeError(f"The node's answer lacks {name!r}.", "Try another endpoint.")
    return answer[name]


def block_ref(answer: Json) -> BlockRef:
    return BlockRef(
        number=quantity(field(answer, "number")),
        hash=octets(field(answer, "hash")),
        timestamp=quantity(field(answer, "timestamp")),
    )


def log(answer: Json) -> Log:
    return Log(
        address=checksum(octets(field(answer, "address"))),
        topics=tuple(octets(topic) for topic in field(answer, "topics")),
        data=octets(field(answer, "data")),
        block_number=quantity(field(answer, "blockNumber")),
        block_hash=octets(field(answer, "blockHash")),
        transaction=octets(field(answer, "transactionHash")),
        index=quantity(field(answer, "logIndex")),
    )


def receipt(answer: Json) -> Receipt:
    created = answer.get("contractAddress")
    return Receipt(
        transaction=octets(field(answer, "transactionHash")),
        succeeded=quantity(field(answer, "status")) == 1,
        block_number=quantity(field(answer, "blockNumber")),
        block_hash=octets(field(answer, "blockHash")),
        gas_used=quantity(field(answer, "gasUsed")),
        gas_price=quantity(field(answer, "effectiveGasPrice")),
        contract=checksum(octets(created)) if created else None,
        logs=tuple(log(inner) for inner in field(answer, "logs")),
    )


def proof(answer: Json) -> Proof:
    return Proof(
        address=checksum(octets(field(answer, "address"))),
        balance=quantity(field(answer, "balance")),
        nonce=quantity(field(answer, "nonce")),
        code_hash=octets(field(answer, "codeHash")),
        storage_hash=octets(field(answer, "storageHash")),
        nodes=tuple(octets(node) for node in field(answer, "accountProof")),
        storage=tuple(
            StorageProof(
                slot=octets(field(inner, "key")).rjust(32, b"\0"),
                value=quantity(field(inner, "value")),
                nodes=tuple(octets(node) for node in field(inner, "proof")),
            )
            for inner in field(answer, "storageProof")
        ),
    )


_NUMBERS: Final = frozenset(
    {"difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed", "excessBlobGas"}
)
_FIELDS: Final = (
    "parentHash",
    "sha3Uncles",
    "miner",
    "stateRoot",
    "transactionsRoot",
    "receiptsRoot",
    "logsBloom",
    "difficulty",
    "number",
    "gasLimit",
    "gasUsed",
    "timestamp",
    "extraData",
    "mixHash",
    "nonce",
)
_LATER: Final = (  # each fork appended some; a header carries a prefix of these
    "baseFeePerGas",
    "withdrawalsRoot",
    "blobGasUsed",
    "excessBlobGas",
    "parentBeaconBlockRoot",
    "requestsHash",
)


def header_fields(answer: Json) -> tuple[bytes, ...]:
    """The header's fields in the order of their RLP list, so that keccak256(rlp(fields)) is the block's hash."""
    names = [*_FIELDS, *(name for name in _LATER if isinstance(answer, Mapping) and answer.get(name) is not None)]
    values = []
    for name in names:
        value = field(answer, name)
        if name in _NUMBERS:
            number = quantity(value)
            values.append(number.to_bytes((number.bit_length() + 7) // 8, "big"))
        else:
            values.append(octets(value))
    return tuple(values)
