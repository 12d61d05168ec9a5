"""The lots that make the tax of several sales at one moment least, gains and losses of the year netted: exact.

Each sale trades gains held for long against gains that were not: what it takes more of the one it takes less of the
other, the cheapest first. Drawn as points (short gain, long gain), what one sale can reach has a convex lower left
edge, a chain of steps with falling slope; what several sales reach together is the sum of their chains, merged by
slope. The netted tax grows with both gains and is linear between the lines where a sum changes its sign, so its least
value is at an end of a step or where a step crosses one of these lines. No linear program is needed, and nothing is
rounded; the tests hold it against one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from controller.errors import InputError, Mistake
from controller.tax.books import Rates
from controller.tax.movements import Lot

Point = tuple[Fraction, Fraction]
"""D36{quote} of short-term and of long-term gain."""


def netted(short: Fraction, long: Fraction, rates: Rates) -> Fraction:
    """D36{quote} of tax on a year's gains: each kind's losses are set against its gains, what is left of a loss against
    the other kind; a loss in all costs and saves nothing here, it is carried forward (Schedule D of Form 1040)."""
    if short >= 0 and long >= 0:
        return rates.short * short + rates.long * long
    return (rates.long if long > 0 else rates.short) * max(short + long, Fraction(0))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A lot that a sale may take from."""

    lot: Lot
    left: int  # {qTok}
    is_long: bool

    def gain(self, price: Fraction) -> Fraction:
        """D36{quote/qTok} at a price of as much."""
        return price - Fraction(self.lot.cost) / self.lot.quantity


@dataclass(frozen=True, slots=True)
class Sale:
    """So much of one asset is sold at one price, from any of these lots."""

    asset: str
    quantity: int  # {qTok}
    price: Fraction  # D36{quote/qTok}
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True)
class Choice:
    """Which lots to name."""

    lots: tuple[tuple[tuple[str, int], ...], ...]  # for each sale, ids and {qTok}
    short: Fraction  # D36{quote} of short-term gain, what was there before included
    long: Fraction
    tax: Fraction  # D36{quote} with whole {qTok}
    bound: Fraction  # D36{quote} the least with fractions of them


@dataclass(frozen=True, slots=True)
class _Step:
    """One {qTok} after another of one lot in the place of another's: more short-term gain, less long-term gain."""

    sale: int
    comes: Candidate
    goes: Candidate
    quantity: int  # {qTok}
    rise: Fraction  # D36{quote/qTok} of short-term gain, above zero
    fall: Fraction  # D36{quote/qTok} of long-term gain, above zero


def least_tax(sales: Sequence[Sale], rates: Rates, before: Point = (Fraction(0), Fraction(0))) -> Choice:
    """The choice of lots with the least tax; of equal taxes the one with the lowest gain.

    Parameters
    ----------
    before : what the year has brought so far.

    Raises
    ------
    InputError
        When a sale is of more than its lots hold.
    """
    _require_enough(sales)
    chains = [_Chain(place, sale) for place, sale in enumerate(sales)]
    short, long = _start(chains, before)
    steps = sorted((step for chain in chains for step in chain.steps), key=lambda step: step.rise / step.fall)
    bound, taken = _best(short, long, steps, rates)
    exact, whole = int(taken), taken.denominator == 1
    found = [
        _choice(chains, steps, count, before, rates, bound) for count in ([exact] if whole else [exact, exact + 1])
    ]
    return min(found, key=lambda choice: (choice.tax, choice.short + choice.long))


def _start(chains: Sequence[_Chain], before: Point) -> Point:
    """Where the chains begin together."""
    zero = Fraction(0)
    return (
        before[0] + sum((chain.start[0] for chain in chains), zero),
        before[1] + sum((chain.start[1] for chain in chains), zero),
    )


def _best(short: Fraction, long: Fraction, steps: Sequence[_Step], rates: Rates) -> tuple[Fraction, Fraction]:
    """The least tax, and how many {qTok} along the steps it lies."""
    best = netted(short, long, rates), short + long
    at, taken = Fraction(0), 0
    for step in steps:
        crossings = (-short / step.rise, long / step.fall, _level(short + long, step.fall - step.rise))
        for along in (*(part for part in crossings if 0 < part < step.quantity), Fraction(step.quantity)):
            there = short + along * step.rise, long - along * step.fall
            found = netted(*there, rates), there[0] + there[1]
            if found < best:
                best, at = found, taken + along
        short, long = short + step.quantity * step.rise, long - step.quantity * step.fall
        taken += step.quantity
    return best[0], at


def _level(total: Fraction, slope: Fraction) -> Fraction:
    return total / slope if slope else Fraction(0)


def _choice(
    chains: Sequence[_Chain], steps: Sequence[_Step], taken: int, before: Point, rates: Rates, bound: Fraction
) -> Choice:
    """The lots after `taken` {qTok} along the steps."""
    amounts = [defaultdict(int, chain.taken) for chain in chains]
    short, long = _start(chains, before)
    for step in steps:
        part = min(step.quantity, taken)
        taken -= part
        amounts[step.sale][step.comes.lot.id] += part
        amounts[step.sale][step.goes.lot.id] -= part
        short, long = short + part * step.rise, long - part * step.fall
    lots = tuple(tuple((name, quantity) for name, quantity in own.items() if quantity) for own in amounts)
    return Choice(lots, short, long, netted(short, long, rates), bound)


class _Chain:
    """The lower left edge of what one sale can reach, from its lowest short-term gain on."""

    def __init__(self, place: int, sale: Sale) -> None:
        self.taken: dict[str, int] = defaultdict(int)  # {qTok} by lot at the start of the chain
        self.steps: list[_Step] = []
        self._sale = sale
        sides = [
            sorted((one for one in sale.candidates if one.is_long is is_long), key=lambda one: one.gain(sale.price))
            for is_long in (False, True)
        ]
        short = _Stock(sides[0])
        forced = max(sale.quantity - sum(one.left for one in sides[1]), 0)
        self._add(short.take(forced))
        long = _Stock(sides[1])
        used = long.take(sale.quantity - forced)
        self._add(used)
        self._walk(place, short, _Stock([Candidate(one.lot, part, True) for one, part in reversed(used)]))
        self.start: Point = self._gains()

    def _walk(self, place: int, short: _Stock, long: _Stock) -> None:
        """Exchanges the dearest long-term {qTok} for the cheapest short-term one, as long as one of both gains falls.

        Where both are losses, the start is the end of the walk, and the steps lead back.
        """
        price = self._sale.price
        back: list[_Step] = []
        while (one := short.first) and (other := long.first):
            rise, fall = one[0].gain(price), other[0].gain(price)
            if rise >= 0 and fall <= 0:
                break
            part = min(one[1], other[1])
            short.take(part)
            long.take(part)
            if rise > 0:
                self.steps.append(_Step(place, one[0], other[0], part, rise, fall))
                continue
            self._add([(one[0], part), (other[0], -part)])
            if rise < 0 and fall < 0:
                back.append(_Step(place, other[0], one[0], part, -rise, -fall))
        self.steps += reversed(back)

    def _add(self, pieces: Sequence[tuple[Candidate, int]]) -> None:
        for one, part in pieces:
            self.taken[one.lot.id] += part

    def _gains(self) -> Point:
        sums = [Fraction(0), Fraction(0)]
        for one in self._sale.candidates:
            sums[one.is_long] += one.gain(self._sale.price) * self.taken.get(one.lot.id, 0)
        return sums[0], sums[1]


class _Stock:
    """Candidates in an order, taken from the first on."""

    def __init__(self, ordered: Sequence[Candidate]) -> None:
        self._rest = [[one, one.left] for one in reversed(ordered) if one.left]

    @property
    def first(self) -> tuple[Candidate, int] | None:
        """The next one, and {qTok} left of it."""
        return (self._rest[-1][0], self._rest[-1][1]) if self._rest else None  # type: ignore[return-value]

    def take(self, quantity: int) -> list[tuple[Candidate, int]]:
        taken = []
        while quantity and (first := self.first):
            part = min(quantity, first[1])
            taken.append((first[0], part))
            quantity -= part
            self._rest[-1][1] = first[1] - part
            if part == first[1]:
                self._rest.pop()
        return taken


def _require_enough(sales: Sequence[Sale]) -> None:
    mistakes = tuple(
        Mistake(sale.asset, f"{sale.quantity} are to be sold, its lots hold {held}")
        for sale in sales
        if (held := sum(one.left for one in sale.candidates)) < sale.quantity
    )
    if mistakes:
        raise InputError("The sales cannot be booked.", "Sell less, or add the lots that are missing.", mistakes)
