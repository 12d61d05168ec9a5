"""What every stage shares: frozen, integer, free of I/O. The words are those of the contracts.

Addresses are EIP-55 checksummed strings; hashes are `bytes` of 32; units stand in braces as in docs/UNITS.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from functools import cached_property

from controller.units import VALUE_DECIMALS


class Scope(IntEnum):
    """Which assets must end inside the destination."""

    BOOK = 0
    BREACH = 1


class Kind(IntEnum):
    """What a ledger entry says (contracts/types/Types.sol)."""

    CREATED = 0
    MINTED = 1
    REDEEMED = 2
    REBALANCED = 3
    PAUSED = 4
    UNPAUSED = 5
    KEEPER_SET = 6
    GUARDIAN_SET = 7
    OWNER_PROPOSED = 8
    OWNER_SET = 9


@dataclass(frozen=True, slots=True)
class BlockRef:
    """The one block that everything of a tick is read at."""

    number: int
    hash: bytes
    timestamp: int  # {s}


@dataclass(frozen=True, slots=True)
class Feed:
    source: str
    heartbeat: int  # {s}
    decimals: int
    min_answer: int  # in the feed's decimals, inclusive
    max_answer: int


@dataclass(frozen=True, slots=True)
class Asset:
    token: str
    decimals: int
    target: int  # {bps}
    feed: Feed

    def price_from_answer(self, answer: int) -> int:
        """D36{quote/qTok} from a feed's answer."""
        scale: int = 10 ** (VALUE_DECIMALS - self.decimals - self.feed.decimals)
        return answer * scale


@dataclass(frozen=True)
class Mandate:
    """Everything the owner prescribes, as the chain enforces it."""

    name: str
    symbol: str
    file_hash: bytes
    oracle: str
    scope: Scope
    band: int  # {bps}
    destination: int  # {bps}
    max_slippage: int  # {bps}
    max_loss: int  # {bps}
    cooldown: int  # {s}
    min_trade: int  # D18{quote}
    venues: tuple[str, ...]
    assets: tuple[Asset, ...]

    @cached_property
    def targets(self) -> tuple[int, ...]:
        """{bps}, one for each asset."""
        return tuple(asset.target for asset in self.assets)

    @cached_property
    def min_trade_value(self) -> int:
        """D36{quote}."""
        scale: int = 10 ** (VALUE_DECIMALS - 18)
        return self.min_trade * scale


@dataclass(frozen=True, slots=True)
class Roles:
    owner: str
    guardian: str
    keepers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Price:
    """One price, or why there is none."""

    value: int  # D36{quote/qTok}, 0 when `failure` says why
    round_id: int
    updated_at: int  # {s}
    failure: str = ""


@dataclass(frozen=True)
class Snapshot:
    """One vault at one block: the only thing, beside the past, that a decision sees."""

    chain_id: int
    block: BlockRef
    vault: str
    registered: bool
    paused: bool
    nonce: int
    last_rebalance: int  # {s}, 0 before the first
    supply: int  # {qShare}
    ledger_head: bytes
    ledger_count: int
    mandate: Mandate
    balances: tuple[int, ...]  # {qTok}
    prices: tuple[Price, ...]


@dataclass(frozen=True, slots=True)
class Trade:
    """One swap; indices are into the mandate's lists."""

    sell: int
    buy: int
    venue: int
    amount_in: int  # {qTok of sell}
    min_out: int  # {qTok of buy}
    route: bytes


@dataclass(frozen=True, slots=True)
class Plan:
    """The ordered trades of one rebalance."""

    nonce: int
    deadline: int  # {s}
    reference_block: int
    reference_hash: bytes
    journal_head: bytes
    trades: tuple[Trade, ...]


class Reason(Enum):
    """Why a tick correctly does nothing."""

    IN_BAND = "in band"
    COOLING_DOWN = "cooling down"
    PAUSED = "paused"
    NO_VALUE = "no value"
    PRICE_UNUSABLE = "price unusable"
    BELOW_MIN_TRADE = "below minimum trade"
    COST_ABOVE_LIMIT = "cost above limit"
    NO_ROUTE = "no route"


@dataclass(frozen=True, slots=True)
class NoTrade:
    """Doing nothing, and why: a first-class decision."""

    reason: Reason
    detail: str


Decision = Plan | NoTrade


@dataclass(frozen=True, slots=True)
class Quote:
    """What a venue would really give at the block of the snapshot, fee and impact included."""

    sell: int
    buy: int
    venue: int
    amount_in: int  # {qTok of sell}
    amount_out: int  # {qTok of buy}
    route: bytes


@dataclass(frozen=True, slots=True)
class Fill:
    """One executed trade."""

    sell: int
    buy: int
    venue: int
    amount_in: int
    amount_out: int


@dataclass(frozen=True, slots=True)
class Rebalance:
    """The payload of a REBALANCED entry."""

    keeper: str
    nonce: int
    plan_hash: bytes
    journal_head: bytes
    drift_before: int  # D18{1}
    drift_after: int  # D18{1}
    value_before: int  # D36{quote}
    value_after: int  # D36{quote}
    prices: tuple[int, ...]  # D36{quote/qTok}
    rounds: tuple[int, ...]
    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One record of the ledger as the chain's logs give it."""

    vault: str
    seq: int
    kind: int
    head: bytes  # 27 bytes
    payload: bytes
    block_number: int
    block_hash: bytes
    transaction: bytes
    log_index: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a broadcast plan, from its receipt and its REBALANCED entry."""

    transaction: bytes
    block: BlockRef
    gas_used: int  # {gas}
    gas_price: int  # {wei/gas} effective
    rebalance: Rebalance


@dataclass(frozen=True, slots=True)
class TickRecord:
    """One tick as the journal keeps it and the report draws it: what was seen, decided and done."""

    vault: str
    block: BlockRef
    balances: tuple[int, ...]  # {qTok}
    prices: tuple[int, ...]  # D36{quote/qTok}, 0 where there was none
    supply: int  # {qShare}
    value: int  # D36{quote}, 0 when a price was missing
    drift: int  # D18{1} largest absolute, rounded down
    reason: Reason | None  # None when a plan was made
    detail: str
    plan_hash: bytes | None  # set when a plan was made
    outcome: Outcome | None  # set when it was mined
    error: str = ""  # name of the error that ended the tick, empty when none did
