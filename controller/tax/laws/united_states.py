"""The United States: short and long term, lots by wallet, wash sales of securities."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from controller.tax.booking import Method, Scope
from controller.tax.holding import long_from_us
from controller.tax.laws.law import Figure, Law, Line, Rule, total

SHORT, LONG = "short", "long"
KNOWN = date(2025, 12, 1)
BOXES = {SHORT: "I", LONG: "L"}
"""Of Form 8949 as of tax year 2025, for digital assets that no Form 1099-DA reports, as no broker stands between an
owner and a vault. G and H, J and K are for those that one reports, with and without their basis."""
FIRST_BOXES = 2025
"""Tax year from which digital assets have boxes of their own; before it they stood with others, C and F."""
OLD_BOXES = {SHORT: "C", LONG: "F"}


def box(term: str, year: int) -> str:
    """The box of Form 8949 that a line belongs under."""
    return (BOXES if year >= FIRST_BOXES else OLD_BOXES)[term]


def _sums(lines: Sequence[Line], _year: int) -> tuple[Figure, ...]:
    figures = []
    for term in (SHORT, LONG):
        own = [line.match for line in lines if line.term == term]
        figures += [
            Figure(f"{term}-term proceeds", sum((match.proceeds for match in own), Fraction(0))),
            Figure(f"{term}-term cost", sum((match.cost for match in own), Fraction(0))),
            Figure(f"{term}-term loss put off (code W)", sum((match.disallowed for match in own), Fraction(0))),
            Figure(f"{term}-term gain", total(lines, term)),
        ]
    return (*figures, Figure("net gain", total(lines)))


LAW = Law(
    code="us",
    name="United States",
    currency="USD",
    methods=(Method.FIFO, Method.LIFO, Method.HIFO, Method.LOFO, Method.SPECIFIC, Method.LEAST_TAX),
    scope=Scope.WALLET,
    free_from=long_from_us,
    terms=(SHORT, LONG),
    begins=(1, 1),
    sums=_sums,
    knows_wash_sales=True,
    rules=(
        Rule(
            "long-term is what was held for more than one year, counted from the day after it was acquired",
            "IRC § 1222; IRS Pub. 544; Rev. Rul. 66-7",
            KNOWN,
        ),
        Rule(
            "lots are those of the wallet that sells; first in, first out, unless the units are identified by the "
            "moment of the sale, which a standing order does",
            "Treas. Reg. § 1.1012-1(j), from 2025; Rev. Proc. 2024-28",
            KNOWN,
        ),
        Rule(
            "what exchanging one digital asset for another costs reduces the proceeds",
            "Treas. Reg. § 1.1001-7(b), T.D. 10000",
            KNOWN,
        ),
        Rule(
            "a loss on securities bought back within 30 days before or after is put off; digital assets that are no "
            "securities are not named there",
            "IRC § 1091; Treas. Reg. § 1.1091-1, -2; IRS Pub. 550",
            KNOWN,
        ),
        Rule(
            "digital assets have boxes of their own in Form 8949: I and L where no Form 1099-DA reports them",
            "Form 8949 and its instructions, tax year 2025",
            KNOWN,
        ),
    ),
)
