"""One tick: what it asks, what it sends, and what stands in the journal afterwards, whatever happened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pandas as pd
import pytest
from planning_pieces import DOLLAR, NOW, Venue, make_mandate, make_snapshot, price

from controller import tick as module
from controller.chain.client import Chain
from controller.chain.codec import plan_hash
from controller.errors import (
    CodeMismatchError,
    DisagreementError,
    EvenkeelError,
    NodeError,
    RevertError,
    SendError,
    StorageError,
)
from controller.execution.journal import Journal, RecordKind
from controller.execution.keys import development_signer
from controller.model import BlockRef, Cause, NoTrade, Outcome, Plan, Reason, Rebalance, Snapshot
from controller.strategy.fixed import FixedTargets
from controller.tick import Controller, observed

MANDATE = make_mandate([6_000, 4_000])
PRICES = (price(100, 18), price(50, 18))
EVEN = make_snapshot(MANDATE, [600 * 10**18, 800 * 10**18], PRICES)
APART = make_snapshot(MANDATE, [900 * 10**18, 200 * 10**18], PRICES)
VAULT = EVEN.vault
SIGNER = development_signer(1)
LENS = "0x" + "00" * 20


class FakeChain:
    def head(self, depth: int = 0) -> BlockRef:
        assert depth == 0
        return EVEN.block


class Sending:
    """Stands for `execution.send`: remembers in which order it was called."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.calls: list[str] = []
        self.refusal: EvenkeelError | None = None
        self.arguments: dict[str, Any] = {}
        self.outcome = Outcome(b"\2" * 32, EVEN.block, 300_000, 1, cast(Rebalance, None))

    def simulate(self, _chain: Chain, vault: str, plan: Plan, sender: str) -> int:
        self.calls.append("simulate")
        assert (vault, sender) == (VAULT, SIGNER.address)
        assert plan.journal_head == self.journal.head
        if self.refusal is not None:
            raise self.refusal
        return 123

    def submit(self, *_: object, **arguments: Any) -> Outcome:
        self.calls.append("submit")
        self.arguments = arguments
        return self.outcome


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal.at(tmp_path / "journal.db") as made:
        yield made


@pytest.fixture
def sending(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> Sending:
    fake = Sending(journal)
    monkeypatch.setattr(module.send, "simulate", fake.simulate)
    monkeypatch.setattr(module.send, "submit", fake.submit)
    return fake


def _controller(
    journal: Journal, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch, *, signed: bool = True
) -> Controller:
    monkeypatch.setattr(module.lens, "snapshot", lambda *_: snapshot)
    return Controller(
        chain=cast(Chain, FakeChain()),
        lens=LENS,
        quotes=lambda snapshot, wants: Venue.around(snapshot, 10**8 * DOLLAR).quote(wants),
        strategy=FixedTargets(),
        journal=journal,
        signer=SIGNER if signed else None,
    )


def test_tick__when_in_band__then_no_trade_is_recorded_with_its_reason(
    journal: Journal, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = _controller(journal, EVEN, monkeypatch).tick(VAULT, broadcast=True)
    assert (record.reason, record.plan_hash, record.outcome) == (Reason.IN_BAND, None, None)
    assert sending.calls == []
    assert journal.ticks(VAULT) == [record]


def test_tick__when_paused_or_priceless__then_recorded_as_such(
    journal: Journal, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused = make_snapshot(MANDATE, APART.balances, PRICES, paused=True)
    assert _controller(journal, paused, monkeypatch).tick(VAULT, broadcast=True).reason is Reason.PAUSED
    priceless = make_snapshot(MANDATE, APART.balances, (PRICES[0], 0))
    record = _controller(journal, priceless, monkeypatch).tick(VAULT, broadcast=True)
    assert (record.reason, record.value, record.drift) == (Reason.PRICE_UNUSABLE, 0, 0)
    assert [tick.reason for tick in journal.ticks(VAULT)] == [Reason.PAUSED, Reason.PRICE_UNUSABLE]
    assert sending.calls == []


@pytest.mark.parametrize(("signed", "broadcast"), [(False, False), (False, True), (True, False)])
def test_tick__when_without_a_key_or_without_broadcast__then_dry(
    journal: Journal, sending: Sending, monkeypatch: pytest.MonkeyPatch, signed: bool, broadcast: bool
) -> None:
    record = _controller(journal, APART, monkeypatch, signed=signed).tick(VAULT, broadcast=broadcast)
    assert record.plan_hash is not None
    assert record.outcome is None
    assert record.detail.startswith("1 trade, expected to cost ")
    assert sending.calls == []
    assert journal.ticks(VAULT) == [record]


def test_tick__when_due__then_simulated_sent_and_recorded_in_this_order(
    journal: Journal, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller = _controller(journal, APART, monkeypatch)
    rebalance = Rebalance(*([0] * len(Rebalance.__dataclass_fields__)))
    sending.outcome = Outcome(b"\2" * 32, EVEN.block, 300_000, 1, rebalance)
    decision = controller.decide(APART, now=APART.block.timestamp + 1)
    assert isinstance(decision, Plan)
    stages: list[str] = []
    monkeypatch.setattr(journal, "append_tick", lambda _record: stages.append("recorded"))
    record = controller.tick(VAULT, broadcast=True, observe=stages.append)
    assert stages == ["block", "snapshot", "decision", "simulation", "sending", "recorded", "journal"]
    assert sending.calls == ["simulate", "submit"]
    assert sending.arguments["gas"] == 123
    assert sending.arguments["sleep"] is controller.sleep
    assert record.plan_hash == plan_hash(decision)
    assert record.outcome is sending.outcome


def test_decide__when_due__then_the_strategy_gets_the_past_of_this_snapshot(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    prices = pd.DataFrame({"a": [1.0], "b": [2.0]})
    asked: list[Snapshot] = []
    given: list[pd.DataFrame | None] = []

    class Observing:
        def target(self, snapshot: Snapshot, past: pd.DataFrame | None) -> tuple[int, ...]:
            given.append(past)
            return snapshot.targets

    def past(snapshot: Snapshot) -> pd.DataFrame:
        asked.append(snapshot)
        return prices

    controller = replace(_controller(journal, APART, monkeypatch), strategy=Observing(), past=past)
    controller.decide(EVEN, now=NOW)
    assert (asked, given) == ([], []), "nothing is asked while nothing is due"
    controller.decide(APART, now=NOW)
    assert asked == [APART]
    assert len(given) == 1
    assert given[0] is prices


def test_tick__when_the_plan_is_made__then_it_holds_until_its_deadline_in_chain_time(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    controller = _controller(journal, APART, monkeypatch)
    decision = controller.decide(APART, now=NOW)
    assert isinstance(decision, Plan)
    assert decision.deadline == NOW + controller.limits.lifetime
    assert (decision.nonce, decision.reference_hash) == (APART.status.nonce, APART.block.hash)
    assert isinstance(controller.decide(EVEN, now=NOW), NoTrade)


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (RevertError("OutputTooLow", {"trade": 0}), "OutputTooLow"),
        (SendError("Not confirmed.", "Wait."), "SendError"),
        (NodeError("Gone."), "NodeError"),
    ],
)
def test_tick__when_sending_fails__then_the_error_is_in_the_journal_by_name_and_raised(
    journal: Journal, sending: Sending, monkeypatch: pytest.MonkeyPatch, error: EvenkeelError, name: str
) -> None:
    sending.refusal = error
    controller = _controller(journal, APART, monkeypatch)
    with pytest.raises(type(error)) as caught:
        controller.tick(VAULT, broadcast=True)
    assert caught.value is error
    (tick,) = journal.ticks(VAULT)
    assert (tick.error, tick.detail, tick.outcome, tick.balances) == (name, str(error), None, APART.balances)


def test_tick__when_the_journal_cannot_be_written__then_nothing_hides_it(
    journal: Journal, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending.refusal = StorageError("The disk is full.", "Free some space.")
    with pytest.raises(StorageError):
        _controller(journal, APART, monkeypatch).tick(VAULT, broadcast=True)
    assert journal.records(kind=RecordKind.TICK) == []


def test_T22_tick__when_the_factory_does_not_know_the_vault__then_refused(
    journal: Journal, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = make_snapshot(MANDATE, APART.balances, PRICES, registered=False)
    with pytest.raises(CodeMismatchError, match="not created by this deployment's factory"):
        _controller(journal, stranger, monkeypatch).tick(VAULT, broadcast=True)
    assert sending.calls == []
    assert journal.records() == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("due", False),
        ("cause", Cause.OPEN),
        ("next", 1),
        ("breaches", 0b01),
        ("largest_drift", 3 * 10**17 + 1),
        ("largest_relative_drift", 0),
        ("turnover_drift", 0),
        ("total", 1),
        ("moves", (0, 0)),
        ("failure", "PriceStale(feed=0x1)"),
    ],
)
def test_tick__when_the_vault_judges_otherwise__then_refused_by_name_with_the_field(
    journal: Journal, sending: Sending, monkeypatch: pytest.MonkeyPatch, field: str, value: object
) -> None:
    odd = replace(APART, due=replace(APART.due, **{field: value}))
    with pytest.raises(DisagreementError, match=f"judge block 100 differently: {field}: "):
        _controller(journal, odd, monkeypatch).tick(VAULT, broadcast=True)
    (tick,) = journal.ticks(VAULT)
    assert tick.error == "DisagreementError"
    assert sending.calls == []


def test_tick__when_the_targets_are_not_those_of_the_path__then_refused_by_name(
    journal: Journal, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = replace(APART, targets=(5_000, 5_000))
    with pytest.raises(DisagreementError, match=r"targets: \(6000, 4000\) here, \(5000, 5000\) there"):
        _controller(journal, odd, monkeypatch).tick(VAULT, broadcast=True)
    assert sending.calls == []


def test_tick__when_the_lens_leaves_the_moves_out_because_a_price_is_bad__then_no_disagreement(
    journal: Journal, sending: Sending, monkeypatch: pytest.MonkeyPatch
) -> None:
    priceless = make_snapshot(MANDATE, APART.balances, (PRICES[0], 0))
    priceless = replace(priceless, due=replace(priceless.due, moves=()))
    assert _controller(journal, priceless, monkeypatch).tick(VAULT, broadcast=True).reason is Reason.PRICE_UNUSABLE


def test_observed__when_prices_are_whole__then_value_and_drift() -> None:
    seen = observed(APART)
    assert seen.value == 100_000 * DOLLAR
    assert seen.drift == 3 * 10**17
    assert seen.targets == (6_000, 4_000)
    assert observed(make_snapshot(MANDATE, [0, 0], PRICES)).value == 0
