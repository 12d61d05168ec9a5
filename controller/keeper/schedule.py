"""When to tick. Pure: a look at the newest block goes in, whether to tick on it comes out.

Three rules hold whatever the pace. No block is ticked on twice: a chain that halts makes no pile of ticks, and none is
owed when it goes on. A tick that is late is skipped and counted, never made up for. What is due is decided by the
chain's time; the clock of this machine, which may be set back or forth, only paces the looks, and only by its
differences.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from controller.model import BlockRef, NoTrade, Snapshot


class Pace(StrEnum):
    BLOCK = "block"  # on every block
    INTERVAL = "interval"  # so often
    CALENDAR = "calendar"  # when a mandate's calendar or cool-down says so, and so often besides, for what drifts


@dataclass(frozen=True, slots=True)
class Schedule:
    """Where a keeper stands between its ticks."""

    pace: Pace
    interval: float  # {s} on the injected clock
    began: float | None = None  # {s} of the first tick: the intervals are counted from it
    slot: int = 0  # interval of the last tick
    looked: int = 0  # interval of the last look that found nothing to tick on
    last: BlockRef | None = None  # ticked on
    next_due: int = 0  # {s} chain time at which a vault asks for a tick; zero: none does
    newest: BlockRef | None = None  # seen
    newest_since: float = 0.0  # {s} on the injected clock
    ticks: int = 0
    skipped: int = 0  # blocks or intervals that passed while an earlier tick was under way


def look(schedule: Schedule, block: BlockRef, now: float) -> tuple[Schedule, bool]:
    """After a look at the newest block; whether to tick on it.

    Parameters
    ----------
    now : {s} on a clock that is never set, such as `time.monotonic`.
    """
    if schedule.newest is None or block.hash != schedule.newest.hash:
        schedule = replace(schedule, newest=block, newest_since=now)
    slot = _slot(schedule, now)
    if not _asks(schedule, block, slot):
        return replace(schedule, looked=slot), False
    ticked = replace(
        schedule,
        began=now if schedule.began is None else schedule.began,
        slot=slot,
        last=block,
        next_due=0,
        ticks=schedule.ticks + 1,
        skipped=schedule.skipped + _missed(schedule, block, slot),
    )
    return ticked, True


def _asks(schedule: Schedule, block: BlockRef, slot: int) -> bool:
    last = schedule.last
    if last is None:
        return True
    if block.hash == last.hash:
        return False
    if schedule.pace is Pace.BLOCK or slot > schedule.slot:
        return True
    # a plan executes in a later block than the one that it is made from
    return schedule.pace is Pace.CALENDAR and 0 < schedule.next_due <= block.timestamp + 1


def _missed(schedule: Schedule, block: BlockRef, slot: int) -> int:
    if schedule.last is None:
        return 0
    if schedule.pace is Pace.BLOCK:
        return max(block.number - schedule.last.number - 1, 0)
    return max(slot - max(schedule.slot, schedule.looked) - 1, 0)


def plan_ahead(schedule: Schedule, wanted: Iterable[int]) -> Schedule:
    """After a tick: when its vaults ask for the next one, {s} of chain time, zero where they do not."""
    return replace(schedule, next_due=min((time for time in wanted if time > 0), default=0))


def wanted_at(snapshot: Snapshot, answer: object) -> int:
    """{s} chain time at which a vault asks for its next tick: a reason's end, or the next block of a plan; zero: none.

    Parameters
    ----------
    answer : the vault's decision of this tick, or the error that it ended with.
    """
    if isinstance(answer, NoTrade):
        return answer.until
    return 0 if isinstance(answer, Exception) else snapshot.block.timestamp + 1


def silent_for(schedule: Schedule, now: float) -> float:
    """{s} for which the chain has shown no new block."""
    return now - schedule.newest_since if schedule.newest is not None else 0.0


def rest(schedule: Schedule, now: float, longest: float) -> float:
    """{s} to sleep before the next look, at most `longest`, which is how late a new block may be seen."""
    if schedule.pace is Pace.BLOCK or schedule.began is None:
        return longest
    ahead = schedule.began + (schedule.slot + 1) * schedule.interval - now
    return min(ahead, longest) if ahead > 0 else longest


def _slot(schedule: Schedule, now: float) -> int:
    return 0 if schedule.began is None else int((now - schedule.began) // schedule.interval)
