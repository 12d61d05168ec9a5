"""F-08: killed with SIGKILL at each step of sending, there is exactly one execution after the next run."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from plan_world import PlanWorld

from controller.chain.codec import encode_plan
from controller.chain.nodes import Node
from controller.execution.journal import Journal, RecordKind
from controller.execution.send import recover, submit

KILLED = """
import os, signal, sys
from pathlib import Path
from controller.chain.client import Chain
from controller.chain.codec import decode_plan
from controller.execution.journal import Journal
from controller.execution.keys import development_signer
from controller.execution.send import submit

url, path, vault, plan, step, when = sys.argv[1:]

def dying(original):
    def wrapped(self, *arguments, **named):
        mine = step == "send" if original.__name__ == "send_raw" else step == str(arguments[0])
        if mine and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(self, *arguments, **named)
        if mine:
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return wrapped

Journal.append = dying(Journal.append)
Chain.send_raw = dying(Chain.send_raw)
submit(Chain(url), development_signer(3), Journal.at(Path(path)), vault, decode_plan(bytes.fromhex(plan)))
"""


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["INTENT", "SIGNED", "send", "BROADCAST", "OUTCOME"])
def test_submit__when_killed_at_a_step__then_exactly_one_execution(
    world: PlanWorld, shared_node: Node, tmp_path: Path, step: str, when: str
) -> None:
    path = tmp_path / "journal.db"
    arguments = [shared_node.url, str(path), world.vault, encode_plan(world.plan()).hex(), step, when]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False, capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr

    with Journal.at(path) as journal:
        assert journal.verify() is None
        recovered = recover(world.chain, journal, world.vault)
        if world.nonce() == 0:
            submit(world.chain, world.signer, journal, world.vault, world.plan())
        assert len(world.executed()) == 1
        assert world.nonce() == 1
        assert journal.open_intents(world.vault) == []
        assert all(outcome.rebalance in world.executed() for outcome in recovered)
        fates = [record.body["fate"] for record in journal.records(kind=RecordKind.OUTCOME)]
        assert fates.count("EXECUTED") == 1
        assert recover(world.chain, journal, world.vault) == ()
        assert journal.verify() is None
