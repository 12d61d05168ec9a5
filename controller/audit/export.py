"""Books as files: CSV, JSON lines and Parquet tables, and double-entry journals for beancount and hledger.

The journals keep one account of trading for each token, so that every transaction balances in every commodity by
itself and no price is needed to prove it. They end with what the vault holds, as assertions.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from controller.audit.books import ETHER_DECIMALS, TABLES, Books, Row, day, shown
from controller.audit.movements import SHARE_DECIMALS, Amount, Charged, Flowed, GasPaid, Movement, Place, Traded
from controller.errors import MissingExtraError, StorageError, UsageError
from controller.units import VALUE_DECIMALS

_COMMODITY: Final = re.compile(r"[A-Z][A-Z0-9.'_-]{0,22}[A-Z0-9]")
SHARE, ETHER, QUOTE = "SHARE", "ETH", "USD"


def export(books: Books, form: str, folder: Path) -> list[Path]:
    """Write the books into a folder and return the files.

    Raises
    ------
    UsageError
        When there is no such form.
    MissingExtraError
        When Parquet's package is not installed.
    StorageError
        When what was written does not read back as it was.
    """
    if form not in FORMS:
        raise UsageError(f"There is no form {form!r}.", f"Forms: {', '.join(FORMS)}.")
    folder.mkdir(parents=True, exist_ok=True)
    return FORMS[form](books, folder)


# ---- tables


def _tables(suffix: str, write: Callable[[Path, Sequence[Row]], None]) -> Callable[[Books, Path], list[Path]]:
    def export_tables(books: Books, folder: Path) -> list[Path]:
        paths = []
        for name in TABLES:
            rows = books.table(name)
            if rows:
                paths.append(folder / f"{name}.{suffix}")
                write(paths[-1], rows)
        return paths

    return export_tables


def _csv(path: Path, rows: Sequence[Row]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue())


def _json_lines(path: Path, rows: Sequence[Row]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def _parquet(path: Path, rows: Sequence[Row]) -> None:
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError("parquet", "pyarrow") from None
    table = arrow.Table.from_pylist(list(rows))
    parquet.write_table(table, path)
    if parquet.read_table(path).to_pylist() != list(rows):
        raise StorageError(f"{path} does not read back as it was written.", "Check the disk, then export again.")


# ---- journals


@dataclass(frozen=True, slots=True)
class _Posting:
    account: str
    amount: str
    commodity: str


@dataclass(frozen=True, slots=True)
class _Booking:
    """One transaction of a journal; its postings sum to zero in every commodity."""

    day: str
    what: str
    hash: str
    postings: tuple[_Posting, ...]


def _beancount(books: Books, folder: Path) -> list[Path]:
    commodities = _commodities(books)
    bookings = list(_bookings(books, commodities))
    used = sorted({posting.account for booking in bookings for posting in booking.postings})
    first = bookings[0].day if bookings else day(0)
    lines = [f"{first} open {account}" for account in used]
    for booking in bookings:
        lines += ["", f'{booking.day} * "{booking.what}"', f'  transaction: "{booking.hash}"']
        lines += [f"  {posting.account}  {posting.amount} {posting.commodity}" for posting in booking.postings]
    lines += ["", *(f"{when} price {name} {price} {QUOTE}" for when, name, price in _prices(books, commodities)), ""]
    for account in books.statements:
        name = commodities[account.token]
        if f"Assets:Vault:{_account(name)}" in used:
            amount = shown(account.closing, books.decimals[account.token])
            lines.append(f"{_day_after(books)} balance Assets:Vault:{_account(name)}  {amount} {name}")
    path = folder / "vault.beancount"
    path.write_text("\n".join(lines) + "\n")
    return [path]


def _hledger(books: Books, folder: Path) -> list[Path]:
    commodities = _commodities(books)
    lines = []
    for booking in _bookings(books, commodities):
        lines += ["", f"{booking.day} {booking.what}  ; transaction:{booking.hash}"]
        for posting in booking.postings:
            lines.append(f'    {posting.account.lower()}  {posting.amount} "{posting.commodity}"')
    lines += ["", *(f'P {when} "{name}" {price} "{QUOTE}"' for when, name, price in _prices(books, commodities))]
    lines += ["", f"{_day_after(books)} what the vault holds"]
    for account in books.statements:
        name, amount = commodities[account.token], shown(account.closing, books.decimals[account.token])
        lines.append(f'    assets:vault:{_account(name).lower()}  0 "{name}" = {amount} "{name}"')
    path = folder / "vault.journal"
    path.write_text("\n".join(lines) + "\n")
    return [path]


def _bookings(books: Books, commodities: Mapping[str, str]) -> Iterator[_Booking]:
    found = [(one.at.block, one.at.seq, booking) for one in books.movements for booking in _booked(one, commodities)]
    for token, line in books.donations():
        amount, name = shown(line.amount, books.decimals[token]), commodities[token]
        postings = _pair(f"Assets:Vault:{_account(name)}", f"Income:Donations:{_account(name)}", amount, name)
        given = _Booking(day(books.times[line.block]), f"donation from {line.other}", _hex(line.transaction), postings)
        found.append((line.block, -1, given))
    yield from (booking for *_, booking in sorted(found, key=lambda each: each[:2]))


def _booked(one: Movement, commodities: Mapping[str, str]) -> Iterator[_Booking]:
    if isinstance(one, Traded):
        moved = ((one.sold, -1), (one.bought, 1))
        yield _booking(one.at, f"rebalance, trade {one.number}", _moved(moved, "Equity:Trading", commodities))
    elif isinstance(one, Flowed):
        way = 1 if one.comes else -1
        moved_in = tuple((amount, way) for amount in one.amounts if amount.amount)
        shares = shown(way * one.shares, SHARE_DECIMALS)
        postings = _moved(moved_in, "Equity:Holders", commodities)
        yield _booking(one.at, one.kind.name.lower(), (*postings, *_issued(shares)))
    elif isinstance(one, Charged):
        fee = shown(one.management_shares + one.performance_shares, SHARE_DECIMALS)
        yield _booking(one.at, "fees", _pair("Equity:Fees", "Equity:Issued", fee, SHARE))
    elif isinstance(one, GasPaid):
        paid = shown(one.paid, ETHER_DECIMALS)
        yield _booking(one.at, f"gas of {one.payer}", _pair("Expenses:Gas", "Equity:Senders", paid, ETHER))


def _moved(moved: Sequence[tuple[Amount, int]], other: str, commodities: Mapping[str, str]) -> tuple[_Posting, ...]:
    postings: list[_Posting] = []
    for amount, way in moved:
        name, text = commodities[amount.token], shown(way * amount.amount, amount.decimals)
        postings += _pair(f"Assets:Vault:{_account(name)}", f"{other}:{_account(name)}", text, name)
    return tuple(postings)


def _issued(shares: str) -> tuple[_Posting, ...]:
    return _pair("Equity:Shares", "Equity:Issued", shares, SHARE)


def _pair(account: str, other: str, amount: str, commodity: str) -> tuple[_Posting, _Posting]:
    against = amount[1:] if amount.startswith("-") else f"-{amount}"
    return _Posting(account, amount, commodity), _Posting(other, against, commodity)


def _booking(at: Place, what: str, postings: tuple[_Posting, ...]) -> _Booking:
    return _Booking(day(at.timestamp), f"entry {at.seq}: {what}", _hex(at.transaction), postings)


def _prices(books: Books, commodities: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(day, commodity, price) of every day's last trades."""
    found: dict[tuple[str, str], str] = {}
    for one in books.movements:
        for amount in (one.sold, one.bought) if isinstance(one, Traded) else ():
            price = (amount.price or 0) * 10**amount.decimals
            found[day(one.at.timestamp), commodities[amount.token]] = shown(price, VALUE_DECIMALS)
    yield from ((when, name, price) for (when, name), price in found.items())


def _day_after(books: Books) -> str:
    """The day after the last movement: assertions hold at the beginning of their day."""
    ends = [one.at.timestamp for one in books.movements]
    ends += [books.times[line.block] for _, line in books.donations()]
    return day(max(ends) + 86_400)


def _commodities(books: Books) -> dict[str, str]:
    """By token: its symbol where a journal can hold it and no other has it, else its address."""
    found: dict[str, str] = {}
    taken = {SHARE, ETHER, QUOTE}
    for token in [account.token for account in books.statements]:
        name = books.name(token).upper()
        if not _COMMODITY.fullmatch(name) or name in taken:
            name = "T" + token[2:24].upper()
        found[token] = name
        taken.add(name)
    return found


def _account(commodity: str) -> str:
    """A part of an account's name."""
    return re.sub(r"[^A-Z0-9-]", "-", commodity)


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()


FORMS: Final[Mapping[str, Callable[[Books, Path], list[Path]]]] = {
    "csv": _tables("csv", _csv),
    "jsonl": _tables("jsonl", _json_lines),
    "parquet": _tables("parquet", _parquet),
    "beancount": _beancount,
    "hledger": _hledger,
}
