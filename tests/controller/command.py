"""The command `evenkeel` as a test runs it: in this process, in another one, or in the background."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from controller.cli import main as command_line
from controller.cli import output

SCRIPT = Path(sys.executable).with_name("evenkeel")
SETTINGS = re.compile(r"EVENKEEL_\w+")
WIDTH = 200
"""{characters} of a line."""
PATIENCE = 60.0
"""{s} for anything that a test waits for."""


@dataclass(frozen=True)
class Done:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def said(self) -> str:
        """Everything, on one line: terminals wrap."""
        return " ".join((self.out + self.err).split())


def environment(**settings: str) -> dict[str, str]:
    """Ours without its settings for evenkeel, with `settings` in their place."""
    clean = {name: value for name, value in os.environ.items() if not SETTINGS.fullmatch(name)}
    return {**clean, "COLUMNS": str(WIDTH), **settings}


def run(*arguments: str, cwd: Path, largest_file: int | None = None, settings: Mapping[str, str] | None = None) -> Done:
    """In a process of its own; `largest_file` {bytes} stands for a full disk."""
    done = subprocess.run(
        [SCRIPT, *arguments],
        cwd=cwd,
        env=environment(**(settings or {})),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
        preexec_fn=None if largest_file is None else limiting_files(largest_file),
    )
    return Done(done.returncode, done.stdout, done.stderr)


def limiting_files(largest: int) -> Callable[[], None]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    return limit


@dataclass(frozen=True)
class Here:
    """Runs commands inside this process, which saves the second that Python takes to start."""

    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Done:
        handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        self.capture.readouterr()
        try:
            with self.patch.context() as patch:
                patch.setattr(sys, "argv", ["evenkeel", *arguments])
                patch.setattr(output.out, "width", WIDTH)
                patch.setattr(output.err, "width", WIDTH)
                with pytest.raises(SystemExit) as ended:
                    command_line.main()
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
        assert isinstance(ended.value.code, int)
        return Done(ended.value.code, *self.capture.readouterr())


class Background:
    """A command that goes on until it is told to stop."""

    def __init__(self, process: subprocess.Popen[str], output: Path) -> None:
        self.process = process
        self.output = output

    @property
    def said(self) -> str:
        return self.output.read_text()

    def wait_for(self, text: str, times: int = 1) -> None:
        """Until its output holds `text`."""
        wait_until(lambda: self.said.count(text) >= times or self.process.poll() is not None)
        assert self.said.count(text) >= times, self.said

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code after a signal."""
        self.process.send_signal(how)
        return self.process.wait(PATIENCE)


@contextmanager
def background(
    *arguments: str, cwd: Path, settings: Mapping[str, str] | None = None, name: str = "output"
) -> Iterator[Background]:
    """Never leaves it running; its nodes die with it."""
    output = cwd / f"{name}.log"
    with output.open("w") as file:
        process = subprocess.Popen(
            [SCRIPT, *arguments],
            cwd=cwd,
            env=environment(**(settings or {})),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield Background(process, output)
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until, "waited for too long"
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    """Processes that a process started."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in path.read_text().split()]
    return found


def nodes(pid: int) -> list[int]:
    """The development nodes among them; starting one takes helpers that are gone soon."""
    found = []
    for child in children(pid):
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
            if command[0].endswith(b"anvil") or any(part.endswith(b"ganache/dist/node/cli.js") for part in command[:2]):
                found.append(child)
    return found


def alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
