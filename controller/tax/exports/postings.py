"""What the journals of beancount and hledger have in common: one transaction for each source, lots by name, and the
gain as what balances the written amounts.

Amounts are written with eight decimals. The gain of a transaction is the sum of what is written, so it balances to the
last digit; it differs from the exact one by less than 10^-8 for each posting.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from controller.tax.booking import Method, Scope
from controller.tax.exports.names import rounded
from controller.tax.movements import Disposal, Lot, Match, Move, Movement, Nature, Source, Transfer, in_order
from controller.tax.report import TaxReport
from controller.units import to_decimal

PLACES = 8
_ELSEWHERE = {
    Nature.BOUGHT: "Equity:Elsewhere",
    Nature.PAID_IN: "Equity:Paid-In",
    Nature.INCOME: "Income:Received",
    Nature.SOLD: "Equity:Elsewhere",
    Nature.PAID_OUT: "Equity:Paid-Out",
    Nature.FEE: "Expenses:Fees",
    Nature.GAS: "Expenses:Gas",
}
"""The other side of what a movement is worth."""
GAINS = "Income:Gains"


@dataclass(frozen=True, slots=True)
class Piece:
    """A posting of so much of a lot into an account or out of it."""

    account: str
    asset: str
    quantity: int  # {qTok} signed
    cost: int | None  # D8 of the currency, of all of it, without a sign; None: it moves within a pool
    lot: Lot | None  # None: of a pool

    @property
    def worth(self) -> int:
        """D8 of the currency, signed."""
        cost = self.cost or 0
        return cost if self.quantity > 0 else -cost


@dataclass(frozen=True, slots=True)
class Sum:
    """A posting of money."""

    account: str
    amount: int  # D8 of the currency, signed


@dataclass(frozen=True, slots=True)
class Group:
    """One transaction of a journal."""

    time: int  # {s}
    title: str
    transaction: str
    pieces: tuple[Piece, ...]
    sums: tuple[Sum, ...]


def account(wallet: str) -> str:
    """A name that both programs accept."""
    return "Assets:" + (re.sub(r"[^A-Za-z0-9]", "-", wallet).strip("-").capitalize() or "Owner")


def is_strict(report: TaxReport) -> bool:
    """Whether each posting out of an account names a lot that stands in it as it was bought: not for pools, and not
    where a wash sale has changed what a lot costs."""
    booked = report.booked
    by_lot = report.request.method not in (Method.AVERAGE, Method.SECTION_104)
    changed = booked.put_together or any(match.disallowed for match in booked.matches)
    return by_lot and report.request.law.scope is Scope.WALLET and not changed


def groups(report: TaxReport) -> Iterator[Group]:
    """All movements of all years, those of one source together."""
    writer = _Writer(report)
    for (time, source), inside in groupby(in_order(report.movements), key=lambda one: (one.time, one.source)):
        yield writer.group(time, source, list(inside))


class _Writer:
    """Writes down the pieces that the booking found."""

    def __init__(self, report: TaxReport) -> None:
        self._matches: dict[str, list[Match]] = defaultdict(list)
        for match in report.booked.matches:
            self._matches[match.disposal.id].append(match)
        self._moves: dict[str, list[Move]] = defaultdict(list)
        for move in report.booked.moves:
            self._moves[move.transfer.id].append(move)

    def group(self, time: int, source: Source, own: Sequence[Movement]) -> Group:
        pieces, sums = [], []
        trade = {type(one) for one in own} >= {Disposal, Lot}
        for movement in own:
            pieces += self._pieces(movement)
            if not trade and not isinstance(movement, Transfer):
                money = movement.cost if isinstance(movement, Lot) else -movement.proceeds
                sums.append(Sum(_ELSEWHERE[movement.nature], -rounded(money, PLACES)))
        if trade:
            # what gas took off the proceeds is worth it too, and stands against the gas itself
            bought = sum(one.cost for one in own if isinstance(one, Lot))
            brought = sum(one.proceeds for one in own if isinstance(one, Disposal))
            if bought != brought:
                sums.append(Sum(_ELSEWHERE[Nature.GAS], rounded(brought - bought, PLACES)))
        gain = -sum(piece.worth for piece in pieces) - sum(one.amount for one in sums)
        if gain:
            sums.append(Sum(GAINS, gain))
        return Group(time, source.where, source.transaction, tuple(pieces), tuple(sums))

    def _pieces(self, movement: Movement) -> list[Piece]:
        if isinstance(movement, Lot):
            return [_piece(movement.wallet, movement, movement.quantity, movement.cost, movement.asset)]
        if isinstance(movement, Disposal):
            return [
                _piece(movement.wallet, match.lot, -match.quantity, match.cost, movement.asset)
                for match in self._matches[movement.id]
            ]
        moved = []
        if movement.id not in self._moves:
            there, back = (account(wallet) for wallet in (movement.receiver, movement.wallet))
            quantity, asset = movement.quantity, movement.asset
            return [Piece(back, asset, -quantity, None, None), Piece(there, asset, quantity, None, None)]
        for move in self._moves[movement.id]:
            moved.append(_piece(movement.wallet, move.lot, -move.moved.quantity, move.moved.cost, movement.asset))
            moved.append(_piece(movement.receiver, move.moved, move.moved.quantity, move.moved.cost, movement.asset))
        return moved


def _piece(wallet: str, lot: Lot | None, quantity: int, cost: Fraction | int, asset: str) -> Piece:
    return Piece(account(wallet), asset, quantity, rounded(cost, PLACES), lot)


def amount(value: int) -> str:
    """D8 as text."""
    return f"{to_decimal(value, PLACES):f}"
