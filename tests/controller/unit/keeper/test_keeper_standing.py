"""What a keeper knows of itself from its journal: pause, breakers, spending. F-27, F-28"""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keeper_pieces import DAY, EVEN, NOW, address, control, flights, intent, outcome, record

from controller.errors import StorageError
from controller.execution.journal import Record
from controller.keeper import guards, standing
from controller.keeper.guards import Guard
from controller.keeper.spending import Reservation, Spending
from controller.keeper.standing import Standing, Trips, Word, fold

VAULT, OTHER = EVEN.vault, address(302)
TRIPS = Trips(vault=3, fleet=3)


def _guard(records: list[Record], vault_trips: Trips = TRIPS) -> Guard | None:
    held = guards.stopped(fold(records, vault_trips, None), EVEN)
    return held.guard if held else None


# ---- the breaker


@pytest.mark.parametrize("fate", ["REVERTED", "CANCELLED"])
def test_breaker__when_k_plans_in_a_row_failed__then_open_and_not_before(fate: str) -> None:
    """F-27"""
    assert _guard(flights(fate, fate)) is None
    assert _guard(flights(fate, fate, fate)) is Guard.VAULT_BREAKER


def test_breaker__when_a_plan_was_executed_in_between__then_counts_anew() -> None:
    """F-27"""
    assert _guard(flights("REVERTED", "REVERTED", "EXECUTED", "REVERTED", "REVERTED")) is None


@pytest.mark.parametrize("fate", ["UNSENT", "REFUSED", "LOST", "SUPERSEDED", "EXPIRED"])
def test_breaker__when_it_is_not_the_vaults_doing__then_neither_counts_nor_clears(fate: str) -> None:
    """F-27"""
    assert _guard(flights(*[fate] * 9)) is None
    assert _guard(flights("REVERTED", "REVERTED", fate, "REVERTED")) is Guard.VAULT_BREAKER


def test_breaker__when_open__then_only_a_person_closes_it() -> None:
    """F-27: a flight that was under way and succeeds does not, and neither do time or resuming."""
    opened = flights("REVERTED", "REVERTED", "REVERTED")
    late = flights("EXECUTED", first=10)
    assert _guard(opened + late) is Guard.VAULT_BREAKER
    assert _guard([*opened, control(20, Word.RESUME)]) is Guard.VAULT_BREAKER
    assert _guard([*opened, control(20, Word.RESET, OTHER)]) is Guard.VAULT_BREAKER
    for vault in (VAULT, standing.EVERY_VAULT):
        reset = [*opened, control(20, Word.RESET, vault)]
        assert _guard(reset) is None
        assert _guard([*reset, *flights("REVERTED", "REVERTED", first=30)]) is None, "counted from zero again"
    held = guards.stopped(fold(opened, TRIPS, None), EVEN)
    assert held is not None
    assert held.person


def test_breaker__when_one_vault_fails__then_others_go_on() -> None:
    """F-27"""
    assert _guard(flights(*["REVERTED"] * 9, vault=OTHER)) is None


def test_breaker__when_j_vaults_failed_without_a_success__then_all_stop_until_reset() -> None:
    """F-27"""
    failing = [flights("REVERTED", vault=address(400 + index), first=10 * index) for index in range(3)]
    assert _guard(failing[0] + failing[1]) is None
    assert _guard(failing[0] + flights("EXECUTED", vault=OTHER, first=5) + failing[1] + failing[2]) is None
    every = failing[0] + failing[1] + failing[2]
    assert _guard(every) is Guard.FLEET_BREAKER
    late = flights("EXECUTED", "REVERTED", vault=OTHER, first=50)
    assert _guard(every + late[:2]) is Guard.FLEET_BREAKER
    assert _guard(every + late) is Guard.FLEET_BREAKER
    assert _guard([*every, control(60, Word.RESET, VAULT)]) is Guard.FLEET_BREAKER, "one vault's reset is not all"
    assert _guard([*every, control(60, Word.RESET)]) is None


@given(st.lists(st.sampled_from(["REVERTED", "CANCELLED", "EXECUTED", "LOST", "EXPIRED"]), max_size=30))
def test_breaker__when_any_fates_follow_each_other__then_open_exactly_after_a_run_of_k(fates: list[str]) -> None:
    """F-27"""
    counting = "".join(
        "x" if fate in {"REVERTED", "CANCELLED"} else "o" for fate in fates if fate[0] in "RC" or fate == "EXECUTED"
    )
    assert (VAULT in fold(flights(*fates), TRIPS, None).open) == ("xxx" in counting)


@given(st.lists(st.sampled_from(["REVERTED", "EXECUTED", "EXPIRED", "UNSENT"]), max_size=20), st.integers(0, 40))
def test_standing__when_restarted_anywhere__then_as_if_it_had_not_been(fates: list[str], cut: int) -> None:
    """F-27: what is folded from the journal and what was followed live are one."""
    records = flights(*fates)
    live = reduce(standing.after, records[cut:], fold(records[:cut], TRIPS, 10**18))
    assert live == fold(records, TRIPS, 10**18)


# ---- pausing


def test_pause__when_said__then_holds_until_resumed() -> None:
    """F-28"""
    assert _guard([control(0, Word.PAUSE)]) is Guard.PAUSED
    assert _guard([control(0, Word.PAUSE), *flights("EXECUTED", first=2)]) is Guard.PAUSED
    assert _guard([control(0, Word.PAUSE), control(1, Word.RESET)]) is Guard.PAUSED
    assert _guard([control(0, Word.PAUSE), control(1, Word.RESUME)]) is None


def test_fold__when_a_record_is_unreadable__then_says_so() -> None:
    for bad in (record(4, "INTENT", {"plan": "0x12", "budget": 1}), record(4, "INTENT", {}), record(4, "CONTROL", {})):
        with pytest.raises(StorageError, match="journal"):
            fold([bad], TRIPS, None)


# ---- spending


def _spending(*records: Record, budget: int = 200) -> Spending:
    return fold(records, TRIPS, budget).spending


def test_spending__when_a_plan_is_on_its_way__then_its_worst_case_is_set_aside() -> None:
    """F-27"""
    open_ = intent(0, VAULT, worst=90)
    assert _spending(open_).room(NOW) == 10
    assert _spending(open_).room(NOW + 10 * DAY) == 10, "what is under way does not leak"
    assert _spending(open_, outcome(1, open_, "EXECUTED", cost=40)).room(NOW) == 60


@pytest.mark.parametrize(
    ("fate", "left"),
    [
        ("UNSENT", 100),
        ("REFUSED", 100),
        ("LOST", 100),
        ("REVERTED", 10),
        ("CANCELLED", 10),
        ("EXPIRED", 10),
        ("SUPERSEDED", 10),
    ],
)
def test_spending__when_there_is_no_receipt__then_nothing_or_the_worst_case(fate: str, left: int) -> None:
    """F-27"""
    open_ = intent(0, VAULT, worst=90, deadline=NOW)
    assert _spending(open_, outcome(1, open_, fate)).room(NOW) == left


@pytest.mark.parametrize("fate", ["REVERTED", "CANCELLED"])
def test_spending__when_nothing_was_moved_and_a_receipt_is_known__then_what_it_says(fate: str) -> None:
    """F-27"""
    open_ = intent(0, VAULT, worst=90, deadline=NOW)
    assert _spending(open_, outcome(1, open_, fate, paid=25)).room(NOW) == 75


def test_spending__when_the_receipt_was_not_shown__then_the_worst_case() -> None:
    """F-09"""
    open_ = intent(0, VAULT, worst=90, deadline=NOW)
    assert _spending(open_, outcome(1, open_, "EXECUTED", cost=0)).room(NOW) == 10


def test_spending__when_several_end_at_once__then_all_of_them_count() -> None:
    """F-27"""
    first, second = intent(0, VAULT, worst=90), intent(2, OTHER, worst=90)
    ended = (outcome(3, first, "EXECUTED", cost=30), outcome(4, second, "EXECUTED", cost=40))
    assert _spending(first, second, *ended).room(NOW) == 30
    assert _spending(first, second, *reversed(ended)).room(NOW) == 30


def test_spending__when_told_of_late__then_it_leaks_from_the_newest_charge_on() -> None:
    first, second = intent(0, VAULT, worst=90), intent(2, OTHER, worst=90)
    late = outcome(4, second, "EXECUTED", cost=40, at=NOW - DAY)
    assert _spending(first, second, outcome(3, first, "EXECUTED", cost=30), late).room(NOW) == 30


def test_spending__when_told_of_twice__then_charged_once() -> None:
    open_ = intent(0, VAULT, worst=90, deadline=NOW)
    lost = outcome(1, open_, "REVERTED")
    assert _spending(open_, lost, lost).room(NOW) == 10


def test_spending__when_a_day_passes__then_half_the_budget_is_free_again() -> None:
    """F-27"""
    open_ = intent(0, VAULT, worst=100)
    spent = _spending(open_, outcome(1, open_, "EXECUTED", cost=100))
    assert spent.room(NOW) == 0
    assert spent.wait(1, NOW) == 864
    assert spent.wait(1, NOW + 863) == 1
    assert (spent.room(NOW + 863), spent.room(NOW + 864)) == (0, 1)
    assert spent.room(NOW + DAY) == 100
    assert spent.wait(100, NOW) == DAY
    assert spent.wait(101, NOW) is None


def test_spending__when_without_a_budget__then_nothing_waits() -> None:
    assert Spending().reserve(0, Reservation(10**30, NOW)).wait(10**30, NOW) == 0


@given(
    budget=st.integers(1_000, 2_000),
    wishes=st.lists(
        st.tuples(st.integers(0, 20_000), st.integers(1, 600), st.integers(80, 100), st.integers(0, 3)), max_size=40
    ),
)
def test_spending__when_any_flights_are_let_through__then_no_day_costs_more_than_the_budget(
    budget: int, wishes: list[tuple[int, int, int, int]]
) -> None:
    """F-27: flights overlap, end late, in any order, and cost anything up to their worst case."""
    spending, now, open_, spent = Spending(budget), NOW, list[tuple[int, int]](), list[tuple[int, int]]()
    for index, (later, worst, part, close) in enumerate(wishes):
        now += later
        if spending.wait(worst, now) == 0:
            spending = spending.reserve(index, Reservation(worst, now))
            open_.append((index, worst * part // 100))
        for _ in range(min(close, len(open_))):
            which, cost = open_.pop(index % len(open_))
            spending = spending.settle(which, cost, now)
            spent.append((now, cost))
    for end, _ in spent:
        assert sum(cost for at, cost in spent if end - DAY <= at <= end) <= budget


@given(level=st.integers(0, 10**6), budget=st.integers(2, 10**6), worst=st.integers(1, 10**6))
def test_spending__when_it_says_how_long_to_wait__then_exactly_so_long(level: int, budget: int, worst: int) -> None:
    spending = Spending(budget, level, NOW)
    wait = spending.wait(worst, NOW)
    if wait is None:
        assert worst > budget // 2
    else:
        assert spending.wait(worst, NOW + wait) == 0
        assert wait == 0 or spending.wait(worst, NOW + wait - 1)


def test_fold__when_there_is_no_record__then_a_fresh_keeper() -> None:
    assert fold([], Trips(), None) == Standing()
