"""Weights become basis points: whole numbers that sum to 10,000, inside of the bounds, at the least loss.

Loss is that of the objective's second-order expansion at the weights, g'd + 1/2 d'Hd for a change d: what an optimiser
that knows whole numbers only would lose. Down to the bounds first, then every missing basis point goes where it costs
least, and single basis points are exchanged until no exchange gains. With the unit matrix and no gradient this is the
method of largest remainders.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from controller.errors import InputError
from controller.strategy.protocol import FloatArray
from controller.units import BPS

IntArray = npt.NDArray[np.int64]
DUST = 1e-7
"""{bps} by which a weight may miss a whole number and still be it."""
EXCHANGES = 100_000
"""More than any rounding takes; a guard against loops between equal losses."""


def to_bps(
    weights: FloatArray,
    minimum: Sequence[int],
    maximum: Sequence[int],
    *,
    gradient: FloatArray | None = None,
    curvature: FloatArray | None = None,
) -> tuple[int, ...]:
    """Whole basis points next to `weights`, above or below each, by the least loss of the objective.

    Parameters
    ----------
    weights : (n,) summing to 1.
    minimum, maximum : {bps} of each asset, inclusive.
    gradient : (n,) of the objective at the weights; None: zero, as in an optimum between the bounds.
    curvature : (n, n) of the objective; None: the unit matrix.

    Raises
    ------
    InputError
        When weights are no numbers, or the bounds leave no room for 10,000.
    """
    low, high = np.array(minimum, dtype=np.int64), np.array(maximum, dtype=np.int64)
    if not np.isfinite(weights).all():
        raise InputError("The weights are no numbers.", "Look at the optimiser's data.")
    if (low > high).any() or low.sum() > BPS or high.sum() < BPS:
        raise InputError(
            f"The bounds allow sums of {low.sum()} to {high.sum()} basis points, not {BPS:,}.", "Correct the mandate."
        )
    h = np.eye(len(weights)) if curvature is None else curvature
    g = np.zeros(len(weights)) if gradient is None else gradient
    # each one to a neighbour: farther away, other constraints than bounds would be missed by more than a basis point
    points = np.clip(np.floor(weights * BPS + DUST).astype(np.int64), low, high)
    high = np.clip(np.ceil(weights * BPS - DUST).astype(np.int64), points, high)
    if points.sum() > BPS or high.sum() < BPS:
        raise InputError(
            f"The weights sum to {weights.sum():.9f} inside of the bounds, not to 1.", "Optimise under these bounds."
        )
    low = points.copy()
    slope = g * BPS + h @ (points - weights * BPS)  # of the loss, in basis points
    half = np.diag(h) / 2.0
    while points.sum() < BPS:
        best = int(np.argmin(np.where(points < high, slope + half, np.inf)))
        points[best] += 1
        slope = slope + h[best]
    moves = _exchanges(len(points))
    for _ in range(EXCHANGES):
        step = _best_step(moves, slope, h, points - low, high - points)
        if step is None:
            break
        points += step
        slope = slope + h @ step
    return tuple(int(each) for each in points)


def _exchanges(n: int) -> IntArray:
    """(n * (n - 1), n) every way to move one basis point from one asset to another."""
    unit = np.eye(n, dtype=np.int64)
    return np.array([unit[up] - unit[down] for up in range(n) for down in range(n) if up != down]).reshape(-1, n)


def _best_step(
    moves: IntArray, slope: FloatArray, h: FloatArray, can_fall: IntArray, can_rise: IntArray
) -> IntArray | None:
    """The exchange, or where none gains the two at once, that gain most; None where none gain."""
    allowed = moves[((moves <= can_rise) & (-moves <= can_fall)).all(axis=1)]
    if not len(allowed):
        return None
    bent = allowed @ h
    change = allowed @ slope + (bent * allowed).sum(axis=1) / 2.0
    enough = -1e-12 * (1.0 + float(np.max(np.abs(slope))))
    if change.min() < enough:
        found: IntArray = allowed[int(np.argmin(change))]
        return found
    both = change[:, None] + change[None, :] + bent @ allowed.T
    for first, second in zip(*np.unravel_index(np.argsort(both, axis=None, kind="stable"), both.shape), strict=True):
        if not both[first, second] < enough:
            return None
        step: IntArray = allowed[first] + allowed[second]
        if (step <= can_rise).all() and (-step <= can_fall).all():
            return step
    return None
