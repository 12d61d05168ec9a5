"""evenkeel tax lots"""

from __future__ import annotations

from rich.table import Table

from controller.cli import options, tax_options
from controller.cli.output import out, print_json
from controller.cli.tax_plans import Today
from controller.tax.exports.names import money, spoken
from controller.tax.laws.law import NO_ADVICE
from controller.tax.outlook import Outlook


def lots(given: tax_options.Given, node: tax_options.Node, as_json: options.AsJson = False) -> None:
    """List the vault's open lots: what each cost, would gain now, and how many days until it counts as held for
    long."""
    today = Today.read(node.open(), given)
    if as_json:
        print_json({"notes": [NO_ADVICE, *today.notes()], "lots": [_document(today, lot) for lot in today.lots]})
        return
    table = Table(title="Open lots", title_justify="left")
    for heading in ("lot", "asset", "quantity", "cost", "gain now", "term", "days left"):
        table.add_column(heading, justify="left" if heading in ("lot", "asset", "term") else "right")
    for lot in today.lots:
        said = _document(today, lot)
        said |= {key: spoken(str(said[key])) for key in ("cost", "gain")}
        said["days"] = lot.days if lot.free_from else "-"
        table.add_row(*(str(value) for value in said.values()))
    out.print(table if today.lots else "There are no open lots.")
    for note in (NO_ADVICE, *today.notes()):
        out.print(note, markup=False, soft_wrap=True)


def _document(today: Today, lot: Outlook) -> dict[str, object]:
    return {
        "lot": lot.lot.id,
        "asset": lot.lot.asset,
        "quantity": today.books.names.quantity(lot.lot.asset, lot.left),
        "cost": money(lot.lot.part(lot.left).cost),
        "gain": money(lot.gain),
        "term": today.request.law.terms[lot.is_long] or "-",
        "days": lot.days,
    }
