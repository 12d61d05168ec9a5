"""A picture that stands alone: one SVG file of lines and dots in a plane, with both axes named and a legend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from controller.report.axes import Axis, Mark

WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 78, 190, 46, 52
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#555555", "#000000")
"""Okabe and Ito (2008), safe for colour-blind readers."""
STYLE = "font-family:system-ui,sans-serif;font-size:12px"


@dataclass(frozen=True, slots=True)
class Series:
    """Points in data units; None breaks a line.

    Parameters
    ----------
    label : in the legend; of dots also beside each of them when `names` is given.
    dots : dots in the place of a line.
    """

    label: str
    points: Sequence[tuple[float, float | None]]
    dots: bool = False
    names: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Plane:
    """Both axes with their names, and how their marks are written.

    Parameters
    ----------
    marks : of the horizontal axis, where it is not numbers.
    """

    x: Axis
    y: Axis
    x_name: str
    y_name: str
    show_x: Callable[[float], str] = lambda value: f"{value:g}"
    show_y: Callable[[float], str] = lambda value: f"{value:g}"
    marks: Sequence[Mark] = ()


def figure(title: str, plane: Plane, series: Sequence[Series]) -> str:
    """The text of an SVG file."""
    body = [*opening(title), *_frame(plane)]
    for number, one in enumerate(series):
        colour = COLOURS[number % len(COLOURS)]
        body += _dots(one, plane, colour) if one.dots else [_line(one, plane, colour)]
        height = TOP + 10 + 20 * number
        edge = WIDTH - RIGHT + 14
        body.append(f'<rect x="{edge}" y="{height - 7}" width="14" height="5" fill="{colour}"/>')
        body.append(words_at(edge + 20, height, one.label))
    return "\n".join([*body, "</svg>", ""])


def opening(title: str) -> list[str]:
    """How every picture begins: its title on white."""
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" style="{STYLE}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        words_at(LEFT, 24, title, "font-size:15px;font-weight:600"),
    ]


def upright(middle: float, words: str) -> str:
    """Words beside a vertical axis, read from below; `middle` {px} from the top."""
    turned = f'transform="rotate(-90 18 {middle:.0f})" style="text-anchor:middle"'
    return f'<text x="18" y="{middle:.0f}" {turned}>{escape(words)}</text>'


def _place(plane: Plane, x: float, y: float) -> tuple[float, float]:
    """{px}"""
    return (
        LEFT + (WIDTH - LEFT - RIGHT) * plane.x.at(x),
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * plane.y.at(y),
    )


def _frame(plane: Plane) -> list[str]:
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    parts = []
    for mark in plane.y.marks(6, plane.show_y):
        y = bottom - (bottom - TOP) * mark.at
        parts.append(f'<path d="M{LEFT},{y:.1f}H{right}" stroke="#dddddd"/>')
        parts.append(words_at(LEFT - 8, y + 4, mark.text, "text-anchor:end"))
    for mark in plane.marks or plane.x.marks(6, plane.show_x):
        x = LEFT + (right - LEFT) * mark.at
        parts.append(f'<path d="M{x:.1f},{bottom}v5" stroke="#444444"/>')
        parts.append(words_at(x, bottom + 20, mark.text, "text-anchor:middle"))
    parts.append(f'<path d="M{LEFT},{TOP}V{bottom}H{right}" fill="none" stroke="#444444"/>')
    parts.append(words_at((LEFT + right) / 2, HEIGHT - 10, plane.x_name, "text-anchor:middle"))
    parts.append(upright((TOP + bottom) / 2, plane.y_name))
    return parts


def _line(one: Series, plane: Plane, colour: str) -> str:
    pen, parts = "M", []
    for x, y in one.points:
        if y is None:
            pen = "M"
            continue
        at = _place(plane, x, y)
        parts.append(f"{pen}{at[0]:.1f},{at[1]:.1f}")
        pen = "L"
    return f'<path d="{"".join(parts)}" fill="none" stroke="{colour}" stroke-width="1.6" stroke-linejoin="round"/>'


def _dots(one: Series, plane: Plane, colour: str) -> list[str]:
    parts: list[str] = []
    taken: list[tuple[float, float]] = []
    for number, (x, y) in enumerate(one.points):
        if y is None:
            continue
        at = _place(plane, x, y)
        parts.append(f'<circle cx="{at[0]:.1f}" cy="{at[1]:.1f}" r="4" fill="{colour}" fill-opacity="0.8"/>')
        if number < len(one.names):
            place = _free(at[0] + 7, at[1] + 4, taken)
            taken.append(place)
            parts.append(words_at(*place, one.names[number]))
    return parts


def _free(x: float, y: float, taken: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The place for a name, raised above those that it would lie upon."""
    while any(abs(x - other) < 150 and abs(y - height) < 13 for other, height in taken):
        y -= 13
    return x, y


def words_at(x: float, y: float, words: str, style: str = "") -> str:
    """Words of a picture; `x` and `y` in {px}."""
    styled = f' style="{style}"' if style else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{styled}>{escape(words)}</text>'
