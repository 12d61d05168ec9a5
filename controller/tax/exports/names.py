"""How a report's assets are written: their decimals, and exact amounts as text."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from controller.units import VALUE_DECIMALS, to_decimal

MONEY_PLACES = 2
"""Decimals of the amounts of a form."""


@dataclass(frozen=True)
class Balance:
    """What the chain says an account holds."""

    asset: str
    wallet: str
    quantity: int  # {qTok}
    time: int  # {s} of the block


@dataclass(frozen=True)
class Names:
    """What the exports need to know of the assets."""

    decimals: Mapping[str, int]
    vault: str
    balances: Sequence[Balance] = field(default_factory=tuple)  # asserted by the journals

    def quantity(self, asset: str, amount: int) -> str:
        """{qTok} in whole tokens, every digit that is not an idle zero."""
        text = f"{to_decimal(amount, self.decimals[asset]):f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


def rounded(value: Fraction | int, places: int) -> int:
    """D36 as an integer of 10^-`places`, half to even."""
    scale: int = 10 ** (VALUE_DECIMALS - places)
    return round(Fraction(value) / scale)


def money(value: Fraction | int, places: int = MONEY_PLACES) -> str:
    """D36 of a currency as text: rounded here and nowhere before."""
    return f"{to_decimal(rounded(value, places), places):f}"


def spoken(amount: str) -> str:
    """What `money` has written, for people: ``1,234.50``."""
    return f"{Decimal(amount):,}"


def moment(time: int) -> str:
    """{s} as ``2025-01-31 12:00:00 UTC``."""
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} UTC"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A CSV text with a heading."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
