"""The movements as a journal for hledger, costs as total prices, and the chain's balances asserted."""

from __future__ import annotations

from collections.abc import Iterator

from controller.tax.exports.names import Names
from controller.tax.exports.postings import account, amount, groups
from controller.tax.report import TaxReport


def write(report: TaxReport, names: Names) -> str:
    """The journal, which `hledger check` accepts when the books and the chain agree."""
    return "\n".join(_lines(report, names)) + "\n"


def _lines(report: TaxReport, names: Names) -> Iterator[str]:
    request = report.request
    currency = request.law.currency
    for note in report.notes:
        yield f"; {note}"
    last = None
    for group in groups(report):
        yield ""
        last = request.day(group.time)
        yield f"{last} * {group.title}" + (f"  ; {group.transaction}" if group.transaction else "")
        for piece in group.pieces:
            quantity = f"{'-' if piece.quantity < 0 else ''}{names.quantity(piece.asset, abs(piece.quantity))}"
            lot = f"  ; lot: {piece.lot.id}" if piece.lot else ""
            cost = "" if piece.cost is None else f" @@ {amount(piece.cost)} {currency}"
            yield f'    {piece.account}  {quantity} "{piece.asset}"{cost}{lot}'
        for one in group.sums:
            yield f"    {one.account}  {amount(one.amount)} {currency}"
    if names.balances:
        yield ""
        yield f"{max(request.day(balance.time) for balance in names.balances)} * balances of the chain"
        for balance in names.balances:
            quantity = names.quantity(balance.asset, balance.quantity)
            yield f'    {account(balance.wallet)}  0 "{balance.asset}" = {quantity} "{balance.asset}"'
