"""The keeper's journal: append-only, hash-chained, written before anything is broadcast.

``hash = keccak256(previous hash || canonical JSON of {seq, kind, vault, intent, body})``, the first previous hash being
zero. Every rebalance anchors the head on chain, so that idle decisions are tamper-evident as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import sqlalchemy as sql
from eth_utils.crypto import keccak
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from controller.errors import StorageError
from controller.execution.documents import canonical, from_document, to_document
from controller.model import TickRecord

NO_HEAD: Final = bytes(32)
"""Head of an empty journal."""


class RecordKind(StrEnum):
    INTENT = "INTENT"  # a plan that is about to be signed
    SIGNED = "SIGNED"  # its signed bytes, before anybody else has them
    BROADCAST = "BROADCAST"  # a node has taken them
    OUTCOME = "OUTCOME"  # what became of the intent; closes it
    TICK = "TICK"  # what one tick saw and decided


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


_metadata = sql.MetaData()
_table: Final = sql.Table(
    "evenkeel_journal",
    _metadata,
    sql.Column("seq", sql.Integer, primary_key=True, autoincrement=False),
    sql.Column("kind", sql.String(16), nullable=False),
    sql.Column("vault", sql.String(42), nullable=False),
    sql.Column("intent", sql.Integer, sql.ForeignKey("evenkeel_journal.seq"), nullable=True, index=True),
    sql.Column("body", sql.Text, nullable=False),
    sql.Column("hash", sql.LargeBinary(32), nullable=False),
    sql.Index("evenkeel_journal_vault", "vault", "kind"),
)


class Journal:
    """One journal. Every failure of the database is a `StorageError`, so that nothing is signed without a record.

    Parameters
    ----------
    url : SQLAlchemy's, e.g. ``sqlite:////var/lib/evenkeel/journal.db``.
    durable : False gives up safety against a power cut for speed; for replays.
    busy_timeout : {s} to wait for another writer.
    """

    def __init__(self, url: str | URL, *, durable: bool = True, busy_timeout: float = 5.0) -> None:
        parsed = make_url(url)
        self._shown = parsed.render_as_string(hide_password=True)
        arguments = {"timeout": busy_timeout} if parsed.get_backend_name() == "sqlite" else {}
        self._engine = sql.create_engine(parsed, connect_args=arguments)
        if parsed.get_backend_name() == "sqlite":
            _tune_sqlite(self._engine, durable=durable)
        self._writer = self._engine.execution_options(writes=True)
        try:
            with self._failing_as_storage():
                self._create()
        except StorageError:
            self.close()
            raise

    @classmethod
    def at(cls, path: Path, *, durable: bool = True) -> Self:
        """The SQLite journal at `path`, created when it is not there."""
        return cls(URL.create("sqlite", database=str(path)), durable=durable)

    def __repr__(self) -> str:
        return f"Journal({self._shown})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._engine.dispose()

    # ---- writing

    def append(self, kind: RecordKind, vault: str, body: Mapping[str, Any], intent: int | None = None) -> Record:
        """Add one record and return it; it is on disk when this returns."""
        with self._failing_as_storage(), self._writer.begin() as connection:
            last = connection.execute(
                sql.select(_table.c.seq, _table.c.hash).order_by(_table.c.seq.desc()).limit(1)
            ).first()
            seq, previous = (0, NO_HEAD) if last is None else (last.seq + 1, last.hash)
            hash_ = _hash(previous, seq, kind, vault, intent, body)
            text = canonical(body).decode()
            connection.execute(
                _table.insert().values(seq=seq, kind=kind.value, vault=vault, intent=intent, body=text, hash=hash_)
            )
        return Record(seq, kind, vault, intent, body, hash_)

    def append_tick(self, tick: TickRecord) -> Record:
        return self.append(RecordKind.TICK, tick.vault, to_document(tick))

    # ---- reading

    @property
    def head(self) -> bytes:
        """Hash of the newest record; 32 zero bytes when there is none."""
        with self._failing_as_storage(), self._engine.connect() as connection:
            found = connection.scalar(sql.select(_table.c.hash).order_by(_table.c.seq.desc()).limit(1))
        return NO_HEAD if found is None else bytes(found)

    def records(
        self, *, vault: str | None = None, kind: RecordKind | None = None, intent: int | None = None
    ) -> list[Record]:
        """In order of `seq`, narrowed to what is given."""
        query = sql.select(_table).order_by(_table.c.seq)
        for column, wanted in ((_table.c.vault, vault), (_table.c.kind, kind), (_table.c.intent, intent)):
            if wanted is not None:
                query = query.where(column == wanted)
        with self._failing_as_storage(), self._engine.connect() as connection:
            return [_record(row) for row in connection.execute(query)]

    def open_intents(self, vault: str | None = None) -> list[Record]:
        """INTENT records that have no OUTCOME yet, of one vault or of all."""
        outcome = _table.alias()
        closed = sql.exists().where(outcome.c.intent == _table.c.seq, outcome.c.kind == RecordKind.OUTCOME)
        query = sql.select(_table).where(_table.c.kind == RecordKind.INTENT, ~closed).order_by(_table.c.seq)
        if vault is not None:
            query = query.where(_table.c.vault == vault)
        with self._failing_as_storage(), self._engine.connect() as connection:
            return [_record(row) for row in connection.execute(query)]

    def ticks(self, vault: str) -> list[TickRecord]:
        return [from_document(TickRecord, record.body) for record in self.records(vault=vault, kind=RecordKind.TICK)]

    def verify(self) -> BadRecord | None:
        """Recompute every hash; None when each follows from the one before. A cut-off tail shows only by an anchor."""
        previous = NO_HEAD
        with self._failing_as_storage(), self._engine.connect() as connection:
            for expected, row in enumerate(connection.execute(sql.select(_table).order_by(_table.c.seq))):
                if row.seq != expected:
                    return BadRecord(expected, f"record {expected} is missing")
                try:
                    record = _record(row)
                    wanted = _hash(previous, record.seq, record.kind, record.vault, record.intent, record.body)
                except (StorageError, TypeError) as error:
                    return BadRecord(expected, str(error))
                if wanted != record.hash or canonical(record.body).decode() != row.body:
                    return BadRecord(expected, f"record {expected} was altered, or the one before it")
                previous = record.hash
        return None

    # ---- the database

    def _create(self) -> None:
        with self._writer.begin() as connection:
            tables = set(sql.inspect(connection).get_table_names())
            if tables and _table.name not in tables:
                raise StorageError(
                    f"{self._shown} is a database, but no journal.", "Name another file for the journal."
                )
            if not tables:
                _metadata.create_all(connection)

    @contextmanager
    def _failing_as_storage(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise StorageError(
                f"The journal {self._shown} was written to by somebody else.", "Run one keeper for one journal."
            ) from None
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or type(error).__name__)
            raise StorageError(f"The journal {self._shown} cannot be used: {reason}.", _hint(reason)) from None


def _record(row: Any) -> Record:
    try:
        return Record(row.seq, RecordKind(row.kind), row.vault, row.intent, json.loads(row.body), bytes(row.hash))
    except (TypeError, ValueError):
        raise StorageError(f"Record {row.seq} of the journal cannot be read.", "Restore the journal.") from None


def _hash(
    previous: bytes, seq: int, kind: RecordKind, vault: str, intent: int | None, body: Mapping[str, Any]
) -> bytes:
    line = {"seq": seq, "kind": kind.value, "vault": vault, "intent": intent, "body": body}
    return keccak(previous + canonical(line))


_HINTS: Final = (
    ("full", "Free some space; nothing has been signed."),
    ("I/O error", "Free some space and check the disk; nothing has been signed."),
    ("locked", "Another process is writing: stop it, or wait."),
    ("readonly", "Make file and directory writable for this user."),
    ("unable to open", "Create the directory and make it writable for this user."),
    ("not a database", "Name another file for the journal."),
)


def _hint(reason: str) -> str:
    return next((hint for part, hint in _HINTS if part in reason), "Check the journal's address and its disk.")


def _tune_sqlite(engine: sql.Engine, *, durable: bool) -> None:
    @sql.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _: object) -> None:
        connection.isolation_level = None  # SQLAlchemy begins the transaction itself, see below
        for pragma in ("journal_mode=WAL", f"synchronous={'FULL' if durable else 'OFF'}", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sql.event.listens_for(engine, "begin")
    def _on_begin(connection: sql.Connection) -> None:
        # a writer takes the lock before it reads the newest record, so that no two writers see the same one
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
