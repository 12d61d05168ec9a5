"""Writes rules.json: what the rules of a mandate say to given balances, worked out with exact fractions.

Run it again after a change and commit the result: ``python tests/vectors/generate_rules.py``. It shares no code with
the two implementations that assert the vectors (contracts/libraries/Rules.sol and controller/planning/rules.py), and
works with weights as fractions where they cross-multiply, so that a mistake in one of the three shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

BPS = 10_000
UNIT = 10**18  # D36{quote} of one unit of an 18-decimal token at one dollar, and the smallest minimum trade there is


def price(dollars: str, decimals: int) -> int:
    """D36{quote/qTok} of a token that costs `dollars`."""
    exact = Fraction(dollars) * 10 ** (36 - decimals)
    assert exact.denominator == 1
    return exact.numerator


@dataclass(frozen=True)
class Case:
    name: str
    balances: tuple[int, ...]  # {qTok}
    prices: tuple[int, ...]  # D36{quote/qTok}
    targets: tuple[int, ...]  # {bps}
    band: int = 500  # {bps}
    destination: int = 100  # {bps}
    scope: str = "BOOK"
    min_trade_value: int = UNIT  # D36{quote}
    max_loss: int = 50  # {bps}
    after: tuple[int, ...] | None = None  # {qTok}

    def values(self, balances: tuple[int, ...]) -> list[int]:
        return [balance * price for balance, price in zip(balances, self.prices, strict=True)]

    def distances(self, balances: tuple[int, ...]) -> list[Fraction]:
        """Weight less target, of each asset."""
        values = self.values(balances)
        return [
            Fraction(value, sum(values)) - Fraction(target, BPS)
            for value, target in zip(values, self.targets, strict=True)
        ]

    def breaches(self) -> list[bool]:
        return [abs(distance) >= Fraction(self.band, BPS) for distance in self.distances(self.balances)]

    def expect(self, after: tuple[int, ...]) -> str:
        """The first rule that the result breaks, in the contract's order."""
        total_before, total = sum(self.values(self.balances)), sum(self.values(after))
        room = Fraction(self.destination, BPS) + Fraction(self.min_trade_value, total)
        start, end = self.distances(self.balances), self.distances(after)
        for i, breached in enumerate(self.breaches()):
            if after[i] < self.balances[i] and not (start[i] > 0 and end[i] >= 0):
                return "TargetCrossed"
            if after[i] > self.balances[i] and not (start[i] < 0 and end[i] <= 0):
                return "TargetCrossed"
            if (self.scope == "BOOK" or breached) and abs(end[i]) > room:
                return "DestinationMissed"
        return "LossTooHigh" if Fraction(total_before - total, total_before) > Fraction(self.max_loss, BPS) else "OK"

    def row(self) -> dict[str, object]:
        after = self.after
        return {
            "name": self.name,
            "balances": [str(balance) for balance in self.balances],
            "prices": [str(price) for price in self.prices],
            "targets": list(self.targets),
            "band": self.band,
            "destination": self.destination,
            "scope": self.scope,
            "minTradeValue": str(self.min_trade_value),
            "maxLoss": self.max_loss,
            "drift": str(floor(max(abs(distance) for distance in self.distances(self.balances)) * 10**18)),
            "due": any(self.breaches()),
            "breaches": self.breaches(),
            "after": after and {"balances": [str(balance) for balance in after], "expect": self.expect(after)},
        }


def half_and_half() -> Iterator[Case]:
    """A 5% band on 50/50 fires at 55.00% and at 45.00%, and at nothing less."""
    base = Case("", (), (price("1", 18), price("1", 6)), (5_000, 5_000))
    for name, first, second in [
        ("50/50 at 55.00 fires", 55 * 10**18, 45 * 10**6),
        ("50/50 at 54.99 does not fire", 5_499 * 10**16, 4_501 * 10**4),
        ("50/50 one unit below 55.00 does not fire", 55 * 10**18 - 1, 45 * 10**6),
        ("50/50 one unit above 55.00 fires", 55 * 10**18 + 1, 45 * 10**6),
        ("50/50 at 45.00 fires", 45 * 10**18, 55 * 10**6),
        ("50/50 at 45.01 does not fire", 4_501 * 10**16, 5_499 * 10**4),
        ("50/50 one unit above 45.00 does not fire", 45 * 10**18 + 1, 55 * 10**6),
        ("50/50 one unit below 45.00 fires", 45 * 10**18 - 1, 55 * 10**6),
        ("50/50 exactly on target", 10**18, 10**6),
        ("50/50 all in the first", 10**18, 0),
        ("50/50 all in the second", 0, 10**6),
        ("50/50 one unit of each, twelve decimals apart", 1, 1),
    ]:
        yield replace(base, name=name, balances=(first, second))
    yield replace(base, name="a band of one whole fires only where nothing is right", band=10_000, balances=(10**18, 0))
    yield replace(base, name="target zero is still held", targets=(0, 10_000), balances=(10**18, 19 * 10**6))
    yield replace(base, name="target zero below its band", targets=(0, 10_000), balances=(10**18 - 1, 19 * 10**6))
    yield replace(base, name="target one whole not yet held", targets=(0, 10_000), balances=(10**18, 0))


def target_date() -> Iterator[Case]:
    """Fires at 200 bps, trades to 175 bps from the target."""
    high = Case("", (62 * 10**18, 38 * 10**18), (UNIT, UNIT), (6_000, 4_000), band=200, destination=175)
    low = replace(high, balances=(57 * 10**18, 43 * 10**18))
    for name, case, first, second in [
        ("62% of 60% ends at 61.75%", high, 61_75 * 10**16, 38_25 * 10**16),
        ("62% of 60% ends a smallest trade above 61.75%", high, 61_75 * 10**16 + 1, 38_25 * 10**16 - 1),
        ("62% of 60% ends a unit above that", high, 61_75 * 10**16 + 2, 38_25 * 10**16 - 2),
        ("62% of 60% ends on target", high, 60 * 10**18, 40 * 10**18),
        ("62% of 60% ends a unit past its target", high, 60 * 10**18 - 1, 40 * 10**18 + 1),
        ("62% of 60% is bought", high, 62_10 * 10**16, 37_90 * 10**16),
        ("57% of 60% ends at 58.25%", low, 58_25 * 10**16, 41_75 * 10**16),
        ("57% of 60% ends a smallest trade below 58.25%", low, 58_25 * 10**16 - 1, 41_75 * 10**16 + 1),
        ("57% of 60% ends a unit below that", low, 58_25 * 10**16 - 2, 41_75 * 10**16 + 2),
        ("57% of 60% ends past its target", low, 60 * 10**18 + 1, 40 * 10**18 - 1),
        ("nothing was traded", low, 57 * 10**18, 43 * 10**18),
    ]:
        yield replace(case, name=name, after=(first, second))


def losses() -> Iterator[Case]:
    base = Case("", (62 * 10**18, 38 * 10**18), (UNIT, UNIT), (6_000, 4_000), band=200, destination=175, max_loss=100)
    yield replace(base, name="loss at the limit", after=(60 * 10**18, 39 * 10**18))
    yield replace(base, name="loss one unit above the limit", after=(60 * 10**18, 39 * 10**18 - 1))
    yield replace(base, name="a gain is no loss", after=(61 * 10**18, 395 * 10**17))
    yield replace(base, name="no loss allowed and none made", max_loss=0, after=(61 * 10**18, 39 * 10**18))
    yield replace(base, name="no loss allowed and one unit lost", max_loss=0, after=(61 * 10**18, 39 * 10**18 - 1))


def scopes() -> Iterator[Case]:
    prices = (price("500", 18), price("100", 8), price("2000", 6), price("1", 6))
    # of 1,000 dollars: 45.2%, 24.8%, 21.2%, 8.8%; the first two are in breach
    balances = (904 * 10**15, 248 * 10**6, 106_000, 88 * 10**6)
    base = Case("", balances, prices, (4_000, 3_000, 2_000, 1_000))
    part = (810 * 10**15, 295 * 10**6, 106_000, 88 * 10**6)  # 40.5%, 29.5%, 21.2%, 8.8%
    yield replace(base, name="breach scope leaves what is in its band", scope="BREACH", after=part)
    yield replace(base, name="book scope does not", after=part)
    whole = (810 * 10**15, 298 * 10**6, 102_000, 93 * 10**6)  # 40.5%, 29.8%, 20.4%, 9.3%
    yield replace(base, name="book scope reached with four assets", after=whole)
    missed = (830 * 10**15, 285 * 10**6, 106_000, 88 * 10**6)  # 41.5%, 28.5%, 21.2%, 8.8%
    yield replace(base, name="breach scope misses what was in breach", scope="BREACH", after=missed)
    crossed = (810 * 10**15, 295 * 10**6, 99_000, 102 * 10**6)  # 40.5%, 29.5%, 19.8%, 10.2%
    yield replace(base, name="what is not in breach is traded past its target", scope="BREACH", after=crossed)


def destination_zero() -> Iterator[Case]:
    dollar = 10**36
    base = Case("", (70 * 10**18, 30 * 10**6), (price("1", 18), price("1", 6)), (5_000, 5_000), destination=0)
    base = replace(base, min_trade_value=dollar)
    yield replace(base, name="destination zero on target", after=(50 * 10**18, 50 * 10**6))
    yield replace(base, name="destination zero short of one smallest trade", after=(51 * 10**18, 49 * 10**6))
    yield replace(base, name="destination zero and a unit more", after=(51 * 10**18 + 10**12, 49 * 10**6 - 1))
    # 1/3 of a dollar is no whole number of units: without tolerance nothing could arrive
    thirds = replace(base, targets=(3_333, 6_667), min_trade_value=dollar // 100)
    yield replace(
        thirds,
        name="destination zero with a rounded target",
        balances=(50 * 10**18, 50 * 10**6),
        after=(33_330_001 * 10**12, 66_669_999),
    )


def extremes() -> Iterator[Case]:
    huge = 10**34
    prices = (10**36, 3 * 10**36)
    yield Case("huge balances just due", (55 * huge, 15 * huge), prices, (5_000, 5_000))
    yield Case("huge balances one unit short", (55 * huge - 1, 15 * huge), prices, (5_000, 5_000))
    yield Case(
        "huge balances at the edge of the loss",
        (60 * huge, 40 * huge),
        (10**36, 10**36),
        (5_000, 5_000),
        max_loss=1,
        after=(50 * huge, 50 * huge - huge // 100),
    )
    yield Case("dust", (3, 2), (1, 1), (5_000, 5_000))
    yield Case("worthless units beside dear ones", (10**30, 1), (1, 10**36), (1, 9_999), band=1)
    yield Case(
        "no decimals beside eighteen",
        (7, 3 * 10**18),
        (price("1000", 0), price("1000", 18)),
        (5_000, 5_000),
        after=(5, 5 * 10**18),
    )
    for feeds in range(3):
        prices = tuple(price(dollars, decimals) for dollars, decimals in [("3000", 18), ("60000", 8), ("1", 6)])
        yield Case(
            f"decimals 18, 8 and 6, asset {feeds} dear",
            tuple(amount * (13 if i == feeds else 10) for i, amount in enumerate((10**17, 500_000, 300 * 10**6))),
            prices,
            (3_334, 3_333, 3_333),
        )


class Dice:
    """Numbers that look random and are the same everywhere: a 64-bit linear congruential generator."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def below(self, limit: int) -> int:
        self.state = (self.state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % 2**64
        return (self.state >> 11) * limit >> 53


def split(dice: Dice, whole: int, parts: int) -> list[int]:
    """`whole` in random parts."""
    cuts = sorted(dice.below(whole + 1) for _ in range(parts - 1))
    return [high - low for low, high in zip([0, *cuts], [*cuts, whole], strict=True)]


def thrown() -> Iterator[Case]:
    """Vaults of all sizes, with a result that goes part of the way, all of it, or too far, at some loss."""
    dice = Dice(20_261_120)
    for number in range(40):
        count = 2 + dice.below(15) if number % 2 else 2 + dice.below(3)
        decimals = [(0, 6, 8, 18)[dice.below(4)] for _ in range(count)]
        prices = tuple((1 + dice.below(10**9)) * 10 ** (28 - digits) for digits in decimals)
        targets = tuple(split(dice, BPS, count))
        worth = 10 ** (40 + dice.below(8))  # D36{quote}, from ten thousand dollars
        # within about 12% of each target
        balances = tuple(
            worth * target * (88 + dice.below(25)) // (100 * BPS * price)
            for target, price in zip(targets, prices, strict=True)
        )
        way = (0, 70, 95, 99, 100, 110)[dice.below(6)]  # {1/100} of the way to the target
        loss = (0, 0, 100, 600)[dice.below(4)]  # {bps} of what is bought
        total = sum(balance * price for balance, price in zip(balances, prices, strict=True))
        after = []
        for balance, target, price in zip(balances, targets, prices, strict=True):
            # {qTok}, towards the smaller trade
            gap = Fraction(total * target, BPS * price) - balance
            step = int(gap * way / 100 * (1 - Fraction(max(loss, 10), BPS) if gap > 0 else 1))
            after.append(balance + step)
        yield Case(
            f"thrown {number}",
            balances,
            prices,
            targets,
            band=(50, 100, 200)[dice.below(3)],
            destination=dice.below(50),
            scope=("BOOK", "BREACH")[dice.below(2)],
            min_trade_value=worth // 10**4,
            max_loss=(1, 10, 20, 50)[dice.below(4)],
            after=tuple(after),
        )


def floors() -> Iterator[dict[str, object]]:
    ether, bitcoin, dollar = price("3000", 18), price("60000", 8), price("1", 6)
    for amount, sell, buy, slippage in [
        (10**18, ether, dollar, 0),
        (10**18, ether, dollar, 100),
        (10**18 + 1, ether, dollar, 100),  # not a whole unit: rounded up
        (1, ether, dollar, 100),
        (1, dollar, ether, 100),
        (1, dollar, bitcoin, 0),
        (3_000 * 10**6, dollar, ether, 30),
        (7 * 10**8, bitcoin, ether, 9_999),
        (123_456_789, bitcoin, dollar, 57),
        (0, ether, dollar, 57),
        (2**128 - 1, dollar, ether, 1),
        (2**128 - 1, ether, dollar, 9_999),
        (10**30, 10**36, 10**36, 33),
    ]:
        exact = Fraction(amount * sell * (BPS - slippage), buy * BPS)
        yield {
            "amountIn": str(amount),
            "priceSell": str(sell),
            "priceBuy": str(buy),
            "maxSlippage": slippage,
            "floor": str(ceil(exact)),
        }


def lines(rows: Iterator[dict[str, object]]) -> str:
    """One row on each line: easy to diff, and forge reads line by line."""
    return ",\n".join(json.dumps(row) for row in rows)


def main() -> None:
    families = (half_and_half, target_date, losses, scopes, destination_zero, extremes, thrown)
    cases = lines(case.row() for family in families for case in family())
    text = f'{{"cases": [\n{cases}\n],\n"floors": [\n{lines(floors())}\n]}}\n'
    Path(__file__).with_name("rules.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
