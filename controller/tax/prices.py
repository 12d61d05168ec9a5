"""Prices and exchange rates by day, as an owner's files have them. A missing one is named with the row that needs
it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from controller.errors import InputError, Mistake
from controller.tax.holding import DayOf
from controller.tax.movements import Disposal, Lot, Movement

_DECIMAL = re.compile(r"[+-]?[0-9_]*[0-9][0-9_]*(\.[0-9_]*)?|[+-]?\.[0-9]+")
"""Digits and a point: no fraction, and no power of ten, which could be any size."""


def exact(text: str) -> Fraction:
    """A decimal number exactly as it is written.

    Raises
    ------
    ValueError
        When it is none.
    """
    if not _DECIMAL.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is no number; write it as 12.5")
    return Fraction(text.strip().replace("_", ""))


def read_rows(source: bytes, name: str, columns: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
    """The rows of a CSV file with their places; the first row names the columns, in any order.

    Raises
    ------
    InputError
        When it is no text, or a column is missing, or a row is short.
    """
    try:
        reader = csv.DictReader(io.StringIO(source.decode("utf-8-sig"), newline=""))
        heading = reader.fieldnames or ()
        rows = [(f"{name}, row {place}", row) for place, row in enumerate(reader, start=2)]
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{name} is no CSV file: {error}.", f"Its first row: {','.join(columns)}") from None
    missing = [column for column in columns if column not in heading]
    if missing:
        raise InputError(f"{name} has no column {', '.join(missing)}.", f"Its first row: {','.join(columns)}")
    short = tuple(Mistake(where, "has too few fields") for where, row in rows if None in row.values())
    if short:
        raise InputError(f"{name} has mistakes.", "Correct the rows.", short)
    return rows


@dataclass(frozen=True)
class Daily:
    """One number for a name and a day: {quote} for one whole token, or {currency/quote}."""

    numbers: Mapping[tuple[str, date], Fraction]

    @classmethod
    def read(cls, source: bytes, name: str, key: str, value: str) -> Daily:
        """A CSV file with the columns `key`, ``date`` and `value`.

        Raises
        ------
        InputError
            With every row that cannot be read.
        """
        numbers: dict[tuple[str, date], Fraction] = {}
        mistakes = []
        for where, row in read_rows(source, name, (key, "date", value)):
            try:
                number = exact(row[value])
                if number <= 0:
                    raise ValueError(row[value])
                numbers[row[key], date.fromisoformat(row["date"])] = number
            except (ValueError, ZeroDivisionError):
                mistakes.append(
                    Mistake(where, f"{row['date']}, {row[value]}: write 2025-01-31 and a number above zero")
                )
        if mistakes:
            raise InputError(f"{name} has mistakes.", "Correct the rows.", tuple(mistakes))
        return cls(numbers)

    def get(self, key: str, day: date) -> Fraction | None:
        return self.numbers.get((key, day))


def in_currency(movements: Iterable[Movement], rates: Daily, currency: str, day: DayOf) -> list[Movement]:
    """The movements in another currency, each at the rate {currency/quote} of its day.

    Raises
    ------
    InputError
        With every movement whose day has no rate.
    """
    converted: list[Movement] = []
    mistakes = []
    for movement in movements:
        if not isinstance(movement, Lot | Disposal):
            converted.append(movement)
            continue
        rate = rates.get(currency, day(movement.time))
        if rate is None:
            mistakes.append(Mistake(movement.source.where, f"there is no rate of {currency} for {day(movement.time)}"))
        elif isinstance(movement, Lot):
            converted.append(replace(movement, cost=movement.cost * rate))
        else:
            converted.append(replace(movement, proceeds=movement.proceeds * rate))
    if mistakes:
        raise InputError(f"Rates of {currency} are missing.", "Add the days to the file of rates.", tuple(mistakes))
    return converted
