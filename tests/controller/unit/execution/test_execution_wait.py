"""Waiting: patient with what can still change, and never longer than told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controller.chain.client import Chain
from controller.errors import NodeError, SendError
from controller.execution import settle
from controller.execution.send import _KNOWN, _NONCE_USED
from controller.execution.settle import Fate, Patience, Sending, Verdict, wait
from controller.model import Plan

PLAN = Plan(0, 100, 1, b"\1" * 32, b"\2" * 32, False, ())
SENDING = Sending(0, "0x" + "11" * 20, PLAN, "0x" + "22" * 20, 0, b"\3" * 32, b"")
CHAIN = Chain.__new__(Chain)
LOST = Verdict(Fate.LOST)
EXPIRED = Verdict(Fate.EXPIRED)


class _Clock:
    """Time passes by sleeping only."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def _wait(monkeypatch: pytest.MonkeyPatch, seen: list[Verdict | NodeError | None], timeout: float = 60) -> Verdict:
    views: Iterator[Verdict | NodeError | None] = iter(seen)
    last = seen[-1]

    def look(*_: object) -> Verdict | None:
        view = next(views, last)
        if isinstance(view, NodeError):
            raise view
        return view

    monkeypatch.setattr(settle, "look", look)
    clock = _Clock()
    return wait(CHAIN, SENDING, Patience(timeout, 1, clock, clock.sleep))


def test_wait__when_a_loss_was_only_the_block_being_mined__then_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """F-06"""
    assert _wait(monkeypatch, [LOST, LOST, None, LOST, EXPIRED]).fate is Fate.EXPIRED


def test_wait__when_a_loss_stays__then_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _wait(monkeypatch, [None, LOST]).fate is Fate.LOST


def test_wait__when_the_node_comes_back__then_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _wait(monkeypatch, [NodeError("gone"), NodeError("gone"), EXPIRED]).fate is Fate.EXPIRED


def test_wait__when_the_node_stays_away__then_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NodeError, match="gone"):
        _wait(monkeypatch, [NodeError("gone")])


def test_wait__when_nothing_happens__then_says_that_it_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SendError, match="not confirmed after 7 seconds") as caught:
        _wait(monkeypatch, [None], timeout=7)
    assert "same bytes again" in caught.value.hint


@pytest.mark.parametrize(
    "words",
    [
        "already known",  # geth, erigon
        "transaction already imported",  # anvil
        "AlreadyKnown",  # nethermind
        "Known transaction",  # besu
        "known transaction: 0xabc",  # old geth
        "Transaction with the same hash was already imported.",  # openethereum
        "tx already in mempool",
        "ALREADY_EXISTS: already known",
    ],
)
def test_known__when_a_client_says_it_in_its_words__then_success(words: str) -> None:
    """F-05"""

    assert _KNOWN.search(words)


@pytest.mark.parametrize(
    "words",
    [
        "nonce too low",  # geth
        "nonce too low: address 0x1, tx: 0 state: 1",
        "the tx doesn't have the correct nonce. account has nonce of: 1 tx has nonce of: 0",  # ganache
        "OldNonce",  # nethermind
        "Transaction nonce is too low. Try incrementing the nonce.",  # openethereum
        "NONCE_TOO_LOW",
    ],
)
def test_nonce_used__when_a_client_says_it_in_its_words__then_judged_by_the_chain(words: str) -> None:

    assert _NONCE_USED.search(words)


@pytest.mark.parametrize(
    "words", ["insufficient funds for gas * price + value", "replacement transaction underpriced", "nonce too high"]
)
def test_refusals__when_neither__then_refused(words: str) -> None:

    assert not _KNOWN.search(words)
    assert not _NONCE_USED.search(words)
