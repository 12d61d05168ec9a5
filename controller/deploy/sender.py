"""Who sends: an account that the node holds unlocked, or a key of ours."""

from __future__ import annotations

from typing import Protocol

from controller.chain import wire
from controller.chain.client import Chain

Transaction = dict[str, int | str]
"""Fields of an EIP-1559 transaction: integers, and hex for ``data``."""


class Sender(Protocol):
    @property
    def address(self) -> str: ...

    def prepare(self, transaction: Transaction) -> tuple[bytes, bytes]:
        """Signed bytes and hash; both empty where only the node can sign."""

    def send(self, chain: Chain, transaction: Transaction, raw: bytes) -> bytes:
        """Broadcasts; returns the hash."""


class UnlockedSender:
    """An account of a development node."""

    def __init__(self, address: str) -> None:
        self.address = address

    def prepare(self, _transaction: Transaction) -> tuple[bytes, bytes]:
        return b"", b""

    def send(self, chain: Chain, transaction: Transaction, _raw: bytes) -> bytes:
        fields = {
            key: hex(value) if isinstance(value, int) else value
            for key, value in transaction.items()
            if key not in {"type", "chainId"}
        }
        return wire.octets(chain.request("eth_sendTransaction", {**fields, "from": self.address}))
