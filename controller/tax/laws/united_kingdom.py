"""The United Kingdom: the share pool of the owner, and the annual exempt amount."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from controller.tax.booking import Method, Scope
from controller.tax.laws.law import Figure, Law, Line, Rule, total

KNOWN = date(2025, 12, 1)
POUND = 10**36
"""D36{GBP}."""
EXEMPT = {2019: 12_000, 2020: 12_300, 2023: 6_000, 2024: 3_000}
"""{GBP} annual exempt amount, from the tax year that begins in the named one until the next that is named."""


def exempt(year: int) -> int | None:
    """{GBP} that is free in the tax year which begins in `year`; None before the years known here."""
    known = [first for first in EXEMPT if first <= year]
    return EXEMPT[max(known)] if known else None


def _sums(lines: Sequence[Line], year: int) -> tuple[Figure, ...]:
    net, free = total(lines), exempt(year)
    disposals = {(line.match.disposal.asset, line.disposed) for line in lines}
    figures = [
        Figure("disposals (those of one asset on one day are one)", Fraction(len(disposals)), is_count=True),
        Figure("proceeds", sum((line.match.proceeds for line in lines), Fraction(0))),
        Figure("allowable costs", sum((line.match.cost for line in lines), Fraction(0))),
        Figure("gains", sum((gain for gain in _by_disposal(lines) if gain > 0), Fraction(0))),
        Figure("losses", sum((-gain for gain in _by_disposal(lines) if gain < 0), Fraction(0))),
        Figure("net gain", net),
    ]
    if free is not None:
        figures.append(Figure("annual exempt amount", Fraction(free * POUND)))
        figures.append(Figure("taxable gain", max(net - free * POUND, Fraction(0))))
    return tuple(figures)


def _by_disposal(lines: Sequence[Line]) -> list[Fraction]:
    sums: dict[tuple[str, date], Fraction] = {}
    for line in lines:
        key = line.match.disposal.asset, line.disposed
        sums[key] = sums.get(key, Fraction(0)) + line.gain
    return list(sums.values())


LAW = Law(
    code="uk",
    name="United Kingdom",
    currency="GBP",
    methods=(Method.SECTION_104,),
    scope=Scope.OWNER,
    free_from=None,
    terms=("", ""),
    begins=(4, 6),
    sums=_sums,
    rules=(
        Rule(
            "a disposal is matched with acquisitions of the same day, then of the 30 days after it, then with the pool",
            "TCGA 1992 ss. 104, 105 and 106A; HMRC Cryptoassets Manual CRYPTO22200",
            KNOWN,
        ),
        Rule(
            "the annual exempt amount is £3,000 from 2024-25 on (£6,000 in 2023-24, £12,300 from 2020-21)",
            "TCGA 1992 s. 1K; Finance Act 2023 s. 8",
            KNOWN,
        ),
        Rule("a tax year runs from 6 April to 5 April and is named after its beginning here", "ITA 2007 s. 4", KNOWN),
    ),
)
