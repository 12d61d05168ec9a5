"""Own nodes come up, say why they do not, and never outlive whoever started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from controller.chain import leash
from controller.chain.client import Chain
from controller.chain.nodes import CHAIN_IDS, Engine, start_node
from controller.errors import EvenkeelError, NodeError, NotFoundError

ENGINES: list[Engine] = ["anvil", "ganache"]
HOLD = """
import sys, time
from controller.chain.nodes import start_node
with start_node(sys.argv[1], timestamp=1_000_000_000) as node:
    print(node.pid, flush=True)
    time.sleep(600)
"""


def _alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def _gone(pid: int, within: float = 5.0) -> bool:
    until = time.monotonic() + within
    while time.monotonic() < until:
        if not _alive(pid):
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("engine", ENGINES)
def test_start_node__when_left__then_gone(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with start_node(engine, timestamp=1_000_000_000, accounts=3) as node:
        chain = Chain(node.url, CHAIN_IDS[engine])
        assert chain.head().timestamp == 1_000_000_000
        assert len(node.accounts) == 3
        assert node.accounts[0] == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
        assert chain.balance(node.accounts[0], chain.head()) == 10_000 * 10**18
    assert _gone(node.pid)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(NodeError, match="cannot be reached"):
        chain.head()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_start_node__when_the_parent_is_killed__then_gone(engine: Engine, how: signal.Signals) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, engine], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    pid = int(holder.stdout.readline())
    assert _alive(pid)
    os.kill(holder.pid, how)
    holder.wait()
    holder.stdout.close()
    assert _gone(pid)


def test_leash__when_the_kernel_does_not_help__then_watches_the_pipe() -> None:
    # parent 0 takes the way of systems without prctl
    code = [sys.executable, "-I", "-S", leash.__file__, "0", "/bin/sleep", "600"]
    watcher = subprocess.Popen(code, stdin=subprocess.PIPE)
    assert watcher.stdin is not None
    children = Path(f"/proc/{watcher.pid}/task/{watcher.pid}/children")
    while not (found := children.read_text().split()):
        time.sleep(0.01)
    watcher.stdin.close()  # what the kernel does to the pipe of a killed parent
    assert _gone(int(found[0]))
    watcher.wait(timeout=5)


def test_start_node__when_the_program_is_missing__then_says_make_setup(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="make setup"), start_node("anvil", root=tmp_path):
        pass


def test_start_node__when_the_port_is_taken__then_says_so() -> None:
    with start_node("anvil") as node:
        port = int(node.url.rpartition(":")[2])
        with pytest.raises(NodeError, match="cannot be used"), start_node("anvil", port=port):
            pass


def test_start_node__when_it_refuses_its_options__then_shows_what_it_said() -> None:
    with pytest.raises(NodeError) as caught, start_node("anvil", chain_id=-1):
        pass
    assert "It said" in caught.value.hint


@pytest.mark.parametrize("engine", ENGINES)
def test_start_node__when_run_twice__then_the_same_hashes(engine: Engine) -> None:
    hashes = []
    for _ in range(2):
        with start_node(engine, timestamp=1_000_000_000) as node:
            chain = Chain(node.url)
            chain.request("evm_mine")
            hashes.append(chain.head().hash)
    assert hashes[0] == hashes[1]


def test_start_node__when_without_timestamp__then_follows_the_clock() -> None:
    with start_node("anvil", block_time=1) as node:
        assert abs(Chain(node.url).head().timestamp - time.time()) < 10


def test_start_node__when_something_fails_inside__then_gone() -> None:
    with pytest.raises(EvenkeelError), start_node("anvil") as node:
        raise EvenkeelError("x")
    assert _gone(node.pid)
