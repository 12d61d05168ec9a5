"""The goals file: what somebody saves for, and what they expect of markets. TOML, every mistake reported at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from controller.config import mistakes as wrong
from controller.config import quantities
from controller.errors import Mistake
from controller.units import BPS

Moment = Annotated[int, BeforeValidator(quantities.moment)]
Money = Annotated[int, BeforeValidator(quantities.money)]
Share = Annotated[int, BeforeValidator(quantities.share)]


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class AssetTable(Table):
    """Numbers as a person estimates them, in parts of one, a year and real."""

    mean: Annotated[float, Field(gt=-0.5, le=1)]
    volatility: Annotated[float, Field(ge=0, le=3)]


class CorrelationTable(Table):
    assets: Annotated[list[str], Field(min_length=2, max_length=2)]
    value: Annotated[float, Field(ge=-1, le=1)]


class GoalTable(Table):
    name: Annotated[str, Field(min_length=1)]
    at: Moment
    amount: Money | None = None
    income: Money | None = None
    until: Moment | None = None
    monthly: Money = 0
    vault: str | None = None
    share: Share = BPS
    value: Money | None = None
    weights: dict[str, Share] | None = None


class FileTable(Table):
    assets: Annotated[dict[str, AssetTable], Field(min_length=1)]
    correlations: list[CorrelationTable] = Field(default_factory=list)
    goals: Annotated[list[GoalTable], Field(min_length=1)]


FORM: Final = wrong.Form(
    "goals",
    FileTable,
    {"assets": AssetTable, "correlations": CorrelationTable, "goals": GoalTable},
    {
        "name": '"House"', "at": "2040-01-01", "amount": '"250000 USD"', "mean": "0.05", "volatility": "0.16",
        "assets": '["EQUITY", "BOND"]', "value": "0.1",
    },
)  # fmt: skip

TEMPLATE: Final = """\
# What you save for, and what you expect of markets. What follows from it: evenkeel goal check FILE
# Everything is real: amounts in today's money, returns after inflation and costs.

[assets.EQUITY]                 # a year, in parts of one; an asset of every vault below
mean = 0.05
volatility = 0.16
[assets.BOND]
mean = 0.015
volatility = 0.06
[assets.GOLD]
mean = 0.01
volatility = 0.15

[[correlations]]                # those that are not named are zero
assets = ["EQUITY", "BOND"]
value = 0.1

[[goals]]
name = "House"
amount = "250000 USD"           # needed at once, or an income, below
at = 2040-01-01
monthly = "500 USD"             # paid in until then
# vault = "0x..."               # that holds it; may be left out when there is only one
# share = "100%"                # of the vault that is for this goal

# [[goals]]
# name = "Pension"
# income = "2000 USD"           # a month, from `at` until `until`
# at = 2045-01-01
# until = 2070-01-01
# value = "80000 USD"           # without a vault: what is there, and how it is held
# weights = {EQUITY = "60%", BOND = "40%"}
"""


@dataclass(frozen=True, slots=True)
class GoalsFile:
    """What a file says; amounts are D18{quote}."""

    assets: tuple[str, ...]
    means: tuple[float, ...]
    volatilities: tuple[float, ...]
    correlations: tuple[tuple[float, ...], ...]
    goals: tuple[GoalTable, ...]


def parse(source: bytes) -> GoalsFile:
    """Reads a goals file.

    Raises
    ------
    InputError
        With every mistake of the file, by key.
    """
    file = wrong.parse(source, FORM, FileTable, _together)
    names = tuple(file.assets)
    return GoalsFile(
        names,
        tuple(asset.mean for asset in file.assets.values()),
        tuple(asset.volatility for asset in file.assets.values()),
        _matrix(names, file.correlations),
        tuple(file.goals),
    )


def _matrix(names: Sequence[str], correlations: Sequence[CorrelationTable]) -> tuple[tuple[float, ...], ...]:
    pairs = {frozenset(each.assets): each.value for each in correlations}
    return tuple(
        tuple(1.0 if one == other else pairs.get(frozenset((one, other)), 0.0) for other in names) for one in names
    )


def _together(file: FileTable) -> Iterator[Mistake]:
    """What no key alone shows."""
    for index, each in enumerate(file.correlations):
        unknown = [name for name in each.assets if name not in file.assets]
        if unknown or each.assets[0] == each.assets[1]:
            yield Mistake(f"correlations[{index}].assets", f"must be two of {', '.join(file.assets)}")
    names = [goal.name for goal in file.goals]
    shares: dict[str, int] = {}
    for index, goal in enumerate(file.goals):
        where = f"goals[{index}]"
        if goal.name in names[:index]:
            yield Mistake(f"{where}.name", f"names {goal.name} a second time")
        yield from _one(where, goal, file.assets)
        if goal.value is None:
            shares[goal.vault or ""] = shares.get(goal.vault or "", 0) + goal.share
            if shares[goal.vault or ""] > BPS:
                yield Mistake(f"{where}.share", "makes the shares of its vault more than 100%")


def _one(where: str, goal: GoalTable, assets: Mapping[str, Any]) -> Iterator[Mistake]:
    if (goal.amount is None) == (goal.income is None):
        yield Mistake(where, "needs an amount or an income, and not both")
    if goal.income is not None and (goal.until is None or goal.until <= goal.at):
        yield Mistake(f"{where}.until", "must be the last day of the income, after `at`")
    if goal.income is None and goal.until is not None:
        yield Mistake(f"{where}.until", "belongs to an income")
    if (goal.value is None) != (goal.weights is None):
        yield Mistake(where, "needs value and weights together, or a vault")
    if goal.value is not None and goal.vault is not None:
        yield Mistake(f"{where}.vault", "says where it lies, and value says another thing")
    if goal.weights is not None:
        unknown = [name for name in goal.weights if name not in assets]
        if unknown:
            yield Mistake(f"{where}.weights", f"names {', '.join(unknown)}, of which [assets] says nothing")
        if sum(goal.weights.values()) != BPS:
            yield Mistake(f"{where}.weights", "must sum to exactly 100%")
