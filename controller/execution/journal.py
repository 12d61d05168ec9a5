"""The keeper's journal: append-only, hash-chained, written before anything is broadcast.

``hash = keccak256(previous hash || canonical JSON of {seq, kind, vault, intent, body})``, the first previous hash being
zero. Every rebalance anchors the head on chain, so that idle decisions are tamper-evident as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import sqlalchemy as sql
from eth_utils.crypto import keccak
from sqlalchemy.engine import URL

from controller.errors import StorageError
from controller.execution.database import RECORDS, Database
from controller.execution.documents import canonical, from_document, to_document
from controller.execution.lease import Lease
from controller.model import TickRecord

NO_HEAD: Final = bytes(32)
"""Head of an empty journal."""
TAIL: Final = 100
"""Newest records that are verified whenever a journal is opened."""
_PAGE: Final = 1_000
"""Records that are in memory at once while a whole journal is read."""
_LOWEST: Final = -(2**63)


class RecordKind(StrEnum):
    INTENT = "INTENT"  # a plan that is about to be signed
    SIGNED = "SIGNED"  # its signed bytes, before anybody else has them
    BROADCAST = "BROADCAST"  # a node has taken them
    OUTCOME = "OUTCOME"  # what became of the intent; closes it
    TICK = "TICK"  # what one tick saw and decided
    FLEET = "FLEET"  # the same of a tick over many vaults
    CONTROL = "CONTROL"  # a person's word to the keeper


@dataclass(frozen=True, slots=True)
class Draft:
    """A record that has no place in the chain yet."""

    kind: RecordKind
    vault: str
    body: Mapping[str, Any]
    intent: int | None = None

    @classmethod
    def of(cls, tick: TickRecord) -> Self:
        return cls(RecordKind.TICK, tick.vault, to_document(tick))


@dataclass(frozen=True, slots=True)
class Record:
    seq: int  # from 0, without a gap
    kind: RecordKind
    vault: str
    intent: int | None  # seq of the INTENT that this one belongs to
    body: Mapping[str, Any]
    hash: bytes


@dataclass(frozen=True, slots=True)
class BadRecord:
    """The first record that does not follow from the one before."""

    seq: int
    what: str


# as it is stored: one that is no bytes at all is for `verify` to name
_STORED_HASH: Final = sql.type_coerce(RECORDS.c.hash, sql.types.NULLTYPE).label("hash")
_ROWS: Final = sql.select(*(column for column in RECORDS.c if column.name != "hash"), _STORED_HASH).order_by(
    RECORDS.c.seq
)
_LAST: Final = sql.select(RECORDS.c.seq, _STORED_HASH).order_by(RECORDS.c.seq.desc()).limit(1)


class Journal:
    """One journal. Every failure of the database is a `StorageError`, so that nothing is signed without a record.

    Parameters
    ----------
    url : SQLAlchemy's, e.g. ``sqlite:////var/lib/evenkeel/journal.db`` or ``postgresql://keeper@host/evenkeel``.
    durable : False gives up safety against a power cut for speed; for replays, and in SQLite only.
    busy_timeout : {s} to wait for another writer.
    lease : without it, and its being held, nothing can be appended; None where no other keeper writes.
    """

    def __init__(
        self, url: str | URL, *, durable: bool = True, busy_timeout: float = 5.0, lease: Lease | None = None
    ) -> None:
        self._database = Database(url, durable=durable, patience=busy_timeout)
        self._lease = lease
        try:
            self._require_sound_tail()
        except StorageError:
            self.close()
            raise

    @classmethod
    def at(cls, path: Path, *, durable: bool = True) -> Self:
        """The SQLite journal at `path`, created when it is not there."""
        return cls(URL.create("sqlite", database=str(path)), durable=durable)

    def __repr__(self) -> str:
        return f"Journal({self._database})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._database.close()

    # ---- writing

    def append(self, kind: RecordKind, vault: str, body: Mapping[str, Any], intent: int | None = None) -> Record:
        """Add one record and return it; it is on disk when this returns.

        Raises
        ------
        LeaseLostError
            When the journal is under a lease that this keeper does not hold.
        """
        return self.append_all([Draft(kind, vault, body, intent)])[0]

    def append_tick(self, tick: TickRecord) -> Record:
        return self.append_all([Draft.of(tick)])[0]

    def append_all(self, drafts: Sequence[Draft]) -> list[Record]:
        """Add records in their order and one transaction, all of them or none; see `append`."""
        texts = [canonical(draft.body).decode() for draft in drafts]
        if not drafts:
            return []
        with self._database.writing() as connection:
            if self._lease is not None:
                self._lease.require(connection)
            last = connection.execute(_LAST).first()
            seq, head = (0, NO_HEAD) if last is None else (last.seq + 1, last.hash)
            records, rows = [], []
            for draft, text in zip(drafts, texts, strict=True):
                row = {"seq": seq, "kind": draft.kind.value, "vault": draft.vault, "intent": draft.intent}
                head = _hash(head, row, text)
                rows.append({**row, "body": text, "hash": head})
                records.append(Record(seq, draft.kind, draft.vault, draft.intent, draft.body, head))
                seq += 1
            connection.execute(RECORDS.insert(), rows)
        return records

    # ---- reading

    @property
    def head(self) -> bytes:
        """Hash of the newest record; 32 zero bytes when there is none."""
        with self._database.reading() as connection:
            last = connection.execute(_LAST).first()
        return NO_HEAD if last is None else bytes(last.hash)

    @property
    def count(self) -> int:
        """Records, by the number of the newest."""
        with self._database.reading() as connection:
            last = connection.execute(_LAST).first()
        return 0 if last is None else int(last.seq) + 1

    def records(
        self, *, vault: str | None = None, kind: RecordKind | None = None, intent: int | None = None
    ) -> list[Record]:
        """In order of `seq`, narrowed to what is given; a long journal is better read by `since`."""
        query = _ROWS
        for column, wanted in ((RECORDS.c.vault, vault), (RECORDS.c.kind, kind), (RECORDS.c.intent, intent)):
            if wanted is not None:
                query = query.where(column == wanted)
        return self._read(query)

    def since(self, seq: int) -> Iterator[Record]:
        """All records newer than record `seq`, in order and a page at a time; -1 is before the first."""
        return map(_record, self._rows(seq + 1))

    def open_intents(self, vault: str | None = None) -> list[Record]:
        """INTENT records, of one vault or of all, that have no OUTCOME yet."""
        outcome = RECORDS.alias()
        closed = sql.exists().where(outcome.c.intent == RECORDS.c.seq, outcome.c.kind == RecordKind.OUTCOME.value)
        query = _ROWS.where(RECORDS.c.kind == RecordKind.INTENT.value, ~closed)
        return self._read(query if vault is None else query.where(RECORDS.c.vault == vault))

    def ticks(self, vault: str) -> list[TickRecord]:
        return [from_document(TickRecord, record.body) for record in self.records(vault=vault, kind=RecordKind.TICK)]

    def verify(self) -> BadRecord | None:
        """Recompute every hash; None when each follows from the one before. A cut-off tail shows only by an anchor."""
        return _first_bad(self._rows(_LOWEST), 0, NO_HEAD)

    def _require_sound_tail(self) -> None:
        with self._database.reading() as connection:
            last = connection.execute(_LAST).first()
        start = 0 if last is None else max(0, last.seq - TAIL)
        rows = self._rows(start)
        # the record before the tail is where its chain begins
        before = next(rows, None) if start else None
        bad = _first_bad(rows, start, NO_HEAD) if before is None else _first_bad(rows, start + 1, before.hash)
        if bad is not None:
            raise StorageError(
                f"The journal {self._database} is damaged: {bad.what}.",
                "Keep a copy for the audit, then restore it from a backup.",
            )

    def _read(self, query: sql.Select[Any]) -> list[Record]:
        with self._database.reading() as connection:
            return [_record(row) for row in connection.execute(query)]

    def _rows(self, first: int) -> Iterator[sql.Row[Any]]:
        # no transaction is open while the caller works on a page
        while True:
            with self._database.reading() as connection:
                page: list[Any] = list(connection.execute(_ROWS.where(RECORDS.c.seq >= first).limit(_PAGE)))
            yield from page
            if len(page) < _PAGE:
                return
            first = page[-1].seq + 1


def _first_bad(rows: Iterator[sql.Row[Any]], seq: int, previous: bytes) -> BadRecord | None:
    """Of `rows`, which begin with record `seq` and follow from the hash `previous`."""
    for expected, row in enumerate(rows, seq):
        if row.seq != expected:
            return BadRecord(expected, f"record {expected} is missing")
        named = {"seq": row.seq, "kind": row.kind, "vault": row.vault, "intent": row.intent}
        try:
            sound = _hash(previous, named, row.body) == row.hash
        except (AttributeError, TypeError, ValueError):
            sound = False  # a value of another type, or text that is none
        if not sound:
            return BadRecord(expected, f"record {expected} was altered, or the one before it")
        previous = row.hash
    return None


def _record(row: sql.Row[Any]) -> Record:
    try:
        return Record(row.seq, RecordKind(row.kind), row.vault, row.intent, json.loads(row.body), bytes(row.hash))
    except (TypeError, ValueError):
        raise StorageError(f"Record {row.seq} of the journal cannot be read.", "Restore the journal.") from None


def _hash(previous: bytes, named: Mapping[str, Any], body: str) -> bytes:
    """Of a record whose body is the canonical `body`; "body" is the first key of the line, the rest is `named`."""
    return keccak(previous + b'{"body":' + body.encode() + b"," + canonical(named)[1:])
