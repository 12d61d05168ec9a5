"""What nodes send that they should not, each as one of our errors and never with the URL's secret. F-14"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from controller.chain import wire
from controller.chain.client import Chain
from controller.chain.transport import NoAnswerError, RpcError, Transport, retry_after, shown
from controller.errors import NodeError, RevertError, UsageError

URL = "https://user:PASSWORD@rpc.example.org:8443/v3/SECRET?key=SECRET"


def _transport(monkeypatch: pytest.MonkeyPatch, answer: object) -> Transport:
    transport = Transport(URL, 1.0)

    def respond(*_: object) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(transport._provider, "make_request", respond)
    monkeypatch.setattr(transport._provider, "make_batch_request", respond)
    return transport


def _http(status: int) -> requests.HTTPError:
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError(f"{status} for url {URL}", response=response)


@pytest.mark.parametrize(
    ("trouble", "part"),
    [
        (_http(429), "answered HTTP 429"),
        (_http(503), "answered HTTP 503"),
        (requests.ConnectTimeout(URL), "did not answer in time"),
        (requests.ReadTimeout(URL), "did not answer in time"),
        (requests.ConnectionError(URL), "cannot be reached"),
        (requests.exceptions.JSONDecodeError("Expecting value", "<html>", 0), "no usable answer"),
        (ValueError(URL), "no usable answer"),
        ({}, "no JSON-RPC answer"),
        ("<html>", "no JSON-RPC answer"),
        (None, "no JSON-RPC answer"),
        ({"error": "rate limited"}, "rate limited"),
        ({"error": {"code": -32005, "message": "query returned more than 10000 results"}}, "10000 results"),
    ],
)
def test_request__when_the_answer_is_none__then_node_error(
    monkeypatch: pytest.MonkeyPatch, trouble: object, part: str
) -> None:
    with pytest.raises(NodeError, match=part) as caught:
        _transport(monkeypatch, trouble).request("eth_chainId", [])
    assert "SECRET" not in f"{caught.value}{caught.value!r}"
    assert "PASSWORD" not in f"{caught.value}{caught.value!r}"
    assert caught.value.hint


@pytest.mark.parametrize("answer", [{}, [], [{"result": "0x1"}], {"error": {"code": 1, "message": "no batches"}}])
def test_batch__when_answers_are_missing__then_node_error(monkeypatch: pytest.MonkeyPatch, answer: object) -> None:
    with pytest.raises(NodeError):
        _transport(monkeypatch, answer).batch([("eth_chainId", []), ("eth_blockNumber", [])])


def test_request__when_it_reverts__then_revert_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RevertError):
        _transport(monkeypatch, {"error": {"code": 3, "message": "execution reverted"}}).request("eth_call", [])


def test_transport__when_shown__then_without_what_may_be_a_key() -> None:
    assert repr(Transport(URL, 1.0)) == "Transport(https://rpc.example.org:8443)"
    assert shown(URL) == "https://rpc.example.org:8443"


@pytest.mark.parametrize("url", ["ws://x", "localhost:8545", "", "file:///etc/passwd"])
def test_transport__when_no_http__then_usage_error(url: str) -> None:
    with pytest.raises(UsageError):
        Transport(url, 1.0)


@pytest.mark.parametrize("value", [None, "", "0xzz", 5, {}, []])
def test_wire__when_values_are_not_hex__then_node_error(value: object) -> None:
    for read in (wire.quantity, wire.octets):
        if (read, value) == (wire.octets, ""):
            continue
        with pytest.raises(NodeError):
            read(value)


@pytest.mark.parametrize("answer", [None, {}, {"number": "0x1"}, [], "x"])
def test_wire__when_fields_are_missing__then_node_error(answer: object) -> None:
    for read in (wire.block_ref, wire.log, wire.proof, wire.header_fields):
        with pytest.raises(NodeError):
            read(answer)


NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, 0.0),
        ("", 0.0),
        ("soon", 0.0),
        ("-5", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Thu, 01 Jan 2026 00:01:30 GMT", 90.0),
        ("Thu, 01 Jan 2026 00:01:30 -0000", 90.0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0.0),
    ],
)
def test_F14_retry_after__when_read__then_seconds(text: str | None, seconds: float) -> None:
    assert retry_after(text, NOW) == seconds


def test_F14_request__when_the_header_names_a_time__then_the_error_carries_it(monkeypatch: pytest.MonkeyPatch) -> None:
    trouble = _http(429)
    assert trouble.response is not None
    trouble.response.headers["Retry-After"] = "17"
    with pytest.raises(NoAnswerError) as caught:
        _transport(monkeypatch, trouble).request("eth_chainId", [])
    assert (caught.value.status, caught.value.retry_after) == (429, 17.0)


class _Node:
    """A transport with a limit on the range of logs."""

    shown = serving = "fake"

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.ranges: list[tuple[int, int]] = []

    def request(self, method: str, parameters: Any) -> Any:
        assert method in {"eth_chainId", "eth_getBlockByNumber"}
        return {"eth_chainId": "0x1"}.get(method, {"number": "0x64", "hash": "0x" + "11" * 32, "timestamp": "0x0"})

    def batch(self, calls: Any) -> Any:
        (method, (query,)), (other, parameters) = calls
        assert method == "eth_getLogs"
        start, stop = (int(query[key], 16) for key in ("fromBlock", "toBlock"))
        if stop - start + 1 > self.limit:
            raise RpcError(method, -32005, "too many results")
        self.ranges.append((start, stop))
        return [[], self.request(other, parameters)]

    def distrust(self) -> bool:
        return False


@pytest.mark.parametrize("limit", [1, 7, 1_000])
def test_logs__when_the_node_limits_the_range__then_halved_and_complete(limit: int) -> None:
    node = _Node(limit)
    chain = Chain(node)
    assert chain.logs("0x" + "11" * 20, [], 3, chain.block(100)) == []
    covered = [number for start, stop in node.ranges for number in range(start, stop + 1)]
    assert covered == list(range(3, 101))
