"""Movements booked by a method: which lots each disposal took, what they cost, and what is left.

Everything that cannot be booked is named with its row, all at once: a lot sold twice, more given away than was there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction

from controller.errors import InputError, Mistake
from controller.tax import books, section104
from controller.tax.books import AverageBook, Book, LeastTaxBook, NamedBook, OrderedBook, Rates
from controller.tax.holding import DayOf, FreeFrom, days_in, long_from_us
from controller.tax.movements import Disposal, Holding, Lot, Match, Move, Movement, Transfer, in_order
from controller.tax.wash import WashSales

UTC_DAYS = days_in()
HIGHEST_RATES = Rates(Fraction(37, 100), Fraction(20, 100))
"""Of the United States, federal, 2025."""


class Method(Enum):
    """Which lots a disposal takes."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIFO = "hifo"
    LOFO = "lofo"
    SPECIFIC = "specific"
    AVERAGE = "average"
    SECTION_104 = "section-104"
    LEAST_TAX = "least-tax"


class Scope(Enum):
    """What counts as one stock of lots."""

    WALLET = "wallet"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Terms:
    """What methods that look at taxes or days need to know."""

    day: DayOf = UTC_DAYS
    free_from: FreeFrom = long_from_us
    rates: Rates = HIGHEST_RATES


@dataclass(frozen=True)
class Booked:
    """The matches in the order of the disposals, and what is open at the end."""

    matches: tuple[Match, ...]
    holdings: Mapping[tuple[str, str], tuple[Holding, ...]]  # by asset and wallet, the latter empty for a whole owner
    pools: Mapping[str, books.Pool]  # by asset, where a pool is all that is known
    moves: tuple[Move, ...] = ()
    put_together: int = 0  # pieces of lots that wash sales made a part of another; see controller/tax/wash.py

    def quantity(self, asset: str, wallet: str = "") -> int:
        """{qTok} that is open."""
        if asset in self.pools:
            return self.pools[asset].quantity
        return sum(holding.quantity for holding in self.holdings.get((asset, wallet), ()))


def book(
    movements: Iterable[Movement],
    method: Method,
    *,
    scope: Scope = Scope.WALLET,
    terms: Terms | None = None,
    wash: WashSales | None = None,
    orders: Sequence[tuple[int, Method]] = (),
) -> Booked:
    """Books all movements of an owner.

    Parameters
    ----------
    movements : in any order; those of the same second stay in theirs.
    scope : whether each wallet has lots of its own. Transfers mean nothing to a whole owner.
    wash : puts off losses that are bought back; see controller/tax/wash.py.
    orders : standing orders, times {s} ascending: what is disposed of later than one is taken by its method. A pool
        knows no orders.

    Raises
    ------
    InputError
        With everything that cannot be booked, and the row where it stands.
    """
    terms = terms or Terms()
    ordered = in_order(movements)
    _require_sound(ordered)
    if method is Method.SECTION_104:
        matches, pools = section104.match(ordered, terms.day)
        return Booked(tuple(matches), {}, pools)
    desk = _Desk(_maker(method, terms), scope, wash)
    waiting = list(orders)
    for movement in ordered:
        while waiting and movement.time > waiting[0][0]:
            desk.follow(_maker(waiting.pop(0)[1], terms))
        desk.book(movement)
    if desk.mistakes:
        raise InputError(
            "The movements cannot be booked.", "Correct the rows, or add what is missing.", tuple(desk.mistakes)
        )
    return desk.done()


def _maker(method: Method, terms: Terms) -> Callable[[], Book]:
    makers: dict[Method, Callable[[], Book]] = {
        Method.FIFO: lambda: OrderedBook(books.first_in),
        Method.LIFO: lambda: OrderedBook(books.last_in, latest_of_equal=True),
        Method.HIFO: lambda: OrderedBook(books.highest),
        Method.LOFO: lambda: OrderedBook(books.lowest),
        Method.SPECIFIC: NamedBook,
        Method.AVERAGE: AverageBook,
        Method.LEAST_TAX: lambda: LeastTaxBook(terms.rates, terms.day, terms.free_from),
    }
    return makers[method]


def _require_sound(movements: Iterable[Movement]) -> None:
    """What no method could book."""
    mistakes, seen = [], set()
    for movement in movements:
        if movement.quantity <= 0:
            mistakes.append(
                Mistake(movement.source.where, f"{movement.quantity} of {movement.asset} is nothing to book")
            )
        if movement.id in seen:
            mistakes.append(Mistake(movement.source.where, f"{movement.id} is there already: the same row twice"))
        seen.add(movement.id)
        named = () if isinstance(movement, Lot) else movement.lots
        if (more := sum(quantity for _, quantity in named) - movement.quantity) > 0:
            what = f"lots are named for {more} more than the {movement.quantity} of {movement.asset} that leave"
            mistakes.append(Mistake(movement.source.where, what))
    if mistakes:
        raise InputError("The movements cannot be booked.", "Correct the rows.", tuple(mistakes))


class _Desk:
    """Books one movement after the other."""

    def __init__(self, maker: Callable[[], Book], scope: Scope, wash: WashSales | None) -> None:
        self._maker, self._scope, self._wash = maker, scope, wash
        self._books: dict[tuple[str, str], Book] = {}
        self._matches: list[Match] = []
        self._moves: list[Move] = []
        self.mistakes: list[Mistake] = []

    def book(self, movement: Movement) -> None:
        if isinstance(movement, Lot):
            self._add(movement)
        elif isinstance(movement, Disposal):
            self._dispose(movement)
        elif self._scope is Scope.WALLET:
            self._transfer(movement)

    def follow(self, maker: Callable[[], Book]) -> None:
        """Another method from now on, for what is open too."""
        self._maker = maker
        for key, old in self._books.items():
            self._books[key] = maker()
            for held in old.holdings():
                self._books[key].add(held.lot.part(held.quantity))

    def done(self) -> Booked:
        held = {key: tuple(found.holdings()) for key, found in self._books.items()}
        matches = self._wash.settled(self._matches) if self._wash else self._matches
        return Booked(
            tuple(matches),
            {key: lots for key, lots in held.items() if lots},
            {},
            tuple(self._moves),
            self._wash.put_together if self._wash else 0,
        )

    def _book_of(self, asset: str, wallet: str) -> Book:
        key = asset, wallet if self._scope is Scope.WALLET else ""
        if key not in self._books:
            self._books[key] = self._maker()
        return self._books[key]

    def _add(self, lot: Lot) -> None:
        for part in self._wash.bought(lot) if self._wash else (lot,):
            self._book_of(lot.asset, part.wallet).add(part)

    def _dispose(self, disposal: Disposal) -> None:
        # D36{quote/qTok} = D36{quote} / {qTok}
        price = Fraction(disposal.proceeds) / disposal.quantity
        first, pieces = len(self._matches), self._take(disposal, price)
        pieces = self._wash.together(disposal, pieces) if self._wash else pieces
        self._matches += [Match(disposal, lot, quantity, cost) for lot, quantity, cost in pieces]
        if self._wash:
            for place in range(first, len(self._matches)):
                for old, parts in self._wash.sold(place, self._matches[place], self._release):
                    for part in parts:
                        self._book_of(old.asset, old.wallet).add(part)

    def _transfer(self, transfer: Transfer) -> None:
        receiver = self._book_of(transfer.asset, transfer.receiver)
        for lot, quantity, cost in self._take(transfer, Fraction(0)):
            moved = replace(lot.part(quantity), id=f"{lot.id}>{transfer.id}", cost=cost, wallet=transfer.receiver)
            receiver.add(moved)
            self._moves.append(Move(transfer, lot, moved))
            if self._wash:
                self._wash.moved(lot.id, moved)

    def _release(self, lot: Lot) -> Lot | None:
        return self._book_of(lot.asset, lot.wallet).release(lot.id)

    def _take(self, movement: Disposal | Transfer, price: Fraction) -> list[books.Piece]:
        found = self._book_of(movement.asset, movement.wallet)
        pieces = found.take(movement.quantity, movement.time, price, movement.lots)
        short = movement.quantity - sum(quantity for _, quantity, _ in pieces)
        if short:
            self.mistakes.append(
                Mistake(movement.source.where, _shortfall(movement, short, isinstance(found, NamedBook)))
            )
        return pieces


def _shortfall(movement: Disposal | Transfer, short: int, named: bool) -> str:
    what = f"{movement.quantity} of {movement.asset} leave {movement.wallet}"
    if not named:
        return f"{what}, {short} more than are there: the balance would be negative"
    if not movement.lots:
        return f"{what}, and no lot is named for them"
    lots = ", ".join(name for name, _ in movement.lots)
    return (
        f"{what}, and the lots named for them ({lots}) do not hold {short} of these any more: unknown, or sold already"
    )
