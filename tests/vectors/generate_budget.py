"""Writes budget.json: leaky buckets, worked out with exact fractions.

Run it again after a change and commit the result: ``python tests/vectors/generate_budget.py``. It shares no code with
the two implementations that assert the vectors (contracts/libraries/Budget.sol and controller/planning).

Format: ``{"leaks": [...], "fractions": [...], "runs": [...]}``, one row on each line. Levels and amounts are decimal
strings; levels are D14{1}.
    a leak: level; elapsed {s}; budget {bps}; window {s}; after: the level then
    a fraction: amount, total D36{quote}; fraction D14{1}, rounded up
    a run: one bucket over some time. name; budget {bps}; window {s}; capacity: half of the budget, D14{1}; and lists
        with one item for each attempt: times {s} ascending; amounts, totals D36{quote}; accepted: whether it fits;
        levels: after it. What does not fit changes nothing, not even the moment at which the level holds. The level is
        zero at first.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

from dice import Dice

BPS = 10_000
D14 = 10**14
DOLLAR = 10**36


def capacity(budget: int) -> int:
    half = Fraction(budget, BPS) / 2 * D14
    assert half.denominator == 1
    return half.numerator


def leak(level: int, elapsed: int, budget: int, window: int) -> int:
    return max(0, level - floor(Fraction(capacity(budget)) * Fraction(elapsed, window)))


def fraction(amount: int, total: int) -> int:
    return ceil(Fraction(amount, total) * D14)


def leaks() -> Iterator[dict[str, object]]:
    half = capacity(100)
    for level, elapsed, budget, window in [
        (half, 0, 100, 86_400),
        (half, 1, 100, 86_400),
        (half, 43_200, 100, 86_400),  # half a window: half of the capacity is left
        (half, 86_399, 100, 86_400),
        (half, 86_400, 100, 86_400),  # one window: all of it has leaked
        (half, 86_401, 100, 86_400),
        (half, 2**40, 100, 86_400),
        (0, 10, 100, 86_400),
        (half, 10, 0, 86_400),  # no budget: nothing leaks
        (1, 1, 1, 2**32 - 1),
        (capacity(10_000), 1, 1, 7),  # a budget that was cut leaks as the new one
        (capacity(14_000_000), 2**32 - 2, 14_000_000, 2**32 - 1),
    ]:
        yield leak_row(level, elapsed, budget, window)
    dice = Dice(20_261_120)
    for _ in range(60):
        budget = dice.below((50, 10_000, 14_000_000)[dice.below(3)] + 1)
        window = 1 + dice.below((10, 86_400, 2**32 - 1)[dice.below(3)])
        yield leak_row(dice.below(capacity(budget) + 1), dice.below(window * 5 // 4 + 1), budget, window)


def leak_row(level: int, elapsed: int, budget: int, window: int) -> dict[str, object]:
    return {
        "level": str(level),
        "elapsed": elapsed,
        "budget": budget,
        "window": window,
        "after": str(leak(level, elapsed, budget, window)),
    }


def fractions() -> Iterator[dict[str, object]]:
    dice = Dice(20_261_121)
    pairs = [(0, 1), (1, 1), (1, 3), (2, 3), (1, 10**14), (1, 10**14 + 1), (1, DOLLAR), (DOLLAR, DOLLAR), (3, 1)]
    pairs += [(2**240, 2**240 + 1), (2**200 - 1, 2**240), (10**50, 10**52), (10**50 + 1, 10**52)]
    pairs += [(dice.below(10**12) * 10**30, (1 + dice.below(10**12)) * 10**32 + dice.below(7)) for _ in range(30)]
    for amount, total in pairs:
        yield {"amount": str(amount), "total": str(total), "fraction": str(fraction(amount, total))}


def run(name: str, budget: int, window: int, attempts: list[tuple[int, int, int]]) -> dict[str, object]:
    level = since = 0
    accepted, levels = [], []
    for time, amount, total in attempts:
        after = leak(level, time - since, budget, window) + fraction(amount, total)
        accepted.append(after <= capacity(budget))
        if accepted[-1]:
            level, since = after, time
        levels.append(str(level))
    return {
        "name": name,
        "budget": budget,
        "window": window,
        "capacity": str(capacity(budget)),
        "times": [time for time, _, _ in attempts],
        "amounts": [str(amount) for _, amount, _ in attempts],
        "totals": [str(total) for _, _, total in attempts],
        "accepted": accepted,
        "levels": levels,
    }


def runs() -> Iterator[dict[str, object]]:
    day, start, total = 86_400, 1_700_006_400, 1_000_000 * DOLLAR  # midnight
    half = total // 200  # 50 bps

    def use(*pairs: tuple[int, int]) -> list[tuple[int, int, int]]:
        return [(start + time, amount, total) for time, amount in pairs]

    yield run("half of the budget at once", 100, day, use((0, half), (0, 1), (1, 1), (1, half // day)))
    yield run("more than half at once", 100, day, use((0, half + 1), (0, half)))
    yield run("nothing happens at midnight", 100, day, use((day - 1, half), (day, half), (day + 1, half // 2)))
    yield run("half, and half again after a whole window", 100, day, use((0, half), (day - 1, half), (day, half)))
    yield run("as fast as it leaks", 100, day, use((0, half), *((k * day // 8, half // 8) for k in range(1, 17))))
    yield run("a use of nothing counts nothing", 100, day, use((0, half), (1, 0), (2, 0), (day, half)))
    yield run("rounded up, however little it is", 1, day, use(*((0, 1) for _ in range(5))))
    yield run("no budget", 0, day, use((0, 0), (0, 1)))
    dice = Dice(20_261_122)
    for number in range(25):
        budget, window = 1 + dice.below(300), 1 + dice.below((100, day, 30 * day)[dice.below(3)])
        time, attempts = start, []
        for _ in range(30):
            time += dice.below(window // 4 + 1)
            worth = (1 + dice.below(10**6)) * DOLLAR
            attempts.append((time, worth * dice.below(budget) // (2 * BPS) + dice.below(2), worth))
        yield run(f"thrown {number}", budget, window, attempts)


def main() -> None:
    # one row on each line: easy to diff, and forge reads line by line
    parts = (("leaks", leaks), ("fractions", fractions), ("runs", runs))
    lists = [f'"{name}": [\n' + ",\n".join(json.dumps(row) for row in family()) + "\n]" for name, family in parts]
    Path(__file__).with_name("budget.json").write_text("{" + ",\n".join(lists) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
