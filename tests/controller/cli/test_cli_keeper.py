"""`evenkeel keeper run`: ticks, goes on through trouble, ends when it is told to."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import Done, Here, alive, background, free_port, nodes, wait_until
from vault_world import VaultWorld, vault_world

from controller.chain.client import Chain
from controller.chain.nodes import start_node
from controller.cli import keeper
from controller.execution.journal import Journal
from controller.model import TickRecord
from controller.tick import Controller

KEEPER = ("--dev-account", "1")
RUN = ("keeper", "run", "--journal", "keeper.db", *KEEPER, "--broadcast")


def _ticks(vault: str) -> list[TickRecord]:
    with Journal.at(Path("keeper.db")) as journal:
        assert journal.verify() is None
        return journal.ticks(vault)


def test_keeper__when_run_once__then_idle_or_rebalanced(world: VaultWorld, here: Here) -> None:
    idle = here(*RUN, "--once", "--json")
    assert (idle.code, idle.document["reason"]) == (0, "in band")
    world.move(140)
    due = here(*RUN, "--once", "--json")
    assert due.code == 0
    assert due.document["outcome"]["fills"]
    assert world.nonce() == 1
    assert [tick.reason is None for tick in _ticks(world.vault)] == [False, True]


def test_keeper__when_it_starts__then_recovers_before_it_looks(
    world: VaultWorld, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    original = Controller.snapshot
    monkeypatch.setattr(keeper, "recover", lambda *_, **__: order.append("recover"))
    monkeypatch.setattr(Controller, "snapshot", lambda *arguments: order.append("snapshot") or original(*arguments))
    assert here(*RUN, "--once").code == 0
    assert order == ["recover", "snapshot"]
    assert here("keeper", "run", "--once", *KEEPER).code == 0
    assert order == ["recover", "snapshot", "snapshot"], "a dry keeper has sent nothing that it could recover"


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
        assert json.loads(running.said.replace("Stopped.", ""))["outcome"] is None


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
            assert "Stopped before the transaction was confirmed." in running.said
            assert "Traceback" not in running.said
        with Journal.at(Path("keeper.db")) as journal:
            assert len(journal.open_intents(world.vault)) == 1
        assert [tick.error for tick in _ticks(world.vault)] == ["SendError"]
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
    with background(*RUN, "--interval", "0.2", cwd=tmp_path, settings=own.settings) as running:
        running.wait_for("No trade: in band")
        os.kill(own.node.pid, signal.SIGKILL)
        running.wait_for("cannot be reached", times=3)
        assert running.process.poll() is None
        assert running.end() == 0
        assert "Traceback" not in running.said
    assert {tick.error for tick in _ticks(own.vault)} == {""}


def test_keeper__when_the_node_serves_a_fresh_chain__then_ends_by_name(own: VaultWorld, tmp_path: Path) -> None:
    port = int(own.node.url.rpartition(":")[2])
    with background(*RUN, "--interval", "0.2", cwd=tmp_path, settings=own.settings) as running:
        running.wait_for("No trade: in band")
        os.kill(own.node.pid, signal.SIGKILL)
        running.wait_for("cannot be reached")
        with start_node("anvil", port=port) as fresh:
            assert running.process.wait(60) == 78, running.said
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
