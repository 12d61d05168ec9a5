"""Koinly's universal file: the movements themselves, for Koinly to book (as of December 2025)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.tax.exports.names import Names, moment, money, table
from controller.tax.movements import Disposal, Lot, Movement, Nature, Transfer
from controller.tax.report import TaxReport

COLUMNS = (
    "Date",
    "Sent Amount",
    "Sent Currency",
    "Received Amount",
    "Received Currency",
    "Fee Amount",
    "Fee Currency",
    "Net Worth Amount",
    "Net Worth Currency",
    "Label",
    "Description",
    "TxHash",
)
LABELS = {Nature.FEE: "cost", Nature.GAS: "cost", Nature.INCOME: "income"}
"""Koinly's own names; the others have none."""


def write(report: TaxReport, names: Names) -> str:
    """The movements of all years: Koinly needs the purchases to know what the sales cost."""
    return table(COLUMNS, (_row(report, names, *pair) for pair in _pairs(report.movements)))


def _pairs(movements: Sequence[Movement]) -> Iterator[tuple[Movement | None, Lot | None]]:
    """What went out, and what came in for it: the two halves of a fill have one source."""
    place = 0
    while place < len(movements):
        first = movements[place]
        second = movements[place + 1] if place + 1 < len(movements) else None
        place += 1
        if isinstance(first, Disposal) and isinstance(second, Lot) and first.source == second.source:
            place += 1
            yield first, second
        elif isinstance(first, Lot):
            yield None, first
        else:
            yield first, None


def _row(report: TaxReport, names: Names, out: Movement | None, come: Lot | None) -> Sequence[str]:
    known = come or out
    if known is None:  # `_pairs` gives one of both
        return ()
    sent = (names.quantity(out.asset, out.quantity), out.asset) if out else ("", "")
    received = (names.quantity(come.asset, come.quantity), come.asset) if come else ("", "")
    worth = out.proceeds if isinstance(out, Disposal) else come.cost if come else None
    label = "" if isinstance(known, Transfer) else LABELS.get(known.nature, "")
    value = ("", "") if worth is None else (money(worth), report.request.law.currency)
    return (moment(known.time), *sent, *received, "", "", *value, label, known.source.where, known.source.transaction)
