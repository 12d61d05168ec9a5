"""Form 8949 of the United States, as of tax year 2025: one row for each line, by box.

Columns (a) to (h) of the form, with the box before them. Digital assets stand under G, H and I (short-term) or J, K
and L (long- term); I and L are those that no Form 1099-DA reports.
"""

from __future__ import annotations

from controller.tax.exports.names import Names, money, table
from controller.tax.laws.united_states import box
from controller.tax.report import TaxReport

COLUMNS = (
    "Box",
    "(a) Description of property",
    "(b) Date acquired",
    "(c) Date sold or disposed of",
    "(d) Proceeds",
    "(e) Cost or other basis",
    "(f) Code(s)",
    "(g) Amount of adjustment",
    "(h) Gain or (loss)",
)
WASH = "W"


def write(report: TaxReport, names: Names) -> str:
    """The CSV text. Gains are rounded from the exact ones, so a row may differ from its own columns by a cent."""
    rows = []
    for line in sorted(report.lines, key=lambda line: box(line.term, report.request.year)):
        match = line.match
        asset = match.disposal.asset
        rows.append(
            (
                box(line.term, report.request.year),
                f"{names.quantity(asset, match.quantity)} {asset}",
                f"{line.acquired:%m/%d/%Y}" if line.acquired else "VARIOUS",
                f"{line.disposed:%m/%d/%Y}",
                money(match.proceeds),
                money(match.cost),
                WASH if match.disallowed else "",
                money(match.disallowed) if match.disallowed else "",
                money(line.gain),
            )
        )
    return table(COLUMNS, rows)
