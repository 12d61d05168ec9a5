"""One tick over many vaults: read together, judged one by one, recorded in one line.

A vault's trouble is its own: what goes wrong with it stands in its record and stops no other. Only the journal stops
everything, because nothing may be signed without a record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from controller.errors import EvenkeelError, StorageError
from controller.execution.documents import to_document
from controller.execution.journal import Draft, RecordKind
from controller.keeper.standing import EVERY_VAULT
from controller.model import BlockRef, Decision, Plan, Reason, Snapshot, TickRecord
from controller.tick import answered, check_due, error_name, observed, require_registered

Read = Callable[[Sequence[str], BlockRef], Mapping[str, Snapshot | EvenkeelError]]
"""Snapshots of many vaults at one block, or what is wrong with each: `lens.snapshots` of a chain and its lens."""
Decide = Callable[[Snapshot, int], Decision]
"""What to do about a snapshot when a plan would execute at {s}: `Controller.decide`."""

_NUMBER: Final = re.compile(r"(?<!\w)\d[\d.,]*(?!\w)")
_ONE_CLASS: Final = frozenset({Reason.IN_BAND})
"""Reasons whose detail moves with every price: any two are the same answer."""


@dataclass(frozen=True, slots=True)
class VaultTick:
    """What one tick made of one vault."""

    vault: str
    snapshot: Snapshot | None  # None when it cannot be read
    answer: Decision | EvenkeelError


@dataclass(frozen=True, slots=True)
class FleetRecord:
    """One tick over the fleet, as the journal keeps it."""

    block: BlockRef
    vaults: int  # that were ticked
    complete: bool  # whether all of them are listed: the first tick of a process
    listed: tuple[TickRecord, ...]  # those whose answer is another than when they were listed last

    @property
    def draft(self) -> Draft:
        """As it is recorded."""
        return Draft(RecordKind.FLEET, EVERY_VAULT, to_document(self))


@dataclass(frozen=True, slots=True)
class FleetTick:
    block: BlockRef
    vaults: tuple[VaultTick, ...]
    record: FleetRecord


@dataclass
class Fleet:
    """Ticks, and what was said of each vault last."""

    read: Read
    decide: Decide
    _classes: dict[str, str] = field(default_factory=dict)  # of the last answer, by vault
    _ticked: bool = False

    def tick(self, vaults: Sequence[str], block: BlockRef) -> FleetTick:
        """All of `vaults` at `block`. Its record has to be in the journal before anything is signed.

        Raises
        ------
        NodeError
            When the node does not answer, or `block` is gone.
        StorageError
            When the journal cannot be used.
        """
        found = self.read(vaults, block)
        ticks = tuple(self._judge(vault, found[vault]) for vault in vaults)
        listed = []
        for tick in ticks:
            class_ = answer_class(tick.answer)
            if self._classes.get(tick.vault) != class_:
                self._classes[tick.vault] = class_
                listed.append(tick_record(tick, block))
        complete, self._ticked = not self._ticked, True
        return FleetTick(block, ticks, FleetRecord(block, len(ticks), complete, tuple(listed)))

    def _judge(self, vault: str, found: Snapshot | EvenkeelError) -> VaultTick:
        if isinstance(found, EvenkeelError):
            return VaultTick(vault, None, found)
        try:
            require_registered(found)
            check_due(found)
            # A plan executes in a later block than the one that it was made from.
            return VaultTick(vault, found, self.decide(found, found.block.timestamp + 1))
        except StorageError:
            raise
        except EvenkeelError as error:
            return VaultTick(vault, found, error)


def answer_class(answer: Decision | EvenkeelError) -> str:
    """Two answers of one class say the same: numbers that move with every block are left out."""
    if isinstance(answer, Plan):
        return "plan"
    if isinstance(answer, EvenkeelError):
        return f"{error_name(answer)}: {_NUMBER.sub('#', answer.message)}"
    detail = "" if answer.reason in _ONE_CLASS else _NUMBER.sub("#", answer.detail)
    return f"{answer.reason.name}: {detail}"


def tick_record(tick: VaultTick, block: BlockRef) -> TickRecord:
    """What was seen and decided, in full."""
    seen = _unread(tick.vault, block) if tick.snapshot is None else observed(tick.snapshot)
    return answered(seen, tick.answer)


def decision_at(records: Iterable[FleetRecord], vault: str, block: int) -> TickRecord | None:
    """What was last said of a vault at `block` or before it, in records oldest first; None: it was not ticked."""
    found: TickRecord | None = None
    for record in records:
        if record.block.number > block:
            continue
        listed = next((tick for tick in record.listed if tick.vault == vault), None)
        # a process lists all of its vaults first: one that is not among them is not kept any more
        found = listed if listed is not None or record.complete else found
    return found


def _unread(vault: str, block: BlockRef) -> TickRecord:
    return TickRecord(vault, block, (), (), 0, 0, (), 0, None, "", None, None)
