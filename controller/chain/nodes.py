"""Own development nodes: anvil and Ganache on a free loopback port, gone when the `with` block or the process ends.

A node with a `timestamp` lives in simulated time: its genesis block has that timestamp, each block is one second after
the one before unless `dev.set_next_timestamp` says otherwise, and the machine's clock plays no part, so that the same
transactions give the same block hashes. Without a `timestamp` it follows the clock.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from controller.chain import leash
from controller.chain.abi import checksum
from controller.chain.client import Chain
from controller.chain.wire import octets
from controller.errors import NodeError, NotFoundError

Engine = Literal["anvil", "ganache"]
MNEMONIC: Final = "test test test test test test test test test test test junk"
"""The development mnemonic that everybody knows; the accounts are the same on both engines."""
CHAIN_IDS: Final[dict[Engine, int]] = {"anvil": 31337, "ganache": 1337}
BLOCK_GAS_LIMIT: Final = 100_000_000
_READY_SECONDS: Final = 30.0
_PASSED_ON: Final = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL")


@dataclass(frozen=True, slots=True)
class Node:
    """A running node of ours."""

    engine: Engine
    url: str
    chain_id: int
    pid: int
    accounts: tuple[str, ...]  # funded and unlocked


@contextmanager
def start_node(
    engine: Engine,
    *,
    timestamp: int | None = None,
    chain_id: int | None = None,
    accounts: int = 10,
    block_time: int | None = None,
    port: int | None = None,
    root: Path | None = None,
) -> Iterator[Node]:
    """Run a node for the length of a `with` block. The starting thread must outlive it (Linux ties the node to it).

    Parameters
    ----------
    engine : anvil or ganache.
    timestamp : {s} of the genesis block, which puts the node into simulated time; None follows the clock.
    chain_id : None takes the engine's own, 31337 or 1337.
    accounts : how many funded accounts.
    block_time : {s} between blocks; None mines every transaction at once.
    port : None takes a free one.
    root : directory whose `node_modules` holds the programs; None searches upwards from the working directory and the
        package, then the PATH.

    Raises
    ------
    NotFoundError
        When the program is not installed.
    NodeError
        When it does not come up; carries what it said.
    """
    chosen = CHAIN_IDS[engine] if chain_id is None else chain_id
    program = _program(engine, root)
    home = Path(tempfile.mkdtemp(prefix="evenkeel-node-"))
    process: subprocess.Popen[bytes] | None = None
    try:
        listen = _port(port)
        options = _options(engine, listen, chosen, accounts, timestamp, block_time, home)
        process = _spawn([*program, *options], home)
        chain = _await(engine, process, listen, chosen, home)
        if timestamp is not None and engine == "anvil":
            chain.request("anvil_setBlockTimestampInterval", 1)
        addresses = tuple(checksum(octets(account)) for account in chain.request("eth_accounts"))
        yield Node(engine, f"http://127.0.0.1:{listen}", chosen, process.pid, addresses)
    finally:
        if process is not None:
            _stop(process)
        shutil.rmtree(home, ignore_errors=True)


def _program(engine: Engine, root: Path | None) -> list[str]:
    here = [root] if root is not None else [*(Path.cwd() / "_").parents, *Path(__file__).resolve().parents]
    for modules in (directory / "node_modules" for directory in here):
        if engine == "anvil":
            # the program itself: npm's launcher would leave it behind when it is killed
            found = next(modules.glob("@foundry-rs/anvil-*/bin/anvil*"), None)
        else:
            found = next(modules.glob("ganache/dist/node/cli.js"), None)
        if found is not None:
            return [str(found)] if engine == "anvil" else [_node_binary(), str(found)]
    on_path = shutil.which(engine)
    if on_path is None or root is not None:
        raise NotFoundError(
            f"The development node {engine} is not installed.",
            "It comes with the source checkout (make setup); elsewhere, commands take a running node with --url.",
        )
    resolved = Path(on_path).resolve()
    if resolved.suffix in {".js", ".mjs"}:
        platform_binary = next(resolved.parent.parent.glob("anvil-*/bin/anvil*"), None)
        return [str(platform_binary)] if platform_binary is not None else [_node_binary(), str(resolved)]
    return [str(resolved)]


def _node_binary() -> str:
    launcher = shutil.which("node")
    if launcher is None:
        raise NotFoundError("Node.js is not installed; ganache needs it.", "Install it: make setup.")
    # the launcher may be a script (the Python wheel's is), which would leave the program behind when it is killed
    asked = subprocess.run([launcher, "-p", "process.execPath"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or launcher


def _options(
    engine: Engine, port: int, chain_id: int, accounts: int, timestamp: int | None, block_time: int | None, home: Path
) -> list[str]:
    if engine == "anvil":
        options = ["--host=127.0.0.1", f"--port={port}", f"--chain-id={chain_id}", f"--accounts={accounts}"]
        options += [
            f"--mnemonic={MNEMONIC}",
            "--balance=10000",
            f"--gas-limit={BLOCK_GAS_LIMIT}",
            "--hardfork=shanghai",
        ]
        # An audit reads old blocks: without the last option anvil forgets all but about 4,000. It writes its whole
        # state for every block, 640 MB for 4,000 small ones and four times that for twice as many.
        options += ["--silent", f"--cache-path={home}", "--max-persisted-states=1000000"]
        options += [] if timestamp is None else [f"--timestamp={timestamp}"]
        return options + ([] if block_time is None else [f"--block-time={block_time}"])
    options = ["--server.host=127.0.0.1", f"--server.port={port}", "--server.ws=false", "--logging.quiet=true"]
    options += [f"--chain.chainId={chain_id}", f"--chain.networkId={chain_id}", "--chain.hardfork=shanghai"]
    options += [f"--wallet.totalAccounts={accounts}", f"--wallet.mnemonic={MNEMONIC}", "--wallet.defaultBalance=10000"]
    options += [f"--miner.blockGasLimit={BLOCK_GAS_LIMIT}", f"--miner.callGasLimit={BLOCK_GAS_LIMIT}"]
    options += [f"--database.dbPath={home / 'database'}"]
    if timestamp is not None:
        options += [
            f"--chain.time={datetime.fromtimestamp(timestamp, UTC).isoformat()}",
            "--miner.timestampIncrement=1",
        ]
    return options + ([] if block_time is None else [f"--miner.blockTime={block_time}"])


def _port(wanted: int | None) -> int:
    # asked of the kernel before the node starts, because whatever listens there already would answer in its place
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted or 0))
        except OSError as error:
            raise NodeError(f"Port {wanted} cannot be used: {error.strerror}.", "Choose another port.") from None
        return int(probe.getsockname()[1])


def _spawn(command: list[str], home: Path) -> subprocess.Popen[bytes]:
    # a session of its own, so that Ctrl-C reaches us first; no environment, so that no key reaches the node
    environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    with (home / "output").open("wb") as output:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", leash.__file__, str(os.getpid()), *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=home,
            env={**environment, "HOME": str(home), "TMPDIR": str(home)},
            start_new_session=True,
        )


def _await(engine: Engine, process: subprocess.Popen[bytes], port: int, chain_id: int, home: Path) -> Chain:
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1.0):
            # something listens: it is ours only if ours is still alive after it has answered
            chain = Chain(f"http://127.0.0.1:{port}", chain_id)
            if process.poll() is None:
                return chain
        time.sleep(0.01)
    said = (home / "output").read_text(errors="replace").strip()[-1_000:]
    how = "did not start" if process.poll() is None else f"stopped with code {process.returncode}"
    raise NodeError(f"The node {engine} {how}.", f"It said: {said}" if said else "It said nothing.")


def _stop(process: subprocess.Popen[bytes]) -> None:
    # killed outright: its state is thrown away, so there is nothing that it could save
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
