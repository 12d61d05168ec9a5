"""The proxy itself, before a real node: what other tests rest on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eth_account import Account
from fault_proxy import (
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
    unsent,
)
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from controller.chain import dev
from controller.chain.client import Chain
from controller.chain.nodes import Node, start_node
from controller.chain.transport import RpcError
from controller.chain.wire import word
from controller.errors import NodeError

KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"  # development account 0
GWEI = 10**9


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with start_node("anvil") as running:
        yield running


@pytest.fixture
def proxy(node: Node) -> Iterator[Proxy]:
    with fault_proxy(node.url) as running:
        yield running


@pytest.fixture
def chain(proxy: Proxy) -> Chain:
    return Chain(proxy.url)


@pytest.fixture
def unmined(node: Node) -> Iterator[None]:
    chain = Chain(node.url)
    chain.request("evm_setAutomine", False)
    yield
    chain.request("evm_setAutomine", True)
    dev.mine(chain)


def _signed(node: Node, nonce: int, fee: int = 10 * GWEI, tip: int = GWEI) -> bytes:
    fields = {
        "to": node.accounts[1],
        "value": 1,
        "gas": 21_000,
        "nonce": nonce,
        "chainId": node.chain_id,
        "maxFeePerGas": fee,
        "maxPriorityFeePerGas": tip,
    }
    return bytes(Account.sign_transaction(fields, KEY).raw_transaction)


@pytest.mark.parametrize(
    ("fault", "part"),
    [
        (status(429), "HTTP 429"),
        (status(503), "HTTP 503"),
        (dropped(), "cannot be reached"),
        (answer_lost(), "cannot be reached"),
        (html(), "no usable answer"),
        (truncated(), "no usable answer"),
        (refused("out of order"), "out of order"),
    ],
)
def test_inject__when_twice__then_twice_and_honest_again(chain: Chain, proxy: Proxy, fault: object, part: str) -> None:
    proxy.forget()
    proxy.inject(fault, "eth_chainId", times=2, skip=1)  # type: ignore[arg-type]
    said = []
    for _ in range(4):
        try:
            said.append(chain.request("eth_chainId"))
        except NodeError as error:
            said.append(str(error))
    assert (said[0], said[3]) == ("0x7a69", "0x7a69")
    assert part in said[1]
    assert part in said[2]
    assert proxy.count("eth_chainId") == proxy.posts == 4


def test_inject__when_slower_than_the_timeout__then_node_error(node: Node, proxy: Proxy) -> None:
    chain = Chain(proxy.url, timeout=0.2)
    rule = proxy.inject(delayed(5), "eth_gasPrice")
    with pytest.raises(NodeError, match="in time"):
        chain.request("eth_gasPrice")
    rule.clear()
    assert int(chain.request("eth_gasPrice"), 16) > 0


def test_altered__when_in_a_batch__then_only_that_answer(chain: Chain, proxy: Proxy, node: Node) -> None:
    proxy.forget()
    proxy.inject(altered(lambda balance: hex(int(balance, 16) + 1)), "eth_getBalance")
    honest = int(Chain(node.url).request("eth_getBalance", node.accounts[5], "latest"), 16)
    found = chain.batch([("eth_chainId", []), ("eth_getBalance", [node.accounts[5], "latest"])])
    assert found == ["0x7a69", hex(honest + 1)]
    assert proxy.posts == 1
    assert [call.method for call in proxy.calls()] == ["eth_chainId", "eth_getBalance"]
    assert proxy.calls("eth_getBalance")[0].answer["result"] == hex(honest + 1)


def test_behind__when_blocks_are_mined__then_serves_what_was(chain: Chain, proxy: Proxy, node: Node) -> None:
    honest = Chain(node.url)
    first = honest.head()
    receipt = dev.transact(honest, node.accounts[0], node.accounts[9], value=5)
    dev.mine(honest)
    before = honest.balance(node.accounts[9], first)
    rule = proxy.inject(behind(2))
    assert chain.head() == first
    assert chain.receipt(receipt.transaction) is None
    assert int(chain.request("eth_getBalance", node.accounts[9], "latest"), 16) == before
    assert chain.balance(node.accounts[9], first) == before
    with pytest.raises(NodeError, match="has no block"):
        chain.block(first.number + 1)
    with pytest.raises(NodeError):
        chain.balance(node.accounts[9], honest.head())
    rule.clear()
    assert chain.head() == honest.head()
    proxy.inject(frozen_at(first.number))
    dev.mine(honest)
    assert chain.head() == first


def test_hidden__when_mined__then_no_receipt(chain: Chain, proxy: Proxy, node: Node) -> None:
    receipt = dev.transact(Chain(node.url), node.accounts[0], node.accounts[9], value=5)
    proxy.inject(hidden(), "eth_getTransactionReceipt", times=1)
    assert chain.receipt(receipt.transaction) is None
    assert chain.receipt(receipt.transaction) == receipt


def test_unsent__when_sent__then_the_hash_and_nothing_at_the_node(chain: Chain, proxy: Proxy, node: Node) -> None:
    nonce = chain.nonce(node.accounts[0])
    proxy.inject(unsent(), "eth_sendRawTransaction", times=1)
    hash_ = chain.send_raw(_signed(node, nonce))
    assert chain.nonce(node.accounts[0]) == nonce
    assert chain.send_raw(_signed(node, nonce)) == hash_
    assert chain.nonce(node.accounts[0]) == nonce + 1


@pytest.mark.usefixtures("unmined")
@pytest.mark.parametrize("holding", [False, True])
def test_geth_pool__when_a_replacement_pays_too_little__then_geths_words(
    chain: Chain, proxy: Proxy, node: Node, holding: bool
) -> None:
    pool = proxy.geth_pool()
    pool.holding = holding
    nonce = chain.nonce(node.accounts[0])
    chain.send_raw(_signed(node, nonce))
    with pytest.raises(RpcError, match="already known"):
        chain.send_raw(_signed(node, nonce))
    for fee, tip in ((11 * GWEI - 1, 2 * GWEI), (20 * GWEI, 11 * GWEI // 10 - 1)):
        with pytest.raises(RpcError, match="replacement transaction underpriced"):
            chain.send_raw(_signed(node, nonce, fee, tip))
    better = chain.send_raw(_signed(node, nonce, 11 * GWEI, 11 * GWEI // 10))
    assert chain.nonce(node.accounts[0]) == nonce + 1
    assert chain.request("eth_getTransactionByHash", word(better))["blockNumber"] is None
    pool.release()
    dev.mine(chain)
    assert chain.receipt(better) is not None
    with pytest.raises(RpcError, match="nonce too low"):
        chain.send_raw(_signed(node, nonce, 30 * GWEI, 3 * GWEI))


@pytest.mark.usefixtures("unmined")
def test_geth_pool__when_the_transaction_is_of_the_oldest_kind__then_its_price_counts_as_both_fees(
    chain: Chain, proxy: Proxy, node: Node
) -> None:
    proxy.geth_pool()
    nonce = chain.nonce(node.accounts[0])
    common = {"to": node.accounts[1], "value": 1, "gas": 21_000, "nonce": nonce, "chainId": node.chain_id}

    def signed(price: int) -> bytes:
        return bytes(Account.sign_transaction({**common, "gasPrice": price}, KEY).raw_transaction)

    chain.send_raw(signed(10 * GWEI))
    with pytest.raises(RpcError, match="underpriced"):
        chain.send_raw(signed(11 * GWEI - 1))
    with pytest.raises(RpcError, match="underpriced"):
        chain.send_raw(_signed(node, nonce, 20 * GWEI, GWEI))
    chain.send_raw(signed(11 * GWEI))


@pytest.mark.usefixtures("unmined")
def test_geth_pool__when_full__then_refuses_the_next_of_that_account(chain: Chain, proxy: Proxy, node: Node) -> None:
    proxy.geth_pool(limit=2)
    nonce = chain.nonce(node.accounts[0])
    for more in (0, 1):
        chain.send_raw(_signed(node, nonce + more))
    with pytest.raises(RpcError, match="account limit exceeded"):
        chain.send_raw(_signed(node, nonce + 2))
    dev.mine(chain)
    assert chain.send_raw(_signed(node, nonce + 2))


@pytest.mark.usefixtures("unmined")
def test_geth_pool__when_it_pays_less_than_the_base_fee__then_waits(chain: Chain, proxy: Proxy, node: Node) -> None:
    pool = proxy.geth_pool()
    nonce = chain.nonce(node.accounts[0])
    sent = chain.send_raw(_signed(node, nonce, fee=2, tip=1))
    assert [word(sent)] == [pooled.hash for pooled in pool.held]
    chain.request("anvil_setNextBlockBaseFeePerGas", hex(100 * GWEI))
    dev.mine(chain)
    pool.release()
    assert [word(sent)] == [pooled.hash for pooled in pool.held]
    chain.request("anvil_setNextBlockBaseFeePerGas", "0x1")
    pool.release()
    assert pool.held == ()
    dev.mine(chain)
    assert chain.receipt(sent) is not None


def test_geth_pool__when_a_reorg_gives_it_back_below_the_base_fee__then_waits(
    chain: Chain, proxy: Proxy, node: Node
) -> None:
    pool = proxy.geth_pool()
    sent = chain.send_raw(_signed(node, chain.nonce(node.accounts[0]), fee=50 * GWEI, tip=1))
    raw = chain.request("eth_getRawTransactionByHash", word(sent))
    chain.request("anvil_reorg", 1, [])
    chain.request("anvil_setNextBlockBaseFeePerGas", hex(100 * GWEI))
    dev.mine(chain)
    pool.restore(raw)
    assert [word(sent)] == [pooled.hash for pooled in pool.held]


def test_websocket__when_cut_and_down__then_closed_and_refused(proxy: Proxy) -> None:
    ask = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}'
    with connect(proxy.ws_url) as socket:
        socket.send(ask)
        assert "0x7a69" in str(socket.recv(timeout=5))
        proxy.cut_websockets()
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)
    proxy.websockets_down = True
    with connect(proxy.ws_url) as socket, pytest.raises(ConnectionClosed):
        socket.recv(timeout=5)
