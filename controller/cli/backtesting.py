"""What the commands that run a mandate on paper have in common."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from controller.cli.quantity import quantity
from controller.config import quantities, strategy_file
from controller.config.files import read_file
from controller.config.mandate_outline import Outline
from controller.errors import InputError, Mistake, UsageError
from controller.replay.markets import date
from controller.tax.prices import exact, read_rows
from controller.units import BPS, VALUE_DECIMALS

if TYPE_CHECKING:
    import pandas as pd

    from controller.backtest.engine import Setting

SCALE: Final = 10 ** (VALUE_DECIMALS - 18)
"""D36{quote} in D18{quote}."""

Mandate = Annotated[Path, typer.Argument(help="Mandate file, as evenkeel vault template prints one.")]
History = Annotated[
    str, typer.Argument(help="Prices, .csv or .parquet, wide or long; or macro or crypto, which are bundled.")
]
Start = Annotated[str | None, typer.Option("--from", help="First day, 2007-06 or 2007-06-01.")]
End = Annotated[str | None, typer.Option("--to", help="Last day.")]
Value = Annotated[str, typer.Option(help="What the vault starts with, on target.")]
Depth = Annotated[
    str | None, typer.Option(help="Trade in Uniswap V3 pools of 5 bps, so deep on either side.", show_default=False)
]
Cost = Annotated[str, typer.Option(help="Without --depth: what every trade loses of the value sold.")]
GasCost = Annotated[str, typer.Option("--gas", help="What a rebalance of one trade costs in gas.")]
StrategyFile = Annotated[
    Path | None, typer.Option("--strategy", help="Strategy file that moves the targets.", show_default=False)
]


def setting_of(plan: Outline, depth: str | None, cost: str, strategy: Path | None, gas: str = "0 USD") -> Setting:
    """What is run, from the options."""
    from controller.backtest.engine import Setting
    from controller.backtest.paper import Market, Proportional, full_range

    market: Market = Proportional(quantity("--cost", cost, quantities.share))
    if depth is not None:
        market = full_range(plan.mandate, quantity("--depth", depth, quantities.money) * SCALE)
    setting = Setting(plan.mandate, market)
    price = quantity("--gas", gas, quantities.money) * SCALE // setting.gas.plan
    setting = replace(setting, gas=replace(setting.gas, price=price))
    if strategy is None:
        return setting
    decided = strategy_file.load(strategy)
    return replace(setting, strategy=decided.build(plan.names), terms=decided.terms(len(plan.names)))


def prices_of(named: str) -> pd.DataFrame:
    """A history, bundled or of a file."""
    from controller.market import datasets
    from controller.market.history import read_history

    bundled = {"macro": datasets.macro, "crypto": datasets.crypto}
    return bundled[named]() if named in bundled else read_history(Path(named))


def day(option: str, text: str | None) -> datetime | None:
    return None if text is None else date(option, text)


def flows_of(file: Path) -> list[tuple[int, Fraction]]:
    """{s} and {quote} of a file with the columns date and amount."""
    return [(time, amount) for time, amount, _ in _dated(file, ("date", "amount"))]


def splits_of(file: Path) -> list[tuple[int, str, Fraction]]:
    """{s}, asset and ratio of a file with the columns date, asset and ratio."""
    return [(time, row["asset"], ratio) for time, ratio, row in _dated(file, ("date", "asset", "ratio"))]


def _dated(file: Path, columns: tuple[str, ...]) -> list[tuple[int, Fraction, dict[str, str]]]:
    """Rows with their time {s} and the number of their last column; raises `InputError` with every bad row."""
    found, mistakes = [], []
    for where, row in read_rows(read_file(file), file.name, columns):
        try:
            time = datetime.fromisoformat(row["date"].strip()).replace(tzinfo=UTC)
            found.append((int(time.timestamp()), exact(row[columns[-1]]), row))
        except (ValueError, ZeroDivisionError):
            mistakes.append(Mistake(where, f"{row['date']}, {row[columns[-1]]}: write 2025-01-31 and a number"))
    if mistakes:
        raise InputError(f"{file.name} has mistakes.", "Correct the rows.", tuple(mistakes))
    return found


def ends_of(texts: list[str]) -> dict[str, tuple[pd.Timestamp, float]]:
    """Of ASSET=2008-09-15:40%: the day from which an asset is not listed, and what is left of its last price."""
    import pandas as pd

    found = {}
    for text in texts:
        name, equals, rest = text.partition("=")
        when, colon, part = rest.partition(":")
        if not (name and equals and colon):
            raise UsageError(f"--delisted: {text} is not understood.", "Write ASSET=2008-09-15:40%.")
        share = quantity("--delisted", part, quantities.share)
        found[name] = (pd.Timestamp(date("--delisted", when)), share / BPS)
    return found
