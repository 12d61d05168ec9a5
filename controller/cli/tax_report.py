"""evenkeel tax report"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from controller.cli import options, tax_options
from controller.cli.output import err
from controller.cli.tax_views import show_line, show_report
from controller.cli.taxing import Books
from controller.tax.exports import export


def report(
    given: tax_options.Given,
    *,
    year: Annotated[
        int | None,
        typer.Option(min=1970, max=9998, help="Tax year, named after its first day. Default: the newest block's."),
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", "-f", help="table, form8949, turbotax, koinly, beancount, hledger or json.")
    ] = "table",
    out_file: Annotated[
        Path | None, typer.Option("--out", help="Where it goes. Default: here.", show_default=False)
    ] = None,
    line: Annotated[
        int | None, typer.Option(min=1, help="Open one line: its lot and its transactions.", show_default=False)
    ] = None,
    exchange: tax_options.Exchange = None,
    choices: tax_options.Choices = None,
    node: tax_options.Node,
    as_json: options.AsJson = False,
) -> None:
    """Report a year's gains from the vault's ledger, each line down to its lots and transactions. No tax advice.

    A vault with one owner is looked through: its fills are the owner's. Of a pooled vault the shares are the lots, and
    the report says so.
    """
    asked, files = given.asked(year), given.files(exchange, choices)
    books = Books.read(node.open(), given.vault, given.owner or (), files)
    made = books.report(asked, files)
    if line is not None:
        show_line(made, books.names, line, as_json=as_json)
    elif as_json or format_ != "table":
        text = export("json" if as_json else format_, made, books.names)
        out_file.write_text(text) if out_file else sys.stdout.write(text)
        for note in () if as_json else made.notes:
            err.print(note, style="dim", markup=False, soft_wrap=True)
    else:
        show_report(made, books.names)
