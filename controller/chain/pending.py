"""What a vault's owner has announced and not made yet: in the ledger word for word, its date in the vault."""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.crypto import keccak

from controller.chain import ledger
from controller.chain.client import Chain
from controller.chain.contract import Contract
from controller.chain.entries import Submitted, decode_entry
from controller.model import BlockRef, Kind


@dataclass(frozen=True, slots=True)
class Pending:
    """One announced call."""

    call: bytes  # to the vault, by its owner
    executable_at: int  # {s}
    expires_at: int  # {s} last second at which it can be made

    @property
    def call_hash(self) -> bytes:
        return keccak(self.call)


def pending(chain: Chain, vault: str, first: int, block: BlockRef) -> list[Pending]:
    """Every announced call that is neither made nor revoked, the expired ones included, oldest first.

    Parameters
    ----------
    first : block that the ledger was deployed in.
    """
    clone = Contract(chain, vault, "Vault")
    recorded = ledger.every_entry(chain, clone.read("ledger", block=block), vault, first, block)
    said = (decode_entry(entry) for entry in recorded if entry.kind == Kind.SUBMITTED)
    calls = dict.fromkeys(entry.call for entry in said if isinstance(entry, Submitted))
    if not calls:
        return []
    life = int(clone.read("SUBMISSION_LIFE", block=block))
    found = []
    for call in calls:
        at = int(clone.read("executableAt", keccak(call), block=block))
        if at:
            found.append(Pending(call, at, at + life))
    return found
