"""The strategy file: TOML that names how targets are decided and what trading is held against, every mistake at once.

The same file decides in the backtest, in the keeper and in the audit; its hash is that of what it says, whatever its
layout.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Final

from eth_utils.crypto import keccak
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from controller.config import catalogue, quantities
from controller.config import mistakes as wrong
from controller.config.files import read_file
from controller.errors import InputError, Mistake
from controller.planning.slicing import Slicing
from controller.planning.worth import Terms, Worth
from controller.strategy.protocol import Strategy
from controller.units import BPS, D18

Share = Annotated[int, BeforeValidator(quantities.share)]
Seconds = Annotated[int, BeforeValidator(quantities.seconds)]
Moment = Annotated[int, BeforeValidator(quantities.moment)]
DAY: Final = 86_400  # {s}


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class MethodTable(BaseModel):
    """A method by name; its parameters are its own."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)
    method: str

    @property
    def parameters(self) -> dict[str, Any]:
        return dict(self.model_extra or {})


class PastTable(Table):
    window: Annotated[int, Field(ge=2)] = 250
    least: Annotated[int, Field(ge=2)] = 30
    every: Annotated[int, BeforeValidator(quantities.seconds), Field(gt=0)] = DAY
    periods_per_year: Annotated[float, Field(gt=0)] | None = None


class GroupTable(Table):
    name: str
    members: Annotated[list[str], Field(min_length=1)]
    minimum: Share = 0
    maximum: Share = BPS


class ConstraintsTable(Table):
    exclude: list[str] = Field(default_factory=list)
    keep: dict[str, Moment] = Field(default_factory=dict)  # not to be sold before
    most_assets: Annotated[int, Field(ge=1)] | None = None
    smallest_holding: Share = 0
    groups: list[GroupTable] = Field(default_factory=list)


class RuleTable(Table):
    """What a rebalance is worth, by which its cost is judged."""

    risk_aversion: Annotated[float, Field(gt=0, le=1_000)]
    volatility: Annotated[Share, Field(gt=0)]
    horizon: Annotated[int, BeforeValidator(quantities.seconds), Field(gt=0)] = 90 * DAY


class SlicesTable(Table):
    interval: Annotated[int, BeforeValidator(quantities.seconds), Field(gt=0)]
    half_life: Annotated[int, BeforeValidator(quantities.seconds), Field(gt=0)] | None = None


class FileTable(Table):
    name: Annotated[str, Field(min_length=1)]
    strategy: MethodTable | None = None
    optimiser: MethodTable | None = None
    returns: MethodTable | None = None
    covariance: MethodTable | None = None
    past: PastTable = PastTable()
    constraints: ConstraintsTable = ConstraintsTable()
    rule: RuleTable | None = None
    slices: SlicesTable | None = None


FORM: Final = wrong.Form(
    "strategy",
    FileTable,
    {
        "past": PastTable,
        "groups": GroupTable,
        "constraints": ConstraintsTable,
        "rule": RuleTable,
        "slices": SlicesTable,
    },
    {
        "name": '"Calm"',
        "method": '"mean_variance"',
        "risk_aversion": "3.0",
        "volatility": '"15%"',
        "interval": '"1 hour"',
        "members": '["EQUITY"]',
    },
)


@dataclass(frozen=True)
class StrategyFile:
    """What a file decides by."""

    table: FileTable
    hash: bytes  # keccak256 of what it says, in canonical JSON
    returns: Any = None
    covariance: Any = None
    optimiser: Any = None
    own: Strategy | None = None

    @property
    def rows(self) -> int:
        """Of prices that it looks at."""
        return self.table.past.window + 1

    def build(self, symbols: Sequence[str]) -> Strategy:
        """The strategy of a vault of these assets, in the mandate's order.

        Raises
        ------
        InputError
            When the constraints name an asset that the vault does not hold.
        """
        if self.own is not None:
            return self.own
        past, given = self.table.past, self.table.constraints
        named = [*given.exclude, *given.keep, *(member for group in given.groups for member in group.members)]
        unknown = [name for name in dict.fromkeys(named) if name not in symbols]
        if unknown:
            raise InputError(
                f"The strategy file's constraints name {', '.join(unknown)}, which the vault does not hold.",
                f"It holds {', '.join(symbols)}.",
            )
        per_year = past.periods_per_year or 365.25 * DAY / past.every
        optimised: Strategy = import_module("controller.strategy.optimised").Optimised(
            estimator=import_module("controller.strategy.estimates").Estimate(self.returns, self.covariance),
            optimiser=self.optimiser,
            constraints=_constraints(given, symbols),
            window=past.window,
            least=past.least,
            periods_per_year=per_year,
            keep=tuple((symbols.index(name), until) for name, until in given.keep.items()),
        )
        return optimised

    def terms(self, assets: int, plan_cost: int = 0, trade_cost: int = 0) -> Terms:
        """What a plan is held against; costs of gas in D36{quote}."""
        rule, slices = self.table.rule, self.table.slices
        worth = None
        if rule is not None:
            aversion = int(Decimal(str(rule.risk_aversion)) * D18)
            worth = Worth.uniform(aversion, rule.volatility * D18 // BPS, rule.horizon, assets)
        slicing = None
        if slices is not None:
            urgency = 0 if slices.half_life is None else int(Decimal(2).ln() * D18 / slices.half_life)
            slicing = Slicing(urgency, slices.interval)
        return Terms(plan_cost, trade_cost, worth, slicing)


def load(path: Path) -> StrategyFile:
    """Reads the strategy file at `path`; raises as `parse`, and when it cannot be read."""
    return parse(read_file(path))


def parse(source: bytes) -> StrategyFile:
    """Reads a strategy file.

    Raises
    ------
    InputError
        With every mistake of the file, by key.
    """
    document = wrong.read(source, FORM)
    mistakes: list[Mistake] = []
    file = wrong.validate(FileTable, document, FORM, mistakes)
    made = {} if file is None else _made(file, mistakes)
    if file is not None:
        both = [name for name in file.constraints.keep if name in file.constraints.exclude]
        mistakes += [Mistake(f"constraints.keep.{name}", "is to be kept, and excluded as well") for name in both]
    if file is None or mistakes:
        raise wrong.refuse(FORM, mistakes)
    said = json.dumps(document, sort_keys=True, separators=(",", ":"), default=str)
    return StrategyFile(file, bytes(keccak(said.encode())), **made)


def _made(file: FileTable, mistakes: list[Mistake]) -> dict[str, Any]:
    """What the tables of methods name, made."""
    wanted: dict[str, tuple[str, Mapping[str, str], MethodTable]]
    if file.strategy is not None and file.optimiser is None:
        wanted = {"own": ("strategy", catalogue.STRATEGIES, file.strategy)}
    elif file.optimiser is not None and file.strategy is None:
        wanted = {
            "optimiser": ("optimiser", catalogue.OPTIMISERS, file.optimiser),
            "returns": ("returns", catalogue.RETURNS, file.returns or MethodTable(method="historical")),
            "covariance": ("covariance", catalogue.COVARIANCES, file.covariance or MethodTable(method="ledoit_wolf")),
        }
    else:
        mistakes.append(Mistake("file", "needs either [optimiser], with [returns] and [covariance], or [strategy]"))
        return {}
    made: dict[str, Any] = {}
    for key, (table, names, method) in wanted.items():
        found = catalogue.make(names, table, method.method, method.parameters)
        found = catalogue.adapted(key, table, found)
        if isinstance(found, list):
            mistakes += found
        made[key] = found
    return made


def _constraints(given: ConstraintsTable, symbols: Sequence[str]) -> Any:
    """The file's own, inside of which the mandate's bounds hold anyway."""
    constraints = import_module("controller.strategy.constraints")
    place = {symbol: index for index, symbol in enumerate(symbols)}
    groups = tuple(
        constraints.Group(
            each.name, tuple(place[name] for name in each.members), each.minimum / BPS, each.maximum / BPS
        )
        for each in given.groups
    )
    whole = constraints.Constraints.long_only(len(symbols))
    return replace(
        whole,
        groups=groups,
        excluded=frozenset(place[name] for name in given.exclude),
        cardinality=given.most_assets,
        smallest_holding=given.smallest_holding / BPS,
    )
