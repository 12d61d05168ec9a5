"""Price history from CSV and Parquet files, long or wide, checked as a whole before anything is used.

Wide files have a date column and one column for each asset. Long files have a date, an asset and a price column. A
blank before the first price of an asset means that it was not listed yet; a blank after it is a mistake, and so are
prices that are not positive numbers, dates that cannot be read, and dates that come twice.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from controller.errors import InputError, MissingExtraError, Mistake, NotFoundError

DATE_NAMES = ("date", "day", "month", "time", "timestamp")
ASSET_NAMES = ("asset", "symbol", "token", "ticker")
PRICE_NAMES = ("price", "close", "price_usd", "close_usd")


@dataclass(frozen=True, slots=True)
class _Table:
    """Cells as they stand in the file; `first_row` is the number that people see beside the first of them."""

    header: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    first_row: int


def read_history(path: Path) -> pd.DataFrame:
    """Reads a file of prices.

    Parameters
    ----------
    path : ``.csv`` or ``.parquet``.

    Returns
    -------
    {USD/tok} one column for each asset, in the order of the file; a read-only frame indexed by UTC date, ascending.

    Raises
    ------
    InputError
        With every mistake of the file, by row and column.
    NotFoundError, MissingExtraError
        Without the file, or without the package that reads Parquet.
    """
    table = _read(path)
    names = [name.strip().lower() for name in table.header]
    mistakes: list[Mistake] = []
    dates = [index for index, name in enumerate(names) if name in DATE_NAMES]
    if len(dates) != 1:
        raise _bad(path, [Mistake("header", f"needs exactly one date column, named one of {', '.join(DATE_NAMES)}")])
    assets = [index for index, name in enumerate(names) if name in ASSET_NAMES]
    prices = [index for index, name in enumerate(names) if name in PRICE_NAMES]
    if len(assets) == 1 and len(prices) == 1:
        cells = _long(table, dates[0], assets[0], prices[0], mistakes)
        columns = list(dict.fromkeys(asset for _, asset in cells))
    else:
        cells = _wide(table, dates[0], mistakes)
        columns = [name for column, name in enumerate(table.header) if column != dates[0]]
    if not cells and not mistakes:
        mistakes.append(Mistake("file", "has no prices"))
    index = sorted({day for day, _ in cells})
    _find_gaps(cells, columns, index, mistakes)
    if mistakes:
        raise _bad(path, mistakes)
    return freeze(np.array([[cells.get((day, name), math.nan) for name in columns] for day in index]), columns, index)


def write_history(prices: pd.DataFrame, path: Path) -> None:
    """Writes what `read_history` reads back; a column for each asset.

    Raises
    ------
    InputError, MissingExtraError
        For another kind of file, or without the package that writes Parquet.
    """
    if path.suffix.lower() == ".csv":
        prices.to_csv(path, date_format="%Y-%m-%dT%H:%M:%S+00:00", index_label="date")
    elif path.suffix.lower() != ".parquet":
        raise InputError(f"{path.name} is neither .csv nor .parquet.", "Name it one of the two.")
    elif find_spec("pyarrow") is None:
        raise MissingExtraError("parquet", "pyarrow")
    else:
        prices.rename_axis(index="date").to_parquet(path)


def freeze(prices: np.ndarray[Any, np.dtype[np.float64]], columns: Sequence[str], index: Any) -> pd.DataFrame:
    """A frame whose prices nobody can change, so that a strategy cannot rewrite the past."""
    prices.setflags(write=False)
    return pd.DataFrame(prices, columns=list(columns), index=pd.DatetimeIndex(index, name="date"), copy=False)


def _bad(path: Path, mistakes: list[Mistake]) -> InputError:
    return InputError(f"{path.name} is not a usable price history.", "Correct the file and try again.", tuple(mistakes))


def _read(path: Path) -> _Table:
    if not path.is_file():
        raise NotFoundError(f"There is no file {path}.", "Check the path.")
    if path.suffix.lower() == ".parquet":
        return _read_parquet(path)
    if path.suffix.lower() != ".csv":
        raise InputError(f"{path.name} is neither .csv nor .parquet.", "Convert it to one of the two.")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = list(csv.reader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise _bad(path, [Mistake("file", f"is not UTF-8 CSV text: {error}")]) from None
    if not lines:
        raise _bad(path, [Mistake("file", "is empty")])
    header = tuple(lines[0])
    mistakes = [
        Mistake(f"row {number}", f"has {len(line)} cells, the header has {len(header)}")
        for number, line in enumerate(lines[1:], start=2)
        if line and len(line) != len(header)
    ]
    doubled = sorted({name for name in header if header.count(name) > 1})
    mistakes += [Mistake(f"column {name}", "comes twice") for name in doubled]
    if mistakes:
        raise _bad(path, mistakes)
    return _Table(header, tuple(tuple(line) for line in lines[1:]), first_row=2)


def _read_parquet(path: Path) -> _Table:
    if find_spec("pyarrow") is None:
        raise MissingExtraError("parquet", "pyarrow")
    try:
        frame = pd.read_parquet(path)
    except (ValueError, OSError) as error:
        raise _bad(path, [Mistake("file", f"is not Parquet: {error}")]) from None
    if isinstance(frame.index, pd.DatetimeIndex):
        frame = frame.rename_axis(index=str(frame.index.name or "date")).reset_index()
    rows = tuple(frame.itertuples(index=False, name=None))
    return _Table(tuple(str(name) for name in frame.columns), rows, first_row=1)


Cells = dict[tuple[datetime, str], float]


def _wide(table: _Table, date_column: int, mistakes: list[Mistake]) -> Cells:
    cells: Cells = {}
    seen: dict[datetime, int] = {}
    for number, row in enumerate(table.rows, start=table.first_row):
        day = _day(row[date_column], number, table.header[date_column], mistakes) if row else None
        if day is None:
            continue
        if day in seen:
            mistakes.append(Mistake(f"row {number}", f"repeats the date of row {seen[day]}"))
            continue
        seen[day] = number
        for column, name in enumerate(table.header):
            price = None if column == date_column else _price(row[column], number, name, mistakes)
            if price is not None:
                cells[day, name] = price
    return cells


def _long(table: _Table, date_column: int, asset_column: int, price_column: int, mistakes: list[Mistake]) -> Cells:
    cells: Cells = {}
    for number, row in enumerate(table.rows, start=table.first_row):
        day = _day(row[date_column], number, table.header[date_column], mistakes) if row else None
        if day is None:
            continue
        asset = str(row[asset_column]).strip()
        price = _price(row[price_column], number, table.header[price_column], mistakes)
        if not asset:
            mistakes.append(Mistake(f"row {number}, column {table.header[asset_column]}", "names no asset"))
        elif (day, asset) in cells:
            mistakes.append(Mistake(f"row {number}", f"repeats {asset} on {day:%Y-%m-%d}"))
        elif price is not None:
            cells[day, asset] = price
    return cells


def _day(cell: Any, number: int, column: str, mistakes: list[Mistake]) -> datetime | None:
    try:
        if isinstance(cell, datetime | date):
            day = pd.Timestamp(cell).to_pydatetime()
        else:
            text = str(cell).strip()
            day = datetime.fromisoformat(f"{text}-01" if len(text) == len("2000-01") else text)
    except ValueError:
        mistakes.append(
            Mistake(f"row {number}, column {column}", f"{cell!r} is not a date such as 2020-03-12 or 2020-03")
        )
        return None
    return day.replace(tzinfo=UTC) if day.tzinfo is None else day.astimezone(UTC)


def _price(cell: Any, number: int, column: str, mistakes: list[Mistake]) -> float | None:
    if cell is None or (isinstance(cell, str) and not cell.strip()) or (isinstance(cell, float) and math.isnan(cell)):
        return None
    try:
        price = float(cell)
    except (TypeError, ValueError):
        price = math.nan
    if not (math.isfinite(price) and price > 0):
        mistakes.append(Mistake(f"row {number}, column {column}", f"{cell!r} is not a positive number"))
        return None
    return price


def _find_gaps(cells: Cells, columns: list[str], index: list[datetime], mistakes: list[Mistake]) -> None:
    """Only of a file without other mistakes: a cell that cannot be read has been reported already."""
    if mistakes:
        return
    for name in columns:
        listed = False
        for day in index:
            priced = (day, name) in cells
            if listed and not priced:
                mistakes.append(Mistake(f"column {name}, {day:%Y-%m-%d}", "has no price after its first one"))
            listed = listed or priced
        if not listed:
            mistakes.append(Mistake(f"column {name}", "has no price at all"))
