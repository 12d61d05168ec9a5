"""A glide path as the knots of a mandate's target path."""

from __future__ import annotations

from collections.abc import Sequence

from controller.model import Knot
from controller.planning.path import interpolate
from controller.units import BPS


def knots(points: Sequence[tuple[int, int]], risky: Sequence[int], safe: Sequence[int]) -> tuple[Knot, ...]:
    """Mixes two portfolios along a glide.

    Parameters
    ----------
    points : {s} and {bps} of the risky portfolio, times ascending.
    risky, safe : {bps} of each asset in the two portfolios, each summing to 10,000.

    Returns
    -------
    Knots of exactly 10,000 each, without those that change nothing: inside a stretch of equal ones, or behind the last
    change.
    """
    every = [Knot(time, interpolate(safe, risky, share, BPS)) for time, share in points]
    return tuple(
        knot
        for place, knot in enumerate(every)
        if not place
        or every[place - 1].weights != knot.weights
        or (place + 1 < len(every) and every[place + 1].weights != knot.weights)
    )
