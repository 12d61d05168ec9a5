"""What a journal knows of one vault, tick by tick, whoever made them: a single rebalance, or a keeper of many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from controller.execution.documents import from_document
from controller.execution.journal import Record, RecordKind
from controller.keeper.fleet import FleetRecord
from controller.model import Outcome, TickRecord


def ticks(records: Iterable[Record], vault: str) -> list[TickRecord]:
    """The ticks of a vault that are recorded in full, with what became of their plans.

    A keeper lists a vault when its answer changes. A plan that was made again and executed later than it was listed
    stands with what was seen when it was listed.

    Parameters
    ----------
    records : of a journal, oldest first.
    """
    found: list[TickRecord] = []
    plans: dict[int, bytes] = {}  # hash by intent
    for record in records:
        if record.kind is RecordKind.TICK and record.vault == vault:
            found.append(from_document(TickRecord, record.body))
        elif record.kind is RecordKind.FLEET:
            found += [tick for tick in from_document(FleetRecord, record.body).listed if tick.vault == vault]
        elif record.kind is RecordKind.INTENT and record.vault == vault:
            plans[record.seq] = bytes.fromhex(record.body["plan_hash"].removeprefix("0x"))
        elif record.kind is RecordKind.OUTCOME and record.intent in plans and record.body["outcome"]:
            _settle(found, plans[record.intent], from_document(Outcome, record.body["outcome"]))
    return found


def _settle(found: list[TickRecord], plan_hash: bytes, outcome: Outcome) -> None:
    """Puts an outcome to its tick; one that was not listed follows the one that was."""
    for index in range(len(found) - 1, -1, -1):
        if found[index].plan_hash == plan_hash:
            found[index] = replace(found[index], outcome=outcome)
            return
    if found:
        found.append(replace(found[-1], reason=None, detail="", error="", plan_hash=plan_hash, outcome=outcome))
