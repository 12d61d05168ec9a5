"""The journal on a real PostgreSQL server: as strict as on SQLite, and as clear about what is wrong."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from typing import Never

import psycopg
import pytest
import sqlalchemy as sql
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from command import wait_until
from journal_pieces import OTHER, VAULT, fill, hot_path, statements
from postgresql import Postgresql, unprivileged

from controller.errors import StorageError
from controller.execution import database
from controller.execution.journal import NO_HEAD, Draft, Journal, RecordKind


@pytest.fixture
def journal(postgresql_url: str) -> Iterator[Journal]:
    with Journal(postgresql_url) as opened:
        yield opened


@pytest.fixture
def shell(postgresql_url: str, journal: Journal) -> Iterator[psycopg.Connection]:
    """An operator's connection to the journal's database."""
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        yield connection


def serving(shell: psycopg.Connection) -> int:
    """Id of the server's process that serves the journal."""
    other = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    ((pid,),) = shell.execute(other).fetchall()
    return int(pid)


def append_for_ever(journal: Journal, drafts: list[Draft]) -> Never:
    while True:
        journal.append_all(drafts)


def limit_files(pid: int, size: int | str) -> None:
    """{B} that no file written by the process may exceed."""
    subprocess.run([*unprivileged(), "prlimit", f"--pid={pid}", f"--fsize={size}:"], check=True)


def test_append__when_written_to_postgresql__then_the_chain_of_sqlite(journal: Journal) -> None:
    assert journal.head == NO_HEAD
    with Journal("sqlite://") as other:
        for each in (journal, other):
            intent = each.append(RecordKind.INTENT, VAULT, {"plan": "0x", "text": "fünf \x00 \U0001f600"})
            each.append_all([Draft(RecordKind.TICK, OTHER, {}), Draft(RecordKind.OUTCOME, VAULT, {}, intent.seq)])
            each.append(RecordKind.INTENT, OTHER, {})
        assert journal.records() == other.records()
        assert list(journal.since(1)) == list(other.since(1))
        assert journal.open_intents() == journal.open_intents(OTHER) == other.open_intents()
    assert journal.open_intents(VAULT) == []
    assert journal.verify() is None


def test_append__when_many_write_at_once__then_one_chain(journal: Journal, postgresql_url: str) -> None:
    """F-20"""
    failures: list[Exception] = []

    def write() -> None:
        with Journal(postgresql_url) as mine:
            for number in range(50):
                try:
                    mine.append_all([Draft(RecordKind.TICK, VAULT, {"a": number})] * 2)
                except StorageError as error:
                    failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [record.seq for record in journal.records()] == list(range(400))
    assert journal.verify() is None


def test_journal__when_opened_by_many_at_once__then_migrated_once(postgresql_url: str) -> None:
    failures: list[Exception] = []

    def start() -> None:
        try:
            Journal(postgresql_url).close()
        except StorageError as error:
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_migrations__when_run__then_the_schema_that_the_code_knows(journal: Journal, postgresql_url: str) -> None:
    engine = sql.create_engine(postgresql_url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": database.REVISIONS})
        assert compare_metadata(context, database.metadata) == []
        assert context.get_current_revision() == database.NEWEST
    engine.dispose()


def test_journal__when_the_database_is_anothers__then_refused(postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("create table accounts (a int)")
    with pytest.raises(StorageError, match="no journal"):
        Journal(postgresql_url)


def test_journal__when_its_address_names_a_schema__then_it_is_there(
    journal: Journal, shell: psycopg.Connection, postgresql_url: str
) -> None:
    journal.append(RecordKind.TICK, VAULT, {})
    shell.execute("CREATE SCHEMA other")
    with Journal(f"{postgresql_url}?options=-csearch_path%3Dother") as second:
        assert second.append(RecordKind.TICK, OTHER, {}).seq == 0
    assert [record.vault for record in journal.records()] == [VAULT]
    assert shell.execute("SELECT vault FROM other.evenkeel_journal").fetchall() == [(OTHER,)]


@pytest.mark.parametrize(
    "change",
    [
        "update evenkeel_journal set body = '{\"a\":9}' where seq = 3",
        "update evenkeel_journal set hash = '\\x00' where seq = 3",
        "update evenkeel_journal set vault = 'x' where seq = 3",
        "delete from evenkeel_journal where seq = 3",
    ],
)
def test_verify__when_a_record_was_altered__then_the_first_bad_one(
    journal: Journal, shell: psycopg.Connection, change: str
) -> None:
    """F-29"""
    journal.append_all([Draft(RecordKind.INTENT, VAULT, {"a": number}) for number in range(6)])
    shell.execute(change.encode())
    bad = journal.verify()
    assert bad is not None
    assert bad.seq == 3


def test_hot_path__when_the_journal_is_long__then_indexes_answer(journal: Journal, shell: psycopg.Connection) -> None:
    fill(journal)
    shell.execute("ANALYZE evenkeel_journal")
    with statements() as asked:
        hot_path(journal)
    steps = [
        step
        for statement, parameters in asked
        if statement.startswith("SELECT evenkeel_journal")
        for (step,) in shell.execute(f"EXPLAIN {statement}".encode(), parameters)
    ]
    assert len([step for step in steps if "evenkeel_journal_pkey" in step]) >= 3
    assert any("evenkeel_journal_intents" in step for step in steps)
    assert not [step for step in steps if "Seq Scan" in step], "nothing reads the whole table"


# ---- F-25: what stops before anything is signed


def test_append__when_another_holds_the_lock__then_storage_error(
    journal: Journal, shell: psycopg.Connection, postgresql_url: str
) -> None:
    """F-25"""
    with Journal(postgresql_url, busy_timeout=0.2) as waiting, shell.transaction():
        shell.execute(database.WRITER_LOCK)
        assert waiting.head == NO_HEAD  # reading goes on
        with pytest.raises(StorageError, match="lock timeout") as caught:
            waiting.append(RecordKind.INTENT, VAULT, {})
    assert "Another process" in caught.value.hint
    assert journal.append(RecordKind.INTENT, VAULT, {}).seq == 0


def test_append__when_files_may_not_grow__then_storage_error_and_nothing_half_written(
    journal: Journal, shell: psycopg.Connection
) -> None:
    """F-25"""
    drafts = [Draft(RecordKind.TICK, VAULT, {"a": "x" * 1_000})] * 200
    journal.append_all(drafts)
    # for the server's process that serves the journal, and just enough for a piece of the server's log
    limit_files(serving(shell), 2**20)
    with pytest.raises(StorageError, match="could not extend") as caught:
        append_for_ever(journal, drafts)
    assert "Free some space" in caught.value.hint
    written = len(journal.records())
    assert written % len(drafts) == 0
    limit_files(serving(shell), "unlimited")
    assert journal.append(RecordKind.TICK, VAULT, {}).seq == written
    assert journal.verify() is None


def test_append__when_its_connection_is_cut_within__then_storage_error_and_nothing_written(
    journal: Journal, shell: psycopg.Connection
) -> None:
    """F-25"""

    def cut(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT"):
            shell.execute("SELECT pg_terminate_backend(%s)", [serving(shell)])

    sql.event.listen(sql.Engine, "before_cursor_execute", cut)
    try:
        with pytest.raises(StorageError, match="connection") as caught:
            journal.append_all([Draft(RecordKind.INTENT, VAULT, {})] * 3)
    finally:
        sql.event.remove(sql.Engine, "before_cursor_execute", cut)
    assert "next try" in caught.value.hint
    assert journal.records() == []
    assert journal.append(RecordKind.INTENT, VAULT, {}).seq == 0


def test_journal__when_nobody_listens__then_storage_error(postgresql: Postgresql) -> None:
    url = postgresql.url("journal").replace(str(postgresql.port), "1")
    with pytest.raises(StorageError, match="connection") as caught:
        Journal(url)
    assert "Check the database server" in caught.value.hint


def test_journal__when_shown__then_without_its_password(journal: Journal, postgresql_url: str) -> None:
    with Journal(postgresql_url.replace("@", ":secret@")) as shown:
        assert "secret" not in repr(shown)
        assert "evenkeel" in repr(shown)


def test_append__when_the_server_was_restarted__then_goes_on(postgresql: Postgresql, journal: Journal) -> None:
    first = journal.append(RecordKind.INTENT, VAULT, {})
    postgresql.stop()
    try:
        with pytest.raises(StorageError, match="connection"):
            journal.append(RecordKind.SIGNED, VAULT, {}, first.seq)
    finally:
        postgresql.start()
    second = journal.append(RecordKind.SIGNED, VAULT, {}, first.seq)
    postgresql.stop()
    postgresql.start()
    third = journal.append(RecordKind.OUTCOME, VAULT, {}, first.seq)
    assert journal.records() == [first, second, third]
    assert journal.verify() is None


def test_append__when_the_server_stops_within__then_written_whole_or_not_at_all(
    postgresql: Postgresql, journal: Journal
) -> None:
    stopped = threading.Event()
    confirmed: list[int] = []

    def write() -> None:
        while not stopped.is_set():
            try:
                confirmed.extend(record.seq for record in journal.append_all([Draft(RecordKind.TICK, VAULT, {})] * 7))
            except StorageError:
                stopped.wait(0.01)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(3):
            enough = len(confirmed) + 70
            wait_until(lambda enough=enough: len(confirmed) >= enough)
            postgresql.stop()
            postgresql.start()
    finally:
        stopped.set()
        writer.join()
    assert journal.verify() is None
    records = [record.seq for record in journal.records()]
    assert len(records) % 7 == 0
    assert set(confirmed) <= set(records)
