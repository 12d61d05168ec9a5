"""`evenkeel keeper run`: ticks, goes on through trouble, ends when it is told to."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command import Done, Here, alive, background, free_port, nodes, wait_until
from vault_world import VaultWorld, vault_world

from controller.chain.client import Chain
from controller.chain.nodes import start_node
from controller.execution import send
from controller.execution.journal import Journal
from controller.keeper import history
from controller.keeper.fleet import Fleet
from controller.model import Reason, TickRecord

KEEPER = ("--dev-account", "1")
RUN = ("keeper", "run", "--journal", "keeper.db", *KEEPER, "--broadcast")


def _ticks(vault: str) -> list[TickRecord]:
    with Journal.at(Path("keeper.db")) as journal:
        assert journal.verify() is None
        return history.ticks(journal.since(-1), vault)


def _events(done: Done, name: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in done.out.splitlines()]
    return [event for event in found if event["event"] == name]


def test_keeper__when_run_once__then_idle_or_rebalanced(world: VaultWorld, here: Here) -> None:
    idle = here(*RUN, "--once", "--json")
    (tick,) = _events(idle, "tick")
    assert (idle.code, tick["listed"][0]["reason"]) == (0, "in band")
    world.move(140)
    due = here(*RUN, "--once", "--json")
    (ended,) = _events(due, "outcome")
    assert (due.code, ended["fate"]) == (0, "EXECUTED")
    assert int(ended["drift_after"]) < int(ended["drift_before"])
    assert world.nonce() == 1
    first, second = _ticks(world.vault)
    assert (first.reason, second.reason) == (Reason.IN_BAND, None)
    assert second.outcome is not None
    assert "0x" + second.outcome.transaction.hex() == ended["transaction"]


def test_keeper__when_a_person_watches__then_lines_to_read(world: VaultWorld, here: Here) -> None:
    world.move(140)
    dry = here("keeper", "run", "--once", *KEEPER)
    assert (dry.code, "Planned:" in dry.said, world.nonce()) == (0, True, 0)
    done = here(*RUN, "--once")
    assert done.code == 0
    assert "Rebalanced in block" in done.said
    assert done.err == ""
    assert "{" not in done.out


def test_keeper__when_it_is_no_keeper__then_refuses_to_start(world: VaultWorld, here: Here) -> None:
    done = here("keeper", "run", "--once", "--dev-account", "5", "--broadcast")
    assert done.code == 78
    assert "is no keeper of" in done.said
    assert "evenkeel vault set-role keeper" in done.said


def test_keeper__when_it_starts__then_takes_over_what_is_open_before_it_looks(
    world: VaultWorld, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    resume, tick = send.resume, Fleet.tick
    monkeypatch.setattr(send, "resume", lambda *given, **named: order.append("resume") or resume(*given, **named))
    monkeypatch.setattr(Fleet, "tick", lambda *given: order.append("tick") or tick(*given))
    assert here(*RUN, "--once").code == 0
    assert order == ["resume", "tick"]
    assert here("keeper", "run", "--once", *KEEPER).code == 0
    assert order == ["resume", "tick", "tick"], "a dry keeper has sent nothing that it could take over"


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_keeper__when_stopped_while_it_sleeps__then_at_once_and_cleanly(
    world: VaultWorld, tmp_path: Path, how: signal.Signals
) -> None:
    with background(*RUN, "--interval", "600", cwd=tmp_path, settings=world.settings) as running:
        running.wait_for("No trade: in band")
        begun = time.monotonic()
        assert running.end(how) == 0
        assert time.monotonic() - begun < 5
        assert "Stopped." in running.said
    assert len(_ticks(world.vault)) == 1


def test_keeper__when_its_output_is_a_pipe__then_each_tick_is_seen_at_once(world: VaultWorld, tmp_path: Path) -> None:
    with background(*RUN, "--interval", "600", "--json", cwd=tmp_path, settings=world.settings) as running:
        running.wait_for('"reason": "in band"')
        assert running.end() == 0
        assert [json.loads(line)["event"] for line in running.said.splitlines()] == ["started", "tick", "stopped"]


def test_keeper__when_stopped_while_a_transaction_waits__then_it_stays_in_the_journal_and_executes_once(
    world: VaultWorld, here: Here, tmp_path: Path
) -> None:
    world.move(140)
    world.chain.request("evm_setAutomine", False)
    try:
        with background(*RUN, "--interval", "600", cwd=tmp_path, settings=world.settings) as running:
            wait_until(lambda: _kinds() >= {"BROADCAST"})
            begun = time.monotonic()
            assert running.end() == 0
            assert time.monotonic() - begun < 20
            assert "Stopped with 1 transaction(s) under way" in running.said
            assert "Traceback" not in running.said
        with Journal.at(Path("keeper.db")) as journal:
            assert len(journal.open_intents(world.vault)) == 1
    finally:
        world.chain.request("evm_setAutomine", True)
        world.chain.request("evm_mine")
    assert here(*RUN, "--once").code == 0
    assert world.nonce() == 1
    with Journal.at(Path("keeper.db")) as journal:
        assert journal.open_intents(world.vault) == []


def _kinds() -> set[str]:
    if not Path("keeper.db").exists():
        return set()
    with Journal.at(Path("keeper.db")) as journal:
        return {record.kind.value for record in journal.records()}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VaultWorld]:
    """A vault on a node that a test may kill."""
    monkeypatch.chdir(tmp_path)
    with vault_world(tmp_path) as world:
        yield world


def test_keeper__when_the_node_goes_away__then_says_so_keeps_trying_and_ends_cleanly(
    own: VaultWorld, tmp_path: Path
) -> None:
    with background(*RUN, "--interval", "1", cwd=tmp_path, settings=own.settings) as running:
        running.wait_for("No trade: in band")
        os.kill(own.node.pid, signal.SIGKILL)
        running.wait_for("cannot be reached")
        assert running.process.poll() is None
        assert running.end() == 0
        assert "Traceback" not in running.said
    assert {tick.error for tick in _ticks(own.vault)} == {""}


def test_keeper__when_the_node_serves_a_fresh_chain__then_says_so_and_signs_nothing(
    own: VaultWorld, tmp_path: Path
) -> None:
    port = int(own.node.url.rpartition(":")[2])
    own.move(140)
    with background(*RUN, "--interval", "1", cwd=tmp_path, settings=own.settings) as running:
        running.wait_for("Rebalanced")
        os.kill(own.node.pid, signal.SIGKILL)
        running.wait_for("cannot be reached")
        with start_node("anvil", port=port) as fresh:
            running.wait_for("answers as a lens")
            assert running.end() == 0
            assert Chain(fresh.url).head().number == 0


def test_chain_up__when_its_node_dies__then_says_so_and_forgets_its_records(tmp_path: Path) -> None:
    with background("chain", "up", "--port", str(free_port()), cwd=tmp_path) as running:
        running.wait_for("Ctrl-C stops the chain")
        assert (tmp_path / "deployments" / "31337" / "market.json").is_file()
        (node,) = nodes(running.process.pid)
        os.kill(node, signal.SIGKILL)
        assert running.process.wait(60) == 69
        assert running.said.count("Error: ") == 1
    assert not alive(node)
    assert list((tmp_path / "deployments").iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_chain_up__when_interrupted__then_130_and_nothing_is_left(tmp_path: Path, how: signal.Signals) -> None:
    settings = {"TMPDIR": str(tmp_path / "temporary")}
    (tmp_path / "temporary").mkdir()
    with background("chain", "up", "--json", "--port", str(free_port()), cwd=tmp_path, settings=settings) as running:
        running.wait_for("DOLLAR")
        (node,) = nodes(running.process.pid)
        assert running.end(how) == 130
        assert running.said.count("Interrupted.") == 1
    wait_until(lambda: not alive(node))
    assert list((tmp_path / "deployments").iterdir()) == []
    assert list((tmp_path / "temporary").iterdir()) == []


def test_chain_up__when_the_port_is_taken__then_the_records_of_the_other_chain_stand(
    world: VaultWorld, here: Here
) -> None:
    done: Done = here("chain", "up", "--port", world.node.url.rpartition(":")[2])
    assert done.code == 69
    assert "cannot be used" in done.said
    assert Path("deployments/31337/Vault.json").is_file()
