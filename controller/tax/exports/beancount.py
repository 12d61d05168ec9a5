"""The movements as a beancount journal: lots with their costs, gains, and the chain's balances asserted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from controller.tax.exports.names import Names
from controller.tax.exports.postings import Group, Piece, account, amount, groups, is_strict
from controller.tax.report import TaxReport

TOLERANCE = "0.000001"
"""{currency} by which rounded amounts of one transaction may differ from beancount's own products."""


def write(report: TaxReport, names: Names) -> str:
    """The journal, which `bean-check` accepts when the books and the chain agree."""
    return "\n".join(_lines(report, names)) + "\n"


def _lines(report: TaxReport, names: Names) -> Iterator[str]:
    request = report.request
    currency, strict = request.law.currency, is_strict(report)
    for note in report.notes:
        yield f"; {note}"
    yield f'option "title" "{names.vault}"'
    yield f'option "operating_currency" "{currency}"'
    yield f'option "inferred_tolerance_default" "{currency}:{TOLERANCE}"'
    yield ""
    found = list(groups(report))
    yield from _opened(found, names, request.day(found[0].time), strict=strict)
    for group in found:
        yield ""
        day = request.day(group.time)
        yield f'{day} * "{group.title}"' + (f"  ; {group.transaction}" if group.transaction else "")
        for piece in group.pieces:
            yield "  " + _posting(
                piece, names, request.day(piece.lot.time) if piece.lot else day, currency, strict=strict
            )
        for one in group.sums:
            yield f"  {one.account}  {amount(one.amount)} {currency}"
    yield ""
    for balance in names.balances:
        asserted = request.day(balance.time) + timedelta(days=1)
        quantity = names.quantity(balance.asset, balance.quantity)
        yield f"{asserted} balance {account(balance.wallet)}  {quantity} ~ 0 {commodity(balance.asset)}"


def _opened(found: list[Group], names: Names, first: date, *, strict: bool) -> Iterator[str]:
    booking = "STRICT" if strict else "NONE"
    assets = {piece.account for group in found for piece in group.pieces}
    assets |= {account(balance.wallet) for balance in names.balances}
    for name in sorted(assets):
        yield f'{first} open {name}  "{booking}"'
    for name in sorted({one.account for group in found for one in group.sums}):
        yield f"{first} open {name}"


def _posting(piece: Piece, names: Names, acquired: date, currency: str, *, strict: bool) -> str:
    quantity = f"{'-' if piece.quantity < 0 else ''}{names.quantity(piece.asset, abs(piece.quantity))}"
    units = f"{piece.account}  {quantity} {commodity(piece.asset)}"
    if piece.cost is None:
        return units
    if not strict or piece.lot is None:
        return f"{units} {{{{{amount(piece.cost)} {currency}}}}}"
    label = f'{acquired}, "{piece.lot.id}"'
    cost = f"{{{{{amount(piece.cost)} {currency}, {label}}}}}"
    return f"{units} {cost if piece.quantity > 0 else f'{{{label}}}'}"


def commodity(asset: str) -> str:
    """An asset's name as beancount wants it: 2 to 24 capitals and digits."""
    name = re.sub(r"[^A-Z0-9]", "", asset.upper())[:23]
    return name if len(name) > 1 and name[0].isalpha() else f"X{name or 'X'}"
