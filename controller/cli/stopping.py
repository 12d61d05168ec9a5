"""How a long-running command ends: asked by a signal, after the step that is under way."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass
from types import FrameType

from controller.errors import SendError

GRACE = 10.0
"""{s} that a transaction on its way still gets after the signal."""
SLICE = 0.1
"""{s} after which a sleeper looks up."""


@dataclass
class Stopping:
    """Whether SIGTERM or Ctrl-C has come. Without a lock: a handler runs inside whatever it interrupts."""

    since: float | None = None  # {s} on the monotonic clock

    @classmethod
    def on_signals(cls) -> Stopping:
        stopping = cls()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stopping._request)
        return stopping

    def _request(self, _number: int, _frame: FrameType | None) -> None:
        if self.since is None:
            self.since = time.monotonic()

    def is_set(self) -> bool:
        return self.since is not None

    def wait(self, timeout: float | None = None) -> bool:
        """Sleeps for `timeout` {s}, or until a signal comes; whether one has come."""
        until = float("inf") if timeout is None else time.monotonic() + timeout
        while self.since is None and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, SLICE))
        return self.is_set()

    def sleep_in_tick(self, seconds: float) -> None:
        """While a transaction is waited for.

        Raises
        ------
        SendError
            When the grace after a signal is over; the journal knows the transaction.
        """
        time.sleep(seconds)
        if self.since is not None and time.monotonic() - self.since >= GRACE:
            raise SendError(
                "Stopped before the transaction was confirmed.",
                "It may still be mined: the next run looks for it first and sends the same bytes again.",
            )
