"""Whether a rebalance is due, on vaults small enough to check by hand: tokens of 18 decimals at one dollar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from planning_pieces import DAY, DOLLAR, NOW, address, change, make_mandate, make_snapshot

from controller.model import Cause, Due, Knot, Period, Reason, Scope, Snapshot, TriggerKind
from controller.planning.due import due, why_not
from controller.planning.triggers import assess

ONE = 10**18  # {qTok} one dollar's worth, also D36{quote/qTok}
APART, HOME = (560, 440), (520, 480)  # of 50/50 with a band of 5%


def vault(thousandths: Sequence[int], targets: Sequence[int] = (5_000, 5_000), **changes: object) -> Snapshot:
    """A vault of a million dollars; `thousandths` of it in each asset. Its mandate and status change by name."""
    state = {key: changes.pop(key) for key in ("paused", "last_rebalance", "open_until", "breaches") if key in changes}
    mandate = make_mandate(targets, **changes)
    return make_snapshot(mandate, [part * 1_000 * ONE for part in thousandths], [ONE] * len(targets), **state)


def utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


# ---- the bands


@pytest.mark.parametrize(("first", "is_due"), [(5_500, True), (4_500, True), (5_499, False), (4_501, False)])
def test_due__with_50_50_and_a_band_of_500__then_at_5500_and_4500_and_not_at_5499(first: int, is_due: bool) -> None:
    mandate = make_mandate((5_000, 5_000))
    snapshot = make_snapshot(mandate, (first * ONE, (10_000 - first) * ONE), (ONE, ONE))
    assert due(snapshot, NOW).due is is_due


def test_due__with_a_relative_band_of_20_percent_on_60__then_at_72_and_the_move_ends_at_66() -> None:
    relative = {"band": 0, "relative_band": 2_000, "relative_destination": 1_000, "destination": 0}
    answer = due(vault((720, 280), (6_000, 4_000), **relative), NOW)
    assert (answer.due, answer.cause, answer.breaches) == (True, Cause.THRESHOLD, 0b11)
    assert answer.moves[0] == -60_000 * DOLLAR, "72% to 66%"
    assert answer.largest_relative_drift == 3 * 10**17, "28% of a 40% target"
    snapshot = make_snapshot(
        make_mandate((6_000, 2_000, 2_000), **relative), [7_199 * ONE, 1_601 * ONE, 1_200 * ONE], [ONE] * 3
    )
    assert due(snapshot, NOW).breaches == 0b100, "71.99% of 60% and 16.01% of 20% are in their bands, 12% is not"


@pytest.mark.parametrize(("first", "end"), [(620, 6_175), (570, 5_825)])
def test_due__with_a_band_of_200_and_a_destination_of_175__then_the_moves_end_there(first: int, end: int) -> None:
    answer = due(vault((first, 1_000 - first), (6_000, 4_000), band=200, destination=175), NOW)
    assert answer.moves == ((end - 10 * first) * 100 * DOLLAR, (10 * first - end) * 100 * DOLLAR)


def test_due__with_both_bands__then_the_nearer_one_fires_and_the_nearer_destination_counts() -> None:
    both = {"band": 500, "relative_band": 2_000, "destination": 100, "relative_destination": 500}
    # 12% of a 10% target: 200 bps of 500, but 20% of itself; 88% is 222 bps of the relative band's 1,800
    answer = due(vault((120, 880), (1_000, 9_000), **both), NOW)
    assert (answer.due, answer.breaches) == (True, 0b01)
    # the relative destination of the first is 50 bps, the absolute one of the second 100 bps
    assert answer.moves == (-15_000 * DOLLAR, 10_000 * DOLLAR)


# ---- the numbers


def test_due__when_in_breach__then_every_number_of_the_answer() -> None:
    snapshot = vault((600, 250, 150), (5_000, 3_000, 2_000), scope=Scope.BREACH, cooldown=0)
    assert due(snapshot, NOW) == Due(
        due=True,
        cause=Cause.THRESHOLD,
        next=0,
        breaches=0b111,
        largest_drift=10**17,
        largest_relative_drift=25 * 10**16,
        turnover_drift=10**17,
        total=10**6 * DOLLAR,
        moves=(-75_000 * DOLLAR, 25_000 * DOLLAR, 25_000 * DOLLAR),
    )


def test_due__when_paused_or_cooling_down__then_the_numbers_stay() -> None:
    fresh = due(vault(APART), NOW)
    for state, cause in (({"paused": True}, Cause.PAUSED), ({"last_rebalance": NOW - 1}, Cause.COOLING_DOWN)):
        answer = due(vault(APART, **state), NOW)
        assert (answer.due, answer.cause) == (False, cause)
        assert (answer.breaches, answer.largest_drift, answer.moves) == (fresh.breaches, 6 * 10**16, fresh.moves)


def test_due__when_an_asset_without_a_target_is_held__then_it_has_no_relative_drift() -> None:
    answer = due(vault((100, 900), (0, 10_000), band=0, relative_band=500), NOW)
    assert answer.breaches == 0b10
    assert answer.largest_relative_drift == 10**17


def test_due__when_scope_is_breach__then_only_those_in_breach_have_to_move() -> None:
    # 31 of 25 is in breach; the others are 200 bps off, outside the destination of 50
    balances, targets = (310, 230, 230, 230), (2_500,) * 4
    book = due(vault(balances, targets, destination=50), NOW)
    breach = due(vault(balances, targets, destination=50, scope=Scope.BREACH), NOW)
    assert book.moves == (-55_000 * DOLLAR,) + 3 * (15_000 * DOLLAR,)
    assert breach.moves == (-55_000 * DOLLAR, 0, 0, 0)
    assert book.breaches == breach.breaches == 0b0001


# ---- the causes


NEW_YEAR = utc("2023-01-01")
MONTHLY = {"period": Period.MONTH, "every": 1, "anchor": NEW_YEAR, "cooldown": 0}
PERIOD = utc("2023-11-01")  # of NOW, 14 November 2023
NEXT = utc("2023-12-01")


@pytest.mark.parametrize(
    ("kind", "held", "last", "cause", "breaches", "then"),
    [
        (TriggerKind.THRESHOLD, APART, PERIOD, Cause.THRESHOLD, 0b11, 0),
        (TriggerKind.THRESHOLD, HOME, 0, Cause.IN_BAND, 0, 0),
        (TriggerKind.CALENDAR, APART, PERIOD - 1, Cause.CALENDAR, 0b11, 0),
        (TriggerKind.CALENDAR, APART, PERIOD, Cause.BEFORE_PERIOD, 0, NEXT),
        (TriggerKind.EITHER, APART, PERIOD, Cause.THRESHOLD, 0b11, 0),
        (TriggerKind.EITHER, HOME, PERIOD - 1, Cause.CALENDAR, 0b11, 0),
        (TriggerKind.EITHER, APART, PERIOD - 1, Cause.THRESHOLD_AND_CALENDAR, 0b11, 0),
        (TriggerKind.EITHER, HOME, PERIOD, Cause.IN_BAND, 0, NEXT),
        (TriggerKind.BOTH, APART, PERIOD - 1, Cause.THRESHOLD_AND_CALENDAR, 0b11, 0),
        (TriggerKind.BOTH, APART, PERIOD, Cause.BEFORE_PERIOD, 0, NEXT),
        (TriggerKind.BOTH, HOME, PERIOD - 1, Cause.IN_BAND, 0, 0),
    ],
)
def test_due__for_each_trigger__then_its_cause_what_it_is_about_and_when_it_can_change(
    kind: TriggerKind, held: Sequence[int], last: int, cause: Cause, breaches: int, then: int
) -> None:
    band = 0 if kind is TriggerKind.CALENDAR else 500
    answer = due(vault(held, kind=kind, last_rebalance=last, **MONTHLY | {"band": band}), NOW)
    assert (answer.cause, answer.breaches, answer.next) == (cause, breaches, then)
    assert answer.due is (cause <= Cause.OPEN)


def test_due__by_the_calendar__then_at_the_second_of_the_anchor_and_once_a_period() -> None:
    mandate = make_mandate((5_000, 5_000), kind=TriggerKind.CALENDAR, band=0, **MONTHLY | {"anchor": NOW})
    held, targets = (52 * ONE, 48 * ONE), (5_000, 5_000)
    assert assess(mandate, held, targets, 0, NOW - 1) == (Cause.BEFORE_PERIOD, 0)
    assert assess(mandate, held, targets, 0, NOW) == (Cause.CALENDAR, 0b11)
    assert assess(mandate, held, targets, NOW, NOW + 1) == (Cause.BEFORE_PERIOD, 0)
    december = utc("2023-12-14") + NOW % DAY
    assert assess(mandate, held, targets, NOW, december - 1) == (Cause.BEFORE_PERIOD, 0)
    assert assess(mandate, held, targets, NOW, december) == (Cause.CALENDAR, 0b11)


def test_due__before_the_first_rebalance__then_no_cool_down_is_waited_for() -> None:
    assert due(vault(APART, cooldown=2**32 - 1), NOW).due
    assert due(vault(APART, cooldown=2**32 - 1, last_rebalance=1), NOW).cause is Cause.COOLING_DOWN


def test_due__while_a_rebalance_is_open__then_it_goes_on_below_the_band_and_without_a_cool_down() -> None:
    state = {"last_rebalance": NOW - 1, "open_until": NOW, "breaches": 0b01}
    answer = due(vault(HOME, window=600, **state), NOW)
    assert (answer.due, answer.cause, answer.breaches, answer.next) == (True, Cause.OPEN, 0b01, NOW + 1)
    later = due(vault(HOME, window=600, **state), NOW + 1)
    assert (later.due, later.cause, later.next) == (False, Cause.COOLING_DOWN, NOW - 1 + DAY)


def test_due__while_a_rebalance_is_open_and_another_asset_breaks_out__then_both_have_to_come_home() -> None:
    targets = (2_500,) * 4
    snapshot = vault((250, 310, 220, 220), targets, window=600, open_until=NOW, breaches=0b1000, scope=Scope.BREACH)
    assert due(snapshot, NOW).breaches == 0b1010


def test_due__along_a_path__then_by_the_targets_of_that_second() -> None:
    path = (Knot(NOW, (5_000, 5_000)), Knot(NOW + 1_000, (4_000, 6_000)))
    snapshot = vault((500, 500), path=path)
    assert not due(snapshot, NOW + 499).due
    assert due(snapshot, NOW + 500).due


def test_due__when_the_next_period_is_beyond_all_time__then_the_latest_that_there_is() -> None:
    far = {"kind": TriggerKind.CALENDAR, "period": Period.YEAR, "every": 65_535, "anchor": 0, "band": 0}
    assert due(vault(HOME, last_rebalance=1, **far), NOW).next == 2**40 - 1


# ---- why not


def test_why_not__then_the_reason_its_words_and_when_it_ends() -> None:
    def said(*arguments: Sequence[int], **changes: object) -> tuple[Reason, str, int]:
        found = why_not(vault(*arguments, **changes), NOW)
        assert found is not None
        return found.reason, found.detail, found.until

    assert why_not(vault(APART), NOW) is None
    assert said(APART, last_rebalance=NOW - 5, cooldown=15) == (
        Reason.COOLING_DOWN,
        f"until {NOW + 10}, 10 s from now",
        NOW + 10,
    )
    reason, words, until = said(HOME, kind=TriggerKind.CALENDAR, last_rebalance=PERIOD, **MONTHLY | {"band": 0})
    assert (reason, until) == (Reason.BEFORE_PERIOD, NEXT)
    assert words == f"until {NEXT}, {NEXT - NOW} s from now: every 1 month from {NEW_YEAR}"
    assert said(HOME, band=0, relative_band=1_000)[1] == (
        f"largest relative drift 400.0 bps of its target (asset 0 ({address(1)})), band 1000 bps"
    )
    assert said(HOME, relative_band=1_000)[1].startswith("largest drift 200.0 bps (asset 0")
    assert said(HOME, kind=TriggerKind.EITHER, last_rebalance=PERIOD, **MONTHLY)[2] == NEXT
    assert said(APART, paused=True)[0] is Reason.PAUSED
    assert said((0, 0)) == (Reason.NO_VALUE, "the vault holds nothing of value", 0)


def test_change__of_a_mandate__then_only_what_is_named() -> None:
    mandate = make_mandate((5_000, 5_000))
    other = change(mandate, band=7, destination=6, window=5, min_trade=4, spread=3)
    assert (other.trigger.band, other.destination.drift, other.destination.window) == (7, 6, 5)
    assert (other.limits.min_trade, other.spread) == (4, 3)
    assert change(other, band=500, destination=250, window=0, min_trade=100 * 10**18, spread=0) == mandate
