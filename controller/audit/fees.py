"""Fees: new shares that never come to more than rate times time, and rate times the rise above the mark
(contracts/VaultBase.sol, contracts/VaultFlows.sol)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from controller.audit.issues import RECORD_IS_FALSE, Issue, differs, unchecked
from controller.audit.state import State
from controller.chain.entries import FeesTaken
from controller.planning import fees
from controller.planning.fees import Owed


def management_shares(state: State, timestamp: int) -> int:
    """{qShare} owed since the fee was taken last, rounded down; at most a year at a time."""
    return fees.management_shares(state.mandate.fees.management, state.supply, timestamp - state.last_fee)


def owed(state: State, total: int, timestamp: int) -> Owed:
    """Both fees of a vault worth `total` D36{quote}."""
    return fees.owed(
        state.mandate.fees,
        supply=state.supply,
        total=total,
        elapsed=timestamp - state.last_fee,
        mark=state.high_water_mark,
    )


def check(
    state: State, entry: FeesTaken, timestamp: int, totals: tuple[int, int] | None, *, in_kind: bool
) -> Iterator[Issue]:
    """Both fees recomputed.

    Parameters
    ----------
    totals : D36{quote} the least and the most that the vault can have been worth; None where that is not known.
    in_kind : whether the entry comes before one that needs no price, which takes the management fee alone.
    """
    if state.paused and not in_kind:
        yield Issue("fees were taken while the vault was paused", RECORD_IS_FALSE)
    if entry.recipient != state.mandate.fees.recipient:
        yield Issue(f"fees went to {entry.recipient}, the mandate says {state.mandate.fees.recipient}", RECORD_IS_FALSE)
    silent = (entry.performance_shares, entry.high_water_mark) == (0, state.high_water_mark)
    if silent and not entry.management_shares:
        yield Issue("a fee of nothing is recorded", RECORD_IS_FALSE)
    yield from _check_management(state, entry, timestamp)
    if silent and in_kind:
        return
    if totals is None:
        yield unchecked("the performance fee could not be computed again: what the vault was worth is not known")
        return
    supply = state.supply + entry.management_shares
    (least, low), (most, high) = (_performance(state, supply, total) for total in totals)
    if not least <= entry.performance_shares <= most:
        yield differs("the performance fee", entry.performance_shares, _range(least, most))
    if not low <= entry.high_water_mark <= high:
        yield differs("the high-water mark", entry.high_water_mark, _range(low, high))


def check_taken(state: State, timestamp: int, total: int | None) -> Iterator[Issue]:
    """Before shares come or go, or the rate changes, the fees until then are taken. Without a `total` D36{quote}, of
    entries that need no price, that is the management fee alone."""
    due = Owed(management_shares(state, timestamp), 0, 0) if total is None else owed(state, total, timestamp)
    if due.shares or (total is not None and due.mark != state.high_water_mark):
        yield Issue(f"fees of {due.shares} shares were owed and not taken first", RECORD_IS_FALSE)


def is_rounded_away(state: State) -> bool:
    """Whether the fee of a second is less than a {qShare}: then it can have been taken without an entry, and the time
    until which it has been taken is not known exactly."""
    if not state.mandate.fees.management:
        return False
    return management_shares(replace(state, last_fee=0), 1) == 0


def _check_management(state: State, entry: FeesTaken, timestamp: int) -> Iterator[Issue]:
    most = management_shares(state, timestamp)
    least = 0 if is_rounded_away(state) else most
    if not least <= entry.management_shares <= most:
        yield Issue(
            f"a management fee of {entry.management_shares} shares was taken, rate and time since {state.last_fee} "
            f"come to {_range(least, most)}"
        )


def _performance(state: State, supply: int, total: int) -> tuple[int, int]:
    """{qShare} of the performance fee, and the mark D36{quote/share} afterwards."""
    return fees.performance_shares(state.mandate.fees.performance, supply, total, state.high_water_mark)


def _range(least: int, most: int) -> str:
    return str(most) if least == most else f"{least} to {most}"
