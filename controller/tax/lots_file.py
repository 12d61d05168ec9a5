"""What an owner's own files say of lots: those from before or elsewhere, and which ones a sale is to take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

from eth_utils.address import is_address, to_checksum_address

from controller.errors import InputError, Mistake
from controller.tax.movements import Lot, Movement, Nature, Source
from controller.tax.prices import exact, read_rows
from controller.units import VALUE_DECIMALS

COLUMNS = ("asset", "wallet", "date", "quantity", "cost")
"""`quantity` in whole tokens, `cost` {quote} of all of it, `wallet` an account of the owner."""
CHOSEN = ("disposal", "lot", "quantity")
"""Of the file of choices: ids as the reports show them, `quantity` in whole tokens."""


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


def choose(movements: Iterable[Movement], source: bytes, name: str, decimals: Mapping[str, int]) -> list[Movement]:
    """The movements with the lots that the file names for them.

    Raises
    ------
    InputError
        With every row that cannot be read, or is of no disposal.
    """
    own = list(movements)
    leaving = {one.id: one for one in own if not isinstance(one, Lot)}
    chosen: dict[str, list[tuple[str, int]]] = {}
    mistakes = []
    for where, row in read_rows(source, name, CHOSEN):
        movement = leaving.get(row["disposal"])
        if movement is None:
            mistakes.append(Mistake(where, f"there is no disposal {row['disposal']}"))
            continue
        try:
            quantity = _whole(row["quantity"], decimals[movement.asset])
            chosen.setdefault(movement.id, []).append((row["lot"], quantity))
        except (ValueError, ZeroDivisionError) as error:
            mistakes.append(Mistake(where, str(error)))
    if mistakes:
        raise InputError(f"{name} has mistakes.", f"Its first row: {','.join(CHOSEN)}", tuple(mistakes))
    return [
        one if isinstance(one, Lot) or one.id not in chosen else replace(one, lots=tuple(chosen[one.id])) for one in own
    ]


def _whole(text: str, decimals: int) -> int:
    """{qTok} above zero."""
    quantity = exact(text) * 10**decimals
    if quantity <= 0:
        raise ValueError(f"the quantity {text} is not above zero")
    if quantity.denominator != 1:
        raise ValueError(f"the quantity {text} has more than {decimals} decimals")
    return int(quantity)


def _lot(name: str, where: str, row: Mapping[str, str], decimals: Mapping[str, int]) -> Lot:
    asset = row["asset"]
    if asset not in decimals:
        raise ValueError(f"the asset {asset!r} is unknown here; known: {', '.join(sorted(decimals))}")
    quantity, cost = _whole(row["quantity"], decimals[asset]), exact(row["cost"])
    if cost < 0:
        raise ValueError(f"the cost {row['cost']} is below zero")
    day = date.fromisoformat(row["date"])
    time = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    money = cost * 10**VALUE_DECIMALS
    wallet = row["wallet"]
    wallet = str(to_checksum_address(wallet)) if is_address(wallet) else wallet
    return Lot(name, asset, wallet, time, quantity, money, Source(where), Nature.BOUGHT)
