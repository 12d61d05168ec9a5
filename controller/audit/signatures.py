"""Whose signature of a digest it is."""

from __future__ import annotations

from functools import lru_cache

from eth_keys.datatypes import Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError

from controller.chain.abi import checksum


@lru_cache(maxsize=65_536)
def signed_by(digest: bytes, parity: int, r: int, s: int) -> str | None:
    """The account; None where it is nobody's signature. Remembered, because recovering a key takes milliseconds."""
    try:
        key = Signature(vrs=(parity, r, s)).recover_public_key_from_msg_hash(digest)
    except (BadSignature, ValidationError, ValueError):
        return None
    return checksum(key.to_canonical_address())
