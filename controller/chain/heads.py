"""New blocks as they come: by websocket where there is one that works, else by asking.

Only the newest block is delivered, however many came while the caller was busy; those in between come along with it.
A chain that stops is told apart from an endpoint that does: when no block has come for long, the chain's endpoints are
asked. Time passes only in `stop.wait` and in the websocket.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Protocol

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from controller.chain import wire
from controller.chain.branch import Branch, Link, Reorg, link
from controller.chain.client import Chain
from controller.chain.transport import shown
from controller.errors import NodeError, StaleHeadError, UsageError, WrongChainError
from controller.model import BlockRef

STALL_BLOCKS: Final = 10
"""Something has stopped when no block has come for as long as so many take."""
POLLS_PER_BLOCK: Final = 4
UNPACED: Final = 1.0
"""{s} between two polls where no block time is known."""
_SLICE: Final = 0.2
"""{s} at most between two looks at `stop`."""
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 60.0
"""{s} before another attempt to connect, doubled with each one that fails."""
_OPEN_SECONDS: Final = 5.0


class Stop(Protocol):
    """Whether to end; `threading.Event` is one."""

    def is_set(self) -> bool: ...

    def wait(self, timeout: float | None = None) -> bool: ...


class Stalled(Enum):
    """What has stopped."""

    CHAIN = "the chain has no new block"
    WEBSOCKET = "the websocket is silent while the chain goes on"
    ENDPOINTS = "no endpoint answers"


@dataclass(frozen=True, slots=True)
class NewHead:
    """A block to tick at."""

    block: BlockRef
    missed: tuple[BlockRef, ...] = ()  # since what was delivered last, oldest first; none after a very long gap
    reorg: Reorg | None = None  # of what was delivered or missed before


@dataclass(frozen=True, slots=True)
class Stall:
    """No block for too long. Said once for each kind; the next `NewHead` ends it."""

    kind: Stalled
    last: BlockRef | None
    silent: float  # {s} since that block came


class Socket(Protocol):
    """What is needed of a websocket."""

    def send(self, message: str) -> None: ...

    def recv(self, timeout: float | None = None) -> str | bytes: ...

    def close(self) -> None: ...


def open_socket(url: str) -> Socket:
    """A websocket; its messages wait while the caller is busy."""
    return connect(url, open_timeout=_OPEN_SECONDS, close_timeout=1.0, max_size=None, max_queue=1_024)


_BROKEN: Final = (OSError, EOFError, WebSocketException, ValueError, NodeError)
"""What a websocket, or what it says, can fail with."""


class Heads:
    """New heads of one chain, for one thread.

    Parameters
    ----------
    chain : asked for what the websocket leaves out, and for heads where there is none.
    ws_url : ws or wss address, whose path may hold a key and is never shown; None polls.
    block_time : {s} between blocks; None where they come as they are wanted, so that silence means nothing.
    clock : {s}
    chance : in [0, 1)
    """

    def __init__(
        self,
        chain: Chain,
        ws_url: str | None = None,
        *,
        block_time: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
        opened: Callable[[str], Socket] = open_socket,
    ) -> None:
        if ws_url is not None and not ws_url.startswith(("ws://", "wss://")):
            raise UsageError("The websocket's address must start with ws:// or wss://.")
        self._chain = chain
        self._url = ws_url
        self._clock = clock
        self._chance = chance
        self._opened = opened
        self._pace = UNPACED if block_time is None else block_time / POLLS_PER_BLOCK
        self._patience = float("inf") if block_time is None else block_time * STALL_BLOCKS
        self._branch = Branch(chain)
        self._socket: Socket | None = None
        self._failures = 0  # to connect, in a row
        self._connect_at = self._poll_at = self._came = self._asked = clock()
        self.stalled: Stalled | None = None
        self.trouble: NodeError | None = None  # why the last look at the chain failed; None while looks succeed

    @property
    def subscribed(self) -> bool:
        """Whether heads come by websocket now."""
        return self._socket is not None

    def close(self) -> None:
        """Ends the subscription."""
        if self._socket is not None:
            with suppress(*_BROKEN):
                self._socket.close()
            self._socket = None

    def follow(self, stop: Stop) -> Iterator[NewHead | Stall]:
        """Every event until `stop` is set."""
        while not stop.is_set():
            event = self.next(stop)
            if event is not None:
                yield event

    def next(self, stop: Stop, timeout: float = float("inf")) -> NewHead | Stall | None:
        """The next event; None when `stop` is set, or nothing has come within `timeout` {s}.

        Raises
        ------
        WrongChainError
            When the websocket serves another chain.
        """
        until = self._clock() + timeout
        while not stop.is_set():
            event = self._delivered(self._links(stop, until)) or self._silence()
            if event is not None:
                return event
            if self._clock() >= until:
                break
        return None

    # ---- what comes

    def _links(self, stop: Stop, until: float) -> list[Link]:
        """What has come, oldest first; waits a little when nothing has."""
        if self._socket is None and self._url is not None and self._clock() >= self._connect_at:
            self._connect(self._url)
        if self._clock() >= self._poll_at:
            return self._polled()
        wait = max(min(_SLICE, until - self._clock()), 0.0)
        if self._socket is not None:
            return self._received(self._socket, wait)
        stop.wait(min(wait, self._poll_at - self._clock()))
        return []

    def _polled(self) -> list[Link]:
        self._poll_at = self._clock() + self._pace * self._jitter()
        try:
            newest = self._newest()
        except NodeError as error:
            self.trouble = error
            return []
        self.trouble = None
        if self._socket is not None:
            self._poll_at = float("inf")  # a websocket needs only what came before it was opened
        return [newest]

    def _newest(self) -> Link:
        return link(self._chain.request("eth_getBlockByNumber", "latest", False))

    def _delivered(self, links: list[Link]) -> NewHead | None:
        if not links:
            return None
        try:
            joined = self._branch.join(links[-1], links[:-1])
        except NodeError:
            self._poll_at = min(self._poll_at, self._clock() + self._pace)  # what is missing is asked for again
            return None
        if joined is None:
            return None
        self._came = self._asked = self._clock()
        self.stalled = None
        return NewHead(joined.blocks[-1], joined.blocks[:-1], joined.reorg)

    def _silence(self) -> Stall | None:
        if self._clock() - self._asked < self._patience:
            return None
        self._asked = self._clock()
        kind = self._why_silent()
        if kind is Stalled.WEBSOCKET:
            self._lost()
        if kind is self.stalled:
            return None
        self.stalled = kind
        return Stall(kind, self._branch.newest, self._clock() - self._came)

    def _why_silent(self) -> Stalled:
        try:
            newest = self._newest()
        except StaleHeadError:
            return Stalled.CHAIN
        except NodeError:
            return Stalled.ENDPOINTS
        known = self._socket is None or self._branch.knows(newest.block)
        return Stalled.CHAIN if known else Stalled.WEBSOCKET

    # ---- the websocket

    def _connect(self, url: str) -> None:
        try:
            self._socket = self._opened(url)
            served = wire.quantity(self._answer(self._socket, "eth_chainId", []))
            if served != self._chain.chain_id:
                raise WrongChainError(
                    f"The websocket at {shown(url)} serves chain {served}, not {self._chain.chain_id}.",
                    "Correct the ws_url of the network.",
                )
            self._answer(self._socket, "eth_subscribe", ["newHeads"])
        except WrongChainError:
            self.close()
            raise
        except _BROKEN:
            self._lost()
            return
        self._failures = 0
        self._poll_at = self._clock()

    @staticmethod
    def _answer(socket: Socket, method: str, parameters: list[str]) -> Any:
        socket.send(json.dumps({"jsonrpc": "2.0", "id": method, "method": method, "params": parameters}))
        while True:
            answer = json.loads(socket.recv(_OPEN_SECONDS))
            if isinstance(answer, Mapping) and answer.get("id") == method:
                return wire.field(answer, "result")

    def _received(self, socket: Socket, wait: float) -> list[Link]:
        links: list[Link] = []
        try:
            while True:
                message = json.loads(socket.recv(0.0 if links else wait))
                links.append(link(wire.field(wire.field(message, "params"), "result")))
        except TimeoutError:
            return links
        except _BROKEN:
            self._lost()
            return links

    def _lost(self) -> None:
        """Polls from now on, and connects again after a while."""
        self.close()
        pause = min(_FIRST_PAUSE * 2.0 ** min(self._failures, 32), _LONGEST_PAUSE)
        self._failures += 1
        self._connect_at = self._clock() + pause * self._jitter()
        self._poll_at = self._clock()

    def _jitter(self) -> float:
        """Spreads many keepers; 0.5 to 1."""
        return 0.5 + self._chance() / 2
