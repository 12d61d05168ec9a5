"""Heads and branches against a simulated chain, websocket and clock."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest
from eth_utils.crypto import keccak
from hypothesis import given
from hypothesis import strategies as st

from controller.chain.branch import DEPTH, Branch, link
from controller.chain.client import Chain
from controller.chain.heads import Heads, NewHead, Stall, Stalled
from controller.chain.wire import word
from controller.errors import NodeError, StaleHeadError
from controller.model import BlockRef


@dataclass
class Node:
    """A chain that can be reorganised, behind the interface of a transport."""

    headers: list[dict[str, str]] = field(default_factory=list)
    made: int = 0
    asked: list[str] = field(default_factory=list)
    down: NodeError | None = None
    shown: str = "simulated"
    serving: str = "simulated"

    def mine(self, count: int = 1) -> None:
        for _ in range(count):
            self.made += 1
            parent = self.headers[-1]["hash"] if self.headers else word(bytes(32))
            number, hash_ = len(self.headers), word(keccak(self.made.to_bytes(32, "big")))
            self.headers.append({"number": hex(number), "hash": hash_, "parentHash": parent, "timestamp": hex(number)})

    def drop(self, count: int) -> None:
        del self.headers[max(len(self.headers) - count, 1) :]

    def request(self, method: str, parameters: Sequence[Any]) -> Any:
        if self.down is not None:
            raise self.down
        self.asked.append(method)
        if method == "eth_chainId":
            return "0x1"
        number = len(self.headers) - 1 if parameters[0] == "latest" else int(parameters[0], 16)
        return self.headers[number] if number < len(self.headers) else None

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        return [self.request(*call) for call in calls]

    def distrust(self) -> bool:
        return False


class Stop(Event):
    """Waiting only moves the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.now += max(timeout, 1e-6)
        return self.is_set()


class Socket:
    """What a test has put in comes out; silence moves the clock."""

    def __init__(self, stop: Stop, chain_id: str = "0x1") -> None:
        self.stop, self.chain_id = stop, chain_id
        self.messages: list[str] = []
        self.closed = False

    def send(self, message: str) -> None:
        asked = json.loads(message)
        answer = {"eth_chainId": self.chain_id, "eth_subscribe": "0xcafe"}[asked["method"]]
        self.messages.append(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": answer}))

    def recv(self, timeout: float | None = None) -> str:
        if self.closed:
            raise EOFError
        if not self.messages:
            assert timeout is not None
            self.stop.now += timeout
            raise TimeoutError
        return self.messages.pop(0)

    def close(self) -> None:
        self.closed = True

    def tell(self, header: dict[str, str]) -> None:
        params = {"subscription": "0xcafe", "result": header}
        self.messages.append(json.dumps({"jsonrpc": "2.0", "method": "eth_subscription", "params": params}))


@dataclass
class Scene:
    node: Node
    stop: Stop
    sockets: list[Socket]
    attempts: list[float]
    heads: Heads
    refusing: bool = False

    def next(self, timeout: float = 10_000.0) -> NewHead | Stall | None:
        return self.heads.next(self.stop, timeout)


def _scene(*, block_time: float | None = 12.0, refusing: bool = False, length: int = 3) -> Scene:
    node, stop = Node(), Stop()
    node.mine(length)
    sockets: list[Socket] = []
    attempts: list[float] = []

    def opened(_url: str) -> Socket:
        attempts.append(stop.now)
        assert len(attempts) < 1_000
        if scene.refusing:
            raise OSError
        sockets.append(Socket(stop))
        return sockets[-1]

    heads = Heads(
        Chain(node), "ws://x", block_time=block_time, clock=lambda: stop.now, chance=lambda: 1.0, opened=opened
    )
    scene = Scene(node, stop, sockets, attempts, heads, refusing)
    assert scene.next() == NewHead(_ref(node, -1))
    node.asked.clear()
    return scene


def _ref(node: Node, index: int) -> BlockRef:
    return link(node.headers[index]).block


def test_F15_next__when_many_heads_wait__then_only_the_newest_and_nothing_is_asked() -> None:
    scene = _scene()
    scene.node.mine(5)
    for header in scene.node.headers[-5:]:
        scene.sockets[0].tell(header)
    missed = tuple(_ref(scene.node, index) for index in range(-5, -1))
    begun = scene.stop.now
    assert scene.next() == NewHead(_ref(scene.node, -1), missed)
    assert scene.stop.now == begun
    assert scene.next(timeout=100.0) is None
    assert scene.node.asked == []


def test_next__when_heads_were_left_out__then_they_are_asked_for() -> None:
    scene = _scene()
    scene.node.mine(5)
    scene.sockets[0].tell(scene.node.headers[-1])
    missed = tuple(_ref(scene.node, index) for index in range(-5, -1))
    assert scene.next() == NewHead(_ref(scene.node, -1), missed)
    assert len(scene.node.asked) == 4


def test_next__when_missing_blocks_are_not_to_be_had__then_later() -> None:
    scene = _scene()
    scene.node.mine(2)
    scene.sockets[0].tell(scene.node.headers[-1])
    scene.node.down = NodeError("down")
    assert scene.next(timeout=20.0) is None
    scene.node.down = None
    assert scene.next() == NewHead(_ref(scene.node, -1), (_ref(scene.node, -2),))


def test_next__when_the_websocket_cannot_be_opened__then_tried_in_ever_longer_pauses() -> None:
    scene = _scene(refusing=True, block_time=0.4)
    while len(scene.attempts) < 10:
        scene.next(timeout=1.0)
    pauses = [round(later - earlier) for earlier, later in zip(scene.attempts, scene.attempts[1:], strict=False)]
    assert pauses[2:] == [2, 4, 8, 16, 32, 60, 60]
    scene.refusing = False
    while not scene.heads.subscribed:
        scene.next(timeout=1.0)
    scene.node.mine()
    scene.sockets[-1].tell(scene.node.headers[-1])
    scene.node.asked.clear()
    assert scene.next() == NewHead(_ref(scene.node, -1))
    assert scene.node.asked == []


@pytest.mark.parametrize(
    "message", ["<html>", "[]", "{}", '{"params": {}}', '{"params": {"result": {"number": "x"}}}', "null"]
)
def test_next__when_the_websocket_talks_nonsense__then_polls(message: str) -> None:
    scene = _scene()
    scene.sockets[0].messages.append(message)
    scene.node.mine()
    assert scene.next() == NewHead(_ref(scene.node, -1))
    assert scene.sockets[0].closed


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [(None, Stalled.CHAIN), (StaleHeadError("old"), Stalled.CHAIN), (NodeError("down"), Stalled.ENDPOINTS)],
)
def test_F15_next__when_silent_for_ten_blocks__then_one_named_stall(trouble: NodeError | None, kind: Stalled) -> None:
    scene = _scene(block_time=12.0)
    scene.node.down = trouble
    begun = scene.stop.now
    assert scene.next(timeout=119.0) is None
    event = scene.next()
    assert isinstance(event, Stall)
    assert (event.kind, event.last) == (kind, _ref(scene.node, -1))
    assert 120.0 <= scene.stop.now - begun < 121.0
    assert scene.next(timeout=1_000.0) is None
    scene.node.down = None
    scene.node.mine(40)
    for header in scene.node.headers[-40:]:
        scene.sockets[0].tell(header)
    event = scene.next()
    assert isinstance(event, NewHead)
    assert (event.block, len(event.missed)) == (_ref(scene.node, -1), 39)
    assert scene.heads.stalled is None


def test_F15_next__when_another_thing_stops__then_said_as_well() -> None:
    scene = _scene(block_time=12.0)
    kinds = []
    for trouble in (None, NodeError("down"), None):
        scene.node.down = trouble
        event = scene.next()
        assert isinstance(event, Stall)
        kinds.append(event.kind)
    assert kinds == [Stalled.CHAIN, Stalled.ENDPOINTS, Stalled.CHAIN]


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 140)), min_size=1, max_size=12))
def test_branch__whatever_is_replaced__then_what_was_told_is_always_the_chain(steps: list[tuple[int, int]]) -> None:
    node = Node()
    node.mine(20)
    branch = Branch(Chain(node))
    mine: list[BlockRef] = []
    for dropped, mined in steps:
        node.drop(dropped)
        node.mine(mined)
        before = mine[-1] if mine else None
        joined = branch.join(link(node.headers[-1]))
        assert joined is not None
        if joined.reorg is not None:
            tail = len(joined.reorg.dropped)
            assert mine[-tail:] == list(joined.reorg.dropped)
            del mine[-tail:]
            if joined.reorg.ancestor is not None:
                assert mine[-1] == joined.reorg.ancestor
        elif before is not None:
            assert dropped == 0 or joined.blocks[0].number > before.number
        mine += joined.blocks
        mine = mine[-DEPTH:]
        canonical = {_ref(node, index) for index in range(len(node.headers))}
        assert set(mine) <= canonical
        assert mine[-1] == _ref(node, -1) == branch.newest
        assert branch.join(link(node.headers[-1])) is None
