"""What is open today and what it would be taxed as: for the commands that look ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from controller.cli.session import Session
from controller.cli.taxing import Asked, Books, Files
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

    @classmethod
    def read(cls, session: Session, vault: str | None, owners: Sequence[str], asked: Asked, files: Files) -> Today:
        """Everything at the newest block.

        Raises
        ------
        InputError
            With everything that is missing or cannot be booked.
        """
        books = Books.read(session, vault, owners, files)
        request = books.request(asked, files, plans=True)
        snapshot = read_snapshot(session.chain, session.address("VaultLens"), books.vault, books.block)
        names = tuple(session.symbol(asset.token) for asset in snapshot.mandate.assets)
        _, booked = book_all(books.movements, request)
        prices = prices_of(names, snapshot)
        own = [held for held in open_lots(booked, books.vault) if held.lot.asset in names]
        lots = outlooks(own, prices, request.law, request.day, books.block.timestamp)
        return cls(books, request, snapshot, names, booked, lots, gains_of_year(booked, request))

    @property
    def prices(self) -> dict[str, int]:
        """D36{quote/qTok} by asset."""
        return prices_of(self.names, self.snapshot)

    def notes(self) -> list[str]:
        """What the numbers leave open."""
        notes = self.books.notes()
        return notes if self.request.law.currency == "USD" else [*notes, CURRENCY_NOTE]


def prices_of(names: Sequence[str], snapshot: Snapshot) -> dict[str, int]:
    """D36{quote/qTok} by asset; zero where there is none."""
    return {name: 0 if price.failure else price.value for name, price in zip(names, snapshot.prices, strict=True)}
