"""evenkeel tax check"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from controller.cli import options, tax_options
from controller.cli.output import out, print_json
from controller.cli.taxing import Asked, Books, Files
from controller.config.files import read_file
from controller.errors import FindingError, InputError, UncheckedError
from controller.tax.check import differences, undeclared
from controller.tax.exports.document import document


def check(
    stated: Annotated[Path, typer.Argument(metavar="REPORT", help="A report in JSON: evenkeel tax report --json.")],
    *,
    owner: tax_options.Owners = None,
    lots: tax_options.Lots = None,
    prices: tax_options.Prices = None,
    exchange: tax_options.Exchange = None,
    rule: tax_options.Rules = None,
    choices: tax_options.Choices = None,
    node: tax_options.Node,
    as_json: options.AsJson = False,
) -> int:
    """Compute a tax report again from the ledger, and check that its lots are those of the rules in force.

    A standing rule is known by its hash alone. Exit code 0 when every line is right, 3 with findings, 4 when something
    else was declared, which may be anything.
    """
    said = _read(stated)
    files = Files(lots, prices, exchange, tuple(rule or ()), choices)
    books = Books.read(node.open(), said["vault"], owner or (), files)
    wash = said["wash_sales"]
    asked = Asked(
        said["year"],
        said["jurisdiction"],
        said["method"],
        said["time_zone"],
        ",".join(said["rates"]),
        tuple(wash["securities"]),
        wash["others_from"],
    )
    made = books.report(asked, files, recognise=True)
    wrong = differences(said, document(made, books.names), made.request.orders)
    unknown = undeclared(books.reading.declared, made.request.orders)
    if as_json:
        print_json({"findings": wrong, "unchecked": unknown})
    for sentence in () if as_json else wrong:
        out.print(f"wrong: {sentence}", style="red", markup=False, soft_wrap=True)
    for sentence in () if as_json else unknown:
        out.print(f"unchecked: {sentence}", style="yellow", markup=False, soft_wrap=True)
    if not (as_json or wrong or unknown):
        out.print("Every line is what the ledger and the rules in force give.", style="green")
    return FindingError.exit_code if wrong else UncheckedError.exit_code if unknown else 0


def _read(path: Path) -> dict[str, Any]:
    needed = ("vault", "year", "jurisdiction", "method", "time_zone", "rates", "wash_sales", "lines")
    try:
        said = json.loads(read_file(path))
    except ValueError:
        said = None
    if not isinstance(said, dict) or any(key not in said for key in needed):
        raise InputError(f"{path} is no tax report in JSON.", "Make one: evenkeel tax report --json > report.json.")
    return said
