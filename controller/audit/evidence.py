"""What the chain gave for one audit. Gathered by one reader (read.py), judged by pure functions (judge.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.audit.header import Header
from controller.audit.journal import JournalLine
from controller.audit.layouts import Layout
from controller.audit.report import Level
from controller.chain.wire import Proof
from controller.model import Asset, BlockRef, Entry, Mandate, Plan, Sequencer, Status

PriceSource = tuple[str, Sequencer, tuple[Asset, ...]]
"""What an oracle's answer depends on, the block apart: itself and all that a mandate asks of it."""


def price_source(mandate: Mandate) -> PriceSource:
    """Where a vault under this mandate gets its prices."""
    return mandate.oracle, mandate.sequencer, mandate.assets


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
    data_hash: bytes = b""  # keccak256 of its data


@dataclass(frozen=True, slots=True)
class Inclusion:
    """That a block has a transaction at a place, by its transactions root."""

    index: int
    nodes: tuple[bytes, ...]  # RLP, from the root down


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a transaction left in the ledger."""

    block_hash: bytes
    entries: tuple[Entry, ...]
    gas_used: int = 0  # {gas}
    gas_price: int = 0  # {wei/gas} effective


@dataclass(frozen=True, slots=True)
class Round:
    """A feed's answer to one round id, as the feed gives it at the block."""

    answer: int
    updated_at: int  # {s}
    answered_in: int


@dataclass(frozen=True)
class BlockEvidence:
    """The vault before and after one block that holds an entry which chain data can be held against."""

    held_before: Mapping[str, int]  # {qTok} at the block before, by token
    held_after: Mapping[str, int]
    supply_before: int  # {qShare} at the block before
    supply_after: int
    transfers: tuple[Transfer, ...]  # of all transactions, in log order; those with an entry by their receipts
    latest_before: Mapping[str, int | Missing]  # by feed, its latest round id at the block before; empty without prices
    latest_after: Mapping[str, int | Missing]
    rounds: Mapping[tuple[str, int], Round | Missing]  # by feed and round id: the latest ones and those of the entries
    refusals: Mapping[PriceSource, str | Missing]  # what an oracle that asks more than feeds says at the block, or ""


@dataclass(frozen=True, slots=True)
class SelfView:
    """What the vault says of itself at the end of a block."""

    mandate: Mandate
    owner: str
    pending_owner: str
    strategist: str
    guardian: str
    status: Status
    supply: int  # {qShare}
    keepers: Mapping[str, bool]  # of the accounts that entries name as keepers: of this block, at the end of all
    executable_at: Mapping[bytes, int]  # {s} by the hash of the calls that entries announce, likewise; zero: none


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
    blocks: Mapping[int, BlockEvidence | Missing]  # those with a flow, a fee, a rebalance or another mandate
    views: Mapping[int, SelfView | Missing]  # of the audited block and those with an entry
    mandate_file: bytes | None
    depth: Level = Level.L4  # that was asked for
    trusted: bytes = b""  # hash of the block that the auditor trusts; empty: the audited one, on the node's word
    links: Mapping[int, bytes] | Missing | None = None  # RLP of every header from the first block used to the trusted
    receipt_lists: Mapping[int, bytes] | Missing | None = None  # all receipts of each block used, as it commits to them
    inclusions: Mapping[bytes, Inclusion | Missing] | None = None  # by transaction with an entry
    ends: Mapping[str, tuple[int, int]] | Missing | None = None  # {qTok} by token, before the first entry and at last
    layouts: Mapping[str, Layout | Missing] = field(default_factory=dict)  # by token, where it keeps a balance
    holdings: Mapping[int, Mapping[str, Proof | Missing]] | Missing | None = None  # by block, of each token and share
    journal: tuple[JournalLine, ...] | Missing | None = None  # of the keeper, as it is stored
    tick_prices: Mapping[int, tuple[int, ...] | Missing] = field(default_factory=dict)  # D36{quote/qTok} by block
    later_prices: Mapping[int, tuple[int, ...] | Missing] = field(default_factory=dict)  # likewise, where asked for
