"""What open lots would be taxed as if they were sold now, and which sales of a rebalance cost least tax."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from controller.errors import InputError, Mistake
from controller.planning import rules
from controller.planning.book import Book
from controller.tax.booking import Method
from controller.tax.books import Rates
from controller.tax.holding import DayOf
from controller.tax.laws.law import Law
from controller.tax.least import Candidate, Point, Sale, least_tax
from controller.tax.movements import Holding, Lot
from controller.units import BPS


@dataclass(frozen=True, slots=True)
class Outlook:
    """An open lot on one day at one price."""

    lot: Lot
    left: int  # {qTok}
    is_long: bool
    free_from: date | None  # first day of the second term; None where there is none
    days: int  # until that day; zero from it on
    gain: Fraction  # D36{quote} if all of it were sold

    @property
    def candidate(self) -> Candidate:
        return Candidate(self.lot, self.left, self.is_long)


def outlooks(
    holdings: Sequence[Holding], prices: Mapping[str, int], law: Law, day: DayOf, now: int
) -> tuple[Outlook, ...]:
    """Every lot at `now` {s}; prices are D36{quote/qTok}.

    Raises
    ------
    InputError
        With every asset whose price is missing.
    """
    missing = sorted({held.lot.asset for held in holdings if not prices.get(held.lot.asset)})
    if missing:
        named = tuple(Mistake(asset, "has no price") for asset in missing)
        raise InputError("Prices are missing.", "Wait for the feeds: evenkeel status.", named)
    today, found = day(now), []
    for held in holdings:
        first = None if law.free_from is None else law.free_from(day(held.lot.held_from))
        days = 0 if first is None else max((first - today).days, 0)
        is_long = first is not None and first <= today
        gain = held.quantity * prices[held.lot.asset] - held.cost
        found.append(Outlook(held.lot, held.quantity, is_long, first, days, gain))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a rebalance must and may sell of one asset, and from which lots."""

    asset: str
    need: int  # D36{quote} the least that reaches its destination
    room: int  # D36{quote} the most that does not cross its target
    price: int  # D36{quote/qTok}
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """So much of one lot."""

    asset: str
    candidate: Candidate
    quantity: int  # {qTok}


def wanted_sales(book: Book, names: Sequence[str], lots: Mapping[str, Sequence[Candidate]]) -> tuple[list[Wanted], int]:
    """The assets above their targets, and D36{quote} that must be sold in all so that every asset reaches its
    destination: the greater of what the sellers need and what the buyers need."""
    sales, bought = [], 0
    for index, (value, target) in enumerate(zip(book.values, book.targets, strict=True)):
        off, side = rules.deviation(value, target, book.total), rules.side(value, target, book.total)
        reach = book.bands.reach(target, book.total) if book.wanted >> index & 1 else off
        need, room = max(off - reach, 0) // BPS, off // BPS
        if side > 0:
            sales.append(Wanted(names[index], need, room, book.prices[index], tuple(lots.get(names[index], ()))))
        elif side < 0:
            bought += need
    return sales, max(sum(sale.need for sale in sales), bought)


def cheapest(sales: Sequence[Wanted], total: int, rates: Rates) -> tuple[Piece, ...]:
    """The lots to sell for `total` D36{quote} in all, each asset between its need and its room, with the least tax.

    A {quote} of a lot costs rate * (price - cost) / price, whatever else is sold, so what each asset needs is taken
    from its cheapest lots, and the rest from the cheapest of all. A loss counts as so much saved; amounts are rounded
    down to whole {qTok}, so each piece falls short by less than one.
    """
    pieces: list[Piece] = []
    rest: list[tuple[Fraction, int, Candidate, int]] = []  # tax of a {quote}, sale, lot, D36{quote} left of it
    room = [sale.room - sale.need for sale in sales]
    for place, sale in enumerate(sales):
        need = sale.need
        for tax, candidate in _by_tax(sale, rates):
            value = candidate.left * sale.price
            part = min(need, value)
            need -= part
            _append(pieces, sale, candidate, part)
            if value > part:
                rest.append((tax, place, candidate, value - part))
    extra = max(total - sum(sale.need for sale in sales), 0)
    for _, place, candidate, value in sorted(rest, key=lambda each: each[:2]):
        part = min(extra, value, room[place])
        extra, room[place] = extra - part, room[place] - part
        _append(pieces, sales[place], candidate, part)
    return tuple(pieces)


def in_method_order(sales: Sequence[Wanted], total: int, method: Method, rates: Rates) -> tuple[Piece, ...]:
    """The lots that a method takes for the same `total`: what each asset needs, and the rest from the one that is
    farthest above its target first."""
    left = max(total - sum(sale.need for sale in sales), 0)
    pieces: list[Piece] = []
    for sale in sorted(sales, key=lambda each: -each.room):
        more = min(left, sale.room - sale.need)
        left -= more
        rest = sale.need + more
        for candidate in sorted(sale.candidates, key=_order(method, sale.price, rates)):
            part = min(rest, candidate.left * sale.price)
            rest -= part
            _append(pieces, sale, candidate, part)
    return tuple(pieces)


def least_of(
    ways: Sequence[Sequence[Piece]], sales: Sequence[Wanted], rates: Rates, before: Point
) -> tuple[Piece, ...]:
    """The least tax, the year's gains and losses netted: each way's amounts with the lots that are best for them, and
    of these the cheapest way. So it is never above any of the ways."""
    found = []
    for pieces in ways:
        amounts = {sale.asset: sum(piece.quantity for piece in pieces if piece.asset == sale.asset) for sale in sales}
        sold = [sale for sale in sales if amounts[sale.asset]]
        wanted = [Sale(sale.asset, amounts[sale.asset], Fraction(sale.price), sale.candidates) for sale in sold]
        choice = least_tax(wanted, rates, before)
        by_id = {one.lot.id: one for sale in sold for one in sale.candidates}
        lots = zip(sold, choice.lots, strict=True)
        chosen = tuple(Piece(sale.asset, by_id[name], part) for sale, own in lots for name, part in own)
        found.append((choice.tax, chosen))
    return min(found, key=lambda each: each[0])[1]


def _order(method: Method, price: int, rates: Rates) -> Callable[[Candidate], Fraction]:
    """What a method sorts lots by."""

    def cost(candidate: Candidate) -> Fraction:
        return Fraction(candidate.lot.cost) / candidate.lot.quantity

    orders: dict[Method, Callable[[Candidate], Fraction]] = {
        Method.LIFO: lambda candidate: Fraction(-candidate.lot.time),
        Method.HIFO: lambda candidate: -cost(candidate),
        Method.LOFO: cost,
        Method.LEAST_TAX: lambda candidate: tax_of(candidate, price, rates),
    }
    return orders.get(method, lambda candidate: Fraction(candidate.lot.time))


def _by_tax(sale: Wanted, rates: Rates) -> list[tuple[Fraction, Candidate]]:
    """The lots of a sale, the cheapest first."""
    taxed = [(tax_of(candidate, sale.price, rates) / sale.price, candidate) for candidate in sale.candidates]
    return sorted(taxed, key=lambda each: each[0])


def tax_of(candidate: Candidate, price: int, rates: Rates) -> Fraction:
    """D36{quote/qTok} of tax when one {qTok} of a lot is sold at `price` D36{quote/qTok}; below zero for a loss."""
    return (rates.long if candidate.is_long else rates.short) * candidate.gain(Fraction(price))


def _append(pieces: list[Piece], sale: Wanted, candidate: Candidate, value: int) -> None:
    # {qTok} = D36{quote} / D36{quote/qTok}
    quantity = value // sale.price
    if quantity:
        pieces.append(Piece(sale.asset, candidate, quantity))


def gains_of(pieces: Sequence[Piece], prices: Mapping[str, int]) -> tuple[Fraction, Fraction]:
    """D36{quote} of short-term and of long-term gain."""
    sums = [Fraction(0), Fraction(0)]
    for piece in pieces:
        sums[piece.candidate.is_long] += piece.candidate.gain(Fraction(prices[piece.asset])) * piece.quantity
    return sums[0], sums[1]
