"""Draws the pictures of docs/STRATEGIES.md about trading and about a person: docs/images/trading-*.svg."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from controller.market.routes import split
from controller.planning.slicing import Slicing
from controller.report.axes import axis_for
from controller.report.figure import Plane, Series, figure
from controller.strategy.profile import Answers, Market, Profile, glide
from controller.units import BPS, D18

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "images"
HOUR = 3_600
HALF_LIVES = (("evenly", None), ("half-life of 12 hours", 12), ("6 hours", 6), ("2 hours", 2))
POOLS = ((100_000_000, 500), (60_000_000, 3_000), (20_000_000, 500))
"""{USD} on each side, and fee {1e-6}."""
PEOPLE = (("cautious", 500, 1_400, 2_000), ("usual", 1_000, 800, 4_000), ("daring", 2_000, 400, 7_000))
"""The largest bearable loss, the fee and the share of stocks that feels right, {bps}."""


def pictures() -> dict[str, str]:
    """Text of each picture by the name of its file."""
    return {"trading-slices.svg": slices(), "trading-routes.svg": routes(), "trading-glide.svg": glides()}


def slices() -> str:
    lines = []
    for label, hours in HALF_LIVES:
        slicing = Slicing(0 if hours is None else round(0.6931471805599453 * D18 / (hours * HOUR)), HOUR)
        left, points = 1.0, [(0.0, 1.0)]
        for hour in range(24):
            left *= 1 - slicing.share((24 - hour) * HOUR) / D18
            points.append((hour + 1.0, left))
        lines.append(Series(label, points))
    plane = Plane(axis_for([0, 24]), axis_for([0, 1]), "hours", "left of the order", show_y="{:.0%}".format)
    return figure("A large order over 24 hours", plane, lines)


def routes() -> str:
    curves = [_curve(depth * 10**6, fee) for depth, fee in POOLS]
    sizes = [20_000 * step for step in range(1, 101)]
    lines = []
    for most, label in ((1, "the best pool alone"), (2, "two routes at most"), (3, "three routes at most")):
        points = []
        for size in sizes:
            amounts = split(curves, size * 10**6, most, 1, 0)
            given = sum(curve(amount) for curve, amount in zip(curves, amounts, strict=True) if amount)
            points.append((size / 10**6, (1 - given / (size * 10**6)) * BPS))
        lines.append(Series(label, points))
    costs = [cost for line in lines for _, cost in line.points if cost is not None]
    plane = Plane(axis_for([0, 2]), axis_for([0, max(costs)]), "sold, in millions", "cost in bps")
    return figure("Fee and impact of one trade", plane, lines)


def glides() -> str:
    lines = []
    for label, loss, fee, stocks in PEOPLE:
        profile = Profile(label, Answers(loss, fee, stocks, 500, 30), Market())
        points = [(30 * step / 60, share / BPS) for step, (_, share) in enumerate(glide(profile, 0, 60))]
        lines.append(Series(label, points))
    plane = Plane(axis_for([0, 30]), axis_for([0, 1]), "years", "share of stocks", show_y="{:.0%}".format)
    return figure("How the share of stocks glides, saving 5% a year for 30 years", plane, lines)


def _curve(depth: int, fee: int) -> Callable[[int], int]:
    def out(amount: int) -> int:
        paid = amount * (10**6 - fee) // 10**6
        return depth * paid // (depth + paid)

    return out


def main() -> int:
    for name, text in pictures().items():
        (FOLDER / name).write_text(text)
        print(f"Drawn: docs/images/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
