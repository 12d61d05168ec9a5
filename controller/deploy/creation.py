"""Creation code, where it will land, what it will cost, and whether what stands there is what was meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import rlp
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak

from controller.chain.abi import encode
from controller.chain.artifacts import Artifact
from controller.errors import InputError

_TRANSACTION = 53_000  # {gas} of any creating transaction
_WORD = 2  # {gas} for each word of creation code, EIP-3860
_ZERO, _NON_ZERO = 4, 16  # {gas} for each byte sent
_CODE_BYTE = 200  # {gas} for each byte of code kept
_RUN_SHARE = 50  # what the constructor itself takes: one part in 50 of the rest, as measured


def init_code(artifact: Artifact, args: Sequence[str]) -> bytes:
    """Creation code with its encoded arguments.

    Raises
    ------
    InputError
        When the arguments do not fit the constructor.
    """
    constructor = artifact.abi.constructor
    types = constructor.inputs if constructor else ()
    if len(types) != len(args):
        raise InputError(f"The constructor of {artifact.name} takes {len(types)} arguments, not {len(args)}.")
    return artifact.bytecode + encode(types, [_value(kind, arg) for kind, arg in zip(types, args, strict=True)])


def _value(kind: str, text: str) -> Any:
    if kind.startswith("bytes"):
        return bytes.fromhex(text.removeprefix("0x"))
    return int(text) if kind.startswith("uint") else text


def create_address(sender: str, nonce: int) -> str:
    """Where a contract created by `sender` with its transaction number `nonce` lands."""
    return str(to_checksum_address(keccak(rlp.encode([to_canonical_address(sender), nonce]))[12:]))


def code_matches(artifact: Artifact, code: bytes) -> bool:
    """Whether `code` is the contract's own, whatever its immutables hold."""
    expected = bytearray(artifact.deployed_bytecode)
    if len(code) != len(expected):
        return False
    found = bytearray(code)
    for places in artifact.immutables:
        for start, length in places:
            expected[start : start + length] = found[start : start + length] = bytes(length)
    return found == expected


def creation_gas(creation: bytes, runtime_size: int) -> int:
    """{gas} of creating a contract, from sizes alone: for showing, before the contracts it refers to exist."""
    zeros = creation.count(0)
    sent = zeros * _ZERO + (len(creation) - zeros) * _NON_ZERO
    fixed = _TRANSACTION + sent + _WORD * (-(-len(creation) // 32)) + _CODE_BYTE * runtime_size
    return fixed + fixed // _RUN_SHARE
