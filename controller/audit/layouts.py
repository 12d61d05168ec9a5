"""Where an ERC-20 keeps a balance, found by trying the layouts that are in use against a proven value.

Nothing is believed: a layout counts only where the slot that it names holds, by proof, the balance that the token
states; a proof of every other block then needs that one slot.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from eth_utils.crypto import keccak

SOLADY_SUPPLY: Final = (0x05345CDF77EB68F44C).to_bytes(32)
"""Slot of `totalSupply` in Solady's ERC20, which a vault's share is."""
_SOLADY_SEED: Final = bytes.fromhex("87a211a2")
_OPENZEPPELIN: Final = 0x52C63247E1F47DB19D5CE0460030C497F067CA4CEBF71BA98EEADABE20BACE00
"""Where OpenZeppelin's upgradeable ERC20 begins (ERC-7201 "openzeppelin.storage.ERC20"); balances are its first."""
_PLAIN_SLOTS: Final = 64
_BALANCE_BITS: Final = 255
"""Circle's dollar keeps a flag of the account above them."""


@dataclass(frozen=True, slots=True)
class Layout:
    """One way to keep balances."""

    name: str
    base: int  # slot of the mapping
    order: str  # solidity: keccak(account . slot), vyper: keccak(slot . account), solady: packed with a seed

    def slot(self, account: str) -> bytes:
        """Of the account's balance."""
        raw = bytes.fromhex(account[2:])
        if self.order == "solady":
            return bytes(keccak(raw + bytes(8) + _SOLADY_SEED))
        words = raw.rjust(32, b"\0"), self.base.to_bytes(32)
        return bytes(keccak(b"".join(words if self.order == "solidity" else reversed(words))))


def layouts() -> Iterator[Layout]:
    """The usual ones first."""
    yield Layout("Solady", 0, "solady")
    yield Layout("OpenZeppelin, upgradeable", _OPENZEPPELIN, "solidity")
    for base in range(_PLAIN_SLOTS):
        yield Layout(f"mapping in slot {base}", base, "solidity")
    for base in range(_PLAIN_SLOTS):
        yield Layout(f"Vyper's mapping in slot {base}", base, "vyper")


def balance_of(word: int) -> int:
    """{qTok} in a balance's slot."""
    return word & (1 << _BALANCE_BITS) - 1
