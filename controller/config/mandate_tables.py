"""What a mandate file may say, key by key: its tables, their defaults, and an example of every key."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from controller.config import quantities
from controller.config.networks import Address
from controller.model import Period
from controller.units import BPS

MIN_ASSETS, MAX_ASSETS = 2, 16
MAX_TEXT = 31
"""Bytes of a name or symbol on chain."""
MAX_KNOTS = 64
MAX_TRADES = 255
MAX_MANAGEMENT, MAX_PERFORMANCE = 500, 3_000
"""{bps per year}, {bps}"""
MAX_TURNOVER = 10_000_000
"""{bps}"""
BUDGETS = 4
"""So many times the loss of one plan is the loss budget where the file says nothing."""

HOUR, DAY = 3_600, 86_400
"""{s}"""
ANCHOR = 1_704_067_200
"""{s} 2024-01-01T00:00:00Z: a Monday, and the first day of a month, of a quarter and of a year."""


def _text(value: str) -> str:
    if not (value.isascii() and value.isprintable() and 0 < len(value) <= MAX_TEXT):
        raise ValueError(f"must be 1 to {MAX_TEXT} printable ASCII characters")
    return value


def _positive(value: int) -> int:
    if value == 0:
        raise ValueError("must be above zero")
    return value


def _part(value: int) -> int:
    if value == BPS:
        raise ValueError("must be below 100%")
    return value


def _between(low: int, high: int, words: str) -> AfterValidator:
    def check(value: int) -> int:
        if not low <= value <= high:
            raise ValueError(f"must be {words}")
        return value

    return AfterValidator(check)


Text = Annotated[str, AfterValidator(_text)]
Share = Annotated[int, BeforeValidator(quantities.share)]
Part = Annotated[Share, AfterValidator(_part)]
Seconds = Annotated[int, BeforeValidator(quantities.seconds)]
Price = Annotated[Fraction, BeforeValidator(quantities.price)]
Moment = Annotated[int, BeforeValidator(quantities.moment)]


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class TriggerTable(Table):
    """When a rebalance is due."""

    kind: Literal["threshold", "calendar", "either", "both"] = "threshold"
    band: Annotated[Share, AfterValidator(_positive)] | None = None
    relative_band: Annotated[Share, AfterValidator(_positive)] | None = None
    every: Annotated[tuple[int, Period], BeforeValidator(quantities.calendar)] | None = None
    anchor: Annotated[Moment, AfterValidator(_positive)] = ANCHOR
    cooldown: Seconds = HOUR


class DestinationTable(Table):
    """Where a rebalance must end. Half of each band where nothing is said."""

    drift: Share | None = None
    relative_drift: Share | None = None
    scope: Literal["book", "breach"] = "book"
    window: Seconds = 0


class LimitsTable(Table):
    slippage: Part = 100
    loss: Annotated[Part, AfterValidator(_positive)] = 50
    loss_budget: Annotated[Share, AfterValidator(_positive)] | None = None
    turnover_budget: Annotated[
        int, BeforeValidator(quantities.ratio), _between(1, MAX_TURNOVER, "above zero, and at most 100000%")
    ] = 2 * BPS
    budget_window: Annotated[Seconds, _between(HOUR, 2**32, "at least an hour")] = 30 * DAY
    min_trade: Annotated[int, BeforeValidator(quantities.money), AfterValidator(_positive)] = 100 * 10**18
    max_trades: Annotated[int, _between(1, MAX_TRADES, f"1 to {MAX_TRADES}")] = 16
    max_step: Share = 500
    step_delay: Seconds = DAY


class FeesTable(Table):
    recipient: Address
    management: Annotated[Share, _between(0, MAX_MANAGEMENT, "at most 5% a year")] = 0
    performance: Annotated[Share, _between(0, MAX_PERFORMANCE, "at most 30%")] = 0


class FlowsTable(Table):
    """Single assets in and out; without this table there is neither."""

    spread: Annotated[Part, AfterValidator(_positive)]


class RolesTable(Table):
    owner: Address | None = None
    strategist: Address | None = None
    guardian: Address | None = None
    keepers: list[Address] | None = None


class TwapTable(Table):
    """A second price, of a Uniswap V3 pool of this asset and another one of the file."""

    base: str
    fee: Annotated[int, BeforeValidator(quantities.fee_tier)]
    window: Annotated[Seconds, AfterValidator(_positive)]
    max_deviation: Annotated[Part, AfterValidator(_positive)]


class AssetTable(Table):
    token: str
    weight: Share | None = None
    min_weight: Share = 0
    max_weight: Share = BPS
    heartbeat: Annotated[Seconds, AfterValidator(_positive)]
    deviation: Part | None = None
    price_min: Price
    price_max: Price
    twap: TwapTable | None = None


class KnotTable(Table):
    """Targets at one moment."""

    time: Moment
    weights: dict[str, Share]


class FileTable(Table):
    name: Text
    symbol: Text
    timelock: Annotated[Seconds, _between(HOUR, 365 * DAY, "an hour to 365 days")] = 2 * DAY
    trigger: TriggerTable
    destination: DestinationTable = DestinationTable()
    limits: LimitsTable = LimitsTable()
    fees: FeesTable | None = None
    flows: FlowsTable | None = None
    assets: Annotated[list[AssetTable], Field(min_length=MIN_ASSETS, max_length=MAX_ASSETS)]
    path: Annotated[list[KnotTable], Field(min_length=1, max_length=MAX_KNOTS)] | None = None
    roles: RolesTable = RolesTable()


TABLES: dict[str, type[Table]] = {
    "trigger": TriggerTable,
    "destination": DestinationTable,
    "limits": LimitsTable,
    "fees": FeesTable,
    "flows": FlowsTable,
    "roles": RolesTable,
    "assets": AssetTable,
    "path": KnotTable,
    "twap": TwapTable,
}
LISTED = ("assets", "path")
"""Tables that a file has several of: ``[[assets]]``."""
EXAMPLES = {
    "name": '"Sixty Forty"', "symbol": '"EK6040"', "band": '"5%"', "every": '"3 months"', "spread": '"1%"',
    "recipient": '"0x..."', "token": '"GOLD"', "weight": '"60%"', "heartbeat": '"25 hours"', "deviation": '"0.5%"',
    "price_min": '"1"', "price_max": '"100000"', "time": "2027-01-01", "weights": '{GOLD = "60%", DOLLAR = "40%"}',
    "base": '"DOLLAR"', "fee": '"0.05%"', "window": '"30 minutes"', "max_deviation": '"2%"',
}  # fmt: skip
