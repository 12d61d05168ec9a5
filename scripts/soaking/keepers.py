"""Two keepers as an operator's machines run them: whatever ends one, it is started again."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from command import environment

COMMAND = ("keeper", "run", "--config", "keeper.toml", "--networks", "networks.toml", "--broadcast")
LEASH = ("setpriv", "--pdeathsig=KILL")
"""A keeper ends with the soak, whatever ends that."""
WARM = 3.0
"""{s} after its start at which a keeper's memory is first measured."""
PATIENCE = 30.0
"""{s} that a keeper gets to end by itself."""


@dataclass(frozen=True)
class Memory:
    """{KiB} resident, of one process."""

    name: str
    seconds: float  # that it has run
    start: int
    end: int


@dataclass
class Keeper:
    """One of the two, through all its processes."""

    name: str
    directory: Path
    settings: Mapping[str, str]
    counts: Counter[str]
    process: subprocess.Popen[bytes] | None = None
    stopped_until: float = 0.0  # {s} on the monotonic clock; zero while it runs
    _begun: float = 0.0
    _warm: int = 0  # {KiB}
    lives: list[Memory] = field(default_factory=list)
    crash: str = ""  # what it said when it ended by an error that it did not expect

    def __post_init__(self) -> None:
        self.log.touch()

    @property
    def log(self) -> Path:
        return self.directory / f"{self.name}.log"

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None and not self.stopped_until

    @property
    def resident(self) -> int:
        """{KiB} of the process that runs."""
        return _resident(self.process.pid) if self.process is not None and self.running else 0

    @property
    def warm(self) -> bool:
        """Whether it has run long enough to have been measured, and to end properly when it is told to."""
        return self.running and self._warm > 0

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*LEASH, Path(sys.executable).with_name("evenkeel"), *COMMAND],
                cwd=self.directory,
                env=environment(**self.settings),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._begun, self._warm = time.monotonic(), 0

    def look(self) -> None:
        """Measures it, starts it again when it has ended, and lets it go on once it has slept for long enough."""
        if self.process is None:
            self.start()
        elif self.process.poll() is not None:
            self.counts[f"ended with {self.process.returncode}"] += 1
            said = self.log.read_text()
            self.crash = said[said.index("Traceback") :] if "Traceback" in said else ""
            self.start()
        elif self.stopped_until and time.monotonic() >= self.stopped_until:
            self.process.send_signal(signal.SIGCONT)
            self.stopped_until = 0.0
        elif not self._warm and time.monotonic() - self._begun >= WARM:
            self._warm = _resident(self.process.pid)

    def stop(self, seconds: float) -> None:
        """As a machine that sleeps."""
        if self.process is not None:
            self.process.send_signal(signal.SIGSTOP)
            self.stopped_until = time.monotonic() + seconds

    def kill(self) -> None:
        if self.process is not None:
            self._measure()
            self.process.kill()
            self.process.wait()
            self.process, self.stopped_until = None, 0.0

    def end(self) -> int:
        """Its exit code after SIGTERM."""
        if self.process is None:
            return 0
        self._measure()
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return -signal.SIGKILL
        finally:
            self.process.wait()
            self.process = None

    def _measure(self) -> None:
        if self.process is not None and self.process.poll() is None and self._warm:
            seconds = time.monotonic() - self._begun
            self.lives.append(Memory(self.name, seconds, self._warm, _resident(self.process.pid)))


def leader(keepers: Sequence[Keeper], holder: str | None) -> Keeper | None:
    """Whose process holds the lease; None when neither does."""
    pid = None if holder is None else int(holder.split(":")[1])
    return next((one for one in keepers if one.process is not None and one.process.pid == pid), None)


def _resident(pid: int) -> int:
    """{KiB}; zero of a process that has just ended."""
    status = Path(f"/proc/{pid}/status").read_text()
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
