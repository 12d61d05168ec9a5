"""A vault's history as tables: trades, flows, values per share, costs. Every number is the exact one, as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from controller.audit.evidence import Evidence
from controller.audit.history import read_history
from controller.audit.movements import (
    SHARE_DECIMALS,
    Amount,
    Charged,
    Flowed,
    GasPaid,
    Movement,
    Place,
    Traded,
    Valued,
    movements,
)
from controller.audit.reconcile import DONATION, Line, Statement, statements
from controller.chain.entries import Created, MandateSet
from controller.units import VALUE_DECIMALS

Row = Mapping[str, str]
ETHER_DECIMALS: Final = 18
TABLES: Final = ("trades", "flows", "values", "costs")


@dataclass(frozen=True)
class Books:
    """What exports are made of."""

    vault: str
    movements: tuple[Movement, ...]
    statements: tuple[Statement, ...]
    decimals: Mapping[str, int]  # by token
    times: Mapping[int, int]  # {s} by block
    name: Callable[[str], str]  # of a token, for people

    @classmethod
    def of(cls, evidence: Evidence, name: Callable[[str], str]) -> Books:
        """Of evidence that was gathered to L4.

        Raises
        ------
        FindingError
            When the entries are not one unbroken chain.
        """
        found, decoded = movements(evidence), read_history(evidence).decoded
        mandates = [item.payload.mandate for item in decoded if isinstance(item.payload, Created | MandateSet)]
        decimals = {asset.token: asset.decimals for mandate in mandates for asset in mandate.assets}
        times = {number: header.block.timestamp for number, header in evidence.headers.items()}
        return cls(evidence.vault, found, statements(evidence, decoded), decimals, times, name)

    def donations(self) -> Iterator[tuple[str, Line]]:
        """(token, line) of what came without an entry."""
        for account in self.statements:
            yield from ((account.token, line) for line in account.lines if line.what == DONATION)

    def table(self, which: str) -> list[Row]:
        """One of `TABLES`, in the order of the ledger."""
        rows = {"trades": self._trades, "flows": self._flows, "values": self._values, "costs": self._costs}
        return list(rows[which]())

    def _trades(self) -> Iterator[Row]:
        for one in self.movements:
            if isinstance(one, Traded):
                yield {
                    **_where(one.at),
                    "number": str(one.number),
                    "keeper": one.keeper,
                    "venue": one.venue,
                    **self._amount("sold", one.sold),
                    **self._amount("bought", one.bought),
                }

    def _flows(self) -> Iterator[Row]:
        for one in self.movements:
            if isinstance(one, Flowed):
                parties = {"kind": one.kind.name, "caller": one.caller, "receiver": one.receiver, "owner": one.owner}
                shares = {"shares": shown(one.shares, SHARE_DECIMALS), "supply": shown(one.supply, SHARE_DECIMALS)}
                for amount in one.amounts:
                    yield {**_where(one.at), **parties, **shares, **self._amount("asset", amount)}

    def _values(self) -> Iterator[Row]:
        for one in self.movements:
            if isinstance(one, Valued) and one.supply:
                yield {
                    **_where(one.at),
                    "value_before": shown(one.before, VALUE_DECIMALS),
                    "value_after": shown(one.after, VALUE_DECIMALS),
                    "supply": shown(one.supply, SHARE_DECIMALS),
                    # D36{quote/share} = D36{quote} * {qShare/share} / {qShare}, rounded down
                    "value_per_share": shown(one.after * 10**SHARE_DECIMALS // one.supply, VALUE_DECIMALS),
                    "drift_before": shown(one.drift_before, 18),
                    "drift_after": shown(one.drift_after, 18),
                }

    def _costs(self) -> Iterator[Row]:
        for one in self.movements:
            if isinstance(one, GasPaid):
                yield _cost(one.at, "gas", one.payer, shown(one.paid, ETHER_DECIMALS), "ether")
            elif isinstance(one, Valued):
                yield _cost(one.at, "trading", self.vault, shown(one.before - one.after, VALUE_DECIMALS), "quote")
            elif isinstance(one, Charged):
                for what, shares in (("management", one.management_shares), ("performance", one.performance_shares)):
                    yield _cost(one.at, what, one.recipient, shown(shares, SHARE_DECIMALS), "share")

    def _amount(self, which: str, amount: Amount) -> dict[str, str]:
        price, value = amount.price, amount.value
        # D36{quote/qTok} * {qTok/tok} = D36{quote/tok}
        per_token = None if price is None else price * 10**amount.decimals
        return {
            which: self.name(amount.token),
            f"{which}_token": amount.token,
            f"{which}_amount": shown(amount.amount, amount.decimals),
            f"{which}_price": "" if per_token is None else shown(per_token, VALUE_DECIMALS),
            f"{which}_value": "" if value is None else shown(value, VALUE_DECIMALS),
        }


def shown(amount: int, decimals: int) -> str:
    """An integer of `decimals` as the exact decimal number that it stands for."""
    sign, digits = ("-" if amount < 0 else ""), str(abs(amount)).rjust(decimals + 1, "0")
    whole, part = (digits[:-decimals], digits[-decimals:].rstrip("0")) if decimals else (digits, "")
    return f"{sign}{whole}.{part}" if part else f"{sign}{whole}"


def day(timestamp: int) -> str:
    """UTC."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}"


def _where(at: Place) -> dict[str, str]:
    return {
        "block": str(at.block),
        "time": datetime.fromtimestamp(at.timestamp, UTC).isoformat(),
        "transaction": "0x" + at.transaction.hex(),
        "seq": str(at.seq),
    }


def _cost(at: Place, what: str, whose: str, amount: str, unit: str) -> Row:
    return {**_where(at), "what": what, "account": whose, "amount": amount, "unit": unit}
