"""What a keeper file may say, key by key. Every number has its unit in its name, and a range outside of which another
unit must have been meant.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from controller.config.networks import Address

DAY = 86_400
"""{s}"""
WEI_PER_GWEI, WEI_PER_ETHER = 10**9, 10**18
MAX_GAS_GWEI = 100_000
MAX_SPEND_ETH = 1_000


def _number(value: Any, unit: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not Decimal(value).is_finite():
        raise ValueError(f"must be a number{f' of {unit}' if unit else ''}, without quotes")
    return Decimal(value)


def _each_once(vaults: list[str] | None) -> list[str] | None:
    if vaults is not None and len(set(vaults)) < len(vaults):
        raise ValueError("names a vault twice")
    return vaults


def _range(low: int, high: int, unit: str, below: str, above: str) -> BeforeValidator:
    """Of a number of `unit`; what it looks like outside of its range."""

    def check(value: Any) -> Decimal:
        number = _number(value, unit)
        if number < low or number > high:
            looks = below if number < low else above
            raise ValueError(f"is {number}, must be {low:,} to {high:,} {unit}; {looks}")
        return number

    return BeforeValidator(check)


def _amount(scale: int, most: int, unit: str, above: str) -> BeforeValidator:
    """{wei} from a number of `unit`, above zero."""

    def check(value: Any) -> int:
        number = _number(value, unit)
        if not 0 < number <= most:
            raise ValueError(
                f"is {number}, must be above 0 and at most {most:,} {unit}" + (above if number > 0 else "")
            )
        if (number * scale) % 1:
            raise ValueError(f"is {number}, which is no whole number of wei")
        return int(number * scale)

    return BeforeValidator(check)


def _count(low: int, high: int, unit: str = "", fraction: str = "") -> BeforeValidator:
    """A whole number of `unit`."""

    def check(value: Any) -> int:
        number = _number(value, unit)
        if number % 1:
            raise ValueError(f"is {number}, must be a whole number{f' of {unit}' if unit else ''}{fraction}")
        if not low <= number <= high:
            raise ValueError(f"is {number}, must be {low} to {high} {unit}".rstrip())
        return int(number)

    return BeforeValidator(check)


def _path(value: Any) -> Path:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a path in quotes")
    return Path(value)


Gas = Annotated[
    int, _amount(WEI_PER_GWEI, MAX_GAS_GWEI, "gwei", "; it looks like wei: a gwei is 1,000,000,000 of them")
]
Coins = Annotated[int, _amount(WEI_PER_ETHER, MAX_SPEND_ETH, "ether", "; it looks like gwei or wei")]
File = Annotated[Path, BeforeValidator(_path)]
Interval = Annotated[
    Decimal,
    _range(1, DAY, "seconds", "it looks like minutes or hours", "it looks like milliseconds, or is more than a day"),
]
Patience = Annotated[
    Decimal, _range(10, DAY, "seconds", "it looks like minutes", "it looks like milliseconds, or is more than a day")
]
Heartbeat = Annotated[
    Decimal, _range(60, 14 * DAY, "seconds", "it looks like minutes or hours", "it looks like milliseconds")
]
LeaseTime = Annotated[
    Decimal,
    _range(3, 600, "seconds", "it looks like minutes", "it looks like milliseconds, or is more than 10 minutes"),
]
Hours = Annotated[Decimal, _range(1, 168, "hours", "it looks like days", "it looks like minutes or seconds")]
Points = Annotated[int, _count(1, 10_000, "basis points", ": 0.5% are 50")]


Vaults = Annotated[
    Annotated[list[Address], Field(min_length=1)] | None,
    BeforeValidator(lambda value: None if value == "all" else value),
    AfterValidator(_each_once),
]
"""None: all of them."""


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class KeeperTable(Table):
    """What is kept, and when it is looked at."""

    network: str
    vaults: Vaults = None
    schedule: Literal["block", "interval", "calendar"] = "interval"
    interval_seconds: Interval = Decimal(60)
    silence_seconds: Patience = Decimal(300)
    skew_seconds: Patience = Decimal(120)
    kill_file: File | None = None
    requests_per_tick: Annotated[int, _count(10, 1_000_000, "requests")] = 1_000


class CoinFeedTable(Table):
    address: Address
    decimals: Annotated[int, _count(0, 18)]
    heartbeat_seconds: Heartbeat


class GuardsTable(Table):
    """What the operator is ready to pay, and when the keeper gives up by itself."""

    gas_ceiling_gwei: Gas | None = None
    max_gas_cost_bps: Points | None = None
    wrapped_coin: str | None = None
    coin_feed: CoinFeedTable | None = None
    daily_spend_eth: Coins | None = None
    low_balance_rebalances: Annotated[int, _count(1, 10_000, "rebalances")] = 10
    vault_failures: Annotated[int, _count(1, 100, "failures")] = 3
    fleet_failures: Annotated[int, _count(1, 10_000, "vaults")] = 5

    @model_validator(mode="after")
    def _cost_has_a_price(self) -> GuardsTable:
        if self.max_gas_cost_bps is not None and self.wrapped_coin is None and self.coin_feed is None:
            raise ValueError(
                "max_gas_cost_bps needs the price of the chain's coin: "
                "name wrapped_coin, an asset such as WETH, or a feed in [guards.coin_feed]"
            )
        return self


SIGNERS = ("keystore", "key_variable", "signer_url_variable", "dev_account")


class AccountTable(Table):
    """One signing account: where its key is, and which vaults it sends for."""

    keystore: File | None = None
    passphrase_file: File | None = None
    passphrase_credential: str | None = None
    key_variable: str | None = None
    signer_url_variable: str | None = None
    address: Address | None = None
    dev_account: Annotated[int, _count(0, 9)] | None = None
    vaults: Vaults = None

    @model_validator(mode="after")
    def _one_signer(self) -> AccountTable:
        named = [key for key in SIGNERS if getattr(self, key) is not None]
        if len(named) != 1:
            raise ValueError(f"needs exactly one of {', '.join(SIGNERS)}; it has {' and '.join(named) or 'none'}")
        if self.signer_url_variable is not None and self.address is None:
            raise ValueError('needs the address of the account that the signer holds: address = "0x..."')
        if self.keystore is None and (self.passphrase_file or self.passphrase_credential):
            raise ValueError("has a passphrase and no keystore")
        if self.passphrase_file and self.passphrase_credential:
            raise ValueError("names its passphrase twice: keep passphrase_file or passphrase_credential")
        return self


class AlertsTable(Table):
    """Who is told. Addresses may hold keys, so they stand elsewhere."""

    urls_file: File | None = None
    urls_credential: str | None = None
    least: Literal["info", "warning", "critical"] = "warning"
    repeat_hours: Hours = Decimal(6)


class MetricsTable(Table):
    port: Annotated[int, _count(0, 65_535)] | None = None
    heartbeat_file: File | None = None
    patience_intervals: Annotated[int, _count(1, 1_000, "intervals")] = 5


class JournalTable(Table):
    path: File | None = None
    url_variable: str | None = None
    lease_seconds: LeaseTime = Decimal(30)

    @model_validator(mode="after")
    def _one_place(self) -> JournalTable:
        if self.path is not None and self.url_variable is not None:
            raise ValueError("names two journals: keep path (SQLite) or url_variable (PostgreSQL)")
        return self


class StrategyTable(Table):
    """What plans are held against."""

    file: File
    gas_of_plan: Annotated[int, _count(21_000, 30_000_000, "gas")] = 350_000
    gas_of_trade: Annotated[int, _count(21_000, 30_000_000, "gas")] = 75_000


class FileTable(Table):
    keeper: KeeperTable
    strategy: StrategyTable | None = None
    guards: GuardsTable = GuardsTable()
    accounts: dict[str, AccountTable] = Field(default_factory=dict)
    alerts: AlertsTable = AlertsTable()
    metrics: MetricsTable = MetricsTable()
    journal: JournalTable = JournalTable()


TABLES: dict[str, type[Table]] = {
    "keeper": KeeperTable,
    "guards": GuardsTable,
    "coin_feed": CoinFeedTable,
    "accounts": AccountTable,
    "alerts": AlertsTable,
    "metrics": MetricsTable,
    "journal": JournalTable,
    "strategy": StrategyTable,
}
EXAMPLES = {
    "network": '"sepolia"', "address": '"0x..."', "decimals": "8", "heartbeat_seconds": "3600",
    "file": '"strategy.toml"',
}  # fmt: skip
