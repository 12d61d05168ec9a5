"""What an operator is told and how often; which condition each guard, error and fate is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keeper_pieces import ACCOUNT, APART, ETHER, MANDATE, NOW

from controller.errors import (
    CodeMismatchError,
    DisagreementError,
    EvenkeelError,
    NodeError,
    NotFoundError,
    RevertError,
    SendError,
    SigningKeyError,
    StorageError,
)
from controller.keeper import conditions
from controller.keeper.alerts import HOUR, PASSING, Alert, AlertKind, Condition, Phase, Severity, Told, tell
from controller.keeper.guards import Costs, Guard, Hold
from controller.keeper.notify import WAITING, Dispatcher
from controller.model import Price

LOW, NODE, FAILED = (
    Condition(kind, "it") for kind in (AlertKind.BALANCE_LOW, AlertKind.NODE_TROUBLE, AlertKind.PLAN_FAILED)
)


def _run(
    passes: Sequence[tuple[float, Sequence[Condition]]], repeat: float = 4 * HOUR
) -> list[tuple[float, Phase, AlertKind]]:
    told, said = Told(), list[tuple[float, Phase, AlertKind]]()
    for now, holding in passes:
        told, alerts = tell(told, now, holding, repeat)
        said += [(now, alert.phase, alert.condition.kind) for alert in alerts]
    return said


def test_tell__when_a_condition_lasts__then_once_then_every_few_hours_then_that_it_is_over() -> None:
    """F-02"""
    lasting = [(float(now), [LOW]) for now in range(0, 9 * HOUR, 60)]
    assert _run([*lasting, (9 * HOUR, []), (9 * HOUR + 60, [])]) == [
        (0, Phase.BEGUN, AlertKind.BALANCE_LOW),
        (4 * HOUR, Phase.LASTING, AlertKind.BALANCE_LOW),
        (8 * HOUR, Phase.LASTING, AlertKind.BALANCE_LOW),
        (9 * HOUR, Phase.OVER, AlertKind.BALANCE_LOW),
    ]


def test_tell__when_it_comes_back__then_it_is_new() -> None:
    assert [phase for _, phase, _ in _run([(0, [LOW]), (60, []), (120, [LOW])])] == [
        Phase.BEGUN,
        Phase.OVER,
        Phase.BEGUN,
    ]


def test_tell__when_a_kind_has_patience__then_nobody_hears_of_what_passes_by_itself() -> None:
    """F-14: a node that stumbles wakes nobody, one that stays away does."""
    patience = AlertKind.NODE_TROUBLE.patience
    assert _run([(0, [NODE]), (patience - 1, [NODE]), (patience, [])]) == []
    assert _run([(0, [NODE]), (patience - 1, [NODE]), (patience, [NODE]), (patience + 1, [])]) == [
        (patience, Phase.BEGUN, AlertKind.NODE_TROUBLE),
        (patience + 1, Phase.OVER, AlertKind.NODE_TROUBLE),
    ]


def test_tell__when_something_happened_once__then_nobody_is_told_that_it_is_over() -> None:
    assert _run([(0, [FAILED]), (60, [])]) == [(0, Phase.BEGUN, AlertKind.PLAN_FAILED)]


def test_tell__when_only_the_words_or_the_subject_differ__then_the_same_or_another_condition() -> None:
    said = _run([(0, [LOW]), (60, [replace(LOW, what="less still")])])
    assert len(said) == 1
    assert len(_run([(0, [LOW, replace(LOW, subject="other")])])) == 2


CONDITIONS = st.lists(st.sampled_from([LOW, NODE, FAILED, Condition(AlertKind.PAUSED)]), max_size=4)


@given(st.lists(st.tuples(st.integers(0, 2 * HOUR), CONDITIONS), max_size=40))
def test_tell__when_conditions_come_and_go__then_never_told_more_often_than_they_may_be(
    steps: list[tuple[int, list[Condition]]],
) -> None:
    now, passes = 0, list[tuple[float, list[Condition]]]()
    for later, holding in steps:
        now += later
        passes.append((now, holding))
    said = _run(passes)
    for kind in AlertKind:
        phases = [(at, phase) for at, phase, each in said if each is kind]
        for (before, first), (at, second) in pairwise(phases):
            if second is Phase.LASTING:
                assert at - before >= 4 * HOUR
            elif second is Phase.OVER:
                assert first is not Phase.OVER
            else:
                assert first is Phase.OVER or kind in PASSING
        if phases:
            assert phases[0][1] is Phase.BEGUN


# ---- conditions


@pytest.mark.parametrize("guard", Guard)
def test_of_hold__when_any_guard_holds__then_it_has_a_kind(guard: Guard) -> None:
    found = conditions.of_hold(Hold(guard, "why"), "vault")
    assert found.what == "why"
    assert found.subject in ("vault", "")


def test_of_hold__when_it_holds_every_vault__then_one_alert_and_not_a_thousand() -> None:
    """F-01, F-28"""
    for guard, one in (
        (Guard.GAS_CEILING, True),
        (Guard.KILL_FILE, True),
        (Guard.PRICE, False),
        (Guard.VAULT_BREAKER, False),
    ):
        found = {conditions.of_hold(Hold(guard, "why"), f"vault {number}") for number in range(1_000)}
        assert len(found) == (1 if one else 1_000)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (StorageError("x"), AlertKind.JOURNAL_UNUSABLE),
        (SigningKeyError("x"), AlertKind.KEY_UNUSABLE),
        (NodeError("x"), AlertKind.NODE_TROUBLE),
        (RevertError("NotDue", {}), AlertKind.PLAN_FAILED),
        (SendError("x"), AlertKind.PLAN_FAILED),
        (DisagreementError("x"), AlertKind.VAULT_TROUBLE),
        (NotFoundError("x"), AlertKind.VAULT_TROUBLE),
        (CodeMismatchError("x"), AlertKind.VAULT_TROUBLE),
    ],
)
def test_of_error__when_a_tick_ends_with_it__then_its_kind_and_its_name(error: EvenkeelError, kind: AlertKind) -> None:
    """F-18, F-24, F-25: a revert that the next block may cure wakes nobody, the other ones do."""
    found = conditions.of_error(error, "vault")
    assert found.kind is kind
    assert ("NotDue" if isinstance(error, RevertError) else type(error).__name__) in found.what


@pytest.mark.parametrize(
    ("fate", "kind"),
    [
        ("LOST", AlertKind.NONCE_TAKEN),
        ("REVERTED", AlertKind.PLAN_FAILED),
        ("CANCELLED", AlertKind.PLAN_FAILED),
        ("EXPIRED", AlertKind.PLAN_FAILED),
        ("REFUSED", AlertKind.PLAN_FAILED),
        ("EXECUTED", None),
        ("UNSENT", None),
        ("SUPERSEDED", None),
    ],
)
def test_of_fate__when_a_flight_ends__then_an_alert_unless_it_did_its_work(fate: str, kind: AlertKind | None) -> None:
    """F-01, F-06"""
    found = conditions.of_fate(fate, "vault", "why")
    assert (found.kind if found else None) is kind


def test_of_feeds__when_a_price_is_about_to_end__then_one_condition_for_the_feed_whatever_vault_holds_it() -> None:
    """F-17"""
    old = replace(APART, prices=(Price(1, 1, NOW - 80_000), Price(1, 1, NOW)))
    (found,) = conditions.of_feeds(old, NOW)
    assert (found.kind, found.subject) == (AlertKind.FEED_AGEING, MANDATE.assets[0].feed.source)
    assert "80000 s old" in found.what
    assert conditions.of_feeds(APART, NOW) == ()


def test_of_balance__when_it_falls__then_low_before_it_is_empty() -> None:
    """F-02"""
    costs = Costs(low_balance=10)
    found = [
        conditions.of_balance(ACCOUNT, balance, ETHER, costs)
        for balance in (10 * ETHER, 10 * ETHER - 1, ETHER, ETHER - 1)
    ]
    assert [each.kind if each else None for each in found] == [
        None, AlertKind.BALANCE_LOW, AlertKind.BALANCE_LOW, AlertKind.BALANCE_EMPTY,
    ]  # fmt: skip
    assert found[1] is not None
    assert "good for 9 of 10" in found[1].what


def test_of_chain__when_silent_ahead_or_too_slow__then_said() -> None:
    """F-15, F-21, F-22"""
    assert conditions.of_silence(300, 300) is None
    silent, ahead, slow = conditions.of_silence(301, 300), conditions.of_skew(121, 120), conditions.of_skipped(2)
    assert [each.kind if each else None for each in (silent, ahead, slow)] == [
        AlertKind.CHAIN_SILENT, AlertKind.CLOCK_SKEWED, AlertKind.TICKS_SKIPPED,
    ]  # fmt: skip
    assert conditions.of_skew(120, 120) is None
    assert conditions.of_skew(-(10**6), 120) is None
    assert conditions.of_skipped(0) is None
    assert conditions.of_unserved("vault").kind is AlertKind.VAULT_UNSERVED


# ---- delivering


class Notifiers:
    """Fails as often as it is told to."""

    def __init__(self, failures: int = 0, error: Exception | None = None) -> None:
        self.failures, self.error, self.got = failures, error, list[Alert]()
        self.tried = 0
        self.gate, self.entered = threading.Event(), threading.Event()
        self.gate.set()

    def deliver(self, alert: Alert) -> bool:
        self.entered.set()
        self.gate.wait(10)
        self.tried += 1
        if self.tried <= self.failures:
            if self.error is not None:
                raise self.error
            return False
        self.got.append(alert)
        return True


def _until(done: Callable[[], bool]) -> None:
    """The other thread gets its turn."""
    for _ in range(10_000):
        if done():
            return
        threading.Event().wait(0.001)
    raise AssertionError("nothing happened")


ALERTS = [Alert(Phase.BEGUN, LOW), Alert(Phase.BEGUN, NODE)]


@pytest.mark.parametrize("error", [None, RuntimeError("a plugin's bug")])
def test_dispatcher__when_a_notifier_fails_a_few_times__then_tried_again_and_in_order(error: Exception | None) -> None:
    notifier, failed = Notifiers(2, error), list[Alert]()
    dispatcher = Dispatcher(notifier, failed.append, pauses=(0, 0, 0))
    for alert in ALERTS:
        dispatcher.send(alert)
    _until(lambda: len(notifier.got) == 2 or bool(failed))
    dispatcher.close(10)
    assert notifier.got == ALERTS
    assert failed == []


def test_dispatcher__when_a_notifier_stays_down__then_that_is_told_and_the_next_one_is_tried() -> None:
    notifier, failed = Notifiers(3), list[Alert]()
    dispatcher = Dispatcher(notifier, failed.append, pauses=(0, 0, 0))
    for alert in ALERTS:
        dispatcher.send(alert)
        _until(lambda: bool(failed or notifier.got))
    dispatcher.close(10)
    assert (failed, notifier.got) == (ALERTS[:1], ALERTS[1:])


def test_dispatcher__when_a_notifier_hangs__then_sending_returns_and_what_is_too_much_is_told_of() -> None:
    notifier, failed = Notifiers(), list[Alert]()
    notifier.gate.clear()
    dispatcher = Dispatcher(notifier, failed.append, pauses=(0,))
    for _ in range(WAITING + 2):
        dispatcher.send(ALERTS[0])
    assert 1 <= len(failed) <= 2
    notifier.gate.set()
    dispatcher.close(10)


def test_dispatcher__when_an_alert_is_less_than_wanted__then_not_sent() -> None:
    notifier = Notifiers()
    dispatcher = Dispatcher(notifier, lambda _: None, least=Severity.CRITICAL, pauses=(0,))
    for alert in ALERTS:
        dispatcher.send(alert)
    dispatcher.close(10)
    assert notifier.got == ALERTS[1:]


def test_dispatcher__when_closed_with_alerts_waiting__then_each_gets_one_attempt_more() -> None:
    """F-26: stopping takes a bounded time, whatever a notifier does."""
    notifier, failed = Notifiers(1), list[Alert]()
    notifier.gate.clear()
    dispatcher = Dispatcher(notifier, failed.append, pauses=(0, 3_600))
    for alert in ALERTS:
        dispatcher.send(alert)
    assert notifier.entered.wait(10)
    threading.Timer(0.05, notifier.gate.set).start()
    dispatcher.close(10)
    assert notifier.got == ALERTS
