"""Draws the picture of docs/STRATEGIES.md that shows optimisers on a published problem.

.venv/bin/python scripts/optimiser_pictures.py
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np

from controller.report.axes import axis_for
from controller.report.figure import Plane, Series, figure
from controller.strategy.constraints import Constraints
from controller.strategy.optimisers.genetic import ChosenHoldings
from controller.strategy.optimisers.mean_variance import TargetReturn
from controller.strategy.protocol import FloatArray

ROOT = Path(__file__).resolve().parent.parent
IMAGES = ROOT / "docs" / "images"
sys.path.insert(0, str(ROOT / "tests" / "controller"))

from orlib import frontier, problem  # noqa: E402 - beside the tests that read the same files


def pictures() -> dict[str, str]:
    """SVG by file name."""
    return {"optimisers-frontier.svg": _frontier()}


def _frontier() -> str:
    """Problem 1 of OR-Library: the published frontier, ours, and what ten holdings cost."""
    moments, published = problem(1), frontier(1)
    free = Constraints.long_only(len(moments.mean))
    line = [(float(variance) ** 0.5, float(mean)) for mean, variance in published[::20]]
    exact = [
        _place(TargetReturn(float(mean)).solve(moments, free).weights, moments.mean, moments.covariance)
        for mean, _ in published[1::133]
    ]
    few = replace(free, cardinality=3, smallest_holding=0.01)
    held = [
        _place(
            ChosenHoldings(gamma, population=12, generations=4, exactly=True).solve(moments, few).weights,
            moments.mean,
            moments.covariance,
        )
        for gamma in np.geomspace(1.0, 200.0, 14)
    ]
    lines = [Series("published frontier", line), Series("ours", exact, dots=True), Series("three holdings", held)]
    x = axis_for([risk for each in lines for risk, _ in each.points])
    y = axis_for([mean for each in lines for _, mean in each.points])
    plane = Plane(x, y, "standard deviation, a week", "expected return, a week")
    return figure("31 stocks of OR-Library, and three of them", plane, lines)


def _place(weights: FloatArray, mean: FloatArray, covariance: FloatArray) -> tuple[float, float]:
    return float(weights @ covariance @ weights) ** 0.5, float(mean @ weights)


def main() -> None:
    for name, text in pictures().items():
        (IMAGES / name).write_text(text, encoding="utf-8")
        print(f"Written: docs/images/{name}")


if __name__ == "__main__":
    main()
