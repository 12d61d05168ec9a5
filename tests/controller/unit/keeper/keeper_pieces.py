"""Records, plans and vaults for tests of the keeper."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from planning_pieces import BPS, NOW, address, make_mandate, make_snapshot, price

from controller.chain.codec import encode_plan
from controller.chain.wire import Fees
from controller.execution.documents import to_document
from controller.execution.flight import Paid
from controller.execution.journal import Record, RecordKind
from controller.keeper.guards import Offer
from controller.keeper.standing import Control, Word
from controller.model import BlockRef, Cause, Outcome, Plan, Rebalance, Snapshot, Trade

GWEI = 10**9
ETHER = 10**18
DAY = 86_400
ACCOUNT = address(7)
MANDATE = make_mandate([6_000, 4_000])
PRICES = (price(100, 18), price(50, 18))
EVEN = make_snapshot(MANDATE, [600 * 10**18, 800 * 10**18], PRICES)
APART = make_snapshot(MANDATE, [900 * 10**18, 200 * 10**18], PRICES)


def plan(sold: int = 100 * 10**18, deadline: int = NOW + 600) -> Plan:
    """Sells {qTok} of asset 0."""
    return Plan(3, deadline, 100, b"\x01" * 32, bytes(32), False, (Trade(0, 1, 0, sold, 1, b""),))


def offer(snapshot: Snapshot = APART, **changes: Any) -> Offer:
    """10,000 quote units sold for 300,000 {gas} at 20 gwei; an account of one coin."""
    made = Offer(snapshot, plan(), ACCOUNT, 300_000, Fees(19 * GWEI, GWEI), 300_000 * 40 * GWEI, ETHER)
    return replace(made, **changes)


def record(seq: int, kind: str, body: Mapping[str, Any], vault: str = "", intent: int | None = None) -> Record:
    return Record(seq, RecordKind(kind), vault, intent, body, bytes(32))


def intent(seq: int, vault: str, worst: int = 10**16, deadline: int = NOW + 600) -> Record:
    body = {"plan": "0x" + encode_plan(plan(deadline=deadline)).hex(), "budget": to_document(worst)}
    return record(seq, "INTENT", body, vault)


def outcome(seq: int, of: Record, fate: str, cost: int | None = None, at: int = NOW, paid: int | None = None) -> Record:
    """How an intent ended; with an outcome where it has a `cost` {wei}, with a receipt where it has `paid` {wei}."""
    mined = None
    if cost is not None:
        block = BlockRef(101, b"\x02" * 32, at)
        rebalance = Rebalance(ACCOUNT, 3, Cause.THRESHOLD, False, bytes(32), bytes(32), 0, 0, 1, 1, (1,), (1,), ())
        mined = Outcome(b"\x03" * 32, block, cost, 1, rebalance)
    body = {"fate": fate, "reason": "", "outcome": to_document(mined)}
    if paid is not None:
        body["paid"] = to_document(Paid(paid, 1, at))
    return record(seq, "OUTCOME", body, of.vault, of.seq)


def control(seq: int, word: Word, vault: str = "", why: str = "maintenance") -> Record:
    return record(seq, "CONTROL", to_document(Control(word, why)), vault)


def flights(*fates: str, vault: str = address(301), first: int = 0) -> list[Record]:
    """Two records for each fate."""
    records = []
    for index, fate in enumerate(fates):
        begun = intent(first + 2 * index, vault)
        records += [begun, outcome(begun.seq + 1, begun, fate, 10**15 if fate == "EXECUTED" else None)]
    return records


__all__ = ["BPS", "NOW", "address"]
