"""evenkeel tax plan"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from rich.table import Table

from controller.cli import options, tax_options
from controller.cli.output import out, print_json
from controller.cli.tax_plans import Today
from controller.errors import UsageError
from controller.planning.book import Book
from controller.tax.booking import Method
from controller.tax.exports.names import money, spoken
from controller.tax.laws.law import NO_ADVICE
from controller.tax.least import netted
from controller.tax.outlook import Piece, cheapest, gains_of, in_method_order, least_of, wanted_sales


def plan(given: tax_options.Given, node: tax_options.Node, as_json: options.AsJson = False) -> None:
    """Show what tax a rebalance would cost now: by the lots that the method takes, and by the cheapest ones.

    Both bring every asset inside the mandate's destination and no further; the cheapest also chooses between the
    assets that may be sold. What the profile keeps is not sold. Nothing is sent.
    """
    if given.rates is None:
        raise UsageError("A tax cannot be told without rates.", "Name them: --rates 37%,20% (short and long-term).")
    today = Today.read(node.open(), given)
    document = _document(today)
    if as_json:
        print_json(document)
        return
    _show(today, document)


def _document(today: Today) -> dict[str, object]:
    """Amounts in {quote}."""
    book = Book.of(today.snapshot, today.books.block.timestamp + 1)
    by_asset = defaultdict(list)
    for lot in today.lots:
        by_asset[lot.lot.asset].append(lot.candidate)
    sales, total = wanted_sales(book, today.names, by_asset)
    sales = [sale for sale in sales if sale.asset not in today.kept]
    method = today.request.orders[-1].rule.method if today.request.orders else today.request.method
    rates = today.request.rates
    by_method = in_method_order(sales, total, method, rates)
    least = least_of([cheapest(sales, total, rates), by_method], sales, rates, today.before)
    ways = {"by_method": by_method, "cheapest": least}
    return {
        "notes": [NO_ADVICE, *today.notes()],
        "vault": today.books.vault,
        "to_sell": money(total),
        "method": method.value,
        **{name: _way(today, pieces) for name, pieces in ways.items()},
    }


def _way(today: Today, pieces: Sequence[Piece]) -> dict[str, object]:
    short, long = gains_of(pieces, today.prices)
    rates, before = today.request.rates, today.before
    tax = netted(before[0] + short, before[1] + long, rates) - netted(*before, rates)
    return {
        "tax": money(tax),
        "short_gain": money(short),
        "long_gain": money(long),
        "lots": [_piece(today, piece) for piece in pieces],
    }


def _piece(today: Today, piece: Piece) -> dict[str, object]:
    lot = next(lot for lot in today.lots if lot.lot.id == piece.candidate.lot.id)
    gain = piece.candidate.gain(Fraction(today.prices[piece.asset])) * piece.quantity
    return {
        "lot": lot.lot.id,
        "asset": piece.asset,
        "quantity": today.books.names.quantity(piece.asset, piece.quantity),
        "gain": money(gain),
        "term": today.request.law.terms[lot.is_long] or "-",
        "days": lot.days,
    }


def _show(today: Today, document: dict[str, object]) -> None:
    if today.request.method is Method.SECTION_104:
        out.print("The pool has no lots to choose from.")
    out.print(f"To be sold so that every asset is inside its destination: {spoken(str(document['to_sell']))}")
    for name, words in (("by_method", f"by {document['method']}"), ("cheapest", "by least tax")):
        way = document[name]
        if not isinstance(way, dict):
            continue
        if not way["lots"]:
            out.print(f"{words}: nothing is sold")
            continue
        table = Table(title=f"{words}: tax {spoken(way['tax'])}", title_justify="left")
        for heading in ("lot", "asset", "quantity", "gain", "term", "days left"):
            table.add_column(heading, justify="left" if heading in ("lot", "asset", "term") else "right")
        for piece in way["lots"]:
            table.add_row(*(str(value) for value in {**piece, "gain": spoken(piece["gain"])}.values()))
        out.print(table)
    for note in (NO_ADVICE, *today.notes()):
        out.print(note, markup=False, soft_wrap=True)
