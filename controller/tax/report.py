"""A year's tax report: the lines, what the law adds up, and everything that somebody who checks it has to know."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from controller.errors import InputError, UsageError
from controller.tax.booking import Booked, Method, Scope, Terms, book
from controller.tax.books import Rates
from controller.tax.holding import DayOf, days_in, long_from_us
from controller.tax.laws.law import NO_ADVICE, Figure, Law, Line
from controller.tax.movements import Holding, Lot, Match, Movement, Source
from controller.tax.prices import Daily, in_currency
from controller.tax.standing import Order
from controller.tax.wash import WashRule, WashSales

POOLS = (Method.AVERAGE, Method.SECTION_104)
"""Methods that choose no lots."""
NO_RATES = Rates(Fraction(1), Fraction(1))
"""Without rates every gain counts the same, and least tax is least gain."""


@dataclass(frozen=True)
class Request:
    """What a report is to be of."""

    law: Law
    year: int
    method: Method
    day: DayOf = field(default_factory=days_in)
    zone: str = "UTC"
    rates: Rates = NO_RATES
    wash: WashRule = field(default_factory=WashRule)
    exchange: Daily | None = None  # {currency/quote} by day; None: amounts are in the law's currency already
    orders: tuple[Order, ...] = ()  # standing lot rules that were declared
    scope: Scope | None = None  # None: the law's


@dataclass(frozen=True)
class TaxReport:
    """A year, line by line."""

    request: Request
    lines: tuple[Line, ...]
    figures: tuple[Figure, ...]
    booked: Booked  # of all years
    movements: tuple[Movement, ...]  # of all years, in the law's currency
    notes: tuple[str, ...]

    def method_of(self, line: Line) -> Method:
        """Which method chose the lots of a line: the standing rule in force, else the report's own."""
        return method_at(self.request, line.match.disposal.time)


def method_at(request: Request, time: int) -> Method:
    """The method for what is disposed of at `time` {s}."""
    earlier = [order.rule.method for order in request.orders if order.time < time]
    return earlier[-1] if earlier else request.method


def build(movements: Iterable[Movement], request: Request, notes: Sequence[str] = ()) -> TaxReport:
    """Books everything, and reports one year.

    Raises
    ------
    UsageError
        When the law does not allow the method.
    InputError
        When something cannot be booked, with its row; or when the year has no disposal, with the years that have.
    """
    own, booked = book_all(movements, request)
    lines = _of_year(booked.matches, request, notes)
    return TaxReport(
        request,
        lines,
        request.law.sums(lines, request.year),
        booked,
        tuple(own),
        (NO_ADVICE, *notes, *_notes(own, lines, request), *_put_together(booked)),
    )


def book_all(movements: Iterable[Movement], request: Request) -> tuple[list[Movement], Booked]:
    """The movements in the law's currency, and booked as it wants it; raises as `build`."""
    law, day = request.law, request.day
    _require_allowed(request)
    own = list(movements)
    if request.exchange is not None:
        own = in_currency(own, request.exchange, law.currency, day)
    return own, book(
        own,
        request.method,
        scope=request.scope or law.scope,
        terms=Terms(day, law.free_from or long_from_us, request.rates),
        wash=WashSales(request.wash, day) if law.knows_wash_sales else None,
        orders=[(order.time, order.rule.method) for order in request.orders],
    )


def gains_of_year(booked: Booked, request: Request) -> tuple[Fraction, Fraction]:
    """D36 that the year has brought so far in the law's first term and in its second."""
    first, end = request.law.period(request.year)
    lines = [request.law.line(match, request.day) for match in booked.matches]
    own = [line for line in lines if first <= line.disposed < end]
    late = [line for line in own if request.law.free_from is not None and line.term == request.law.terms[1]]
    second = sum((line.gain for line in late), Fraction(0))
    return sum((line.gain for line in own), Fraction(0)) - second, second


def open_lots(booked: Booked, wallet: str) -> tuple[Holding, ...]:
    """What is open in a wallet; a pool is one lot without a date of its own."""
    if booked.pools:
        return tuple(
            Holding(Lot(f"pool of {asset}", asset, "", 0, pool.quantity, pool.cost, Source("pool")), pool.quantity)
            for asset, pool in booked.pools.items()
            if pool.quantity
        )
    return tuple(held for (_, where), lots in booked.holdings.items() if where in (wallet, "") for held in lots)


def _require_allowed(request: Request) -> None:
    law = request.law
    for method in (request.method, *(order.rule.method for order in request.orders)):
        if method not in law.methods:
            allowed = ", ".join(one.value for one in law.methods)
            raise UsageError(f"{law.name} does not know the method {method.value}.", f"It knows: {allowed}.")


def _of_year(matches: Sequence[Match], request: Request, notes: Sequence[str]) -> tuple[Line, ...]:
    first, end = request.law.period(request.year)
    lines = [request.law.line(match, request.day) for match in matches]
    found = tuple(line for line in lines if first <= line.disposed < end)
    if not found:
        years = sorted({request.law.year_of(line.disposed) for line in lines})
        raise InputError(
            f"Nothing was disposed of in the tax year {request.year} ({first} to the day before {end}).",
            " ".join((f"Years with disposals: {', '.join(map(str, years)) or 'none'}.", *notes)),
        )
    return found


def _notes(movements: Sequence[Movement], lines: Sequence[Line], request: Request) -> list[str]:
    notes = []
    used = sum(line.match.lot is not None and line.match.lot.assumed for line in lines)
    pooled = any(isinstance(lot, Lot) and lot.assumed for lot in movements) and any(
        not line.match.lot for line in lines
    )
    if used or pooled:
        lines_are = f"{used} of {len(lines)} lines rest" if used else "The pool rests"
        notes.append(
            f"{lines_are} on lots that were paid in at the market's value of that day, because what they cost is not "
            "known: name it with --lots."
        )
    chosen = sum(
        method_at(request, line.match.disposal.time) not in (Method.FIFO, *POOLS)
        and not any(order.time < line.match.disposal.time for order in request.orders)
        for line in lines
    )
    if chosen:
        notes.append(
            f"{chosen} lines name lots by no standing rule that was declared before the sale: nothing on chain shows "
            "that they were identified in time."
        )
    notes.append(f"Days are those of {request.zone}.")
    if request.law.knows_wash_sales:
        securities = ", ".join(sorted(request.wash.securities)) or "none"
        others = f"on from {request.wash.others_from}" if request.wash.others_from else "off"
        notes.append(f"Wash sales: on for tokenised securities ({securities}), {others} for everything else.")
    return notes


def _put_together(booked: Booked) -> list[str]:
    if not booked.put_together:
        return []
    return [
        f"Wash sales have split lots into many parts: {booked.put_together} of them were put together with others of "
        "the same purchase and term, which keeps their cost and counts the shortest time for which one was held."
    ]
