"""F-08 and F-26: killed or asked to stop at each step of sending, there is exactly one execution after the next run."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_proxy import Proxy, fault_proxy
from plan_world import PlanWorld, build

from controller.chain import dev
from controller.chain.client import Chain
from controller.chain.codec import encode_plan
from controller.chain.nodes import Node, start_node
from controller.execution.journal import Journal, RecordKind
from controller.execution.send import recover, submit

START = 946_684_800  # {s}

KEEPER = """
import os, signal, sys
from pathlib import Path
from controller.chain import dev
from controller.chain.client import Chain
from controller.chain.codec import decode_plan
from controller.cli import stopping
from controller.execution.journal import Journal
from controller.execution.keys import development_signer
from controller.execution.send import launch, step, submit

url, path, vault, plan, name, where, when, times = sys.argv[1:]
left = int(times)

def signalled(original):
    def wrapped(self, *arguments, **named):
        global left
        here = where == "send" if original.__name__ == "send_raw" else where == str(arguments[0])
        left -= here
        if here and left == 0 and when == "before":
            os.kill(os.getpid(), signal.Signals[name])
        result = original(self, *arguments, **named)
        if here and left == 0 and when == "after":
            os.kill(os.getpid(), signal.Signals[name])
        return result
    return wrapped

Journal.append = signalled(Journal.append)
Chain.send_raw = signalled(Chain.send_raw)
chain, signer, journal = Chain(url), development_signer(3), Journal.at(Path(path))
plan = decode_plan(bytes.fromhex(plan))
"""
SUBMIT = """
submit(chain, signer, journal, vault, plan)
"""
BUMP = """
now = 0.0
flight = launch(chain, signer, journal, vault, plan, clock=lambda: now)
while True:
    dev.mine(chain)
    now += 31
    flight = step(chain, signer, journal, flight, clock=lambda: now)
"""
STOPPABLE = """
stopping.GRACE = 0.3
asked = stopping.Stopping.on_signals()
submit(chain, signer, journal, vault, plan, confirmations=int(os.environ["CONFIRMATIONS"]), sleep=asked.sleep_in_tick)
"""
SIGNED_STEPS = ["SIGNED", "send", "BROADCAST"]


def _run(script: str, *arguments: str, confirmations: int = 1) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", KEEPER + script, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": ":".join(sys.path), "CONFIRMATIONS": str(confirmations)},
    )


def _exactly_one_execution(world: PlanWorld, journal: Journal) -> None:
    assert journal.verify() is None
    recovered = recover(world.chain, journal, world.vault, signer=world.signer)
    if world.nonce() == 0:
        submit(world.chain, world.signer, journal, world.vault, world.plan())
    assert len(world.executed()) == 1
    assert world.nonce() == 1
    assert journal.open_intents() == []
    assert all(outcome.rebalance in world.executed() for outcome in recovered)
    fates = [record.body["fate"] for record in journal.records(kind=RecordKind.OUTCOME)]
    assert fates.count("EXECUTED") == 1
    assert recover(world.chain, journal, world.vault) == ()
    assert journal.verify() is None


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["INTENT", *SIGNED_STEPS, "OUTCOME"])
def test_F08_killed_at_a_step__then_exactly_one_execution(
    world: PlanWorld, shared_node: Node, tmp_path: Path, step: str, when: str
) -> None:
    path = tmp_path / "journal.db"
    plan = encode_plan(world.plan()).hex()
    killed = _run(SUBMIT, shared_node.url, str(path), world.vault, plan, "SIGKILL", step, when, "1")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with Journal.at(path) as journal:
        _exactly_one_execution(world, journal)


@pytest.fixture
def proxy() -> Iterator[tuple[Node, Proxy]]:
    with start_node("anvil", timestamp=START) as node, fault_proxy(node.url) as running:
        yield node, running


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", SIGNED_STEPS)
@pytest.mark.parametrize("mined", [0, 1])
def test_F08_killed_at_a_step_of_a_bump__whichever_attempt_is_mined__then_exactly_one_execution(
    proxy: tuple[Node, Proxy], tmp_path: Path, step: str, when: str, mined: int
) -> None:
    node, between = proxy
    world = build(Chain(node.url, node.chain_id), node.accounts[0])
    pool = between.geth_pool()
    pool.holding = True
    path = tmp_path / "journal.db"
    plan = encode_plan(world.plan()).hex()
    killed = _run(BUMP, between.url, str(path), world.vault, plan, "SIGKILL", step, when, "2")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    with Journal.at(path) as journal:
        bytes_ = [record.body["raw"] for record in journal.records(kind=RecordKind.SIGNED)]
        assert len(bytes_) == 1 + ((step, when) != ("SIGNED", "before"))
        world.chain.send_raw(bytes.fromhex(bytes_[min(mined, len(bytes_) - 1)][2:]))
        dev.mine(world.chain)
        _exactly_one_execution(world, journal)
        (outcome,) = journal.records(kind=RecordKind.OUTCOME)
        assert outcome.body["outcome"]["transaction"] in {
            record.body["transaction"] for record in journal.records(kind=RecordKind.SIGNED)
        }


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["INTENT", *SIGNED_STEPS, "OUTCOME"])
def test_F26_asked_to_stop_at_a_step__then_it_is_finished_and_so_is_the_plan(
    world: PlanWorld, shared_node: Node, tmp_path: Path, step: str, when: str
) -> None:
    path = tmp_path / "journal.db"
    plan = encode_plan(world.plan()).hex()
    stopped = _run(STOPPABLE, shared_node.url, str(path), world.vault, plan, "SIGTERM", step, when, "1")
    assert stopped.returncode == 0, stopped.stderr
    with Journal.at(path) as journal:
        assert [record.kind for record in journal.records()][-1] is RecordKind.OUTCOME
        _exactly_one_execution(world, journal)


def test_F26_asked_to_stop_while_it_waits__then_it_ends_and_the_next_run_goes_on(
    world: PlanWorld, shared_node: Node, tmp_path: Path
) -> None:
    path = tmp_path / "journal.db"
    plan = encode_plan(world.plan()).hex()
    stopped = _run(
        STOPPABLE, shared_node.url, str(path), world.vault, plan, "SIGTERM", "BROADCAST", "after", "1", confirmations=99
    )
    assert "Stopped before the transaction was confirmed" in stopped.stderr
    with Journal.at(path) as journal:
        assert len(journal.open_intents(world.vault)) == 1
        _exactly_one_execution(world, journal)
