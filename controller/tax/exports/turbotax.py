"""The gain and loss file that TurboTax Online imports for digital assets (as of December 2025)."""

from __future__ import annotations

from controller.tax.exports.names import Names, money, table
from controller.tax.report import TaxReport

COLUMNS = ("Currency Name", "Purchase Date", "Cost Basis", "Date Sold", "Proceeds")


def write(report: TaxReport, names: Names) -> str:
    """The CSV text. It has no column for a loss that is put off, so such a loss is left out of the cost."""
    rows = [
        (
            line.match.disposal.asset,
            f"{line.acquired:%m/%d/%Y}" if line.acquired else "",
            money(line.match.cost - line.match.disallowed),
            f"{line.disposed:%m/%d/%Y}",
            money(line.match.proceeds),
        )
        for line in report.lines
    ]
    return table(COLUMNS, rows)
