"""The journal keeps what it was given, notices what was done to it, and fails before anything is signed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import StorageError
from controller.execution.documents import canonical, from_document, to_document
from controller.execution.journal import NO_HEAD, Journal, RecordKind
from controller.model import BlockRef, Cause, Fill, Outcome, Reason, Rebalance, TickRecord

VAULT = "0x" + "11" * 20
OTHER = "0x" + "22" * 20

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
    with sqlite3.connect(path) as connection:
        connection.execute(change)
    connection.close()
    bad = journal.verify()
    assert bad is not None
    assert bad.seq == 3


def test_verify__when_two_records_are_swapped__then_the_first_of_them(journal: Journal, path: Path) -> None:
    for number in range(4):
        journal.append(RecordKind.INTENT, VAULT, {"a": number})
    with sqlite3.connect(path) as connection:
        for old, new in ((1, 77), (2, 1), (77, 2)):
            connection.execute("update evenkeel_journal set seq = ? where seq = ?", (new, old))
    connection.close()
    bad = journal.verify()
    assert bad is not None
    assert bad.seq == 1


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
    with sqlite3.connect(path) as connection:
        connection.execute("create table accounts (a)")
    connection.close()
    with pytest.raises(StorageError, match="no journal"):
        Journal.at(path)


def test_journal__when_the_directory_is_missing__then_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="unable to open") as caught:
        Journal.at(tmp_path / "none" / "journal.db")
    assert "directory" in caught.value.hint


@pytest.mark.parametrize("document", [None, [], {}, {"number": "x", "hash": "0x", "timestamp": 1}])
def test_from_document__when_it_does_not_fit__then_storage_error(document: object) -> None:
    with pytest.raises(StorageError):
        from_document(BlockRef, document)


def test_to_document__when_the_type_has_no_exact_form__then_refused() -> None:
    with pytest.raises(TypeError):
        to_document(1.5)
