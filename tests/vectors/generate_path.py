"""Writes path.json: targets between and at the knots of a path, worked out with exact fractions.

Run it again after a change and commit the result: ``python tests/vectors/generate_path.py``. It shares no code with
the two implementations that assert the vectors (contracts/libraries/TargetPath.sol and controller/planning).

Format: ``{"interpolations": [...], "paths": [...]}``, one row on each line. Weights are {bps}, one for each asset,
asset 0 first, and sum to 10,000; times are {s} since 1970 UTC, all below 2^40.
    an interpolation: name; from, to: weights; elapsed, duration {s}; weights: those after `elapsed` of `duration`
    a path: name; times: of the knots, ascending; knots: the weights of each; time; weights: the targets at `time`
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from math import floor
from pathlib import Path

from dice import Dice, split

BPS = 10_000
Weights = list[int]


def between(start: Weights, end: Weights, way: Fraction) -> Weights:
    """Each rounded down, then one more for those that lost the most, of equal ones the first."""
    exact = [a + (b - a) * way for a, b in zip(start, end, strict=True)]
    weights = [floor(weight) for weight in exact]
    losers = sorted(range(len(exact)), key=lambda i: (weights[i] - exact[i], i))
    for i in losers[: BPS - sum(weights)]:
        weights[i] += 1
    assert sum(weights) == BPS
    return weights


def interpolation(name: str, start: Weights, end: Weights, elapsed: int, duration: int) -> dict[str, object]:
    weights = between(start, end, Fraction(elapsed, duration))
    return {"name": name, "from": start, "to": end, "elapsed": elapsed, "duration": duration, "weights": weights}


def path(name: str, knots: list[tuple[int, Weights]], time: int) -> dict[str, object]:
    weights = knots[0][1]
    for (start, before), (end, after) in pairwise(knots):
        if start <= time:
            weights = between(before, after, min(Fraction(time - start, end - start), Fraction(1)))
    return {
        "name": name,
        "times": [time for time, _ in knots],
        "knots": [weights for _, weights in knots],
        "time": time,
        "weights": weights,
    }


def by_hand() -> Iterator[dict[str, object]]:
    for name, start, end, elapsed, duration in [
        ("half of the way", [6_000, 4_000], [4_000, 6_000], 1, 2),
        ("a tie goes to the first", [5_001, 4_999], [5_000, 5_000], 1, 2),
        ("a tie of three for one", [3_334, 3_333, 3_333], [3_333, 3_333, 3_334], 1, 3),
        ("a tie of four for two", [2_501, 2_499, 2_501, 2_499], [2_500] * 4, 1, 2),
        ("the largest remainder is last", [5_000, 4_999, 1], [4_999, 4_998, 3], 1, 3),
        ("all into another", [10_000, 0], [0, 10_000], 1, 3),
        ("an asset appears", [10_000, 0, 0], [9_999, 0, 1], 9, 10),
        ("an asset disappears", [9_999, 1], [10_000, 0], 1, 10),
        ("the start", [9_999, 1], [1, 9_999], 0, 7),
        ("the end", [9_999, 1], [1, 9_999], 7, 7),
        ("the first second of the longest path", [0, 10_000], [10_000, 0], 1, 2**40 - 1),
        ("the last second of the longest path", [0, 10_000], [10_000, 0], 2**40 - 2, 2**40 - 1),
        ("the same at both ends", [3_333, 3_333, 3_334], [3_333, 3_333, 3_334], 5, 7),
        ("sixteen, fifteen short", [625] * 16, [10_000 - 15] + [1] * 15, 1, 1_000_000),
        ("sixteen swap halves", [1_250, 0] * 8, [0, 1_250] * 8, 1, 3),
    ]:
        yield interpolation(name, start, end, elapsed, duration)


def thrown() -> Iterator[dict[str, object]]:
    """Any weights; a small duration makes ties, a large one none."""
    dice = Dice(20_261_120)
    for number in range(150):
        count = 2 + dice.below(15)
        duration = 1 + dice.below((4, 13, 86_400, 2**32, 2**40)[dice.below(5)])
        start, end = split(dice, BPS, count), split(dice, BPS, count)
        yield interpolation(f"thrown {number}", start, end, dice.below(duration + 1), duration)


def paths() -> Iterator[dict[str, object]]:
    glide = [(1_000, [9_000, 1_000]), (2_000, [6_000, 4_000]), (2_001, [6_000, 4_000]), (5_000, [2_999, 7_001])]
    for time in (0, 999, 1_000, 1_001, 1_500, 1_999, 2_000, 2_001, 2_002, 3_333, 4_999, 5_000, 5_001, 2**40 - 1):
        yield path("glide path", glide, time)
    for time in (0, 1_000, 10**9):
        yield path("constant", [(1_000, [2_500] * 4)], time)
        yield path("constant from the first second", [(0, [2_500] * 4)], time)
    dice = Dice(20_261_121)
    for number in range(60):
        count, length = 2 + dice.below(15), 2 + dice.below(9)
        times = [10**9 + dice.below(10**6)]
        for _ in range(length - 1):
            times.append(times[-1] + 1 + dice.below((3, 10**4, 10**8)[dice.below(3)]))
        knots = [(time, split(dice, BPS, count)) for time in times]
        moment = times[dice.below(length)] - 1 + dice.below(3)  # at a knot, or beside it
        if dice.below(2):
            moment = times[0] - 10 + dice.below(times[-1] - times[0] + 20)
        yield path(f"thrown {number}", knots, moment)


def main() -> None:
    # one row on each line: easy to diff, and forge reads line by line
    interpolations = ",\n".join(json.dumps(row) for family in (by_hand, thrown) for row in family())
    text = f'{{"interpolations": [\n{interpolations}\n],\n"paths": [\n'
    text += ",\n".join(json.dumps(row) for row in paths()) + "\n]}\n"
    Path(__file__).with_name("path.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
