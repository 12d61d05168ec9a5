"""What the chain gave for one audit. Gathered by one reader (read.py), judged by pure functions (judge.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controller.audit.header import Header
from controller.chain.wire import Proof
from controller.model import BlockRef, Entry, Mandate, Plan


@dataclass(frozen=True, slots=True)
class Missing:
    """Something that the node could not give, and why. Never taken for an answer."""

    reason: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """One ERC-20 Transfer: of a mandate's token from or to the vault, or of the vault's share."""

    token: str
    sender: str
    receiver: str
    amount: int  # {qTok}
    transaction: bytes
    log_index: int


@dataclass(frozen=True, slots=True)
class Call:
    """What a transaction asked for."""

    sender: str
    to: str | None  # None when it creates a contract
    plan: Plan | None  # when it is `rebalance(plan)`


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a transaction left in the ledger."""

    block_hash: bytes
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """A feed's answer to one round id, as the feed gives it at the block."""

    answer: int
    updated_at: int  # {s}
    answered_in: int


@dataclass(frozen=True)
class BlockEvidence:
    """The vault before and after one block that holds a flow or a rebalance."""

    held_before: tuple[int, ...]  # {qTok} at the block before, in the mandate's order
    held_after: tuple[int, ...]
    supply_before: int  # {qShare} at the block before
    supply_after: int
    transfers: tuple[Transfer, ...]  # of all transactions, in log order; those with an entry by their receipts
    latest_before: tuple[int, ...]  # latest round id of each feed at the block before; empty without a rebalance
    latest_after: tuple[int, ...]
    rounds: Mapping[tuple[int, int], Round | Missing]  # by (asset, round id), those that an entry names


@dataclass(frozen=True, slots=True)
class FinalState:
    """What the vault says of itself at the audited block."""

    mandate: Mandate
    owner: str
    pending_owner: str
    guardian: str
    nonce: int
    last_rebalance: int  # {s}
    paused: bool
    supply: int  # {qShare}
    keepers: Mapping[str, bool]  # of every account that an entry names as a keeper


@dataclass(frozen=True)
class Evidence:
    """All that one audit judges."""

    chain_id: int
    vault: str
    ledger: str
    block: BlockRef  # the audited block, as asked for
    entries: tuple[Entry, ...]  # in the order of the logs
    proof: Proof | Missing  # of the vault's slot in the ledger at the audited block
    headers: Mapping[int, Header]  # of the audited block, those with an entry, those that plans refer to
    chain_after: Mapping[int, tuple[bytes, int]]  # head and count that the ledger states after a block with entries
    calls: Mapping[bytes, Call]  # by transaction; what the node says it does not have is not in here
    receipts: Mapping[bytes, Receipt]  # by transaction, likewise
    blocks: Mapping[int, BlockEvidence | Missing]  # those with a flow or a rebalance
    final: FinalState | Missing
    mandate_file: bytes | None
