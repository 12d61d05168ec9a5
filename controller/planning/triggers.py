"""Whether a rebalance is due by the mandate's trigger (contracts/libraries/Triggers.sol)."""

from __future__ import annotations

from collections.abc import Sequence

from controller.model import Cause, Mandate, Scope, Trigger, TriggerKind
from controller.planning import calendar
from controller.planning.rules import Bands


def assess(
    mandate: Mandate, held: Sequence[int], targets: Sequence[int], last_rebalance: int, time: int
) -> tuple[Cause, int]:
    """The trigger's answer for a vault that is neither paused, nor cooling down, nor in an open rebalance.

    With both conditions in the trigger and neither met the answer is IN_BAND.

    Parameters
    ----------
    held : D36{quote} of each asset.
    targets : {bps} at `time`.
    last_rebalance : {s} zero before the first.
    time : {s}

    Returns
    -------
    The cause: THRESHOLD, CALENDAR, THRESHOLD_AND_CALENDAR are due, IN_BAND and BEFORE_PERIOD are not. And a bitmap of
    the assets that the rebalance is about: all where the period alone suffices, else those that have reached their
    band.
    """
    trigger = mandate.trigger
    hit = 0 if trigger.kind is TriggerKind.CALENDAR else Bands.of(mandate).breaches(held, targets)
    by_band = Cause.THRESHOLD if hit else Cause.IN_BAND
    if trigger.kind is TriggerKind.THRESHOLD or (trigger.kind is TriggerKind.BOTH and not hit):
        return by_band, hit
    begun = has_begun(trigger, last_rebalance, time)
    if trigger.kind is TriggerKind.BOTH:
        return (Cause.THRESHOLD_AND_CALENDAR, hit) if begun else (Cause.BEFORE_PERIOD, 0)
    if begun:
        return Cause.THRESHOLD_AND_CALENDAR if hit else Cause.CALENDAR, everything(len(held))
    return (Cause.BEFORE_PERIOD, 0) if trigger.kind is TriggerKind.CALENDAR else (by_band, hit)


def has_begun(trigger: Trigger, last_rebalance: int, time: int) -> bool:
    """Whether a period has begun since the last rebalance {s}; before the anchor none has."""
    return calendar.period_start(trigger, time) > last_rebalance


def is_due(cause: Cause) -> bool:
    """Whether an answer of `assess` lets a rebalance open."""
    return cause <= Cause.THRESHOLD_AND_CALENDAR


def scope_of(mandate: Mandate, breaches: int) -> int:
    """Bitmap of the assets that must end inside the destination, of those that the rebalance is about."""
    return everything(len(mandate.assets)) if mandate.destination.scope is Scope.BOOK else breaches


def everything(count: int) -> int:
    """Bitmap of `count` assets."""
    return (1 << count) - 1
