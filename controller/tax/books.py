"""The open lots of one asset, and the order in which a method takes them.

A book takes in lots and gives up pieces of them. Lots stand in a heap by the key of the method, so that each
acquisition and each piece costs the logarithm of what is open.
"""

from __future__ import annotations

import heapq
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

from controller.tax.holding import DayOf, FreeFrom
from controller.tax.movements import Holding, Lot, bounded_down, cost_of

Piece = tuple[Lot, int, Fraction]
"""A lot, {qTok} of it, and D36{quote} that they cost."""
Key = Callable[[Lot], Any]
_SCALE = 1 << 96


class Open:
    """A lot and what is left of it."""

    __slots__ = ("left", "lot")

    def __init__(self, lot: Lot, left: int) -> None:
        self.lot = lot
        self.left = left  # {qTok}


class Book(ABC):
    """What one wallet holds of one asset."""

    @abstractmethod
    def add(self, lot: Lot) -> None:
        """A new lot."""

    @abstractmethod
    def take(self, quantity: int, time: int, price: Fraction, named: Sequence[tuple[str, int]]) -> list[Piece]:
        """The pieces that make up `quantity` {qTok}, in the method's order; fewer where less is open.

        Parameters
        ----------
        time : {s} of the disposal.
        price : D36{quote/qTok} of the disposal, for methods that look at it.
        named : ids and {qTok} of the lots that the owner chose, for the method that obeys it.
        """

    @abstractmethod
    def release(self, name: str) -> Lot | None:
        """Takes out what is left of a lot, as a lot of its own; None where nothing is."""

    @abstractmethod
    def holdings(self) -> Iterator[Holding]:
        """What is open, in the order of acquisition."""


def unit_cost(lot: Lot) -> tuple[int, Fraction]:
    """A key that orders lots by what one {qTok} cost: the integer alone decides nearly always, and is quicker."""
    return int(lot.cost * _SCALE // lot.quantity), Fraction(lot.cost) / lot.quantity


def first_in(lot: Lot) -> Any:
    return lot.time


def last_in(lot: Lot) -> Any:
    return -lot.time


def highest(lot: Lot) -> Any:
    scaled, exact = unit_cost(lot)
    return -scaled, -exact


def lowest(lot: Lot) -> Any:
    return unit_cost(lot)


class OrderedBook(Book):
    """First in, last in, highest or lowest cost first: whatever the key says. Ties go by arrival, for `last_in`
    backwards."""

    def __init__(self, key: Key, *, latest_of_equal: bool = False) -> None:
        self._key = key
        self._step = -1 if latest_of_equal else 1
        self._heap: list[tuple[Any, int, Open]] = []
        self._arrivals = 0
        self._open: dict[str, Open] = {}

    def add(self, lot: Lot) -> None:
        self._arrivals += self._step
        entry = Open(lot, lot.quantity)
        self._open[lot.id] = entry
        heapq.heappush(self._heap, (self._key(lot), self._arrivals, entry))

    def take(self, quantity: int, time: int, price: Fraction, named: Sequence[tuple[str, int]]) -> list[Piece]:
        pieces: list[Piece] = []
        while quantity and self._heap:
            entry = self._heap[0][2]
            part = min(quantity, entry.left)
            if part:
                pieces.append((entry.lot, part, cost_of(entry.lot, part)))
                entry.left -= part
                quantity -= part
            if not entry.left:
                heapq.heappop(self._heap)
                if self._open.get(entry.lot.id) is entry:  # a part of it may have come back under its name
                    del self._open[entry.lot.id]
        return pieces

    def top(self) -> Holding | None:
        """What it would take first."""
        while self._heap and not self._heap[0][2].left:
            heapq.heappop(self._heap)
        return Holding(self._heap[0][2].lot, self._heap[0][2].left) if self._heap else None

    def release(self, name: str) -> Lot | None:
        entry = self._open.pop(name, None)
        if entry is None or not entry.left:
            return None
        part, entry.left = entry.lot.part(entry.left), 0
        return part

    def holdings(self) -> Iterator[Holding]:
        return _in_time([entry for entry in self._open.values() if entry.left])


class NamedBook(Book):
    """The lots that the owner named at the sale, and no others."""

    def __init__(self) -> None:
        self._open: dict[str, Open] = {}

    def add(self, lot: Lot) -> None:
        self._open[lot.id] = Open(lot, lot.quantity)

    def take(self, quantity: int, time: int, price: Fraction, named: Sequence[tuple[str, int]]) -> list[Piece]:
        pieces: list[Piece] = []
        for name, wanted in named:
            entry = self._open.get(name)
            if entry is None:
                continue
            part = min(wanted, entry.left, quantity)
            if part:
                pieces.append((entry.lot, part, cost_of(entry.lot, part)))
                entry.left -= part
                quantity -= part
            if not entry.left:
                del self._open[name]
        return pieces

    def release(self, name: str) -> Lot | None:
        entry = self._open.pop(name, None)
        return None if entry is None else entry.lot.part(entry.left)

    def holdings(self) -> Iterator[Holding]:
        return _in_time(list(self._open.values()))


class AverageBook(Book):
    """One cost for all of them; dates go first in, first out.

    ROUNDING. The average after n purchases with sales between them is a fraction whose denominator is the product of n
    quantities: written out for 100,000 fills it would fill a disk. So while it fits 1,000 bits it is exact; beyond that
    what stays in the pool is rounded up to 10^-300 {quote}, and a sale's cost is what the pool loses: nothing is lost.
    """

    def __init__(self) -> None:
        self._dates = OrderedBook(first_in)
        self._pool = Pool()

    def add(self, lot: Lot) -> None:
        self._dates.add(lot)
        self._pool.add(lot.quantity, lot.cost)

    def take(self, quantity: int, time: int, price: Fraction, named: Sequence[tuple[str, int]]) -> list[Piece]:
        dated = self._dates.take(quantity, time, price, named)
        return [(lot, part, self._pool.take(part)) for lot, part, _ in dated]

    def release(self, name: str) -> Lot | None:
        found = self._dates.release(name)
        return None if found is None else replace(found, cost=self._pool.take(found.quantity))

    def holdings(self) -> Iterator[Holding]:
        return self._dates.holdings()


class Pool:
    """A quantity and what all of it cost."""

    def __init__(self, quantity: int = 0, cost: Fraction | int = 0) -> None:
        self.quantity = quantity  # {qTok}
        self.cost = Fraction(cost)  # D36{quote}

    def add(self, quantity: int, cost: Fraction | int) -> None:
        self.quantity += quantity
        self.cost += cost

    def take(self, quantity: int) -> Fraction:
        """D36{quote} that `quantity` {qTok}, at most what there is, takes out with it."""
        # D36{quote} = D36{quote} * {qTok} / {qTok}
        left = self.cost * Fraction(self.quantity - quantity, self.quantity)
        left = -bounded_down(-left)
        taken, self.cost = self.cost - left, left
        self.quantity -= quantity
        return taken


@dataclass(frozen=True, slots=True)
class Rates:
    """What a gain costs, and a loss is worth."""

    short: Fraction  # {1}
    long: Fraction  # {1}


class LeastTaxBook(Book):
    """At each sale the lots that make its tax least: of two candidates, the dearest held for long and the dearest not,
    the one whose gain on a {qTok} costs less, a loss counting as so much saved.

    For one sale that is the least there can be, because the tax is a sum over {qTok} (a test holds it against a linear
    program). It knows no later sales, as nobody does at the time of a sale.
    """

    def __init__(self, rates: Rates, day: DayOf, free_from: FreeFrom) -> None:
        self._rates, self._day, self._free_from = rates, day, free_from
        self._short = OrderedBook(highest)
        self._long = OrderedBook(highest)
        self._ripening: list[tuple[date, int, str]] = []
        self._arrivals = 0

    def add(self, lot: Lot) -> None:
        self._arrivals += 1
        heapq.heappush(self._ripening, (self._free_from(self._day(lot.held_from)), self._arrivals, lot.id))
        self._short.add(lot)

    def take(self, quantity: int, time: int, price: Fraction, named: Sequence[tuple[str, int]]) -> list[Piece]:
        self._ripen(self._day(time))
        pieces: list[Piece] = []
        while quantity and (best := self._best(price)) is not None:
            book, left = best
            pieces += book.take(min(quantity, left), time, price, ())
            quantity -= pieces[-1][1]
        return pieces

    def _best(self, price: Fraction) -> tuple[OrderedBook, int] | None:
        """The one of both books whose first lot costs less tax, and the {qTok} of that lot."""
        found: tuple[Fraction, OrderedBook, int] | None = None
        for rate, book in ((self._rates.long, self._long), (self._rates.short, self._short)):
            top = book.top()
            if top is not None:
                # D36{quote/qTok} = {1} * (D36{quote/qTok} - D36{quote} / {qTok})
                tax = rate * (price - Fraction(top.lot.cost) / top.lot.quantity)
                if found is None or tax < found[0]:
                    found = tax, book, top.quantity
        return None if found is None else found[1:]

    def _ripen(self, today: date) -> None:
        while self._ripening and self._ripening[0][0] <= today:
            lot = self._short.release(heapq.heappop(self._ripening)[2])
            if lot is not None:
                self._long.add(lot)

    def release(self, name: str) -> Lot | None:
        return self._short.release(name) or self._long.release(name)

    def holdings(self) -> Iterator[Holding]:
        both = [*self._short.holdings(), *self._long.holdings()]
        return iter(sorted(both, key=lambda holding: holding.lot.time))


def _in_time(entries: Sequence[Open]) -> Iterator[Holding]:
    return (Holding(entry.lot, entry.left) for entry in sorted(entries, key=lambda entry: entry.lot.time))
