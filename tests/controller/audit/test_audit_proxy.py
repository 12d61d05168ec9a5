"""F-29 over the wire: an honest node behind a proxy that lies in one single answer; the audit names it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from audit_life import FILE, Life, on_anvil, together
from fault_proxy import Call, Forward, Proxy, fault_proxy

from controller.audit import AuditReport, Level, audit_vault
from controller.chain.artifacts import load
from controller.chain.client import Chain
from controller.errors import NodeError, WrongChainError

ENTRY = "0x" + load("ILedger").abi.events["Entry"].topic.hex()
VAULT = load("IVault").abi.functions
BALANCE, SUPPLY, ROUND = "0x70a08231", "0x18160ddd", "0x9a6fc8f5"


@pytest.fixture
def proxy(life: Life) -> Iterator[Proxy]:
    with fault_proxy(life.node.url) as running:
        yield running


def _flip(text: str, place: int) -> str:
    digits = list(text)
    digits[place] = "1" if digits[place] == "0" else "0"
    return "".join(digits)


def _lying(method: str, asked: Callable[[Any], bool], lie: Callable[[Any], Any], nth: int) -> tuple[Any, list[int]]:
    """A fault that lies in the nth answer to such a question, and how often it was asked."""
    seen: list[int] = []

    def fault(call: Call, forward: Forward) -> Any:
        answer = forward(call)
        if not asked(call.parameters) or not answer.get("result"):
            return answer
        seen.append(1)
        return {**answer, "result": lie(answer["result"])} if len(seen) == nth + 1 else answer

    return fault, seen


def _audit(life: Life, proxy: Proxy) -> AuditReport:
    chain = Chain(proxy.url, life.node.chain_id)
    return audit_vault(chain, life.ledger, life.vault, from_block=0, to_block=life.to_block, mandate_file=FILE)


def _word(text: str) -> str:
    """The last digit of the first word is another."""
    return _flip(text, 2 + 63)


def _calls(selector: str) -> Callable[[Any], bool]:
    return lambda parameters: bool(parameters[0]["data"].startswith(selector))


def _is_entries(parameters: Any) -> bool:
    return bool(parameters[0]["topics"][0] == ENTRY)


def _anything(_parameters: Any) -> bool:
    return True


def _last_node(proof: Any) -> Any:
    storage = proof["storageProof"][0]
    nodes = [*storage["proof"][:-1], _flip(storage["proof"][-1], -1)]
    return {**proof, "storageProof": [{**storage, "proof": nodes}]} if storage["proof"] else proof


LIES: dict[str, tuple[str, Callable[[Any], bool], Callable[[Any], Any], tuple[int, ...]]] = {
    "an entry left out": ("eth_getLogs", _is_entries, lambda logs: logs[:-1], (0,)),
    "an entry altered": (
        "eth_getLogs", _is_entries, lambda logs: [{**logs[0], "data": _flip(logs[0]["data"], -1)}, *logs[1:]], (0,),
    ),
    "a receipt without logs": (
        "eth_getTransactionReceipt", _anything, lambda receipt: {**receipt, "logs": receipt["logs"][:-1]}, (0, 7),
    ),
    "a proof": ("eth_getProof", lambda p: len(p[1]) == 1, _last_node, (0, 5)),
    "a balance": ("eth_call", _calls(BALANCE), _word, (0, 9)),
    "who sent a transaction": (
        "eth_getTransactionByHash", _anything, lambda sent: {**sent, "from": _flip(sent["from"], -1)}, (0, 7),
    ),
    "a transaction of a block": (
        "eth_getBlockByNumber", lambda p: p[1], lambda block: {
            **block, "transactions": [{**block["transactions"][0], "value": "0x9"}, *block["transactions"][1:]]
        }, (0,),
    ),
    "the supply": ("eth_call", _calls(SUPPLY), _word, (0, 9)),
    "the owner": ("eth_call", _calls("0x" + VAULT["owner"].selector.hex()), _word, (0, 5)),
    "the status": ("eth_call", _calls("0x" + VAULT["status"].selector.hex()), _word, (0, 5)),
}  # fmt: skip
"""Method, which of its questions, the lie, and in the how manieth answers."""


OF_GANACHE = ("a receipt without logs", "a proof")
"""Of what it answers in a form of its own."""


@pytest.mark.parametrize(
    ("life", "name"),
    [*(("anvil", name) for name in LIES), *(pytest.param("ganache", name, marks=together) for name in OF_GANACHE)],
    indirect=["life"],
)
def test_F29_audit__when_one_answer_of_the_node_is_a_lie__then_it_is_named(life: Life, proxy: Proxy, name: str) -> None:
    method, asked, lie, places = LIES[name]
    for nth in places:
        fault, seen = _lying(method, asked, lie, nth)
        rule = proxy.inject(fault, method)
        try:
            report = _audit(life, proxy)
        except NodeError:
            continue  # named at once: what the node says cannot be
        finally:
            rule.clear()
        assert len(seen) > nth, "it never came to the lie"
        assert report.wrong, f"{name}, answer {nth}"
        assert report.wrong[0].block <= life.to_block.number


@on_anvil
def test_F29_audit__when_one_answer_has_another_header__then_its_block_is_named(life: Life, proxy: Proxy) -> None:
    number = life.to_block.number - 3
    fault, seen = _lying(
        "eth_getBlockByNumber",
        lambda parameters: parameters[0] == hex(number),
        lambda block: {**block, "stateRoot": _flip(block["stateRoot"], -1), "hash": _flip(block["hash"], -1)},
        0,
    )
    proxy.inject(fault, "eth_getBlockByNumber")
    report = _audit(life, proxy)
    assert seen
    assert number in {finding.block for finding in report.wrong}


@on_anvil
def test_F29_audit__when_the_proxy_tells_the_truth__then_there_is_no_finding(life: Life, proxy: Proxy) -> None:
    assert _audit(life, proxy).findings == ()


@on_anvil
def test_F29_audit__when_the_node_is_of_another_chain__then_it_is_refused(life: Life, proxy: Proxy) -> None:
    with pytest.raises(WrongChainError):
        Chain(proxy.url, life.node.chain_id + 1)


@on_anvil
def test_F29_audit__when_a_level_is_not_reachable__then_it_is_said(life: Life, proxy: Proxy) -> None:
    proxy.inject(lambda _call, _forward: {"error": {"code": -32601, "message": "no such method"}}, "eth_getProof")
    report = _audit(life, proxy)
    assert report.ok
    assert [report.reached(level) for level in Level] == [True, True, True, False, True, False]
    assert report.unchecked
