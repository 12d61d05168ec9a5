"""A heat map that stands alone: one SVG file of a number over two things that vary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from controller.report.figure import BOTTOM, HEIGHT, LEFT, TOP, WIDTH, opening, upright, words_at

COLD, HOT = (247, 251, 255), (8, 81, 156)
"""Light to dark: the order is seen without colours, too."""
EDGE = 40  # {px} right of the map
MOST_NAMES = 14
"""Marks of an axis; of more values every so many have one."""
MOST_WRITTEN = 150
"""Cells that have their number written in."""


def heat_map(
    title: str,
    across: tuple[str, Sequence[str]],
    upward: tuple[str, Sequence[str]],
    values: Sequence[Sequence[float | None]],
    show: Callable[[float], str],
) -> str:
    """The text of an SVG file.

    Parameters
    ----------
    across, upward : name of each axis and labels of its values.
    values : one row for each value of `upward`, the first lowest; None leaves a cell empty.
    show : how a number is written.
    """
    known = [value for row in values for value in row if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 0.0)
    wide, tall = (WIDTH - LEFT - EDGE) / len(across[1]), (HEIGHT - TOP - BOTTOM) / len(upward[1])
    body = opening(title)
    for row, line in enumerate(values):
        for column, value in enumerate(line):
            if value is not None:
                place = (LEFT + wide * column, HEIGHT - BOTTOM - tall * (row + 1), wide, tall)
                part = (value - low) / (high - low) if high > low else 0.5
                body += _cell(place, part, show(value), is_written=len(known) <= MOST_WRITTEN)
    body += _names(across, upward, wide, tall)
    return "\n".join([*body, "</svg>", ""])


def _cell(place: tuple[float, float, float, float], part: float, words: str, *, is_written: bool) -> list[str]:
    x, y, wide, tall = place
    colour = "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in zip(COLD, HOT, strict=True))
    cell = (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.2f}" height="{tall:.2f}" fill="{colour}" stroke="#ffffff">'
        f"<title>{escape(words)}</title></rect>"
    )
    fits = is_written and wide >= 7 * len(words) and tall >= 14
    ink = "#ffffff" if part > 0.55 else "#222222"
    return [cell, words_at(x + wide / 2, y + tall / 2 + 4, words, f"text-anchor:middle;fill:{ink}")] if fits else [cell]


def _names(across: tuple[str, Sequence[str]], upward: tuple[str, Sequence[str]], wide: float, tall: float) -> list[str]:
    parts, bottom = [], HEIGHT - BOTTOM
    for place, label in _some(across[1]):
        parts.append(words_at(LEFT + wide * (place + 0.5), bottom + 20, label, "text-anchor:middle"))
    for place, label in _some(upward[1]):
        parts.append(words_at(LEFT - 8, bottom - tall * (place + 0.5) + 4, label, "text-anchor:end"))
    parts.append(words_at((LEFT + WIDTH - EDGE) / 2, HEIGHT - 10, across[0], "text-anchor:middle"))
    parts.append(upright((TOP + bottom) / 2, upward[0]))
    return parts


def _some(labels: Sequence[str]) -> list[tuple[int, str]]:
    step = -(-len(labels) // MOST_NAMES)
    return [(place, label) for place, label in enumerate(labels) if place % step == 0]
