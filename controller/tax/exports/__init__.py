"""A report in the formats of others, and as one JSON document."""

from __future__ import annotations

from collections.abc import Callable

from controller.errors import UsageError
from controller.tax.exports import beancount, document, form8949, hledger, koinly, turbotax
from controller.tax.exports.names import Names
from controller.tax.report import TaxReport

Writer = Callable[[TaxReport, Names], str]
FORMATS: dict[str, Writer] = {
    "form8949": form8949.write,
    "turbotax": turbotax.write,
    "koinly": koinly.write,
    "beancount": beancount.write,
    "hledger": hledger.write,
    "json": document.write,
}


def export(name: str, report: TaxReport, names: Names) -> str:
    """The text of a report.

    Raises
    ------
    UsageError
        When the format is not known, or does not fit the jurisdiction.
    """
    if name not in FORMATS:
        raise UsageError(f"The format {name!r} is not known.", f"Known: table, {', '.join(FORMATS)}.")
    if name in ("form8949", "turbotax") and report.request.law.code != "us":
        raise UsageError(f"{name} is a format of the United States.", "Take --jurisdiction us, or another format.")
    return FORMATS[name](report, names)
