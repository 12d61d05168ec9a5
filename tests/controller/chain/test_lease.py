"""F-20: of several keepers one leads, and one that slept past its lease cannot write. Real processes and databases."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sql
from command import wait_until
from journal_pieces import VAULT

from controller.errors import LeaseLostError
from controller.execution.database import LEASES
from controller.execution.journal import Journal, RecordKind
from controller.execution.lease import Lease

BRIEF = 0.4
"""{s} of a lease that a test lets run out."""
LONG = 1_000.0
"""{s} of a lease that no test outlives."""

KEEPER = """
import os, signal, sys, time
skew, url, duration = float(sys.argv[1]), sys.argv[2], float(sys.argv[3])
real, real_ns = time.time, time.time_ns
time.time, time.time_ns = lambda: real() + skew, lambda: real_ns() + int(skew * 10**9)

from controller.errors import EvenkeelError
from controller.execution.journal import Journal, RecordKind
from controller.execution.lease import Lease

class Sleepy(Lease):
    asleep = False
    def require(self, connection):
        super().require(connection)
        if Sleepy.asleep:
            Sleepy.asleep = False
            os.kill(os.getpid(), signal.SIGSTOP)

lease = Sleepy(url, "keepers", duration=duration)
journal = Journal(url, lease=lease, busy_timeout=2.0)

def append(): return journal.append(RecordKind.TICK, "0x", {"epoch": lease.epoch}).seq
def append_asleep():
    Sleepy.asleep = True
    return append()
def acquire(): return lease.acquire() and lease.epoch

for line in sys.stdin:
    try:
        answer = {"acquire": acquire, "renew": lease.renew, "release": lease.release,
                  "append": append, "append asleep": append_asleep}[line.strip()]()
    except EvenkeelError as error:
        answer = f"{type(error).__name__} {error.exit_code}"
    print(answer, flush=True)
"""


@dataclass(frozen=True)
class Keeper:
    """A process of its own that does what it is told."""

    process: subprocess.Popen[str]

    def tell(self, order: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(order + "\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def does(self, order: str) -> str:
        self.tell(order)
        return self.hear()

    def pause(self) -> None:
        self.process.send_signal(signal.SIGSTOP)
        self.await_paused()

    def await_paused(self) -> None:
        wait_until(lambda: _state(self.process.pid) == "T")

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


Start = Callable[..., Keeper]


@pytest.fixture
def keeper() -> Iterator[Start]:
    processes = []

    def start(url: str, duration: float = BRIEF, skew: float = 0.0) -> Keeper:
        command = [sys.executable, "-c", KEEPER, str(skew), url, str(duration)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        processes.append(process)
        return Keeper(process)

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'journal.db'}"
    found: str = request.getfixturevalue("postgresql_url")
    return found


def takes_over(keeper: Keeper) -> str:
    """Its epoch, once the other's lease has run out."""
    answers = ["False"]

    def taken() -> bool:
        answers.append(keeper.does("acquire"))
        return answers[-1] != "False"

    wait_until(taken)
    return answers[-1]


def epochs(url: str) -> list[int]:
    """Of the records, in their order."""
    with Journal(url) as journal:
        assert journal.verify() is None
        return [record.body["epoch"] for record in journal.records()]


def test_lease__when_its_leader_is_paused_past_it__then_the_leader_cannot_write(url: str, keeper: Start) -> None:
    """F-20"""
    first, second = keeper(url), keeper(url)
    assert first.does("acquire") == "1"
    assert first.does("append") == "0"
    assert second.does("append") == "LeaseLostError 75"
    first.pause()
    assert takes_over(second) == "2"
    assert second.does("append") == "1"
    first.tell("append")
    first.resume()
    assert first.hear() == "LeaseLostError 75"
    assert first.does("renew") == "LeaseLostError 75"
    assert second.does("append") == "2"
    assert epochs(url) == [1, 2, 2]


def test_lease__when_its_leader_is_killed__then_taken_over_after_it_has_run_out(url: str, keeper: Start) -> None:
    """F-20"""
    first, second = keeper(url, duration=LONG), keeper(url)
    assert first.does("acquire") == "1"
    first.process.kill()
    first.process.wait()
    assert second.does("acquire") == "False"
    _run_out(url)
    assert second.does("acquire") == "2"
    assert second.does("append") == "0"


def test_lease__when_its_leader_sleeps_within_an_append__then_cut_off_and_nothing_half_written(
    postgresql_url: str, keeper: Start
) -> None:
    """F-20"""
    first, second = keeper(postgresql_url), keeper(postgresql_url)
    assert first.does("acquire") == "1"
    first.tell("append asleep")
    first.await_paused()
    # its transaction holds the writer's lock until the server ends it
    wait_until(lambda: second.does("acquire") == "2")
    assert second.does("append") == "0"
    first.resume()
    assert first.hear() == "StorageError 74"
    assert first.does("append") == "LeaseLostError 75"
    assert epochs(postgresql_url) == [2]


def test_lease__when_a_machines_clock_is_wrong__then_without_effect(postgresql_url: str, keeper: Start) -> None:
    """F-22"""
    leader = keeper(postgresql_url, duration=LONG, skew=-(10.0**8))
    ahead, behind = keeper(postgresql_url, skew=10.0**8), keeper(postgresql_url, skew=-(10.0**8))
    assert leader.does("acquire") == "1"
    assert ahead.does("acquire") == behind.does("acquire") == "False"
    assert leader.does("release") == "None"
    assert ahead.does("acquire") == "2"
    assert takes_over(behind) == "3"


def test_lease__when_taken_by_hand_within_an_append__then_only_after_it(postgresql_url: str) -> None:
    """F-20"""
    refused: list[str | None] = []

    def take(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO evenkeel_journal"):
            with psycopg.connect(postgresql_url, options="-c lock_timeout=50") as shell:
                with pytest.raises(psycopg.errors.LockNotAvailable) as caught:
                    shell.execute("UPDATE evenkeel_lease SET epoch = epoch + 1")
                refused.append(caught.value.sqlstate)

    with closing(Lease(postgresql_url, "a")) as lease, Journal(postgresql_url, lease=lease) as journal:
        assert lease.acquire()
        sql.event.listen(sql.Engine, "before_cursor_execute", take)
        try:
            journal.append(RecordKind.TICK, VAULT, {})
        finally:
            sql.event.remove(sql.Engine, "before_cursor_execute", take)
    assert len(refused) == 1


def test_lease__when_renewed__then_stays_and_its_epoch_too(url: str) -> None:
    with closing(Lease(url, "a", duration=LONG)) as mine, closing(Lease(url, "a", duration=LONG)) as other:
        assert mine.acquire()
        assert not other.acquire()
        _run_out(url)
        mine.renew()
        assert not other.acquire()
        assert mine.acquire()
        assert (mine.epoch, other.epoch) == (1, None)


def test_lease__when_released__then_free_at_once_and_no_longer_held(url: str) -> None:
    with closing(Lease(url, "a", duration=LONG)) as mine, closing(Lease(url, "a", duration=LONG)) as other:
        assert mine.acquire()
        mine.release()
        with Journal(url, lease=mine) as journal, pytest.raises(LeaseLostError, match="'a'") as caught:
            journal.append(RecordKind.TICK, VAULT, {})
        assert "stand by" in caught.value.hint
        assert other.acquire()
        assert other.epoch == 2
        mine.release()
        assert not mine.acquire()


def test_lease__when_of_another_name_or_database__then_no_right_to_write(url: str, tmp_path: Path) -> None:
    elsewhere = f"sqlite:///{tmp_path / 'other.db'}"
    with closing(Lease(url, "a")) as one, closing(Lease(url, "b")) as two, closing(Lease(elsewhere, "a")) as far:
        assert one.acquire()
        assert two.acquire()
        assert far.acquire()
        with Journal(url, lease=two) as journal:
            journal.append(RecordKind.TICK, VAULT, {})
        with Journal(url, lease=far) as journal, pytest.raises(LeaseLostError):
            journal.append(RecordKind.TICK, VAULT, {})


def test_lease__when_many_want_it_at_once__then_one_gets_it(url: str) -> None:
    leases = [Lease(url, "a", duration=LONG) for _ in range(6)]
    taken: list[bool] = []
    threads = [threading.Thread(target=lambda lease=lease: taken.append(lease.acquire())) for lease in leases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 5 + [True]
    assert [lease.epoch for lease in leases if lease.epoch] == [1]
    for lease in leases:
        lease.close()


def test_holder__when_two_are_of_one_process__then_still_two(url: str) -> None:
    with closing(Lease(url, "a")) as mine, closing(Lease(url, "a")) as other:
        assert mine.holder != other.holder
        assert str(os.getpid()) in mine.holder


def _run_out(url: str) -> None:
    """What time would do."""
    engine = sql.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(LEASES.update().values(expires_at=0))
    engine.dispose()
