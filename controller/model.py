"""What every stage shares: frozen, integer, free of I/O. The words are those of the contracts.

Addresses are EIP-55 checksummed strings; hashes are `bytes` of 32; units stand in braces as in docs/UNITS.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, IntEnum
from functools import cached_property
from typing import Final

from controller.units import VALUE_DECIMALS

ZERO_ADDRESS: Final = "0x" + "00" * 20
"""Stands for nobody and for nothing, as on the chain."""


class TriggerKind(IntEnum):
    """When a rebalance is due."""

    THRESHOLD = 0
    CALENDAR = 1
    EITHER = 2
    BOTH = 3


class Period(IntEnum):
    """What a calendar counts in."""

    DAY = 0
    WEEK = 1
    MONTH = 2
    QUARTER = 3
    YEAR = 4


class Scope(IntEnum):
    """Which assets must end inside the destination."""

    BOOK = 0
    BREACH = 1


class Power(IntEnum):
    """What an owner can give up for good."""

    MANDATE = 0
    TARGETS = 1
    ROLES = 2
    PAUSE = 3


class Cause(IntEnum):
    """Why a rebalance is due, or why not."""

    THRESHOLD = 0
    CALENDAR = 1
    THRESHOLD_AND_CALENDAR = 2
    OPEN = 3
    IN_BAND = 4
    BEFORE_PERIOD = 5
    COOLING_DOWN = 6
    PAUSED = 7
    NO_VALUE = 8
    PRICE_UNUSABLE = 9


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
    STRATEGIST_SET = 10
    DEPOSITED = 11
    WITHDRAWN = 12
    FEES_TAKEN = 13
    TARGETS_SET = 14
    MANDATE_SET = 15
    SUBMITTED = 16
    REVOKED = 17
    RENOUNCED = 18
    DECLARED = 19


@dataclass(frozen=True, slots=True)
class BlockRef:
    """The one block that everything of a tick is read at."""

    number: int
    hash: bytes
    timestamp: int  # {s}


@dataclass(frozen=True, slots=True)
class Twap:
    """A second price source: the time-weighted price of a Uniswap V3 pool. All zero: none."""

    window: int = 0  # {s} averaged over
    fee: int = 0  # {1e-6} names the pool
    max_deviation: int = 0  # {bps} from the feed's price, inclusive
    base: int = 0  # index of the other asset


@dataclass(frozen=True, slots=True)
class Feed:
    source: str
    heartbeat: int  # {s}
    decimals: int
    deviation: int  # {bps} move at which the feed publishes anew
    min_answer: int  # in the feed's decimals, inclusive
    max_answer: int
    twap: Twap = Twap()


@dataclass(frozen=True, slots=True)
class Sequencer:
    """The uptime feed of an L2's sequencer; the zero address on L1."""

    feed: str = ZERO_ADDRESS
    grace: int = 0  # {s} after a restart in which no price is acceptable


@dataclass(frozen=True, slots=True)
class Asset:
    token: str
    decimals: int
    min_weight: int  # {bps} lowest target that the path may ever give it
    max_weight: int  # {bps}
    feed: Feed

    def price_from_answer(self, answer: int) -> int:
        """D36{quote/qTok} from a feed's answer."""
        scale: int = 10 ** (VALUE_DECIMALS - self.decimals - self.feed.decimals)
        return answer * scale


@dataclass(frozen=True, slots=True)
class Knot:
    """Targets at one moment; interpolated between two knots, constant before the first and after the last."""

    time: int  # {s}
    weights: tuple[int, ...]  # {bps} one for each asset, sum exactly 10,000


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a rebalance is due."""

    kind: TriggerKind
    band: int  # {bps} absolute drift, inclusive; zero: none
    relative_band: int  # {bps of the target} inclusive; zero: none. With both: the first
    period: Period
    every: int  # {periods}
    anchor: int  # {s} first firing; later ones follow on calendar days and months in UTC
    cooldown: int  # {s} between the end of one rebalance and the opening of the next


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a rebalance must end."""

    drift: int  # {bps} absolute
    relative_drift: int  # {bps of the target}. With both: the nearer to the target
    scope: Scope
    window: int  # {s} in which a rebalance may be finished in further parts; zero: all at once


@dataclass(frozen=True, slots=True)
class Limits:
    """What one rebalance, and all of them within any `budget_window`, may cost and do."""

    max_slippage: int  # {bps} of one trade, against the oracle
    max_loss: int  # {bps} of the vault's value in one plan; gains do not offset losses
    loss_budget: int  # {bps} of the vault's value lost in any `budget_window`, at most half of it at once
    turnover_budget: int  # {bps} of the vault's value sold in any `budget_window`, at most half of it at once
    budget_window: int  # {s}
    min_trade: int  # D18{quote}
    max_trades: int  # in one plan
    max_step: int  # {bps} by which the strategist may move an asset's target at once
    step_delay: int  # {s} between two such moves


@dataclass(frozen=True, slots=True)
class Fees:
    """Taken as new shares."""

    recipient: str = ZERO_ADDRESS  # zero exactly when both fees are
    management: int = 0  # {bps per year} of the shares
    performance: int = 0  # {bps} of the rise of a share's value above its highest at any earlier fee


@dataclass(frozen=True)
class Mandate:
    """Everything the owner prescribes, as the chain enforces it."""

    name: str
    symbol: str
    file_hash: bytes
    oracle: str
    sequencer: Sequencer
    trigger: Trigger
    destination: Destination
    limits: Limits
    fees: Fees
    spread: int  # {bps} kept from `deposit` and `withdraw` for the other holders; zero: neither is allowed
    timelock: int  # {s} that a loosening waits
    venues: tuple[str, ...]
    assets: tuple[Asset, ...]
    path: tuple[Knot, ...]  # the targets, times ascending; at one moment: `planning.rules`, or a snapshot's `targets`

    @cached_property
    def min_trade_value(self) -> int:
        """D36{quote}."""
        scale: int = 10 ** (VALUE_DECIMALS - 18)
        return self.limits.min_trade * scale


@dataclass(frozen=True, slots=True)
class Roles:
    owner: str
    strategist: str
    guardian: str
    keepers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of a vault besides its mandate, roles and holdings; all but the stored times hold at one block."""

    nonce: int  # of the next plan
    last_rebalance: int  # {s} zero before the first
    open_until: int  # {s} end of the open rebalance; past or zero: none is open
    breaches: int  # bitmap of assets that the open rebalance has to bring home
    paused: bool
    loss_used: int  # D14{1} of the loss budget, rounded up
    turnover_used: int  # D14{1} of the turnover budget, rounded up
    last_target_change: int  # {s} by the strategist; zero before the first
    last_fee: int  # {s} until when the management fee has been taken
    high_water_mark: int  # D36{quote/share} zero before the first performance fee
    renounced: tuple[Power, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """The vault's own answer whether a rebalance is due."""

    due: bool
    cause: Cause
    next: int  # {s} when time alone can change this; zero: never
    breaches: int  # bitmap of assets that have to reach the destination
    largest_drift: int  # D18{1} absolute, rounded down
    largest_relative_drift: int  # D18{1} relative to the target, rounded down
    turnover_drift: int  # D18{1} half of the sum of absolute drifts, rounded down
    total: int  # D36{quote}
    moves: tuple[int, ...]  # D36{quote} to buy (positive) or sell, to end at the nearest point of the destination
    failure: str = ""  # the oracle's error by name when the cause is PRICE_UNUSABLE


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
    supply: int  # {qShare}
    ledger_head: bytes
    ledger_count: int
    mandate: Mandate
    targets: tuple[int, ...]  # {bps} of the path at the block
    status: Status
    due: Due  # at the block
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
class Expected:
    """What a plan is expected to cost and to bring, when it is made."""

    cost: int  # D36{quote} fee, impact and gas; negative when the venues pay more than the oracle's prices
    benefit: int | None  # D36{quote} of risk that is taken away; None where nobody asked


@dataclass(frozen=True, slots=True)
class Plan:
    """The ordered trades of one rebalance, or of one part of it."""

    nonce: int
    deadline: int  # {s}
    reference_block: int
    reference_hash: bytes
    journal_head: bytes
    part: bool  # whether the destination may be left to further plans
    trades: tuple[Trade, ...]
    expected: Expected | None = field(default=None, compare=False)  # known to who made it: the chain is not told


class Reason(Enum):
    """Why a tick correctly does nothing."""

    IN_BAND = "in band"
    BEFORE_PERIOD = "before the next period"
    COOLING_DOWN = "cooling down"
    PAUSED = "paused"
    NO_VALUE = "no value"
    PRICE_UNUSABLE = "price unusable"
    AT_DESTINATION = "at the destination"
    BELOW_MIN_TRADE = "below minimum trade"
    TOO_MANY_TRADES = "too many trades"
    COST_ABOVE_LIMIT = "cost above limit"
    BUDGET_SPENT = "budget spent"
    NO_ROUTE = "no route"
    COST_ABOVE_BENEFIT = "cost above benefit"
    BEFORE_SLICE = "before the next slice"


@dataclass(frozen=True, slots=True)
class NoTrade:
    """Doing nothing, and why: a first-class decision."""

    reason: Reason
    detail: str
    until: int = 0  # {s} when time alone can change this; zero: not known, or never


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
    cause: Cause
    open: bool  # whether further parts may follow
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
    targets: tuple[int, ...]  # {bps} at the block
    drift: int  # D18{1} largest absolute, rounded down
    reason: Reason | None  # None when a plan was made
    detail: str
    plan_hash: bytes | None  # set when a plan was made
    outcome: Outcome | None  # set when it was mined
    error: str = ""  # name of the error that ended the tick, empty when none did
