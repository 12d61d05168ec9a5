"""Which configurations a sweep tries: every combination of the values of its axes, as far as a vault can have them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any, Final

from controller.backtest.engine import Setting
from controller.backtest.paper import Proportional
from controller.errors import InputError, Mistake
from controller.model import Mandate, TriggerKind


@dataclass(frozen=True, slots=True)
class Axis:
    """One thing that varies."""

    name: str  # of `AXES`
    labels: tuple[str, ...]  # of the values, for people
    values: tuple[Any, ...]
    hashes: tuple[str, ...] = ()  # of values that are files


def _trigger(**names: str) -> Callable[[Setting, Any], Setting]:
    return lambda setting, value: _with(setting, trigger=replace(setting.mandate.trigger, **{names["field"]: value}))


def _end(**names: str) -> Callable[[Setting, Any], Setting]:
    return lambda setting, value: _with(
        setting, destination=replace(setting.mandate.destination, **{names["field"]: value})
    )


def _limit(**names: str) -> Callable[[Setting, Any], Setting]:
    return lambda setting, value: _with(setting, limits=replace(setting.mandate.limits, **{names["field"]: value}))


def _with(setting: Setting, **pieces: Any) -> Setting:
    return replace(setting, mandate=replace(setting.mandate, **pieces))


def _calendar(setting: Setting, value: Any) -> Setting:
    every, period = value
    return _with(setting, trigger=replace(setting.mandate.trigger, every=every, period=period))


def _cost(setting: Setting, value: Any) -> Setting:
    if not isinstance(setting.market, Proportional):
        raise InputError("A cost of its own is only for a market without pools.", "Leave --depth out.")
    return replace(setting, market=Proportional(value))


def _decided(setting: Setting, value: Any) -> Setting:
    strategy, terms = value
    return replace(setting, strategy=strategy, terms=terms)


AXES: Final[dict[str, Callable[[Setting, Any], Setting]]] = {
    "trigger": _trigger(field="kind"),
    "band": _trigger(field="band"),
    "relative_band": _trigger(field="relative_band"),
    "calendar": _calendar,
    "cooldown": _trigger(field="cooldown"),
    "destination": _end(field="drift"),
    "relative_destination": _end(field="relative_drift"),
    "scope": _end(field="scope"),
    "min_trade": _limit(field="min_trade"),
    "cost": _cost,
    "strategy": _decided,
}
"""What can vary, and how a value is put into a setting."""


@dataclass(frozen=True)
class Grid:
    """Configurations by number, the last axis fastest; none of them is kept."""

    base: Setting
    axes: tuple[Axis, ...]

    def __len__(self) -> int:
        return prod(len(axis.values) for axis in self.axes)

    def places(self, number: int) -> tuple[int, ...]:
        """Of a configuration's value on each axis."""
        found = []
        for axis in reversed(self.axes):
            number, place = divmod(number, len(axis.values))
            found.append(place)
        return tuple(reversed(found))

    def labels(self, number: int) -> dict[str, str]:
        """A configuration for people, by axis."""
        return {axis.name: axis.labels[place] for axis, place in zip(self.axes, self.places(number), strict=True)}

    def setting(self, number: int) -> Setting | None:
        """None for what no vault can have: a destination that is not inside its band."""
        setting = self.base
        for axis, place in zip(self.axes, self.places(number), strict=True):
            setting = AXES[axis.name](setting, axis.values[place])
        return setting if is_possible(setting.mandate) else None


def is_possible(mandate: Mandate) -> bool:
    """Whether a vault can have its trigger and destination (`config.mandate_checks`)."""
    trigger, end = mandate.trigger, mandate.destination
    banded = trigger.kind is not TriggerKind.CALENDAR
    if banded and not (trigger.band or trigger.relative_band):
        return False
    if trigger.kind is not TriggerKind.THRESHOLD and not trigger.every:
        return False
    absolute = not banded or not trigger.band or end.drift < trigger.band
    relative = not banded or not trigger.relative_band or end.relative_drift < trigger.relative_band
    return absolute and relative


def grid(base: Setting, axes: Sequence[Axis]) -> Grid:
    """Raises `InputError` for axes that are unknown, empty or there twice, and for a grid without a possible vault."""
    names = [axis.name for axis in axes]
    mistakes = [Mistake(name, f"is no axis; there are {', '.join(AXES)}") for name in names if name not in AXES]
    mistakes += [Mistake(name, "is there twice") for name in dict.fromkeys(names) if names.count(name) > 1]
    mistakes += [Mistake(axis.name, "has no values") for axis in axes if not axis.values]
    if not axes:
        mistakes.append(Mistake("axes", "there are none"))
    if mistakes:
        raise InputError("This sweep has nothing to vary.", "Write for example band = 1%, 2%, 5%.", tuple(mistakes))
    found = Grid(base, tuple(axes))
    if all(found.setting(number) is None for number in range(len(found))):
        raise InputError(
            "No vault can have any of these configurations.",
            "A destination must be below its band, a calendar trigger needs a calendar, another one a band.",
        )
    return found
