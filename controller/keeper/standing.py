"""Where a keeper stands, told by its journal alone, so that a restart changes nothing of it: paused or not, which
breakers are open, what of the budget is spent.

`after` takes one record at a time: the same function folds the journal at the start and follows it afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import reduce
from typing import Final

from controller.chain.codec import decode_plan
from controller.errors import EvenkeelError, StorageError
from controller.execution.documents import from_document, to_document
from controller.execution.flight import Paid
from controller.execution.journal import Draft, Record, RecordKind
from controller.keeper.spending import Reservation, Spending
from controller.model import Outcome

EVERY_VAULT: Final = ""
"""Stands for the whole fleet where a record names a vault."""
FAILED: Final = frozenset({"REVERTED", "CANCELLED"})
"""Fates that cost gas and moved nothing: what a breaker counts. The node's refusals and foreign nonces are not the
vault's doing; a plan that expired met a chain that was too expensive or too full."""
FREE: Final = frozenset({"UNSENT", "REFUSED", "LOST"})
"""Fates after which no transaction of the flight can have been mined."""


class Word(StrEnum):
    """What an operator can say."""

    PAUSE = "pause"
    RESUME = "resume"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Control:
    """The body of a control record."""

    word: Word
    why: str

    def draft(self, vault: str = EVERY_VAULT) -> Draft:
        """As it is recorded, of one vault or of the whole fleet."""
        return Draft(RecordKind.CONTROL, vault, to_document(self))


@dataclass(frozen=True, slots=True)
class Trips:
    """When breakers open."""

    vault: int = 3  # failures of one vault in a row
    fleet: int = 5  # different vaults that failed, with no success of any vault in between


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything of it follows from the journal and the configuration."""

    trips: Trips = Trips()
    spending: Spending = field(default_factory=Spending)
    paused: str = ""  # why; empty while it is not
    failures: Mapping[str, int] = field(default_factory=dict)  # in a row, by vault; none: no entry
    open: frozenset[str] = frozenset()  # vaults whose breaker is open
    failing: frozenset[str] = frozenset()  # vaults that failed since the last success of any
    fleet_open: bool = False


def fold(records: Iterable[Record], trips: Trips, budget: int | None) -> Standing:
    """From the records of a journal, oldest first; `budget` {wei} in any day, None: unlimited."""
    return reduce(after, records, Standing(trips, Spending(budget)))


def after(standing: Standing, record: Record) -> Standing:
    """After one more record.

    Raises
    ------
    StorageError
        When the record is not what its kind says.
    """
    if record.kind is RecordKind.CONTROL:
        return _told(standing, from_document(Control, record.body), record.vault)
    if record.kind is RecordKind.INTENT:
        return replace(standing, spending=standing.spending.reserve(record.seq, _reservation(record)))
    if record.kind is RecordKind.OUTCOME and record.intent is not None:
        return _ended(replace(standing, spending=_settled(standing.spending, record, record.intent)), record)
    return standing


def _reservation(intent: Record) -> Reservation:
    try:
        plan = decode_plan(bytes.fromhex(intent.body["plan"].removeprefix("0x")))
        return Reservation(int(intent.body["budget"]), plan.deadline)
    except (AttributeError, EvenkeelError, KeyError, TypeError, ValueError):
        raise StorageError(f"The intent {intent.seq} of the journal cannot be read.", "Verify the journal.") from None


def _told(standing: Standing, control: Control, vault: str) -> Standing:
    if control.word is Word.PAUSE:
        return replace(standing, paused=control.why)
    if control.word is Word.RESUME:
        return replace(standing, paused="")
    if vault == EVERY_VAULT:
        return replace(standing, failures={}, open=frozenset(), failing=frozenset(), fleet_open=False)
    return replace(
        standing,
        failures=_without(standing.failures, vault),
        open=standing.open - {vault},
        failing=standing.failing - {vault},
    )


def _ended(standing: Standing, record: Record) -> Standing:
    fate, vault = record.body["fate"], record.vault
    if fate == "EXECUTED":
        return replace(standing, failures=_without(standing.failures, vault), failing=frozenset())
    if fate not in FAILED:
        return standing
    count = standing.failures.get(vault, 0) + 1
    failing = standing.failing | {vault}
    return replace(
        standing,
        failures={**standing.failures, vault: count},
        open=standing.open | {vault} if count >= standing.trips.vault else standing.open,
        failing=failing,
        fleet_open=standing.fleet_open or len(failing) >= standing.trips.fleet,
    )


def _settled(spending: Spending, record: Record, intent: int) -> Spending:
    """Charged what the receipt says; without one nothing, or the worst case at the latest moment."""
    fate, receipt, document = record.body["fate"], record.body.get("paid"), record.body["outcome"]
    if fate in FREE:
        return spending.release(intent)
    if receipt is not None:
        paid = from_document(Paid, receipt)
        return spending.settle(intent, paid.cost, paid.at)
    outcome = None if document is None else from_document(Outcome, document)
    if outcome is None or not outcome.gas_used:
        return spending.settle_worst(intent)
    return spending.settle(intent, outcome.gas_used * outcome.gas_price, outcome.block.timestamp)


def _without(counts: Mapping[str, int], vault: str) -> dict[str, int]:
    return {other: count for other, count in counts.items() if other != vault}
