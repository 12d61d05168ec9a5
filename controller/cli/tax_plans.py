"""What is open today and what it would be taxed as: for the commands that look ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from controller.cli.session import Session
from controller.cli.tax_options import Given
from controller.cli.taxing import Books
from controller.model import Snapshot
from controller.tax.booking import Booked
from controller.tax.outlook import Outlook, outlooks
from controller.tax.report import Request, book_all, gains_of_year, open_lots
from controller.tick import read_snapshot

CURRENCY_NOTE = "Amounts are in the vault's own currency, USD: what exchange rates gain or lose is not counted."


@dataclass(frozen=True)
class Today:
    """A vault at one block, with its owner's lots."""

    books: Books
    request: Request
    snapshot: Snapshot
    names: tuple[str, ...]  # of the mandate's assets
    booked: Booked
    lots: tuple[Outlook, ...]  # of the vault
    before: tuple[Fraction, Fraction]  # D36{quote} that the year has brought so far, by term
    kept: Mapping[str, date]  # by asset: the first day on which the profile lets it be sold

    @classmethod
    def read(cls, session: Session, given: Given) -> Today:
        """Everything at the newest block.

        Raises
        ------
        InputError
            With everything that is missing or cannot be booked.
        """
        asked, files = given.asked(), given.files()
        books = Books.read(session, given.vault, given.owner or (), files)
        request = books.request(asked, files, plans=True)
        snapshot = read_snapshot(session.chain, session.address("VaultLens"), books.vault, books.block)
        names = tuple(session.symbol(asset.token) for asset in snapshot.mandate.assets)
        _, booked = book_all(books.movements, request)
        prices = prices_of(names, snapshot)
        own = [held for held in open_lots(booked, books.vault) if held.lot.asset in names]
        lots = outlooks(own, prices, request.law, request.day, books.block.timestamp)
        later = {name: time for name, time in asked.kept.items() if time > books.block.timestamp}
        kept = {name: request.day(time) for name, time in later.items()}
        return cls(books, request, snapshot, names, booked, lots, gains_of_year(booked, request), kept)

    @property
    def prices(self) -> dict[str, int]:
        """D36{quote/qTok} by asset."""
        return prices_of(self.names, self.snapshot)

    def notes(self) -> list[str]:
        """What the numbers leave open."""
        kept = [f"{name} is kept until {day}, says the profile." for name, day in self.kept.items()]
        notes = [*self.books.notes(), *kept]
        return notes if self.request.law.currency == "USD" else [*notes, CURRENCY_NOTE]


def prices_of(names: Sequence[str], snapshot: Snapshot) -> dict[str, int]:
    """D36{quote/qTok} by asset; zero where there is none."""
    return {name: 0 if price.failure else price.value for name, price in zip(names, snapshot.prices, strict=True)}
