"""Who sends: an account that a development node holds unlocked, or a key of ours."""

from __future__ import annotations

from typing import Protocol

from eth_utils.crypto import keccak

from controller.chain import wire
from controller.chain.client import Chain
from controller.execution.keys import Signer

Transaction = dict[str, int | str]
"""Fields of an EIP-1559 transaction: integers, and hex for ``data``."""


class Sender(Protocol):
    @property
    def address(self) -> str: ...

    def prepare(self, transaction: Transaction) -> tuple[bytes, bytes]:
        """Signed bytes and their hash; both empty where only the node can sign."""

    def send(self, chain: Chain, transaction: Transaction, raw: bytes) -> bytes:
        """Broadcasts; returns the hash."""


class SigningSender:
    """A key of ours."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    @property
    def address(self) -> str:
        return self._signer.address

    def prepare(self, transaction: Transaction) -> tuple[bytes, bytes]:
        raw = self._signer.sign(transaction)
        return raw, keccak(raw)

    def send(self, chain: Chain, _transaction: Transaction, raw: bytes) -> bytes:
        return chain.send_raw(raw)


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
