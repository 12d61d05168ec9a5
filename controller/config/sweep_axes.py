"""The axes of a sweep, from a file or from options, every mistake at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from controller.backtest.sweep.grid import AXES, Axis
from controller.config import mistakes as wrong
from controller.config import quantities, strategy_file
from controller.errors import InputError, Mistake
from controller.model import Scope, TriggerKind
from controller.planning.plan import NO_TERMS
from controller.planning.worth import Terms
from controller.strategy.fixed import FixedTargets
from controller.strategy.protocol import Strategy

FIXED: Final = "fixed"
"""Stands for the mandate's own targets among strategy files."""


def _named(kinds: type[TriggerKind] | type[Scope]) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        names = {kind.name.lower(): kind for kind in kinds}
        if value not in names:
            raise ValueError(f"{value!r} is none of {', '.join(names)}")
        return names[value]

    return read


READERS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "trigger": _named(TriggerKind),
    "band": quantities.share,
    "relative_band": quantities.share,
    "calendar": quantities.calendar,
    "cooldown": quantities.seconds,
    "destination": quantities.share,
    "relative_destination": quantities.share,
    "scope": _named(Scope),
    "min_trade": quantities.money,
    "cost": quantities.share,
}
"""How a value of each axis is read; strategies are files."""


def from_file(source: bytes, beside: Path, symbols: Sequence[str]) -> list[Axis]:
    """Of a TOML file whose `[axes]` have a list of values each; strategy files are looked for `beside` it.

    Raises
    ------
    InputError
        With every mistake.
    """
    document = wrong.read(source, wrong.Form("sweep", strategy_file.Table, {}, {}))
    axes = document.get("axes")
    mistakes = [Mistake(key, "is no key of a sweep file; write [axes]") for key in document if key != "axes"]
    if not isinstance(axes, dict):
        mistakes.append(Mistake("axes", 'is missing; write for example [axes] and below it band = ["1%", "5%"]'))
        axes = {}
    return _axes(axes, beside, symbols, mistakes)


def from_options(given: Sequence[str], symbols: Sequence[str]) -> list[Axis]:
    """Of ``band=1%,2%,5%`` and the like."""
    axes, mistakes = {}, []
    for each in given:
        name, equals, values = each.partition("=")
        if not equals:
            mistakes.append(Mistake(each, "is no axis; write for example band=1%,2%,5%"))
        axes[name.strip().replace("-", "_")] = [value.strip() for value in values.split(",") if value.strip()]
    return _axes(axes, Path(), symbols, mistakes)


def _axes(axes: Mapping[str, Any], beside: Path, symbols: Sequence[str], mistakes: list[Mistake]) -> list[Axis]:
    found = []
    for name, values in axes.items():
        if name not in AXES:
            mistakes.append(Mistake(name, f"is no axis; there are {', '.join(AXES)}"))
        elif not isinstance(values, list) or not values:
            mistakes.append(Mistake(name, "must be a list with something in it"))
        elif name == "strategy":
            found.append(_strategies([str(value) for value in values], beside, symbols, mistakes))
        else:
            found.append(_axis(name, values, mistakes))
    if mistakes:
        raise InputError("The sweep has mistakes.", "Correct them and try again.", tuple(mistakes))
    return found


def _axis(name: str, values: Sequence[Any], mistakes: list[Mistake]) -> Axis:
    read = []
    for value in values:
        try:
            read.append(READERS[name](value))
        except ValueError as error:
            mistakes.append(Mistake(name, str(error)))
    for place, value in enumerate(read):
        if value in read[:place]:
            mistakes.append(Mistake(name, f"{values[place]} is there twice"))
    return Axis(name, tuple(str(value) for value in values), tuple(read))


def _strategies(names: Sequence[str], beside: Path, symbols: Sequence[str], mistakes: list[Mistake]) -> Axis:
    built: list[tuple[Strategy, Terms]] = []
    hashes: list[str] = []
    for name in names:
        if name == FIXED:
            built.append((FixedTargets(), NO_TERMS))
            hashes.append(FIXED)
            continue
        try:
            loaded = strategy_file.load(beside / name)
            built.append((loaded.build(symbols), loaded.terms(len(symbols))))
            hashes.append(loaded.hash.hex())
        except InputError as error:
            mistakes += [Mistake(f"{name}: {each.where}", each.what) for each in error.mistakes] or [
                Mistake(name, error.message)
            ]
    return Axis("strategy", tuple(names), tuple(built), tuple(hashes))
