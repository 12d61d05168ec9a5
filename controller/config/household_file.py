"""The household file: what there is beside the vaults, what is owed, and what the whole should be. TOML; it stays on
this machine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

from dateutil.relativedelta import relativedelta
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from controller.config import mistakes as wrong
from controller.config import quantities
from controller.config.networks import Address
from controller.errors import Mistake
from controller.model import Period
from controller.units import BPS

Moment = Annotated[int, BeforeValidator(quantities.moment)]
Money = Annotated[int, BeforeValidator(quantities.money)]
Share = Annotated[int, BeforeValidator(quantities.share)]
ENDINGS: Final = (".csv", ".beancount", ".bean", ".journal", ".hledger", ".ledger")


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class AccountTable(Table):
    name: Annotated[str, Field(min_length=1)]
    file: Annotated[str, Field(min_length=1)]


class DebtTable(Table):
    name: Annotated[str, Field(min_length=1)]
    amount: Money


class FlowTable(Table):
    """Comes in or goes out: once, at `at`; or every period from then on."""

    name: Annotated[str, Field(min_length=1)]
    comes: Money | None = None
    goes: Money | None = None
    at: Moment
    every: Annotated[tuple[int, Period], BeforeValidator(quantities.calendar)] | None = None
    until: Moment | None = None


class HouseholdTable(Table):
    vaults: list[Address] | None = None
    wallets: list[Address] = Field(default_factory=list)
    target: dict[str, Share] = Field(default_factory=dict)
    groups: dict[str, str] = Field(default_factory=dict)
    prices: dict[str, Money] = Field(default_factory=dict)
    accounts: list[AccountTable] = Field(default_factory=list)
    debts: list[DebtTable] = Field(default_factory=list)
    flows: list[FlowTable] = Field(default_factory=list)


FORM: Final = wrong.Form(
    "household",
    HouseholdTable,
    {"accounts": AccountTable, "debts": DebtTable, "flows": FlowTable},
    {"name": '"Broker"', "file": '"broker.csv"', "amount": '"1000 USD"', "at": "2027-01-01"},
)

TEMPLATE: Final = """\
# Everything that you own and owe. It stays on this machine. What it comes to: evenkeel household FILE
# vaults = ["0x..."]            # without it, the only vault there is
# wallets = ["0x..."]           # accounts on chain whose tokens count

[target]                        # of the whole, by group; without it nothing is advised
EQUITY = "60%"
BOND = "30%"
GOLD = "10%"

# [groups]                      # to which group an asset belongs, where its name is another
# VTI = "EQUITY"

# [prices]                      # for what no feed and no file prices
# ETH = "2500 USD"

# [[accounts]]                  # a CSV file (account,asset,quantity,price) or a journal of beancount or hledger
# name = "Broker"
# file = "broker.csv"

# [[debts]]
# name = "Mortgage"
# amount = "180000 USD"

# [[flows]]                     # what comes or goes
# name = "Rent"
# goes = "1500 USD"
# at = 2027-01-01
# every = "1 month"
"""


def parse(source: bytes) -> HouseholdTable:
    """Reads a household file.

    Raises
    ------
    InputError
        With every mistake of the file, by key.
    """
    return wrong.parse(source, FORM, HouseholdTable, _together)


def _together(file: HouseholdTable) -> Iterator[Mistake]:
    """What no key alone shows."""
    if file.target and sum(file.target.values()) != BPS:
        yield Mistake("target", "must sum to exactly 100%")
    names = [account.name for account in file.accounts]
    for index, account in enumerate(file.accounts):
        if account.name in names[:index]:
            yield Mistake(f"accounts[{index}].name", f"names {account.name} a second time")
        if Path(account.file).suffix not in ENDINGS:
            yield Mistake(f"accounts[{index}].file", f"must end with one of {', '.join(ENDINGS)}")
    for index, flow in enumerate(file.flows):
        if (flow.comes is None) == (flow.goes is None):
            yield Mistake(f"flows[{index}]", "needs comes or goes, and not both")
        if flow.until is not None and flow.every is None:
            yield Mistake(f"flows[{index}].until", "belongs to a flow with every")


def times_of(flow: FlowTable, now: int, end: int) -> tuple[int, ...]:
    """{s} of a flow after `now` and up to `end`, on real calendar months."""
    last = min(end, flow.until or end)
    if flow.every is None:
        return (flow.at,) if now < flow.at <= last else ()
    count, period = flow.every
    begun = datetime.fromtimestamp(flow.at, UTC)
    steps = {
        Period.DAY: relativedelta(days=count),
        Period.WEEK: relativedelta(weeks=count),
        Period.MONTH: relativedelta(months=count),
        Period.QUARTER: relativedelta(months=3 * count),
        Period.YEAR: relativedelta(years=count),
    }
    found, number = [], 0
    while (time := int((begun + steps[period] * number).timestamp())) <= last:
        found += [time] if time > now else []
        number += 1
    return tuple(found)
