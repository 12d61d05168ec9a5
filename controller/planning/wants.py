"""What the venues are asked, and which of their answers a plan takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from controller.model import Quote
from controller.planning.book import Book
from controller.units import div_up

MOST_PARTS = 4
"""Routes that one trade is split over: impact falls with their number, and gas does not."""


@dataclass(frozen=True, slots=True)
class Want:
    """A trade to ask quotes for. How far it may be split over routes does not tell one want from another."""

    sell: int
    buy: int
    amount_in: int  # {qTok of sell}
    parts: int = field(default=1, compare=False)  # trades that it may become
    smallest: int = field(default=1, compare=False)  # {qTok of sell} of each of them
    further: int = field(default=0, compare=False)  # {qTok of buy} that each trade after the first one costs


QuoteSource = Callable[[tuple[Want, ...]], Sequence[Quote]]
"""Quotes for wants that are executed in this order, each against what the ones before it leave behind."""


def best(want: Want, quotes: Sequence[Quote]) -> Quote | None:
    """The quote that returns most for a whole want, the first of equals; None when there is none."""
    fitting = [q for q in quotes if (q.sell, q.buy, q.amount_in) == (want.sell, want.buy, want.amount_in)]
    return max(fitting, key=lambda quote: quote.amount_out, default=None)


def taken(want: Want, quotes: Sequence[Quote]) -> tuple[Quote, ...]:
    """What a plan trades for a want: its best quote, or the parts of it where together they return more than that, the
    gas of the further trades paid; empty when there is neither.

    Quotes of the same two assets for less than the whole are its parts, and only all of them together serve it.
    """
    whole = best(want, quotes)
    smaller = [q for q in quotes if (q.sell, q.buy) == (want.sell, want.buy) and q.amount_in < want.amount_in]
    if smaller and sum(quote.amount_in for quote in smaller) == want.amount_in and len(smaller) <= want.parts:
        given = sum(quote.amount_out for quote in smaller) - want.further * (len(smaller) - 1)
        if whole is None or given > whole.amount_out:
            return tuple(smaller)
    return () if whole is None else (whole,)


def parted(wants: Sequence[Want], book: Book, trade_cost: int) -> tuple[Want, ...]:
    """How far each want may be split: what the mandate's number of trades leaves is shared evenly, the first wants,
    which are the largest, get the rest.

    Parameters
    ----------
    trade_cost : D36{quote} of gas for each further trade.
    """
    spare = book.mandate.limits.max_trades - len(wants)
    if spare <= 0:
        return tuple(wants)
    each, rest = divmod(spare, len(wants))
    return tuple(
        Want(
            want.sell,
            want.buy,
            want.amount_in,
            parts=min(1 + each + (place < rest), MOST_PARTS),
            smallest=div_up(book.mandate.min_trade_value, book.prices[want.sell]),
            further=div_up(trade_cost, book.prices[want.buy]),
        )
        for place, want in enumerate(wants)
    )
