"""A report as one JSON document: every line with its lot and its transactions, exact amounts as fractions beside
rounded ones."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

from controller.tax.exports.names import Names, moment, money
from controller.tax.laws.law import Line
from controller.tax.movements import Lot, Source
from controller.tax.report import TaxReport
from controller.units import BPS


def write(report: TaxReport, names: Names) -> str:
    return json.dumps(document(report, names), indent=2) + "\n"


def document(report: TaxReport, names: Names) -> dict[str, Any]:
    """Amounts are D36 of the law's currency as exact fractions, and rounded for people."""
    request = report.request
    return {
        "notes": list(report.notes),
        "jurisdiction": request.law.code,
        "currency": request.law.currency,
        "year": request.year,
        "method": request.method.value,
        "time_zone": request.zone,
        "rates": [f"{int(rate * BPS)} bps" for rate in (request.rates.short, request.rates.long)],
        "wash_sales": {
            "securities": sorted(request.wash.securities),
            "others_from": request.wash.others_from.isoformat() if request.wash.others_from else None,
        },
        "vault": names.vault,
        "standing_rules": [
            {
                "method": order.rule.method.value,
                "hash": "0x" + order.rule.statement.hex(),
                "entry": order.seq,
                "declared": moment(order.time),
            }
            for order in request.orders
        ],
        "figures": [
            {"name": figure.name, "value": str(figure.value) if figure.is_count else money(figure.value)}
            for figure in report.figures
        ],
        "rules": [
            {"rule": rule.what, "source": rule.source, "known": rule.known.isoformat()} for rule in request.law.rules
        ],
        "lines": [line_document(report, names, line) for line in report.lines],
    }


def line_document(report: TaxReport, names: Names, line: Line) -> dict[str, Any]:
    """One line, opened: where the disposal and the lot stand."""
    match = line.match
    asset = match.disposal.asset
    return {
        "asset": asset,
        "quantity": names.quantity(asset, match.quantity),
        "acquired": None if line.acquired is None else line.acquired.isoformat(),
        "disposed": line.disposed.isoformat(),
        "term": line.term,
        "matched_by": match.rule,
        "method": report.method_of(line).value,
        "proceeds": _amount(match.proceeds),
        "cost": _amount(match.cost),
        "disallowed": _amount(match.disallowed),
        "gain": _amount(line.gain),
        "disposal": {"id": match.disposal.id, "nature": match.disposal.nature.value, **_source(match.disposal.source)},
        "lot": None if match.lot is None else _lot(names, match.lot),
    }


def _lot(names: Names, lot: Lot) -> dict[str, Any]:
    return {
        "id": lot.id,
        "nature": lot.nature.value,
        "time": moment(lot.time),
        "quantity": names.quantity(lot.asset, lot.quantity),
        "cost": _amount(Fraction(lot.cost)),
        "cost_is_assumed": lot.assumed,
        **_source(lot.source),
    }


def _source(source: Source) -> dict[str, str]:
    return {"where": source.where, "transaction": source.transaction}


def _amount(value: Fraction) -> dict[str, str]:
    return {"exact": str(value), "rounded": money(value)}
