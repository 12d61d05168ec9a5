"""Entries of the ledger: one frozen payload for each kind, and the hash chain that commits to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Any, Final

from eth_utils.crypto import keccak

from controller.chain.abi import decode, encode
from controller.chain.codec import (
    KNOT,
    MANDATE,
    ROLES,
    mandate_from_abi,
    mandate_to_abi,
    pack_rebalance,
    path_from_abi,
    path_to_abi,
    roles_from_abi,
    roles_to_abi,
    unpack_rebalance,
)
from controller.errors import InputError
from controller.model import Entry, Kind, Knot, Mandate, Power, Rebalance, Roles

HEAD_BYTES: Final = 27
NO_HEAD: Final = bytes(HEAD_BYTES)
"""Head of a chain before its first entry."""


@dataclass(frozen=True, slots=True)
class Created:
    mandate: Mandate
    roles: Roles


@dataclass(frozen=True, slots=True)
class Minted:
    caller: str
    receiver: str
    shares: int  # {qShare}
    amounts: tuple[int, ...]  # {qTok}


@dataclass(frozen=True, slots=True)
class Redeemed:
    caller: str
    receiver: str
    owner: str
    shares: int  # {qShare}
    amounts: tuple[int, ...]  # {qTok}
    skip: int  # bitmap of assets not paid


@dataclass(frozen=True, slots=True)
class Paused:
    by: str


@dataclass(frozen=True, slots=True)
class Unpaused:
    by: str


@dataclass(frozen=True, slots=True)
class KeeperSet:
    keeper: str
    allowed: bool


@dataclass(frozen=True, slots=True)
class GuardianSet:
    guardian: str


@dataclass(frozen=True, slots=True)
class OwnerProposed:
    pending_owner: str


@dataclass(frozen=True, slots=True)
class OwnerSet:
    owner: str


@dataclass(frozen=True, slots=True)
class StrategistSet:
    strategist: str


@dataclass(frozen=True, slots=True)
class Deposited:
    caller: str
    receiver: str
    shares: int  # {qShare}
    amounts: tuple[int, ...]  # {qTok}
    prices: tuple[int, ...]  # D36{quote/qTok}
    rounds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Withdrawn:
    caller: str
    receiver: str
    owner: str
    shares: int  # {qShare}
    amounts: tuple[int, ...]  # {qTok}
    prices: tuple[int, ...]  # D36{quote/qTok}
    rounds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class FeesTaken:
    recipient: str
    management_shares: int  # {qShare}
    performance_shares: int  # {qShare}
    high_water_mark: int  # D36{quote/share}


@dataclass(frozen=True, slots=True)
class TargetsSet:
    by: str
    path: tuple[Knot, ...]


@dataclass(frozen=True, slots=True)
class MandateSet:
    mandate: Mandate


@dataclass(frozen=True, slots=True)
class Submitted:
    call: bytes
    executable_at: int  # {s}


@dataclass(frozen=True, slots=True)
class Revoked:
    by: str
    call_hash: bytes


@dataclass(frozen=True, slots=True)
class Renounced:
    power: Power


@dataclass(frozen=True, slots=True)
class Declared:
    statement: bytes  # keccak256 of what the owner says


Payload = (
    Created
    | Minted
    | Redeemed
    | Rebalance
    | Paused
    | Unpaused
    | KeeperSet
    | GuardianSet
    | OwnerProposed
    | OwnerSet
    | StrategistSet
    | Deposited
    | Withdrawn
    | FeesTaken
    | TargetsSet
    | MandateSet
    | Submitted
    | Revoked
    | Renounced
    | Declared
)


@dataclass(frozen=True, slots=True)
class _Shape:
    """How the payload of one kind is laid out, but for rebalances, which are packed by hand."""

    types: tuple[str, ...]
    read: Callable[..., Payload]
    write: Callable[[Any], tuple[Any, ...]]


_SHAPES: Final[dict[Kind, _Shape]] = {
    Kind.CREATED: _Shape(
        (MANDATE, ROLES),
        lambda mandate, roles: Created(mandate_from_abi(mandate), roles_from_abi(roles)),
        lambda created: (mandate_to_abi(created.mandate), roles_to_abi(created.roles)),
    ),
    Kind.MINTED: _Shape(
        ("address", "address", "uint256", "uint256[]"),
        lambda caller, receiver, shares, amounts: Minted(caller, receiver, shares, tuple(amounts)),
        lambda minted: (minted.caller, minted.receiver, minted.shares, minted.amounts),
    ),
    Kind.REDEEMED: _Shape(
        ("address", "address", "address", "uint256", "uint256[]", "uint256"),
        lambda caller, receiver, owner, shares, amounts, skip: Redeemed(
            caller, receiver, owner, shares, tuple(amounts), skip
        ),
        lambda paid: (paid.caller, paid.receiver, paid.owner, paid.shares, paid.amounts, paid.skip),
    ),
    Kind.PAUSED: _Shape(("address",), Paused, lambda paused: (paused.by,)),
    Kind.UNPAUSED: _Shape(("address",), Unpaused, lambda unpaused: (unpaused.by,)),
    Kind.KEEPER_SET: _Shape(("address", "bool"), KeeperSet, lambda change: (change.keeper, change.allowed)),
    Kind.GUARDIAN_SET: _Shape(("address",), GuardianSet, lambda change: (change.guardian,)),
    Kind.OWNER_PROPOSED: _Shape(("address",), OwnerProposed, lambda change: (change.pending_owner,)),
    Kind.OWNER_SET: _Shape(("address",), OwnerSet, lambda change: (change.owner,)),
    Kind.STRATEGIST_SET: _Shape(("address",), StrategistSet, lambda change: (change.strategist,)),
    Kind.DEPOSITED: _Shape(
        ("address", "address", "uint256", "uint256[]", "uint256[]", "uint80[]"),
        lambda *values: Deposited(*values[:3], *map(tuple, values[3:])),
        lambda paid: (paid.caller, paid.receiver, paid.shares, paid.amounts, paid.prices, paid.rounds),
    ),
    Kind.WITHDRAWN: _Shape(
        ("address", "address", "address", "uint256", "uint256[]", "uint256[]", "uint80[]"),
        lambda *values: Withdrawn(*values[:4], *map(tuple, values[4:])),
        lambda paid: (paid.caller, paid.receiver, paid.owner, paid.shares, paid.amounts, paid.prices, paid.rounds),
    ),
    Kind.FEES_TAKEN: _Shape(("address", "uint256", "uint256", "uint256"), FeesTaken, astuple),
    Kind.TARGETS_SET: _Shape(
        ("address", f"{KNOT}[]"),
        lambda by, path: TargetsSet(by, path_from_abi(path)),
        lambda change: (change.by, path_to_abi(change.path)),
    ),
    Kind.MANDATE_SET: _Shape(
        (MANDATE,),
        lambda mandate: MandateSet(mandate_from_abi(mandate)),
        lambda change: (mandate_to_abi(change.mandate),),
    ),
    Kind.SUBMITTED: _Shape(("bytes", "uint256"), Submitted, astuple),
    Kind.REVOKED: _Shape(("address", "bytes32"), Revoked, astuple),
    Kind.RENOUNCED: _Shape(("uint8",), lambda power: Renounced(Power(power)), lambda given: (int(given.power),)),
    Kind.DECLARED: _Shape(("bytes32",), Declared, astuple),
}


def encode_payload(kind: Kind, payload: Payload) -> bytes:
    if isinstance(payload, Rebalance):
        return pack_rebalance(payload)
    shape = _SHAPES[kind]
    return encode(shape.types, shape.write(payload))


def decode_payload(kind: int, payload: bytes) -> Payload:
    """What an entry says.

    Raises
    ------
    InputError
        When the kind is unknown, or the payload is not exactly the encoding of what that kind carries: trailing or
        reordered bytes are refused, so that one payload has one meaning.
    """
    try:
        known = Kind(kind)
    except ValueError:
        raise InputError(f"The ledger's entry is of the unknown kind {kind}.") from None
    try:
        said = _read(known, payload)
    except ValueError as error:
        raise InputError(f"The payload of a {known.name} entry cannot be read: {error}") from None
    if encode_payload(known, said) != payload:
        raise InputError(f"The payload of a {known.name} entry is not in its canonical form.")
    return said


def _read(kind: Kind, payload: bytes) -> Payload:
    if kind is Kind.REBALANCED:
        return unpack_rebalance(payload)
    shape = _SHAPES[kind]
    return shape.read(*decode(shape.types, payload))


def decode_entry(entry: Entry) -> Payload:
    """`decode_payload` of an entry."""
    return decode_payload(entry.kind, entry.payload)


def entry_head(head: bytes, seq: int, kind: int, payload: bytes) -> bytes:
    """The head after one more entry: bytes27(keccak256(abi.encode(head, seq, kind, keccak256(payload)))).

    Raises
    ------
    InputError
        When no ledger can hold such an entry.
    """
    if len(head) != HEAD_BYTES or not 0 <= seq < 1 << 40 or not 0 <= kind < 1 << 8:
        raise InputError(f"No ledger holds an entry {seq} of kind {kind} behind a head of {len(head)} bytes.")
    words = head.ljust(32, b"\0") + seq.to_bytes(32) + kind.to_bytes(32) + keccak(payload)
    return keccak(words)[:HEAD_BYTES]
