"""How many vaults are asked for at once, against simulated endpoints with limits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from planning_pieces import make_mandate, make_snapshot, price
from view_encoding import BLOCK, answer, failed, view

from controller.chain import lens
from controller.chain.abi import checksum, decode
from controller.chain.artifacts import load
from controller.chain.client import Chain
from controller.chain.errors import revert_of
from controller.chain.transport import NoAnswerError, RpcError
from controller.chain.wire import octets, word
from controller.errors import CodeMismatchError, EvenkeelError, NodeError, NotFoundError, RevertError
from controller.model import Snapshot

LENS = "0x" + "aa" * 20
HASH = word(BLOCK.hash)


ONE = make_snapshot(make_mandate([6_000, 4_000]), [10**18, 10**18], [price(100, 18), price(50, 18)])
GOOD = answer([view(ONE)])[96:]  # one element: it is the same for every vault


def _of(*elements: bytes) -> bytes:
    offsets, at = [], 32 * len(elements)
    for element in elements:
        offsets.append(at.to_bytes(32))
        at += len(element)
    return b"".join([(32).to_bytes(32), len(elements).to_bytes(32), *offsets, *elements])


def _bad(name: str) -> bytes:
    error = load("VaultLens").abi.errors[name]
    arguments = bytes(32 * len(error.inputs))
    return answer([failed(ONE.vault, error.selector + arguments, ONE)])[96:]


@dataclass
class Node:
    """A node with a limit on the vaults of one call and of one request."""

    call: int = 10_000
    request_: int = 10_000
    error: Callable[[], Exception] = lambda: _reverts("out of gas")
    large: Callable[[], Exception] = lambda: RpcError("eth_call", -32000, "response too large")
    starved: int = 10_000  # vaults in one call above which none of them gets enough gas
    strangers: frozenset[str] = frozenset()
    serving: str = "one"
    asked: list[list[int]] = field(default_factory=list)  # vaults of each call, by request
    shown: str = "simulated"

    def request(self, method: str, parameters: Sequence[Any]) -> Any:
        if method == "eth_call":
            return self.batch([(method, parameters)])[0]
        return {"eth_chainId": "0x1", "eth_getBalance": "0x0"}.get(method) or {
            "number": hex(BLOCK.number),
            "hash": HASH,
            "timestamp": hex(BLOCK.timestamp),
        }

    def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        asked = [self._vaults(parameters) for method, parameters in calls if method == "eth_call"]
        self.asked.append([len(vaults) for vaults in asked])
        if sum(self.asked[-1]) > self.request_:
            raise self.large()
        if max(self.asked[-1]) > self.call:
            raise self.error()
        answers: list[Any] = [word(self._answer(vaults)) for vaults in asked]
        return answers + [self.request("eth_getBlockByNumber", [])] * (len(calls) - len(asked))

    @staticmethod
    def _vaults(parameters: Sequence[Any]) -> list[str]:
        return list(decode(["address[]"], octets(parameters[0]["data"])[4:])[0])

    def _answer(self, vaults: list[str]) -> bytes:
        if len(vaults) > self.starved:
            return _of(*[_bad("GasTooLow")] * len(vaults))
        return _of(*(_bad("VaultUnreadable") if vault in self.strangers else GOOD for vault in vaults))

    def distrust(self) -> bool:
        return False


def _reverts(message: str) -> Exception:
    found = revert_of({"code": -32000, "message": message})
    assert found is not None
    return found


def _vaults(count: int) -> list[str]:
    return [checksum(number.to_bytes(20)) for number in range(1, count + 1)]


def _read(chain: Chain, count: int) -> dict[str, Snapshot | EvenkeelError]:
    vaults = _vaults(count)
    found = lens.snapshots(chain, LENS, vaults, BLOCK)
    assert list(found) == vaults
    return found


def _all_good(found: dict[str, Snapshot | EvenkeelError]) -> bool:
    return all(isinstance(one, Snapshot) for one in found.values())


@pytest.mark.parametrize(("count", "requests"), [(1, 1), (100, 1), (500, 1), (501, 2), (1_000, 2)])
def test_snapshots__when_nothing_limits__then_500_vaults_in_one_request(count: int, requests: int) -> None:
    node = Node()
    assert _all_good(_read(Chain(node), count))
    assert len(node.asked) == requests
    assert max(map(max, node.asked)) <= 100


@pytest.mark.parametrize(
    "error",
    [
        lambda: _reverts("EVM error MemoryOOG"),
        lambda: _reverts("out of gas"),
        lambda: _reverts("VM Exception while processing transaction: out of gas"),
        lambda: RpcError("eth_call", -32000, "gas required exceeds allowance (50000000)"),
    ],
)
def test_snapshots__when_a_call_takes_too_much_gas__then_halved_and_remembered(error: Callable[[], Exception]) -> None:
    node = Node(call=30, error=error)
    chain = Chain(node)
    assert _all_good(_read(chain, 500))
    assert [max(calls) for calls in node.asked] == [100, 50, 25]
    node.asked.clear()
    assert _all_good(_read(chain, 500))
    assert node.asked == [[25] * 20]


@pytest.mark.parametrize(
    "large",
    [
        lambda: RpcError("eth_call", -32003, "response too large"),
        lambda: RpcError("eth_call", -32000, "execution timeout"),
        lambda: RpcError("eth_call", -32000, "execution aborted (timeout = 5s)"),
        lambda: NoAnswerError("HTTP 413", "", status=413),
    ],
)
def test_snapshots__when_a_request_is_too_large__then_halved_and_remembered(large: Callable[[], Exception]) -> None:
    node = Node(request_=70, large=large)
    chain = Chain(node)
    assert _all_good(_read(chain, 500))
    assert [sum(calls) for calls in node.asked] == [500, 250, 125, *[62] * 8, 4]
    node.asked.clear()
    assert _all_good(_read(chain, 60))
    assert len(node.asked) == 1


def test_snapshots__when_another_endpoint_serves__then_it_is_asked_for_as_much_as_it_takes() -> None:
    node = Node(call=10)
    chain = Chain(node)
    _read(chain, 100)
    node.serving, node.call = "two", 1_000
    node.asked.clear()
    assert _all_good(_read(chain, 500))
    assert node.asked == [[100] * 5]
    node.serving, node.call = "one", 10
    node.asked.clear()
    assert _all_good(_read(chain, 60))
    assert node.asked == [[6] * 10]


def test_snapshots__when_all_went_well_for_long__then_more_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lens, "GROW_AFTER", 3)
    node = Node(call=60)
    chain = Chain(node)
    _read(chain, 500)
    node.call = 1_000
    node.asked.clear()
    for _ in range(4):
        _read(chain, 500)
    assert node.asked == [*[[50] * 10] * 2, *[[100] * 5] * 2]


def test_snapshots__when_vaults_get_too_little_gas__then_read_again_in_smaller_calls_and_remembered() -> None:
    node = Node(starved=40)
    chain = Chain(node)
    assert _all_good(_read(chain, 200))
    assert [max(calls) for calls in node.asked] == [100, 50, 25]
    node.asked.clear()
    assert _all_good(_read(chain, 200))
    assert node.asked == [[25] * 8]


def test_snapshots__when_some_are_no_vaults__then_one_more_request_and_nothing_is_remembered() -> None:
    strangers = frozenset(_vaults(7)[5:6])
    node = Node(strangers=strangers)
    chain = Chain(node)
    found = _read(chain, 500)
    wrong = {vault for vault, one in found.items() if isinstance(one, NotFoundError)}
    assert wrong == strangers
    assert [sum(calls) for calls in node.asked] == [500, 1]
    node.asked.clear()
    _read(chain, 500)
    assert node.asked[0] == [100] * 5


@pytest.mark.parametrize(
    "error",
    [
        NodeError("down"),
        NoAnswerError("HTTP 500", "", status=500),
        RpcError("eth_call", -32601, "the method does not exist"),
        RevertError("Paused", {}),
        RpcError("eth_call", -32000, "response too large"),
        _reverts("out of gas"),
    ],
)
def test_snapshots__when_size_is_not_why_or_one_is_too_much__then_raised(error: Exception) -> None:
    node = Node(request_=0, large=lambda: error)
    with pytest.raises(type(error)) as caught:
        _read(Chain(node), 1)
    assert caught.value is error


def test_snapshot__when_starved_alone__then_its_own_error() -> None:
    with pytest.raises(RevertError, match="GasTooLow"):
        lens.snapshot(Chain(Node(starved=0)), LENS, _vaults(1)[0], BLOCK)


def test_snapshots__when_there_is_no_lens__then_code_mismatch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Node, "_answer", lambda _self, _vaults: b"")
    with pytest.raises(CodeMismatchError, match="answers as a lens"):
        _read(Chain(Node()), 2)
