"""What is collected of a keeper."""

from __future__ import annotations

from dataclasses import replace

from keeper_pieces import ACCOUNT, APART, ETHER, EVEN, NOW, address, control, flights, intent, plan

from controller.errors import NotFoundError, RevertError
from controller.keeper.alerts import Alert, AlertKind, Condition, Phase
from controller.keeper.fleet import FleetRecord, FleetTick, VaultTick
from controller.keeper.guards import Guard, Hold
from controller.keeper.metrics import Metrics
from controller.keeper.schedule import Pace, Schedule, look
from controller.keeper.standing import Trips, Word, fold
from controller.model import NoTrade, Price, Reason


def _value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"evenkeel_{name}", labels)


def test_ticked__when_vaults_are_idle_due_and_in_trouble__then_counted_by_state_answer_and_error() -> None:
    idle, priceless = NoTrade(Reason.IN_BAND, ""), NoTrade(Reason.PRICE_UNUSABLE, "")
    ticks = (
        VaultTick("a", EVEN, idle),
        VaultTick("b", APART, plan()),
        VaultTick("c", APART, NoTrade(Reason.NO_ROUTE, "")),
        VaultTick("d", replace(EVEN, prices=(Price(0, 1, NOW - 172_800), EVEN.prices[1])), priceless),
        VaultTick("e", None, NotFoundError("x")),
        VaultTick("f", EVEN, RevertError("NotDue", {})),
    )
    metrics = Metrics()
    for _ in range(2):
        metrics.ticked(FleetTick(EVEN.block, ticks, FleetRecord(EVEN.block, 6, False, ())), 0.3, 2)
    assert [_value(metrics, "vaults", state=state) for state in ("idle", "due", "trouble")] == [1, 2, 3]
    assert _value(metrics, "decisions_total", answer="in_band") == 2
    assert _value(metrics, "decisions_total", answer="plan") == 2
    assert _value(metrics, "decisions_total", answer="error") == 4
    assert _value(metrics, "errors_total", error="NotDue") == 2
    assert _value(metrics, "errors_total", error="NotFoundError") == 2
    assert _value(metrics, "ticks_skipped_total") == 4
    assert _value(metrics, "tick_duration_seconds_count") == 2
    assert _value(metrics, "tick_duration_seconds_bucket", le="0.25") == 0
    assert _value(metrics, "tick_duration_seconds_bucket", le="0.5") == 2
    assert _value(metrics, "last_tick_timestamp_seconds") == EVEN.block.timestamp
    assert _value(metrics, "oldest_feed_ratio") == (172_800 - 12) / 86_400


def test_looked__when_the_chain_is_silent_and_the_clock_is_wrong__then_both_show() -> None:
    """F-15, F-22"""
    metrics = Metrics()
    schedule, _ = look(Schedule(Pace.BLOCK, 1), EVEN.block, 1_000)
    metrics.looked(schedule, EVEN.block, 1_030, EVEN.block.timestamp - 7)
    assert _value(metrics, "head_block") == 100
    assert _value(metrics, "chain_silence_seconds") == 30
    assert _value(metrics, "clock_skew_seconds") == -7


def test_stands__when_paused_broken_and_spending__then_it_shows() -> None:
    """F-27, F-28"""
    metrics = Metrics()
    records = [control(0, Word.PAUSE), *flights("REVERTED", first=2), intent(9, address(5), worst=ETHER // 4)]
    metrics.stands(fold(records, Trips(1, 1), 2 * ETHER), NOW)
    found = [_value(metrics, name) for name in ("paused", "vault_breakers_open", "fleet_breaker_open", "flights")]
    assert found == [1, 1, 1, 1]
    room = _value(metrics, "spend_room_ether")
    assert room is not None
    assert abs(room - (1 - 0.25 - 0.01)) < 1e-9
    metrics.stands(fold([], Trips(), None), NOW)
    assert [_value(metrics, name) for name in ("paused", "vault_breakers_open", "fleet_breaker_open", "flights")] == [
        0
    ] * 4


def test_money__when_a_guard_holds_a_flight_ends_or_an_account_is_read__then_it_shows() -> None:
    metrics = Metrics()
    metrics.held(Hold(Guard.GAS_CEILING, ""))
    metrics.ended("EXECUTED")
    metrics.holds_balance(ACCOUNT, ETHER // 2)
    assert _value(metrics, "holds_total", guard="gas_ceiling") == 1
    assert _value(metrics, "holds_total", guard="gas_cost") == 0, "there from the start, so that a rate can be taken"
    assert _value(metrics, "outcomes_total", fate="EXECUTED") == 1
    assert _value(metrics, "account_balance_ether", account=ACCOUNT) == 0.5


def test_told__when_conditions_come_and_go__then_the_ones_that_hold_and_all_that_were_said() -> None:
    metrics = Metrics()
    low = Condition(AlertKind.BALANCE_LOW, "a")
    metrics.told([Alert(Phase.BEGUN, low)], [low, replace(low, subject="b"), low])
    assert _value(metrics, "alerts_active", kind="balance_low") == 2
    metrics.told([Alert(Phase.OVER, low)], [])
    metrics.undelivered()
    assert _value(metrics, "alerts_active", kind="balance_low") == 0
    assert _value(metrics, "alerts_total", kind="balance_low") == 1
    assert _value(metrics, "alerts_undelivered_total") == 1


def test_metrics__when_there_are_two_keepers_in_one_process__then_each_has_its_own() -> None:
    one, other = Metrics(), Metrics()
    one.ended("EXECUTED")
    assert _value(other, "outcomes_total", fate="EXECUTED") is None
