"""New heads of a real node, by websocket through a proxy and by polling. F-15"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from threading import Event

import pytest
from fault_proxy import Fault, Proxy, fault_proxy, frozen_at, refused, status

from controller.chain import dev
from controller.chain.branch import DEPTH, Reorg
from controller.chain.client import Chain
from controller.chain.heads import STALL_BLOCKS, Heads, NewHead, Stall, Stalled
from controller.chain.nodes import Node, start_node
from controller.errors import UsageError, WrongChainError
from controller.model import BlockRef

BLOCK_TIME = 0.2  # {s} so that polls are frequent
PATIENCE = BLOCK_TIME * STALL_BLOCKS
LONG = 30.0  # {s} a test waits for what must come


@dataclass
class Clock:
    """The machine's, and ahead of it by what a test has skipped."""

    ahead: float = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.ahead


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with start_node("anvil") as running:
        yield running


@pytest.fixture
def chain(node: Node) -> Chain:
    return Chain(node.url)


@pytest.fixture
def proxy(node: Node) -> Iterator[Proxy]:
    with fault_proxy(node.url) as running:
        yield running


class Follower:
    """Heads through the proxy, and what has come of them."""

    def __init__(self, proxy: Proxy, *, ws: bool, block_time: float | None = None) -> None:
        self.clock, self.stop = Clock(), Event()
        self.heads = Heads(
            Chain(proxy.url), proxy.ws_url if ws else None, block_time=block_time, clock=self.clock, chance=lambda: 0.0
        )

    def next(self, timeout: float = LONG) -> NewHead | Stall | None:
        return self.heads.next(self.stop, timeout)

    def head(self) -> NewHead:
        event = self.next()
        assert isinstance(event, NewHead)
        return event

    def stall(self) -> Stall:
        event = self.next()
        assert isinstance(event, Stall)
        return event


@pytest.fixture(params=["websocket", "polling"])
def either(request: pytest.FixtureRequest, proxy: Proxy) -> Iterator[Follower]:
    yield from _following(Follower(proxy, ws=request.param == "websocket", block_time=BLOCK_TIME))


@pytest.fixture
def subscribed(proxy: Proxy) -> Iterator[Follower]:
    yield from _following(Follower(proxy, ws=True, block_time=BLOCK_TIME))


def _following(follower: Follower) -> Iterator[Follower]:
    follower.head()
    yield follower
    follower.heads.close()


def _mined(chain: Chain, count: int) -> list[BlockRef]:
    first = chain.head().number + 1
    for _ in range(count):
        dev.mine(chain)
    return [chain.block(number) for number in range(first, first + count)]


# ---- what comes


def test_next__when_it_begins__then_the_newest_block(proxy: Proxy, chain: Chain) -> None:
    for ws in (True, False):
        follower = Follower(proxy, ws=ws)
        assert follower.next() == NewHead(chain.head())
        assert follower.heads.subscribed is ws
        follower.heads.close()


def test_next__when_blocks_are_mined__then_each(either: Follower, chain: Chain) -> None:
    for _ in range(3):
        (mined,) = _mined(chain, 1)
        assert either.next() == NewHead(mined)


def test_next__when_the_caller_was_busy__then_no_block_is_lost(either: Follower, chain: Chain) -> None:
    mined = _mined(chain, 5)
    seen: list[BlockRef] = []
    while not seen or seen[-1] != mined[-1]:
        head = either.head()
        seen += [*head.missed, head.block]
    assert seen == mined
    assert either.next(0.3) is None


def test_next__when_nothing_comes__then_none_after_the_timeout_or_when_stopped(either: Follower) -> None:
    assert either.next(0.1) is None
    either.stop.set()
    assert either.next() is None
    assert list(either.heads.follow(either.stop)) == []


def test_follow__when_blocks_come__then_yields_until_stopped(either: Follower, chain: Chain) -> None:
    events = either.heads.follow(either.stop)
    wanted = _mined(chain, 1)[0]
    assert next(events) == NewHead(wanted)
    either.stop.set()
    assert list(events) == []


# ---- gaps and reorgs


def test_next__when_the_websocket_is_cut__then_missed_blocks_are_filled_in(
    subscribed: Follower, proxy: Proxy, chain: Chain
) -> None:
    proxy.websockets_down = True
    proxy.cut_websockets()
    mined = _mined(chain, 4)
    seen: list[BlockRef] = []
    while not seen or seen[-1] != mined[-1]:
        head = subscribed.head()
        assert head.reorg is None
        seen += [*head.missed, head.block]
    assert seen == mined
    assert not subscribed.heads.subscribed


def test_next__when_the_websocket_is_down_for_long__then_polls_and_subscribes_again_when_it_is_back(
    subscribed: Follower, proxy: Proxy, chain: Chain
) -> None:
    proxy.websockets_down = True
    proxy.cut_websockets()
    for _ in range(3):
        (mined,) = _mined(chain, 1)
        assert subscribed.next() == NewHead(mined)
        assert not subscribed.heads.subscribed
    proxy.websockets_down = False
    subscribed.clock.ahead += 100  # over any pause
    while not subscribed.heads.subscribed:
        subscribed.next(0.1)
    proxy.forget()
    (mined,) = _mined(chain, 1)
    assert subscribed.next() == NewHead(mined)
    assert proxy.posts == 0


def test_next__when_blocks_are_replaced__then_says_so_with_the_common_ancestor(either: Follower, chain: Chain) -> None:
    mined = _mined(chain, 3)
    last = None
    while last != mined[-1]:
        last = either.head().block
    account, other = chain.request("eth_accounts")[:2]
    chain.request("anvil_reorg", 2, [[{"from": account, "to": other, "value": "0x1"}, 0]])
    seen: list[BlockRef] = []
    reorgs = []
    while not seen or seen[-1] != chain.head():
        head = either.head()
        seen += [*head.missed, head.block]
        reorgs += [head.reorg] if head.reorg else []
    assert reorgs[0].ancestor == mined[0]
    assert set(reorgs[0].dropped) <= set(mined[1:])
    assert {block for reorg in reorgs for block in reorg.dropped} >= set(mined[1:])
    assert seen[-1] == chain.head()
    assert chain.block(mined[1].number) in seen


def test_next__when_the_gap_is_very_long__then_only_the_head(subscribed: Follower, proxy: Proxy, chain: Chain) -> None:
    proxy.websockets_down = True
    proxy.cut_websockets()
    chain.request("anvil_mine", hex(DEPTH + 50))
    head = subscribed.head()
    assert head == NewHead(chain.head())


def test_next__when_all_that_is_remembered_was_replaced__then_a_reorg_without_ancestor(
    proxy: Proxy, chain: Chain
) -> None:
    dev.mine(chain)
    follower = Follower(proxy, ws=False, block_time=BLOCK_TIME)
    first = follower.head().block
    account, other = chain.request("eth_accounts")[:2]
    chain.request("anvil_reorg", 1, [[{"from": account, "to": other, "value": "0x1"}, 0]])
    dev.mine(chain)
    head = follower.head()
    assert head.reorg == Reorg(None, (first,))
    assert head.block.number >= first.number


# ---- F-15: what has stopped


def test_F15_next__when_the_chain_halts__then_said_once_and_one_fresh_head_on_resume(
    either: Follower, chain: Chain
) -> None:
    last = chain.head()
    either.clock.ahead += PATIENCE
    stall = either.stall()
    assert (stall.kind, stall.last) == (Stalled.CHAIN, last)
    assert stall.silent >= PATIENCE
    assert either.heads.stalled is Stalled.CHAIN
    for _ in range(3):
        either.clock.ahead += PATIENCE
        assert either.next(0.05) is None
    chain.request("anvil_mine", "0x5")
    head = either.head()
    while head.block != chain.head():
        head = either.head()
    assert either.heads.stalled is None
    assert either.next(0.3) is None


def test_F15_next__when_only_the_websocket_is_silent__then_named_and_heads_come_by_polling(
    subscribed: Follower, proxy: Proxy, chain: Chain
) -> None:
    proxy.websockets_muted = True
    mined = _mined(chain, 2)
    assert subscribed.next(0.5) is None
    subscribed.clock.ahead += PATIENCE
    assert subscribed.stall().kind is Stalled.WEBSOCKET
    assert not subscribed.heads.subscribed
    assert subscribed.next() == NewHead(mined[1], (mined[0],))
    assert subscribed.heads.stalled is None


def test_F15_next__when_the_endpoint_is_frozen_too__then_it_looks_like_the_chain(
    subscribed: Follower, proxy: Proxy, chain: Chain
) -> None:
    proxy.websockets_muted = True
    proxy.inject(frozen_at(chain.head().number))
    dev.mine(chain)
    subscribed.clock.ahead += PATIENCE
    assert subscribed.stall().kind is Stalled.CHAIN


@pytest.mark.parametrize("fault", [status(503), refused("internal error")])
def test_F15_next__when_no_endpoint_answers__then_named_and_over_when_one_does(
    proxy: Proxy, chain: Chain, fault: Fault
) -> None:
    follower = Follower(proxy, ws=False, block_time=BLOCK_TIME)
    follower.head()
    proxy.inject(fault)
    follower.clock.ahead += PATIENCE
    assert follower.stall().kind is Stalled.ENDPOINTS
    wanted = _mined(chain, 2)
    assert follower.next(0.3) is None
    proxy.clear()
    assert follower.next() == NewHead(wanted[1], (wanted[0],))


def test_next__when_no_block_time_is_known__then_silence_means_nothing(proxy: Proxy) -> None:
    follower = Follower(proxy, ws=True)
    follower.head()
    follower.clock.ahead += 1e9
    assert follower.next(0.3) is None
    follower.heads.close()


# ---- wrong addresses


def test_heads__when_the_websocket_serves_another_chain__then_refused_by_name(proxy: Proxy) -> None:
    with ExitStack() as stack:
        other = stack.enter_context(fault_proxy(stack.enter_context(start_node("anvil", chain_id=5)).url))
        heads = Heads(Chain(proxy.url), f"{other.ws_url}/SECRET")
        with pytest.raises(WrongChainError, match="serves chain 5, not 31337") as caught:
            heads.next(Event(), LONG)
        assert "SECRET" not in str(caught.value)


def test_heads__when_it_is_no_websocket__then_usage_error(proxy: Proxy) -> None:
    with pytest.raises(UsageError, match="ws://") as caught:
        Heads(Chain(proxy.url), "http://x/SECRET")
    assert "SECRET" not in str(caught.value)
