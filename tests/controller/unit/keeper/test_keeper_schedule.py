"""When a keeper ticks: never twice on a block, never late ticks in a pile, by the chain's time. F-15, F-21, F-22"""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keeper_pieces import APART, NOW, plan

from controller.errors import NodeError
from controller.keeper.schedule import Pace, Schedule, look, plan_ahead, rest, silent_for, wanted_at
from controller.model import BlockRef, NoTrade, Reason


def _block(number: int, timestamp: int = NOW, branch: int = 0) -> BlockRef:
    return BlockRef(number, bytes([branch]) + number.to_bytes(31, "big"), timestamp)


def _looks(schedule: Schedule, *looks: tuple[int, float]) -> tuple[Schedule, list[bool]]:
    """Looks at block number and {s}."""
    ticked = []
    for number, now in looks:
        schedule, tick = look(schedule, _block(number), now)
        ticked.append(tick)
    return schedule, ticked


@pytest.mark.parametrize("pace", Pace)
def test_look__when_it_is_the_first__then_ticks_at_once(pace: Pace) -> None:
    schedule, ticked = _looks(Schedule(pace, 60), (5, 1_000))
    assert ticked == [True]
    assert (schedule.ticks, schedule.skipped) == (1, 0)


def test_block__when_a_block_is_new__then_ticks_on_it_and_counts_the_ones_passed_over() -> None:
    """F-21"""
    schedule, ticked = _looks(Schedule(Pace.BLOCK, 60), (5, 0), (5, 1), (6, 12), (9, 48), (9, 49))
    assert ticked == [True, False, True, True, False]
    assert (schedule.ticks, schedule.skipped) == (3, 2)


def test_block__when_a_reorg_replaces_it__then_ticks_again() -> None:
    """F-10"""
    schedule, _ = look(Schedule(Pace.BLOCK, 60), _block(5), 0)
    schedule, tick = look(schedule, _block(5, branch=1), 1)
    assert tick
    schedule, tick = look(schedule, _block(4, branch=1), 2)
    assert tick
    assert schedule.skipped == 0


def test_interval__when_a_tick_takes_longer__then_what_it_missed_is_skipped_and_counted() -> None:
    """F-21: the tick at 0 took until 185; one tick follows, not three, and the next keeps to the old rhythm."""
    schedule, ticked = _looks(Schedule(Pace.INTERVAL, 60), (1, 0), (2, 185), (3, 186), (4, 239), (5, 240))
    assert ticked == [True, True, False, False, True]
    assert (schedule.ticks, schedule.skipped) == (3, 2)


def test_interval__when_it_ticks_a_little_late__then_the_rhythm_does_not_slip() -> None:
    """F-21"""
    schedule, ticked = _looks(Schedule(Pace.INTERVAL, 60), (1, 0), (2, 60.9), (3, 120.2), (4, 179.9))
    assert ticked == [True, True, True, False]
    assert schedule.skipped == 0


@pytest.mark.parametrize("pace", Pace)
def test_look__when_the_chain_halts__then_no_tick_and_no_pile_when_it_goes_on(pace: Pace) -> None:
    """F-15"""
    halted = [(7, float(now)) for now in range(1, 3_600)]
    schedule, ticked = _looks(Schedule(pace, 60), (7, 0), *halted)
    assert sum(ticked) == 1
    assert silent_for(schedule, 3_600) == 3_600
    schedule, ticked = _looks(schedule, (8, 3_600), (8, 3_601), (8, 3_659))
    assert ticked == [True, False, False]
    assert (schedule.skipped, silent_for(schedule, 3_602)) == (0, 2)


@given(
    pace=st.sampled_from(Pace),
    interval=st.integers(1, 100),
    steps=st.lists(st.tuples(st.floats(0, 500), st.integers(0, 3)), max_size=60),
)
def test_look__when_anything_happens__then_one_tick_for_a_block_and_for_an_interval(
    pace: Pace, interval: int, steps: list[tuple[float, int]]
) -> None:
    """F-15, F-21"""
    schedule, now, number, ticks = Schedule(pace, interval), 0.0, 1, list[tuple[int, float]]()
    for later, blocks in steps:
        now, number = now + later, number + blocks
        schedule, tick = look(schedule, _block(number), now)
        if tick:
            ticks.append((number, now))
    assert len({number for number, _ in ticks}) == len(ticks) == schedule.ticks
    began = ticks[0][1] if ticks else 0.0
    if pace is not Pace.BLOCK:
        slots = [int((now - began) // interval) for _, now in ticks]
        assert len(set(slots)) == len(slots)
        assert len(ticks) + schedule.skipped <= int((now - began) // interval) + 1
    elif ticks:
        assert len(ticks) + schedule.skipped == ticks[-1][0] - ticks[0][0] + 1


# ---- calendars


def test_calendar__when_a_vaults_second_comes__then_ticks_on_the_block_whose_next_one_can_hold_it() -> None:
    """F-22: the second is the chain's; the plan executes in the block after."""
    schedule, _ = look(Schedule(Pace.CALENDAR, 3_600), _block(1, NOW), 0)
    schedule = plan_ahead(schedule, [0, NOW + 100, NOW + 50])
    schedule, tick = look(schedule, _block(2, NOW + 48), 10)
    assert not tick
    schedule, tick = look(schedule, _block(3, NOW + 49), 20)
    assert tick
    assert schedule.next_due == 0
    schedule, tick = look(plan_ahead(schedule, [0]), _block(4, NOW + 10**9), 30)
    assert not tick, "no vault asks"
    _, tick = look(schedule, _block(5, NOW + 10**9), 3_600)
    assert tick, "what drifts is looked at so often besides"


def test_calendar__when_this_machines_clock_is_wrong__then_the_chains_time_decides() -> None:
    """F-22: whatever the clock shows, and however it is set, only its differences pace the looks."""
    for skew in (-(10**9), 0, 10**9):
        schedule, _ = look(Schedule(Pace.CALENDAR, 3_600), _block(1, NOW), skew)
        schedule = plan_ahead(schedule, [NOW + 50])
        ticked = []
        for number, timestamp in ((2, NOW + 12), (3, NOW + 60)):
            schedule, tick = look(schedule, _block(number, timestamp), skew + number)
            ticked.append(tick)
        assert ticked == [False, True]


def test_wanted_at__when_a_vault_is_idle_due_or_in_trouble__then_its_end_the_next_block_or_nothing() -> None:
    """F-22"""
    time = APART.block.timestamp
    assert wanted_at(APART, NoTrade(Reason.COOLING_DOWN, "", time + 9)) == time + 9
    assert wanted_at(APART, NoTrade(Reason.IN_BAND, "")) == 0
    assert wanted_at(APART, plan()) == time + 1
    assert wanted_at(APART, NodeError("gone")) == 0


# ---- resting


def test_rest__when_the_next_interval_is_near__then_no_longer_than_until_it_begins() -> None:
    schedule, _ = _looks(Schedule(Pace.INTERVAL, 60), (1, 100))
    assert rest(schedule, 100, 2) == 2
    assert rest(schedule, 159, 2) == 1
    assert rest(schedule, 160, 2) == 2, "it has begun, and no new block is there: look again in a while"
    assert rest(replace(schedule, pace=Pace.BLOCK), 159.5, 2) == 2
    assert rest(Schedule(Pace.INTERVAL, 60), 0, 2) == 2


def test_silent_for__when_nothing_has_been_seen__then_not_silent() -> None:
    assert silent_for(Schedule(Pace.BLOCK, 60), 10**6) == 0
