"""A tax report for people."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from controller.cli.output import out, print_json, print_pairs
from controller.errors import UsageError
from controller.tax.exports.document import line_document
from controller.tax.exports.names import Names, moment, money, spoken
from controller.tax.laws.law import Line
from controller.tax.report import TaxReport


def show_report(report: TaxReport, names: Names) -> None:
    """Lines, sums, rules and notes."""
    request = report.request
    methods = [request.method.value, *(f"{one.rule.method.value} from entry {one.seq}" for one in request.orders)]
    title = f"{request.law.name}, tax year {request.year}, {', '.join(methods)}, {request.law.currency}"
    table = Table(title=title, title_justify="left")
    for heading in ("line", "asset", "quantity", "acquired", "disposed", "proceeds", "cost", "gain", "term"):
        table.add_column(heading, justify="left" if heading in ("asset", "term") else "right")
    for number, line in enumerate(report.lines, start=1):
        table.add_row(*_cells(number, line, names))
    out.print(table)
    print_pairs(
        "Sums",
        {figure.name: figure.value if figure.is_count else spoken(money(figure.value)) for figure in report.figures},
    )
    for rule in request.law.rules:
        out.print(f"[dim]{escape(rule.what)} ({escape(rule.source)}; as known on {rule.known})[/dim]", soft_wrap=True)
    for note in report.notes:
        out.print(escape(note), soft_wrap=True)
    out.print("One line with its lot and transactions: --line NUMBER.")


def _cells(number: int, line: Line, names: Names) -> tuple[str, ...]:
    match = line.match
    asset = match.disposal.asset
    return (
        str(number),
        asset,
        names.quantity(asset, match.quantity),
        str(line.acquired or "pool"),
        str(line.disposed),
        spoken(money(match.proceeds)),
        spoken(money(match.cost)),
        spoken(money(line.gain)),
        line.term or match.rule,
    )


def show_line(report: TaxReport, names: Names, number: int, *, as_json: bool) -> None:
    """One line, opened."""
    if number > len(report.lines):
        raise UsageError(f"There is no line {number}.", f"The report has {len(report.lines)}.")
    line = report.lines[number - 1]
    if as_json:
        print_json(line_document(report, names, line))
        return
    match, lot = line.match, line.match.lot
    facts = {
        "asset": match.disposal.asset,
        "quantity": names.quantity(match.disposal.asset, match.quantity),
        "method": report.method_of(line).value,
        "matched by": match.rule,
        "term": line.term or "-",
        "proceeds": f"{spoken(money(match.proceeds))} = {match.proceeds} D36",
        "cost": f"{spoken(money(match.cost))} = {match.cost} D36",
        "put off": spoken(money(match.disallowed)),
        "gain": spoken(money(line.gain)),
        "disposed": f"{moment(match.disposal.time)}, {match.disposal.nature.value}, {match.disposal.source.where}",
        "its transaction": match.disposal.source.transaction or "-",
    }
    if lot is not None:
        facts["lot"] = f"{lot.id}: {names.quantity(lot.asset, lot.quantity)} for {spoken(money(lot.cost))}"
        facts["acquired"] = f"{moment(lot.time)}, {lot.nature.value}, {lot.source.where}"
        facts["its transaction "] = lot.source.transaction or "-"
    print_pairs(f"Line {number}", facts)
