"""The journal keeps what it was given, notices what was done to it, and fails before anything is signed."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sql
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from eth_utils.crypto import keccak
from hypothesis import assume, given
from hypothesis import strategies as st
from journal_pieces import OTHER, VAULT, fill, hot_path, statements

from controller.errors import InputError, MissingExtraError, StorageError
from controller.execution import database, migrations
from controller.execution.documents import canonical, from_document, to_document
from controller.execution.journal import NO_HEAD, TAIL, Draft, Journal, RecordKind
from controller.model import BlockRef, Cause, Fill, Outcome, Reason, Rebalance, TickRecord

FIRST = Path(__file__).with_name("journal_0001.db")
"""Of the first revision: written before there were revisions."""

numbers = st.integers(0, 2**256 - 1)
words = st.binary(min_size=32, max_size=32)
lists = st.lists(numbers, max_size=4).map(tuple)
blocks = st.builds(BlockRef, numbers, words, numbers)
rebalances = st.builds(
    Rebalance,
    st.just(OTHER),
    numbers,
    st.sampled_from(Cause),
    st.booleans(),
    words,
    words,
    numbers,
    numbers,
    numbers,
    numbers,
    lists,
    lists,
    st.lists(st.builds(Fill, numbers, numbers, numbers, numbers, numbers), max_size=3).map(tuple),
)
ticks = st.builds(
    TickRecord,
    st.just(VAULT),
    blocks,
    lists,
    lists,
    numbers,
    numbers,
    lists,
    numbers,
    st.none() | st.sampled_from(Reason),
    st.text(),
    st.none() | words,
    st.none() | st.builds(Outcome, words, blocks, numbers, numbers, rebalances),
    st.text(),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[Journal]:
    with Journal.at(path, durable=False) as opened:
        yield opened


def alter(path: Path, statement: str, *parameters: object) -> None:
    """What nobody should: write to the journal's file."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, parameters)


@given(ticks)
def test_tick__when_written_and_read__then_the_same(tick: TickRecord) -> None:
    document = to_document(tick)
    assert from_document(TickRecord, document) == tick
    assert canonical(document)


def test_append__when_written__then_read_back_in_order(journal: Journal) -> None:
    assert journal.head == NO_HEAD
    intent = journal.append(RecordKind.INTENT, VAULT, {"plan": "0x"})
    signed = journal.append(RecordKind.SIGNED, VAULT, {"raw": "0x"}, intent.seq)
    other = journal.append(RecordKind.INTENT, OTHER, {})
    assert journal.records() == [intent, signed, other]
    assert journal.records(vault=VAULT, kind=RecordKind.SIGNED, intent=intent.seq) == [signed]
    assert journal.head == other.hash
    assert journal.open_intents(VAULT) == [intent]
    journal.append(RecordKind.OUTCOME, VAULT, {}, intent.seq)
    assert journal.open_intents(VAULT) == []
    assert journal.open_intents(OTHER) == [other]
    assert journal.verify() is None


def test_append_all__when_many_are_given__then_chained_in_order(journal: Journal) -> None:
    first = journal.append(RecordKind.INTENT, VAULT, {})
    drafts = [Draft(RecordKind.TICK, VAULT, {"a": number}) for number in range(3)]
    made = journal.append_all([*drafts, Draft(RecordKind.OUTCOME, VAULT, {}, first.seq)])
    assert [record.seq for record in made] == [1, 2, 3, 4]
    assert journal.records() == [first, *made]
    assert journal.head == made[-1].hash
    assert journal.verify() is None
    assert journal.append_all([]) == []


def test_append_all__when_one_is_refused__then_none_is_written(journal: Journal) -> None:
    first = journal.append(RecordKind.INTENT, VAULT, {})
    good = Draft(RecordKind.TICK, VAULT, {})
    with pytest.raises(StorageError):
        journal.append_all([good, Draft(RecordKind.SIGNED, VAULT, {}, intent=99)])
    assert journal.records() == [first]


def test_append__when_hashed__then_as_documented(journal: Journal) -> None:
    previous = journal.append(RecordKind.INTENT, VAULT, {"b": [1, None], "a": "\x00é"}).hash
    record = journal.append(RecordKind.SIGNED, OTHER, {"z": {}}, 0)
    line = {"seq": 1, "kind": "SIGNED", "vault": OTHER, "intent": 0, "body": {"z": {}}}
    assert record.hash == keccak(previous + canonical(line))


def test_open_intents__when_no_vault_is_named__then_of_all(journal: Journal) -> None:
    made = journal.append_all([Draft(RecordKind.INTENT, vault, {}) for vault in (VAULT, OTHER, VAULT)])
    journal.append(RecordKind.OUTCOME, VAULT, {}, made[0].seq)
    assert journal.open_intents() == made[1:]
    assert journal.open_intents(VAULT) == made[2:]


def test_since__when_asked__then_newer_records_only(journal: Journal) -> None:
    made = journal.append_all([Draft(RecordKind.TICK, VAULT, {"a": number}) for number in range(2_500)])
    assert list(journal.since(-1)) == made
    assert list(journal.since(1_200)) == made[1_201:]
    assert list(journal.since(2_499)) == []


def test_since__when_another_writes_meanwhile__then_holds_nothing_up(journal: Journal) -> None:
    journal.append_all([Draft(RecordKind.TICK, VAULT, {}) for _ in range(1_500)])
    reading = journal.since(-1)
    assert next(reading).seq == 0
    added = journal.append(RecordKind.TICK, VAULT, {})
    assert list(reading)[-1] == added


def test_verify__when_the_journal_is_long__then_never_in_memory_whole(journal: Journal) -> None:
    long = "x" * 1_000
    for _ in range(10):
        journal.append_all([Draft(RecordKind.TICK, VAULT, {"a": long}) for _ in range(1_000)])
    tracemalloc.start()
    try:
        assert journal.verify() is None
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000, "of the 10 MB that it read"


def test_hot_path__when_the_journal_is_long__then_indexes_answer(journal: Journal, path: Path) -> None:
    fill(journal)
    with statements() as asked:
        hot_path(journal)
    with closing(sqlite3.connect(path)) as connection:
        steps = [
            step
            for statement, parameters in asked
            if "evenkeel_journal" in statement
            for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    searches = [step for step in steps if "evenkeel_journal" in step]
    assert len(searches) >= 6
    scans = {step for step in searches if step.startswith("SCAN")}
    # of the newest record: backwards along the primary key, one step
    assert scans == {"SCAN evenkeel_journal", "SCAN evenkeel_journal USING INDEX evenkeel_journal_intents"}
    newest = [statement for statement, _ in asked if "DESC" in statement]
    assert [step for step in steps if step == "SCAN evenkeel_journal"] == ["SCAN evenkeel_journal"] * len(newest)
    assert not [step for step in steps if "TEMP B-TREE" in step], "nothing is sorted"


def test_journal__when_opened_again__then_goes_on(path: Path) -> None:
    with Journal.at(path) as first:
        head = first.append(RecordKind.TICK, VAULT, {}).hash
    with Journal.at(path) as second:
        assert second.head == head
        assert second.append(RecordKind.TICK, VAULT, {}).seq == 1
        assert second.verify() is None


@pytest.mark.parametrize(
    "change",
    [
        "update evenkeel_journal set body = '{\"a\":9}' where seq = 3",
        "update evenkeel_journal set body = '{ \"a\":3}' where seq = 3",
        "update evenkeel_journal set kind = 'TICK' where seq = 3",
        "update evenkeel_journal set vault = 'x' where seq = 3",
        "update evenkeel_journal set intent = 1 where seq = 3",
        "update evenkeel_journal set hash = zeroblob(32) where seq = 3",
        "update evenkeel_journal set hash = 'text' where seq = 3",
        "update evenkeel_journal set body = cast(body as blob) where seq = 3",
        "update evenkeel_journal set intent = 'text' where seq = 3",
        "update evenkeel_journal set body = 'rubbish' where seq = 3",
        "update evenkeel_journal set kind = 'RUBBISH' where seq = 3",
        "update evenkeel_journal set seq = 99 where seq = 3",
        "delete from evenkeel_journal where seq = 3",
    ],
)
def test_verify__when_a_record_was_altered__then_the_first_bad_one(journal: Journal, path: Path, change: str) -> None:
    """F-29"""
    for number in range(6):
        journal.append(RecordKind.INTENT, VAULT, {"a": number})
    alter(path, change)
    bad = journal.verify()
    assert bad is not None
    assert bad.seq == 3
    with pytest.raises(StorageError, match="record 3 "):
        Journal.at(path)


def test_verify__when_two_records_are_swapped__then_the_first_of_them(journal: Journal, path: Path) -> None:
    for number in range(4):
        journal.append(RecordKind.INTENT, VAULT, {"a": number})
    for old, new in ((1, 77), (2, 1), (77, 2)):
        alter(path, "update evenkeel_journal set seq = ? where seq = ?", new, old)
    bad = journal.verify()
    assert bad is not None
    assert bad.seq == 1


def signed(value: int) -> int:
    """The same 64 bits, as SQLite reads them."""
    return (value & 2**64 - 1 ^ 2**63) - 2**63


@pytest.fixture(scope="module")
def altered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Journal, Path]]:
    path = tmp_path_factory.mktemp("altered") / "journal.db"
    shutil.copy(FIRST, path)
    with Journal.at(path, durable=False) as journal:
        yield journal, path


@given(data=st.data())
def test_verify__when_any_byte_of_any_record_is_altered__then_found(
    altered: tuple[Journal, Path], data: st.DataObject
) -> None:
    """F-29"""
    journal, path = altered
    seq = data.draw(st.integers(0, 5))
    column = data.draw(st.sampled_from(["seq", "kind", "vault", "intent", "body", "hash"]))
    mask = data.draw(st.integers(1, 255))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.text_factory = bytes
        (stored,) = connection.execute(f"select {column} from evenkeel_journal where seq = ?", (seq,)).fetchone()  # noqa: S608
        place = "?"
        if isinstance(stored, bytes):
            byte = data.draw(st.integers(0, len(stored) - 1))
            new: object = stored[:byte] + bytes([stored[byte] ^ mask]) + stored[byte + 1 :]
            place = "?" if column == "hash" else "cast(? as text)"
        else:
            new = signed((stored or 0) ^ mask << 8 * data.draw(st.integers(0, 7)))
        now = new if column == "seq" else seq
        assume(column != "seq" or new not in range(6))
        change = f"update evenkeel_journal set {column} = {place} where seq = ?"  # noqa: S608
        connection.execute(change, (new, seq))
        try:
            bad = journal.verify()
        finally:
            connection.execute(change, (stored, now))
    assert bad is not None
    assert bad.seq == seq or (column == "seq" and bad.seq < seq)
    assert journal.verify() is None


def test_journal__when_its_tail_is_damaged__then_not_opened(path: Path) -> None:
    with Journal.at(path, durable=False) as journal:
        journal.append_all([Draft(RecordKind.TICK, VAULT, {}) for _ in range(2 * TAIL)])
    alter(path, "update evenkeel_journal set vault = 'x' where seq = 50")
    with Journal.at(path, durable=False) as journal:  # old damage is for `verify`
        bad = journal.verify()
    assert bad is not None
    assert bad.seq == 50
    alter(path, "update evenkeel_journal set vault = 'x' where seq = 150")
    with pytest.raises(StorageError, match="record 150 was altered") as caught:
        Journal.at(path)
    assert "restore" in caught.value.hint


@pytest.mark.parametrize("body", [{"a": 1.5}, {"a": [{"b": 0.0}]}])
def test_append__when_a_float_is_given__then_refused(journal: Journal, body: dict[str, object]) -> None:
    with pytest.raises(TypeError, match="canonical"):
        journal.append(RecordKind.TICK, VAULT, body)
    assert journal.records() == []


def test_append__when_two_write_at_once__then_one_chain(path: Path) -> None:
    """F-20"""
    Journal.at(path, durable=False).close()
    failures: list[Exception] = []

    def write() -> None:
        with Journal.at(path, durable=False) as mine:
            for number in range(50):
                try:
                    mine.append(RecordKind.TICK, VAULT, {"a": number})
                except StorageError as error:
                    failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Journal.at(path) as journal:
        assert failures == []
        assert [record.seq for record in journal.records()] == list(range(150))
        assert journal.verify() is None


def test_append__when_another_holds_the_lock__then_storage_error(path: Path) -> None:
    """F-25"""
    with Journal(f"sqlite:///{path}", busy_timeout=0.05) as journal:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        assert journal.head == NO_HEAD  # reading goes on
        with pytest.raises(StorageError, match="locked") as caught:
            journal.append(RecordKind.INTENT, VAULT, {})
        holder.close()
    assert "Another process" in caught.value.hint


FILL = """
import resource, signal, sys
from pathlib import Path
from controller.errors import StorageError
from controller.execution.journal import Journal, RecordKind
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal.at(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
written = 0
try:
    while True:
        journal.append(RecordKind.INTENT, "0x", {"a": "x" * 1_000})
        written += 1
except StorageError as error:
    print(written, error)
"""


def test_append__when_the_disk_is_full__then_storage_error_and_nothing_half_written(path: Path) -> None:
    """F-25"""
    done = subprocess.run([sys.executable, "-c", FILL, str(path)], capture_output=True, text=True, check=True)
    written, _, message = done.stdout.partition(" ")
    assert "cannot be used" in message
    assert "nothing has been signed" in message
    with Journal.at(path) as journal:
        assert journal.verify() is None
        assert len(journal.records()) == int(written) > 0


def test_journal__when_the_file_is_no_database__then_storage_error(path: Path) -> None:
    path.write_bytes(b"this is a text file, long enough to be taken for one" * 20)
    with pytest.raises(StorageError, match="not a database"):
        Journal.at(path)


def test_journal__when_the_database_is_another__then_refused(path: Path) -> None:
    alter(path, "create table accounts (a)")
    with pytest.raises(StorageError, match="no journal"):
        Journal.at(path)


def test_journal__when_the_directory_is_missing__then_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="unable to open") as caught:
        Journal.at(tmp_path / "none" / "journal.db")
    assert "directory" in caught.value.hint


@pytest.mark.parametrize("url", ["", "journal.db", "mysql://host/journal", "postgres//host"])
def test_journal__when_the_address_is_none__then_input_error(url: str) -> None:
    with pytest.raises(InputError, match="sqlite") as caught:
        Journal(url)
    assert "postgresql://" in caught.value.hint


def test_journal__when_the_driver_is_missing__then_says_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingExtraError, match=r"evenkeel\[postgresql\]"):
        Journal("postgresql://host/journal")


# ---- revisions


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as connection:
        return {name for (name,) in connection.execute("select name from sqlite_master where type = 'table'")}


def test_journal__when_made_before_revisions__then_migrated_and_unchanged(path: Path) -> None:
    shutil.copy(FIRST, path)
    with Journal.at(path) as journal:
        assert journal.verify() is None
        assert journal.head.hex() == "013a485862ae5b39e4b9820d75eec82f948f27cc952d2e6a84d67772efebd188"
        assert [record.seq for record in journal.open_intents()] == [5]
        assert [tick.supply for tick in journal.ticks(OTHER)] == [10]
        assert journal.append(RecordKind.OUTCOME, OTHER, {}, 5).seq == 6
    assert tables(path) == {"evenkeel_journal", "evenkeel_lease", "evenkeel_revision"}


def test_journal__when_migrating_fails__then_left_as_it_was(path: Path) -> None:
    shutil.copy(FIRST, path)
    alter(path, "drop index evenkeel_journal_vault")
    with pytest.raises(StorageError, match="evenkeel_journal_vault"):
        Journal.at(path)
    assert tables(path) == {"evenkeel_journal"}


def test_journal__when_of_a_newer_revision__then_refused_by_name(path: Path) -> None:
    Journal.at(path).close()
    alter(path, "update evenkeel_revision set version_num = '9999'")
    with pytest.raises(StorageError, match="revision 9999") as caught:
        Journal.at(path)
    assert caught.value.hint == "Use a newer evenkeel."


@pytest.mark.parametrize("old", [True, False])
def test_migrations__when_run__then_the_schema_that_the_code_knows(path: Path, old: bool) -> None:
    if old:
        shutil.copy(FIRST, path)
    Journal.at(path).close()
    engine = sql.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table": database.REVISIONS})
        assert compare_metadata(context, database.metadata) == []
        assert context.get_current_revision() == database.NEWEST
    engine.dispose()
    assert ScriptDirectory.from_config(migrations.configuration()).get_heads() == [database.NEWEST]


def test_journal__when_of_the_newest_revision__then_opened_without_the_writers_lock(path: Path) -> None:
    Journal.at(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with Journal(f"sqlite:///{path}", busy_timeout=0.05) as journal:
            assert journal.head == NO_HEAD


@pytest.mark.parametrize("document", [None, [], {}, {"number": "x", "hash": "0x", "timestamp": 1}])
def test_from_document__when_it_does_not_fit__then_storage_error(document: object) -> None:
    with pytest.raises(StorageError):
        from_document(BlockRef, document)


def test_to_document__when_the_type_has_no_exact_form__then_refused() -> None:
    with pytest.raises(TypeError):
        to_document(1.5)
