"""What a jurisdiction says: which lots, which year, which term, and what is added up at the end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from controller.tax.booking import Method, Scope
from controller.tax.holding import DayOf, FreeFrom
from controller.tax.movements import Match

NO_ADVICE = "This is arithmetic and no tax advice: whether a rule applies to you is for you and your adviser to say."


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, where it stands, and when that was looked up."""

    what: str
    source: str
    known: date


@dataclass(frozen=True, slots=True)
class Line:
    """One match of the year, and what the law calls it."""

    match: Match
    term: str  # "short", "long"; "taxed", "free"; empty where the law knows none
    acquired: date | None  # None where it came out of a pool
    disposed: date

    @property
    def gain(self) -> Fraction:
        """D36{quote} that counts: what a wash sale puts off is no loss."""
        return self.match.gain + self.match.disallowed


@dataclass(frozen=True, slots=True)
class Figure:
    """One sum of a report; D36 of the law's currency, or a count."""

    name: str
    value: Fraction
    is_count: bool = False


Sums = Callable[[Sequence[Line], int], tuple[Figure, ...]]
"""From the lines of a year, and the year, to what the law adds up."""


@dataclass(frozen=True, slots=True)
class Law:
    """A jurisdiction."""

    code: str
    name: str
    currency: str
    methods: tuple[Method, ...]  # those it allows, its default first
    scope: Scope
    free_from: FreeFrom | None  # first day of the second term; None: there is one term
    terms: tuple[str, str]  # before that day, and from it on
    begins: tuple[int, int]  # month and day of a tax year's first day; the year is named after it
    sums: Sums
    rules: tuple[Rule, ...]
    knows_wash_sales: bool = False

    def period(self, year: int) -> tuple[date, date]:
        """First day of a tax year, and of the next."""
        return date(year, *self.begins), date(year + 1, *self.begins)

    def year_of(self, day: date) -> int:
        """The tax year of a day."""
        return day.year if (day.month, day.day) >= self.begins else day.year - 1

    def line(self, match: Match, day: DayOf) -> Line:
        """A match with its term."""
        disposed = day(match.disposal.time)
        if match.lot is None:
            return Line(match, self.terms[0] if self.free_from is None else "", None, disposed)
        term = self.terms[0]
        if self.free_from is not None:
            term = self.terms[disposed >= self.free_from(day(match.lot.held_from))]
        return Line(match, term, day(match.lot.time), disposed)


def total(lines: Sequence[Line], term: str | None = None) -> Fraction:
    """D36 of the gains of one term, or of all."""
    return sum((line.gain for line in lines if term in (None, line.term)), Fraction(0))
