"""Germany: free after a year, lots by wallet, and a limit that is a cliff."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from controller.tax.booking import Method, Scope
from controller.tax.holding import free_from_germany
from controller.tax.laws.law import Figure, Law, Line, Rule, total

TAXED, FREE = "taxed", "free"
KNOWN = date(2025, 12, 1)
EURO = 10**36
"""D36{EUR}."""


def limit(year: int) -> int:
    """{EUR} below which the year's gains of private sales are free; from it on all of them are taxed."""
    return 1_000 if year >= 2024 else 600


def taxable(gain: Fraction, year: int) -> Fraction:
    """D36{EUR} of a year's gain that is taxed: all of it, or nothing."""
    return Fraction(0) if 0 < gain < limit(year) * EURO else gain


def _sums(lines: Sequence[Line], year: int) -> tuple[Figure, ...]:
    within = total(lines, TAXED)
    return (
        Figure("gain on what was held for more than a year (free)", total(lines, FREE)),
        Figure("gain on what was held for a year at most", within),
        Figure("exemption limit", Fraction(limit(year) * EURO)),
        Figure("taxable gain", taxable(within, year)),
    )


LAW = Law(
    code="de",
    name="Germany",
    currency="EUR",
    methods=(Method.FIFO, Method.AVERAGE, Method.SPECIFIC),
    scope=Scope.WALLET,
    free_from=free_from_germany,
    terms=(TAXED, FREE),
    begins=(1, 1),
    sums=_sums,
    rules=(
        Rule(
            "a gain is taxed when not more than one year lies between acquisition and disposal",
            "§ 23 Abs. 1 Satz 1 Nr. 2 EStG; §§ 187 Abs. 1, 188 Abs. 2 BGB",
            KNOWN,
        ),
        Rule(
            "lots are those of the wallet; the units themselves where they are known, else first in, first out, or the "
            "average for the cost",
            "BMF 6 March 2025, IV C 1 - S 2256/00042/064/043",
            KNOWN,
        ),
        Rule(
            "a year's gains of all private sales below 1,000 EUR (600 EUR until 2023) are free, from there on all are "
            "taxed; other private sales of the year count towards it and are not known here",
            "§ 23 Abs. 3 Satz 5 EStG",
            KNOWN,
        ),
    ),
)
