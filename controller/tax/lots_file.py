"""Lots that an owner had before, or has elsewhere: a CSV file with the columns asset, wallet, date, quantity, cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from controller.errors import InputError, Mistake
from controller.tax.movements import Lot, Nature, Source
from controller.tax.prices import exact, read_rows
from controller.units import VALUE_DECIMALS

COLUMNS = ("asset", "wallet", "date", "quantity", "cost")
"""`quantity` in whole tokens, `cost` {quote} of all of it, `wallet` an account of the owner."""


def read_lots(source: bytes, name: str, decimals: Mapping[str, int]) -> list[Lot]:
    """The lots, named after the rows.

    Raises
    ------
    InputError
        With every row that cannot be read.
    """
    lots, mistakes = [], []
    for place, (where, row) in enumerate(read_rows(source, name, COLUMNS)):
        try:
            lots.append(_lot(f"lot{place + 1}", where, row, decimals))
        except (ValueError, ZeroDivisionError) as error:
            mistakes.append(Mistake(where, str(error)))
    if mistakes:
        raise InputError(f"{name} has mistakes.", f"Its first row: {','.join(COLUMNS)}", tuple(mistakes))
    return lots


def _lot(name: str, where: str, row: Mapping[str, str], decimals: Mapping[str, int]) -> Lot:
    asset = row["asset"]
    if asset not in decimals:
        raise ValueError(f"the asset {asset!r} is unknown here; known: {', '.join(sorted(decimals))}")
    quantity, cost = exact(row["quantity"]) * 10 ** decimals[asset], exact(row["cost"])
    if quantity <= 0:
        raise ValueError(f"the quantity {row['quantity']} is not above zero")
    if quantity.denominator != 1:
        raise ValueError(f"the quantity {row['quantity']} has more than {decimals[asset]} decimals")
    if cost < 0:
        raise ValueError(f"the cost {row['cost']} is below zero")
    day = date.fromisoformat(row["date"])
    time = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    money = cost * 10**VALUE_DECIMALS
    return Lot(name, asset, row["wallet"], time, int(quantity), money, Source(where), Nature.BOUGHT)
