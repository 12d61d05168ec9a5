"""The journal's database: its schema, its one writer at a time, and its failures by name.

SQLite serves one machine, PostgreSQL a fleet; the address is the only difference. A new database gets the newest
schema, an older one is migrated when it is opened, a newer one is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sql
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, IntegrityError, SQLAlchemyError

from controller.errors import InputError, MissingExtraError, StorageError

NEWEST: Final = "0002"
"""Revision of the schema below; the last file of `migrations`."""
REVISIONS: Final = "evenkeel_revision"
"""Table that holds a database's revision."""

_number: Final = sql.BigInteger().with_variant(sql.Integer(), "sqlite")
metadata: Final = sql.MetaData()
RECORDS: Final = sql.Table(
    "evenkeel_journal",
    metadata,
    sql.Column("seq", _number, primary_key=True, autoincrement=False),
    sql.Column("kind", sql.String(16), nullable=False),
    sql.Column("vault", sql.String(42), nullable=False),
    sql.Column("intent", _number, sql.ForeignKey("evenkeel_journal.seq"), nullable=True, index=True),
    sql.Column("body", sql.Text, nullable=False),
    sql.Column("hash", sql.LargeBinary(32), nullable=False),
)
sql.Index("evenkeel_journal_vault", RECORDS.c.vault, RECORDS.c.kind, RECORDS.c.seq)
_intents: Final = sql.text("kind = 'INTENT'")
sql.Index("evenkeel_journal_intents", RECORDS.c.seq, sqlite_where=_intents, postgresql_where=_intents)
LEASES: Final = sql.Table(
    "evenkeel_lease",
    metadata,
    sql.Column("name", sql.String(64), primary_key=True),
    sql.Column("holder", sql.String(255), nullable=False),
    sql.Column("epoch", _number, nullable=False),
    sql.Column("expires_at", _number, nullable=False),  # {ms} of the database's clock
)

WRITER_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.evenkeel_journal', 0))"
"""Waits until every other writer's transaction has ended.

A lock on the table would make a writer wait for a vacuum, and a locked row would be a second place for the head. Under
READ COMMITTED whatever is read after this lock includes all that was written before it was given.
"""


class Database:
    """One opened database. Whatever goes wrong in it is a `StorageError`.

    Parameters
    ----------
    url : SQLAlchemy's, e.g. ``sqlite:////var/lib/evenkeel/journal.db`` or ``postgresql://keeper@host/evenkeel``.
    durable : False gives up safety against a power cut for speed; for replays, and in SQLite only.
    patience : {s} to wait for another writer.

    Raises
    ------
    InputError
        When the address is none.
    MissingExtraError
        When PostgreSQL's driver is not installed.
    """

    def __init__(self, url: str | URL, *, durable: bool = True, patience: float = 5.0) -> None:
        self._engine = _engine(url, durable=durable, patience=patience)
        self._writer = self._engine.execution_options(writes=True)
        try:
            self._migrate()
        except StorageError:
            self.close()
            raise

    def __str__(self) -> str:
        return self._engine.url.render_as_string(hide_password=True)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[sql.Connection]:
        """A transaction that waits for nobody."""
        with self._failing_as_storage(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sql.Connection]:
        """A transaction that has waited for all other writers, and is on disk when the block has ended."""
        with self._failing_as_storage(), self._writer.begin() as connection:
            yield connection

    def _migrate(self) -> None:
        with self.reading() as connection:
            if _revision(connection) == NEWEST:
                return
        with self.writing() as connection:
            found = _revision(connection)  # another keeper may have migrated it while this one waited
            tables = set(sql.inspect(connection).get_table_names())
            if tables and RECORDS.name not in tables:
                raise StorageError(f"{self} is a database, but no journal.", "Name another one for the journal.")
            if found is not None and found > NEWEST:
                raise StorageError(
                    f"The journal {self} is of revision {found}, this version knows {NEWEST} at most.",
                    "Use a newer evenkeel.",
                )
            if found != NEWEST:
                from controller.execution.migrations import upgrade  # not needed, and slow to import, otherwise

                upgrade(connection, "0001" if tables and found is None else found)

    @contextmanager
    def _failing_as_storage(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise StorageError(
                f"The journal {self} was written to by somebody else.", "Run one keeper for one journal."
            ) from None
        except SQLAlchemyError as error:
            reason = str(getattr(error, "orig", None) or type(error).__name__)
            first_line = reason.partition("\n")[0].rstrip(".")
            raise StorageError(f"The journal {self} cannot be used: {first_line}.", _hint(reason)) from None


_HINTS: Final = (
    ("full", "Free some space; nothing has been signed."),
    ("No space left", "Free some space; nothing has been signed."),
    ("could not extend", "Free some space; nothing has been signed."),
    ("I/O error", "Free some space and check the disk; nothing has been signed."),
    ("locked", "Another process is writing: stop it, or wait."),
    ("lock timeout", "Another process is writing: stop it, or wait."),
    ("readonly", "Make file and directory writable for this user."),
    ("unable to open", "Create the directory and make it writable for this user."),
    ("not a database", "Name another file for the journal."),
    (
        "connection",
        "Check the database server and the way to it: the next try connects again.",
    ),
)


def _hint(reason: str) -> str:
    return next((hint for part, hint in _HINTS if part in reason), "Check the journal's address and its disk.")


def _revision(connection: sql.Connection) -> str | None:
    if not sql.inspect(connection).has_table(REVISIONS):
        return None
    found: str | None = connection.scalar(sql.text(f"SELECT version_num FROM {REVISIONS}"))  # noqa: S608 - our name
    return found


def _engine(url: str | URL, *, durable: bool, patience: float) -> sql.Engine:
    try:
        parsed = make_url(url)
    except ArgumentError:
        parsed = URL.create("")
    match parsed.get_backend_name():
        case "sqlite":
            engine = sql.create_engine(parsed, connect_args={"timeout": patience})
            _tune_sqlite(engine, durable=durable)
            return engine
        case "postgresql":
            return _postgresql(parsed.set(drivername="postgresql+psycopg"), patience)
        case _:
            raise InputError(
                "A journal's address begins with sqlite:// or postgresql://.",
                "Use sqlite:////directory/journal.db or postgresql://user@host/database.",
            )


def _tune_sqlite(engine: sql.Engine, *, durable: bool) -> None:
    @sql.event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _: object) -> None:
        connection.isolation_level = None  # SQLAlchemy begins the transaction itself, see below
        connection.text_factory = _text
        for pragma in ("journal_mode=WAL", f"synchronous={'FULL' if durable else 'OFF'}", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    @sql.event.listens_for(engine, "begin")
    def _on_begin(connection: sql.Connection) -> None:
        # a writer takes the lock before it reads the newest record, so that no two writers see the same one
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _text(stored: bytes) -> str:
    """Damaged text too, so that whoever verifies can name its record."""
    return stored.decode(errors="surrogateescape")


def _postgresql(url: URL, patience: float) -> sql.Engine:
    milliseconds = round(patience * 1_000)
    # a keeper that is paused within its transaction is cut off before others lose patience with its locks
    own = f"-c lock_timeout={milliseconds} -c idle_in_transaction_session_timeout={milliseconds // 2}"
    try:
        engine = sql.create_engine(
            url,
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,  # after a restart of the server the next transaction gets a new connection
            connect_args={
                "options": f"{url.query.get('options', '')} {own}",
                "connect_timeout": max(2, round(patience)),
                "tcp_user_timeout": milliseconds,
            },
        )
    except ImportError:
        raise MissingExtraError("postgresql", "psycopg") from None

    @sql.event.listens_for(engine, "begin")
    def _on_begin(connection: sql.Connection) -> None:
        if connection.get_execution_options().get("writes", False):
            connection.exec_driver_sql(WRITER_LOCK)

    return engine
