"""What a chart is made of: paths in a box of 100 by 100 that the page stretches, with the words around it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from controller.report.axes import Axis, Mark

Point = tuple[float, float | None]
"""Where, 0 to 1, and how much; None breaks a line."""


@dataclass(frozen=True, slots=True)
class Stripe:
    """A horizontal area; a line when `height` is 0."""

    css: str
    top: float  # {1/100} from the top
    height: float


@dataclass(frozen=True, slots=True)
class Path:
    css: str
    d: str


@dataclass(frozen=True, slots=True)
class Readout:
    """One line of a legend: it shows the last tick, or the one under the pointer."""

    label: str
    css: str
    values: tuple[str, ...]  # one for each tick that is drawn


@dataclass(frozen=True, slots=True)
class Panel:
    """One box with its scale, its legend and its description for those who cannot see it."""

    css: str
    description: str
    legend: tuple[Readout, ...]
    stripes: tuple[Stripe, ...]
    paths: tuple[Path, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    note: str
    panels: tuple[Panel, ...]


def area(axis: Axis, css: str, low: float, high: float) -> Stripe:
    return Stripe(css, round(100 - 100 * axis.at(high), 2), round(100 * (axis.at(high) - axis.at(low)), 2))


def path(track: Iterable[Point], axis: Axis) -> str:
    """A line through the points, broken where there is none."""
    parts: list[str] = []
    pen = "M"
    for x, y in track:
        if y is None:
            pen = "M"
            continue
        parts.append(f"{pen}{100 * x:.6g},{100 - 100 * axis.at(y):.5g}")
        pen = "L"
    return "".join(parts)


def dots(places: Iterable[Point], axis: Axis) -> str:
    """Lines of almost no length: their round caps are the dots, which stay round when the box is stretched."""
    return "".join(f"M{100 * x:.6g},{100 - 100 * axis.at(y):.5g}h.001" for x, y in places if y is not None)
