"""The targets of a path at one moment (contracts/libraries/TargetPath.sol; vectors in tests/vectors/path.json)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from controller.model import Knot
from controller.units import BPS


def targets_at(path: Sequence[Knot], time: int) -> tuple[int, ...]:
    """{bps} at `time` {s}: the first knot's before it, the last one's after it, interpolated in between."""
    if time <= path[0].time:
        return path[0].weights
    for before, after in pairwise(path):
        if time < after.time:
            return interpolate(before.weights, after.weights, time - before.time, after.time - before.time)
    return path[-1].weights


def interpolate(start: Sequence[int], end: Sequence[int], elapsed: int, duration: int) -> tuple[int, ...]:
    """{bps} after `elapsed` of `duration` {s} from `start` to `end`, both {bps}: each rounded down, and the basis
    points that are then missing one each to the largest remainders, of equal ones to the lowest index. Sum 10,000.
    """
    exact = [a * (duration - elapsed) + b * elapsed for a, b in zip(start, end, strict=True)]
    targets = [value // duration for value in exact]
    order = sorted(range(len(exact)), key=lambda asset: (-(exact[asset] % duration), asset))
    for asset in order[: BPS - sum(targets)]:
        targets[asset] += 1
    return tuple(targets)
