"""Writes flows.json: deposits and withdrawals spread by equal fractional deviation, worked out with exact fractions.

Run it again after a change and commit the result: ``python tests/vectors/generate_flows.py``. It shares no code with
the two implementations that assert the vectors (contracts/libraries/FlowRules.sol and controller/planning): it sorts
the assets by value in proportion to target and moves the level from one to the next, as water rises and falls.

Format: ``{"cases": [...]}``, one row on each line. Values and amounts are D36{quote}, as decimal strings.
    name        what the row is about; unique
    direction   IN (a deposit) or OUT (a withdrawal)
    values      of each asset
    targets     {bps} of each asset, sum 10,000
    amount      that comes in or goes out
    amounts     of each asset. An asset with a target ends at the common level times its target; the level is a whole
                number of D36{quote / bps}, rounded down coming in and up going out, so that the sum is at most `amount`
                and falls short of it by less than 10,000. Assets without a target are never bought; they go out first,
                and when the amount is less than all of them, in proportion to their values, each rounded down.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

from dice import Dice, split

BPS = 10_000
DOLLAR = 10**36


@dataclass(frozen=True)
class Case:
    name: str
    direction: str
    values: list[int]
    targets: list[int]
    amount: int

    def by_proportion(self) -> list[tuple[Fraction, int]]:
        """Value over target and target of each asset that has one, the lowest first."""
        pairs = zip(self.values, self.targets, strict=True)
        return sorted((Fraction(value, target), target) for value, target in pairs if target)

    def risen(self) -> Fraction:
        """The level when water of this amount is poured over the assets."""
        steps, left, width = self.by_proportion(), Fraction(self.amount), 0
        level = steps[0][0]
        for height, target in steps:
            if width and (height - level) * width >= left:
                break
            left -= (height - level) * width
            level, width = height, width + target
        return level + left / width

    def fallen(self, amount: int) -> Fraction:
        """The level when water of this amount is taken off."""
        steps, left, width = self.by_proportion()[::-1], Fraction(amount), 0
        level = steps[0][0]
        for height, target in steps:
            if width and (level - height) * width >= left:
                break
            left -= (level - height) * width
            level, width = height, width + target
        return level - left / width

    def amounts(self) -> list[int]:
        pairs = list(zip(self.values, self.targets, strict=True))
        if self.direction == "IN":
            low = floor(self.risen())
            return [max(0, low * target - value) for value, target in pairs]
        untargeted = sum(value for value, target in pairs if not target)
        if self.amount < untargeted:
            return [0 if target else floor(Fraction(value * self.amount, untargeted)) for value, target in pairs]
        high = ceil(self.fallen(self.amount - untargeted))
        return [max(0, value - high * target) for value, target in pairs]

    def row(self) -> dict[str, object]:
        amounts = self.amounts()
        assert 0 <= self.amount - sum(amounts) < BPS
        return {
            "name": self.name,
            "direction": self.direction,
            "values": [str(value) for value in self.values],
            "targets": self.targets,
            "amount": str(self.amount),
            "amounts": [str(amount) for amount in amounts],
        }


def by_hand() -> Iterator[Case]:
    for name, direction, values, targets, amount in [
        ("on target, in by the targets", "IN", [60, 40], [6_000, 4_000], 10),
        ("on target, out by the targets", "OUT", [60, 40], [6_000, 4_000], 10),
        ("all to the lowest", "IN", [70, 30], [5_000, 5_000], 30),
        ("all from the highest", "OUT", [70, 30], [5_000, 5_000], 30),
        ("to the lowest until it is level, then to both", "IN", [70, 30], [5_000, 5_000], 50),
        ("from the highest until it is level, then from both", "OUT", [70, 30], [5_000, 5_000], 50),
        ("lowest in proportion, not in value", "IN", [10, 60], [1_000, 9_000], 30),
        ("highest in proportion, not in value", "OUT", [20, 80], [1_000, 9_000], 10),
        ("three levels", "IN", [10, 20, 30], [3_334, 3_333, 3_333], 15),
        ("three levels going down", "OUT", [10, 20, 30], [3_334, 3_333, 3_333], 15),
        ("no target is never bought", "IN", [50, 50, 0], [5_000, 5_000, 0], 20),
        ("no target is not in the way", "IN", [20, 30, 50], [5_000, 5_000, 0], 20),
        ("no target goes first", "OUT", [40, 50, 10], [5_000, 5_000, 0], 5),
        ("no target goes all, then the highest", "OUT", [40, 50, 10], [5_000, 5_000, 0], 15),
        ("no target goes all and no more", "OUT", [40, 50, 10], [5_000, 5_000, 0], 10),
        ("two without a target, in proportion", "OUT", [0, 30, 10, 60], [10_000, 0, 0, 0], 10),
        ("all in one", "IN", [0, 100], [10_000, 0], 7),
        ("into an empty vault", "IN", [0, 0, 0], [5_000, 3_000, 2_000], 100),
        ("everything", "OUT", [17, 40, 43], [5_000, 3_000, 2_000], 100),
        ("nothing in", "IN", [17, 40, 43], [5_000, 3_000, 2_000], 0),
        ("nothing out", "OUT", [17, 40, 43], [5_000, 3_000, 2_000], 0),
    ]:
        yield Case(name, direction, [value * DOLLAR for value in values], targets, amount * DOLLAR)
    yield Case("one unit in", "IN", [0, 0], [5_000, 5_000], 1)
    yield Case("one basis point's worth in", "IN", [0, 0], [5_000, 5_000], BPS)
    yield Case("one unit short of that", "IN", [0, 0], [5_000, 5_000], BPS - 1)
    yield Case("one unit out", "OUT", [5_000, 5_000], [5_000, 5_000], 1)
    yield Case("one unit out of what has no target", "OUT", [3, 3, 3], [10_000, 0, 0], 1)
    yield Case("huge", "IN", [2**226, 2**225], [1, 9_999], 2**226 + 1)
    yield Case("huge out", "OUT", [2**226, 2**225], [1, 9_999], 2**225 + 1)
    yield Case("sixteen", "IN", [k * DOLLAR + k for k in range(16)], [625] * 16, 33 * DOLLAR + 1)
    yield Case("sixteen out", "OUT", [k * DOLLAR + k for k in range(16)], [625] * 16, 33 * DOLLAR + 1)


def thrown() -> Iterator[Case]:
    dice = Dice(20_261_120)
    for number in range(120):
        count = 2 + dice.below(15)
        targets = split(dice, BPS, count)
        for _ in range(dice.below(3)):  # some without a target
            i, j = dice.below(count), dice.below(count)
            if i != j:
                targets[i], targets[j] = targets[i] + targets[j], 0
        worth = 10 ** (38 + dice.below(12))
        values = [worth * (target + dice.below(600)) * dice.below(120) + dice.below(10**6) for target in targets]
        direction = ("IN", "OUT")[number % 2]
        amount = sum(values) * dice.below((11, 101, 10_001)[dice.below(3)]) // 10_000
        yield Case(f"thrown {number}", direction, values, targets, amount + (direction == "IN") * dice.below(10**6))


def main() -> None:
    # one row on each line: easy to diff, and forge reads line by line
    cases = ",\n".join(json.dumps(case.row()) for family in (by_hand, thrown) for case in family())
    Path(__file__).with_name("flows.json").write_text(f'{{"cases": [\n{cases}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
