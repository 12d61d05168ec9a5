"""Several endpoints, each a proxy before one real node, in simulated time: fail-over, staleness, quorum, budget."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from time import monotonic, sleep

import pytest
from fault_proxy import (
    Fault,
    Proxy,
    altered,
    answer_lost,
    behind,
    delayed,
    dropped,
    fault_proxy,
    frozen_at,
    hidden,
    html,
    refused,
    status,
    truncated,
)
from plan_world import PlanWorld, build

from controller.chain import dev
from controller.chain.client import Chain
from controller.chain.endpoints import Endpoints
from controller.chain.health import Manners, Timing
from controller.chain.nodes import Node, start_node
from controller.chain.transport import NoAnswerError, RpcError
from controller.errors import (
    DisagreeingNodesError,
    NodeError,
    RequestBudgetError,
    RevertError,
    StaleHeadError,
    UsageError,
    WrongChainError,
)

START = 946_684_800
ACCOUNT = "0x" + "11" * 20


@dataclass
class Time:
    """Simulated: sleeping only moves the clock."""

    at: float = float(START)
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    @property
    def timing(self) -> Timing:
        return Timing(clock=lambda: self.at, now=lambda: self.at, sleep=self.sleep, chance=lambda: 1.0)


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with start_node("anvil", timestamp=START) as running:
        yield running


@pytest.fixture
def proxies(node: Node) -> Iterator[tuple[Proxy, Proxy, Proxy]]:
    with ExitStack() as stack:
        first, second, third = (stack.enter_context(fault_proxy(node.url)) for _ in range(3))
        yield first, second, third


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def honest(node: Node) -> Chain:
    return Chain(node.url, node.chain_id)


def _endpoints(proxies: tuple[Proxy, ...], time: Time, manners: Manners | None = None, **more: object) -> Endpoints:
    given = manners or Manners(probe=0.0)
    return Endpoints([proxy.url for proxy in proxies], 31337, manners=given, timing=time.timing, **more)  # type: ignore[arg-type]


# ---- F-14: fail-over, cool-down, back-off, budget


@pytest.mark.parametrize(
    "fault",
    [status(429), status(502), status(503), dropped(), html(), truncated(), delayed(5), refused("rate limit exceeded")],
)
def test_F14_request__when_one_endpoint_fails__then_the_next_answers_and_it_is_left_alone(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time, fault: Fault
) -> None:
    endpoints = _endpoints(proxies, time, Manners(probe=1e9), timeout=0.3)
    chain = Chain(endpoints)
    head = chain.head()
    assert chain.pins_by_hash
    proxies[0].inject(fault)
    proxies[0].forget()
    assert chain.balance(ACCOUNT, head) == chain.balance(ACCOUNT, head)
    assert proxies[0].posts == 1
    assert proxies[1].posts > 0
    assert time.slept == []
    first, second, _ = endpoints.health
    assert (first.usable, second.usable) == (False, True)
    assert first.error_rate > second.error_rate == 0
    assert first.trouble
    assert chain.serving == proxies[1].url


def test_F14_request__when_the_first_recovers__then_it_is_preferred_again(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time
) -> None:
    endpoints = _endpoints(proxies, time)
    chain = Chain(endpoints)
    proxies[0].inject(status(500), times=1)
    chain.head()
    assert chain.serving == proxies[1].url
    for _ in range(10):
        time.at += 60
        chain.head()
    assert chain.serving == proxies[0].url


def test_F14_request__when_429_names_a_time__then_not_asked_before(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time
) -> None:
    endpoints = _endpoints(proxies[:2], time, Manners(probe=0.0))
    chain = Chain(endpoints)
    proxies[0].inject(status(429, retry_after=30), times=1)
    chain.head()
    proxies[0].forget()
    for _ in range(29):
        time.at += 1
        chain.head()
    assert proxies[0].count() == 0
    time.at += 1
    chain.head()
    assert proxies[0].count() == 1


def test_F14_request__when_the_only_one_fails_again_and_again__then_longer_pauses_and_an_end(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time
) -> None:
    endpoints = _endpoints(proxies[:1], time, Manners(tries=4, patience=100.0, first_pause=1.0))
    chain = Chain(endpoints)
    proxies[0].forget()
    proxies[0].inject(status(503))
    with pytest.raises(NodeError, match="HTTP 503"):
        chain.request("eth_gasPrice")
    assert time.slept == [1.0, 2.0, 4.0]
    assert proxies[0].count() == 4
    with pytest.raises(NodeError, match="HTTP 503"):
        chain.request("eth_gasPrice")
    proxies[0].clear()
    time.at += 1_000
    assert chain.request("eth_gasPrice")


def test_F14_request__when_it_would_have_to_wait_too_long__then_fails_at_once_by_name(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time
) -> None:
    chain = Chain(_endpoints(proxies[:2], time, Manners(patience=5.0)))
    for proxy in proxies[:2]:
        proxy.inject(status(429, retry_after=3_600))
    with pytest.raises(NodeError, match="HTTP 429"):
        chain.request("eth_gasPrice")
    with pytest.raises(NodeError, match="No endpoint can be asked now"):
        chain.request("eth_gasPrice")
    assert time.slept == []


def test_F14_budget__when_spent__then_named_and_nothing_more_is_asked(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time
) -> None:
    endpoints = _endpoints(proxies, time, Manners(probe=1e9))
    chain = Chain(endpoints)
    head = chain.head()
    for proxy in proxies:
        proxy.forget()
    with endpoints.budget(3):
        for _ in range(3):
            chain.verify(head)
        with pytest.raises(RequestBudgetError, match="one tick"):
            chain.verify(head)
    assert sum(proxy.posts for proxy in proxies) == 3
    chain.verify(head)


def test_F14_budget__when_endpoints_fail__then_their_requests_count(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time
) -> None:
    endpoints = _endpoints(proxies, time, Manners(probe=1e9))
    chain = Chain(endpoints)
    proxies[0].inject(dropped())
    proxies[1].inject(dropped())
    with endpoints.budget(2), pytest.raises(RequestBudgetError):
        chain.request("eth_gasPrice")


def test_request__when_it_reverts_or_is_wrong__then_no_other_endpoint_is_asked(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time
) -> None:
    chain = Chain(_endpoints(proxies, time, Manners(probe=1e9)))
    proxies[0].inject(refused("execution reverted", code=3), "eth_call", times=1)
    with pytest.raises(RevertError):
        chain.request("eth_call", {"to": ACCOUNT}, "latest")
    with pytest.raises(RpcError):
        chain.request("eth_getBalance", "nonsense", "latest")
    assert proxies[1].count() == proxies[2].count() == 0


# ---- F-11: stale endpoints, pinned reads


@pytest.mark.parametrize("stuck", ["lagging", "frozen"])
def test_F11_head__when_an_endpoint_lags__then_it_is_passed_over(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time, honest: Chain, stuck: str
) -> None:
    chain = Chain(endpoints := _endpoints(proxies[:2], time))
    for _ in range(5):
        dev.mine(honest)
    proxies[0].inject(behind(3) if stuck == "lagging" else frozen_at(honest.head().number))
    for _ in range(3):
        dev.mine(honest)
    assert chain.head() == honest.head()
    first, second = endpoints.health
    assert (first.usable, first.lag) == (False, 3)
    assert "3 blocks behind" in first.trouble
    assert (second.usable, second.lag) == (True, 0)
    proxies[0].forget()
    assert chain.request("eth_gasPrice")
    assert proxies[0].posts == 0
    proxies[0].clear()
    assert chain.head() == honest.head()
    assert chain.serving == proxies[0].url


def test_F11_head__when_only_slightly_behind__then_it_may_serve(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time, honest: Chain
) -> None:
    chain = Chain(_endpoints(proxies[:2], time))
    for _ in range(3):
        dev.mine(honest)
    proxies[0].inject(behind(2))
    assert chain.head().number == honest.head().number - 2


def test_F11_head__when_the_only_one_is_old_by_the_clock__then_stale_by_name(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time, honest: Chain
) -> None:
    chain = Chain(_endpoints(proxies[:1], time, Manners(max_age=60.0)))
    dev.mine(honest)
    time.at = float(honest.head().timestamp + 60)
    chain.head()
    time.at += 1
    with pytest.raises(StaleHeadError, match="newest is 61 seconds old"):
        chain.head()
    dev.mine(honest)
    chain.head()


def test_F11_pinned__when_the_reader_is_behind__then_another_has_that_block(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time, honest: Chain, node: Node
) -> None:
    chain = Chain(_endpoints(proxies[:2], time, Manners(probe=1e9)))
    assert chain.pins_by_hash
    dev.transact(honest, node.accounts[0], ACCOUNT, value=1)
    head = chain.head()
    wanted = honest.balance(ACCOUNT, head)
    rule = proxies[0].inject(behind(1))
    proxies[1].forget()
    assert chain.balance(ACCOUNT, head) == wanted
    assert proxies[1].count("eth_getBalance") == 1
    proxies[1].inject(behind(1))
    with pytest.raises(NodeError, match="not part of the chain"):
        chain.balance(ACCOUNT, head)
    rule.clear()


# ---- wrong chain


def test_F23_request__when_an_endpoint_serves_another_chain__then_refused_by_name_and_never_used(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time
) -> None:
    proxies[0].inject(altered(lambda _id: "0x5"), "eth_chainId")
    endpoints = _endpoints(proxies, time)
    chain = Chain(endpoints)
    chain.head()
    time.at += 1_000
    chain.head()
    assert {call.method for call in proxies[0].calls()} == {"eth_chainId"}
    assert proxies[0].count() == 1
    assert "serves chain 5, not 31337" in endpoints.health[0].trouble


def test_F23_request__when_all_serve_another_chain__then_wrong_chain(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time
) -> None:
    for proxy in proxies:
        proxy.inject(altered(lambda _id: "0x5"), "eth_chainId")
    with pytest.raises(WrongChainError, match="serves chain 5"):
        Chain(_endpoints(proxies, time))


# ---- F-12: quorum


@pytest.fixture(scope="module")
def world(node: Node) -> PlanWorld:
    return build(Chain(node.url, node.chain_id), node.accounts[0])


@pytest.mark.parametrize("liar", [0, 1])
def test_F12_agreeing__when_one_alters_a_balance__then_disagreement(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time, world: PlanWorld, liar: int
) -> None:
    endpoints = _endpoints(proxies[:2], time, quorum=2)
    chain = Chain(endpoints)
    head = chain.head()
    proxies[liar].inject(altered(lambda balance: hex(int(balance, 16) + 1)), "eth_getBalance")
    chain.balance(world.owner, head)
    with endpoints.agreeing(head), pytest.raises(DisagreeingNodesError, match="eth_getBalance differently") as caught:
        chain.balance(world.owner, head)
    assert proxies[0].url in str(caught.value)
    assert proxies[1].url in str(caught.value)


def test_F12_agreeing__when_one_alters_a_call_in_a_batch__then_disagreement(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time, world: PlanWorld
) -> None:
    endpoints = _endpoints(proxies[:2], time, quorum=2)
    chain = Chain(endpoints)
    head = chain.head()
    calls = [(world.vault, world.contract.encode("status")), (world.vault, world.contract.encode("ledger"))]
    with endpoints.agreeing(head):
        assert chain.calls(calls, head) == world.chain.calls(calls, head)
        proxies[1].inject(altered(lambda data: data[:-1] + ("0" if data[-1] != "0" else "1")), "eth_call", skip=1)
        with pytest.raises(DisagreeingNodesError, match="eth_call differently"):
            chain.calls(calls, head)


def test_F12_agreeing__when_one_says_that_it_reverts__then_disagreement(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time, world: PlanWorld
) -> None:
    endpoints = _endpoints(proxies[:2], time, quorum=2)
    chain = Chain(endpoints)
    head = chain.head()
    both = world.contract.encode("panic", 0)
    with endpoints.agreeing(head):
        with pytest.raises(RevertError):
            chain.call(world.vault, both, head)
        proxies[1].inject(refused("execution reverted", code=3, data="0x"), "eth_call")
        for call in ("status", "panic"):
            with pytest.raises(DisagreeingNodesError):
                chain.call(world.vault, world.contract.encode(call, *([0] if call == "panic" else [])), head)


def test_F12_agreeing__when_another_branch_is_served__then_disagreement(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time
) -> None:
    endpoints = _endpoints(proxies[:2], time, quorum=2)
    head = Chain(endpoints).head()
    proxies[1].inject(altered(lambda block: {**block, "hash": "0x" + "22" * 32}), "eth_getBlockByNumber")
    with pytest.raises(DisagreeingNodesError), endpoints.agreeing(head):
        pytest.fail("entered")
    proxies[0].inject(altered(lambda block: {**block, "hash": "0x" + "22" * 32}), "eth_getBlockByNumber")
    with pytest.raises(DisagreeingNodesError, match=f"block {head.number}"), endpoints.agreeing(head):
        pytest.fail("entered")


def test_F12_agreeing__when_too_few_answer__then_node_error_and_one_of_three_may_be_down(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time, world: PlanWorld
) -> None:
    endpoints = _endpoints(proxies, time, quorum=2)
    chain = Chain(endpoints)
    head = chain.head()
    proxies[0].inject(status(500))
    with endpoints.agreeing(head):
        assert chain.balance(world.owner, head) == world.chain.balance(world.owner, head)
    proxies[1].inject(hidden())
    proxies[1].inject(status(500))
    with pytest.raises(NodeError, match="HTTP 500"), endpoints.agreeing(head):
        pytest.fail("entered")


def test_F12_endpoints__when_more_must_agree_than_there_are__then_refused_at_start(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time
) -> None:
    for some in (proxies[:1], (proxies[0], proxies[0])):
        with pytest.raises(UsageError, match="2 endpoints cannot agree where 1 are configured"):
            _endpoints(some, time, quorum=2)


def test_agreeing__when_the_quorum_is_one__then_one_endpoint_is_asked(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time
) -> None:
    endpoints = _endpoints(proxies, time, Manners(probe=1e9))
    chain = Chain(endpoints)
    head = chain.head()
    assert chain.pins_by_hash
    for proxy in proxies:
        proxy.forget()
    with endpoints.agreeing(head):
        chain.balance(ACCOUNT, head)
    assert proxies[0].count("eth_getBalance") == 1
    assert proxies[1].count() == proxies[2].count() == 0


# ---- writes


def _raw(world: PlanWorld) -> bytes:
    fields = {
        "to": ACCOUNT,
        "value": 1,
        "gas": 21_000,
        "nonce": world.chain.nonce(world.signer.address),
        "chainId": 31337,
        "maxFeePerGas": 10**11,
        "maxPriorityFeePerGas": 1,
    }
    return world.signer.sign(fields)


def _is_mined(chain: Chain, transaction: bytes) -> bool:
    """anvil mines a moment after it has answered."""
    until = monotonic() + 30
    while chain.receipt(transaction) is None and monotonic() < until:
        sleep(0.01)
    return chain.receipt(transaction) is not None


def test_send_raw__when_public__then_every_endpoint_gets_it_and_one_success_is_enough(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time, world: PlanWorld
) -> None:
    chain = Chain(_endpoints(proxies, time))
    proxies[0].inject(dropped(), "eth_sendRawTransaction")
    sent = chain.send_raw(_raw(world))
    assert [proxy.count("eth_sendRawTransaction") for proxy in proxies] == [1, 1, 1]
    assert _is_mined(world.chain, sent)


def test_send_raw__when_all_refuse__then_a_nodes_own_words(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time, world: PlanWorld
) -> None:
    chain = Chain(_endpoints(proxies[:2], time))
    for proxy in proxies[:2]:
        proxy.inject(refused("nonce too low"), "eth_sendRawTransaction")
    with pytest.raises(RpcError, match="nonce too low"):
        chain.send_raw(_raw(world))


def test_send_raw__when_one_refuses_and_one_gives_no_answer__then_it_may_have_the_bytes(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time, world: PlanWorld
) -> None:
    chain = Chain(_endpoints(proxies[:2], time))
    proxies[0].inject(answer_lost(), "eth_sendRawTransaction")
    proxies[1].inject(refused("insufficient funds"), "eth_sendRawTransaction")
    with pytest.raises(NoAnswerError):
        chain.send_raw(_raw(world))
    assert world.chain.request("eth_getBlockByNumber", "latest", False)["transactions"]


def test_send_raw__when_a_private_endpoint_is_named__then_no_other_ever_gets_it(
    proxies: tuple[Proxy, Proxy, Proxy], time: Time, world: PlanWorld
) -> None:
    chain = Chain(_endpoints(proxies[:2], time, private=proxies[2].url))
    raw = _raw(world)
    proxies[2].inject(status(500), times=1)
    sent = chain.send_raw(raw)
    assert _is_mined(world.chain, sent)
    proxies[2].inject(dropped())
    with pytest.raises(NodeError):
        chain.send_raw(raw)
    assert proxies[0].count("eth_sendRawTransaction") == proxies[1].count("eth_sendRawTransaction") == 0
