"""One of several endpoints: what was seen of it, and for how long it is left alone. The clock is its owner's."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from controller.chain.transport import Transport
from controller.errors import StaleHeadError, WrongChainError
from controller.model import BlockRef

_WEIGHT: Final = 0.1
"""Of the newest request in the moving averages."""
_LATENCY_STEP: Final = 0.5
"""{s} of latency that count as much as a tenth of the requests failing."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How endpoints are judged, and how they are spared."""

    tries: int = 3  # answers that are asked for before a request fails
    patience: float = 5.0  # {s} that one request waits for an endpoint to come back, in all
    first_pause: float = 0.5  # {s} without requests after a failure, doubled with each further one in a row
    longest_pause: float = 60.0  # {s}; what the endpoint itself asks for may be longer
    probe: float = 10.0  # {s} between two looks at the heads of all endpoints
    max_lag: int = 2  # {blocks} behind the best head
    max_age: float | None = None  # {s} between a head's timestamp and the machine's clock; None does not look


@dataclass(frozen=True, slots=True)
class Timing:
    """Time and chance, for tests to simulate."""

    clock: Callable[[], float] = time.monotonic  # {s}
    now: Callable[[], float] = time.time  # {s} since 1970
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random  # in [0, 1)


MANNERS: Final = Manners()
REAL_TIME: Final = Timing()


@dataclass(frozen=True, slots=True)
class Health:
    """An endpoint as it was seen last."""

    shown: str
    usable: bool
    trouble: str  # empty when it is well
    head: int | None  # None before it was asked
    age: float | None  # {s} of that head by the machine's clock
    lag: int  # {blocks} behind the best head of all
    error_rate: float  # moving average, 0 to 1
    latency: float  # {s} moving average


@dataclass(slots=True)
class Endpoint:
    """A transport and its record."""

    transport: Transport
    manners: Manners
    timing: Timing
    admitted: bool = False  # it serves the right chain
    refused: WrongChainError | None = None  # it serves another chain: never asked again
    head: BlockRef | None = None
    stale: bool = False  # since its last head
    trouble: str = ""
    error_rate: float = 0.0
    latency: float = 0.0  # {s}
    _failures: int = 0  # in a row
    _until: float = field(default=0.0)  # {s} on the clock, end of the pause

    @property
    def shown(self) -> str:
        return self.transport.shown

    @property
    def pause(self) -> float:
        """{s} until it may be asked again; infinite when never."""
        return float("inf") if self.refused else max(self._until - self.timing.clock(), 0.0)

    @property
    def rank(self) -> tuple[bool, float]:
        """Lower is better; equal ranks keep the order of the configuration, and small differences do not count."""
        return self.stale, round(self.error_rate, 1) + 0.1 * (self.latency // _LATENCY_STEP)

    def succeeded(self, seconds: float) -> None:
        """It answered after `seconds` {s}."""
        self.latency = seconds if self.latency == 0.0 else self.latency + _WEIGHT * (seconds - self.latency)
        self.error_rate *= 1 - _WEIGHT
        self._failures, self._until = 0, 0.0
        if not self.stale:
            self.trouble = ""

    def failed(self, why: str, at_least: float = 0.0) -> None:
        """Leaves it alone for a while, and for `at_least` {s}."""
        self.error_rate += _WEIGHT * (1 - self.error_rate)
        pause = min(self.manners.first_pause * 2.0 ** min(self._failures, 32), self.manners.longest_pause)
        self._failures += 1
        # half of the pause is left to chance, so that many keepers do not come back together
        self._until = self.timing.clock() + max(pause * (0.5 + self.timing.chance() / 2), at_least)
        self.trouble = why

    def show(self, head: BlockRef, best: int) -> None:
        """Takes in its `head`; raises `StaleHeadError` when that is far behind the number `best`, or old."""
        self.head = head
        lag = best - head.number
        age = self.timing.now() - head.timestamp
        why = ""
        if lag > self.manners.max_lag:
            why = f"is {lag} blocks behind another one"
        elif self.manners.max_age is not None and age > self.manners.max_age:
            why = f"has no block of the last {self.manners.max_age:g} seconds: its newest is {age:.0f} seconds old"
        self.stale, self.trouble = bool(why), why
        if why:
            raise StaleHeadError(
                f"The node at {self.shown} {why}.",
                "Wait for it, or use another endpoint; check this machine's clock if all of them are old.",
            )

    def health(self, best: int) -> Health:
        """`best` is the number of the best head of all."""
        return Health(
            shown=self.shown,
            usable=self.pause == 0.0 and not self.stale,
            trouble=self.refused.message if self.refused else self.trouble,
            head=self.head.number if self.head else None,
            age=max(self.timing.now() - self.head.timestamp, 0.0) if self.head else None,
            lag=max(best - self.head.number, 0) if self.head else 0,
            error_rate=self.error_rate,
            latency=self.latency,
        )
