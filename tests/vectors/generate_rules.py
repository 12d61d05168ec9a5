"""Writes rules.json: what the rules of a mandate say to given balances, worked out with exact fractions.

Run it again after a change and commit the result: ``python tests/vectors/generate_rules.py``. It shares no code with
the two implementations that assert the vectors (contracts/libraries/Rules.sol and controller/planning/rules.py), and
works with weights as fractions where they cross-multiply, so that a mistake in one of the three shows.

Format: ``{"cases": [...], "floors": [...]}``, one row on each line. Integers that may exceed 2^53 are decimal strings.

A case is a vault and what its rules say of it. All lists have one item for each asset.
    name                 unique
    balances             {qTok}
    prices               D36{quote/qTok}
    targets              {bps}
    band                 {bps}, 0: none
    relativeBand         {bps of the target}, 0: none
    destination          {bps} absolute destination
    relativeDestination  {bps of the target}
    scope                BOOK or BREACH
    minTradeValue        D36{quote}
    maxLoss              {bps}
    drift                D18{1} largest absolute drift, rounded down
    relativeDrift        D18{1} largest drift relative to its target, rounded down; assets without a target left out
    due, breaches        whether a drift has reached its band, and which
    after                null, or {"balances": what is held after trading, "inside": which assets are inside their
                         destination then, "expect": OK or the first rule that is broken, checked asset by asset
                         (TargetCrossed, DestinationMissed) and then for the whole (LossTooHigh)}

A floor is the least that one trade must return: amountIn {qTok of sell}, priceSell and priceBuy D36{quote/qTok},
maxSlippage {bps}, floor {qTok of buy}.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, floor
from pathlib import Path

from dice import Dice, split

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
    relative_band: int = 0  # {bps of the target}
    relative_destination: int = 0  # {bps of the target}
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

    def relative_distances(self, balances: tuple[int, ...]) -> list[Fraction | None]:
        """The same in parts of the target; None without a target."""
        return [
            distance / Fraction(target, BPS) if target else None
            for distance, target in zip(self.distances(balances), self.targets, strict=True)
        ]

    def breaches(self) -> list[bool]:
        """An asset fires at the first of the bands that the mandate has."""
        found = []
        for absolute, relative in zip(
            self.distances(self.balances), self.relative_distances(self.balances), strict=True
        ):
            reached = bool(self.band) and abs(absolute) >= Fraction(self.band, BPS)
            if self.relative_band and relative is not None:
                reached = reached or abs(relative) >= Fraction(self.relative_band, BPS)
            found.append(reached)
        return found

    def inside(self, balances: tuple[int, ...]) -> list[bool]:
        """Each destination goes with its band; without bands there is the absolute one."""
        tolerance = Fraction(self.min_trade_value, sum(self.values(balances)))
        found = []
        for distance, target in zip(self.distances(balances), self.targets, strict=True):
            rooms = []
            if self.band or not self.relative_band:
                rooms.append(Fraction(self.destination, BPS))
            if self.relative_band:
                rooms.append(Fraction(self.relative_destination, BPS) * Fraction(target, BPS))
            found.append(abs(distance) <= min(rooms) + tolerance)
        return found

    def expect(self, after: tuple[int, ...]) -> str:
        """The first rule that the result breaks, in the contract's order."""
        total_before, total = sum(self.values(self.balances)), sum(self.values(after))
        start, end, inside = self.distances(self.balances), self.distances(after), self.inside(after)
        for i, breached in enumerate(self.breaches()):
            if after[i] < self.balances[i] and not (start[i] > 0 and end[i] >= 0):
                return "TargetCrossed"
            if after[i] > self.balances[i] and not (start[i] < 0 and end[i] <= 0):
                return "TargetCrossed"
            if (self.scope == "BOOK" or breached) and not inside[i]:
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
            "relativeBand": self.relative_band,
            "destination": self.destination,
            "relativeDestination": self.relative_destination,
            "scope": self.scope,
            "minTradeValue": str(self.min_trade_value),
            "maxLoss": self.max_loss,
            "drift": str(floor(max(abs(distance) for distance in self.distances(self.balances)) * 10**18)),
            "relativeDrift": str(
                floor(max(abs(r) for r in self.relative_distances(self.balances) if r is not None) * 10**18)
            ),
            "due": any(self.breaches()),
            "breaches": self.breaches(),
            "after": after
            and {
                "balances": [str(balance) for balance in after],
                "inside": self.inside(after),
                "expect": self.expect(after),
            },
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


def half_and_half_relative() -> Iterator[Case]:
    """A relative band of 10% on 50/50 is the absolute one of 5%: 55.00 and 45.00 fire, 54.99 does not."""
    base = Case("", (), (price("1", 18), price("1", 6)), (5_000, 5_000), band=0, relative_band=1_000)
    base = replace(base, relative_destination=500)
    for name, first, second in [
        ("50/50 relative at 55.00 fires", 55 * 10**18, 45 * 10**6),
        ("50/50 relative at 54.99 does not fire", 5_499 * 10**16, 4_501 * 10**4),
        ("50/50 relative at 45.00 fires", 45 * 10**18, 55 * 10**6),
        ("50/50 relative one unit below 55.00 does not fire", 55 * 10**18 - 1, 45 * 10**6),
    ]:
        yield replace(base, name=name, balances=(first, second))


def relative() -> Iterator[Case]:
    """A 60% target with a 20% relative band fires at 72%, and its destination of half the band is 66%.

    That is the 60% asset alone. The 40% beside it fires at 32%, which is earlier, and is inside from 36% on.
    """
    base = Case("", (), (UNIT, UNIT), (6_000, 4_000), band=0, relative_band=2_000, relative_destination=1_000)
    high = replace(base, balances=(72 * 10**18, 28 * 10**18))
    low = replace(base, balances=(48 * 10**18, 52 * 10**18))
    yield replace(high, name="relative 60% at 72% fires", after=(66 * 10**18, 34 * 10**18))
    yield replace(high, name="relative 60% a smallest trade above 66%", after=(66 * 10**18 + 1, 34 * 10**18 - 1))
    yield replace(high, name="relative 60% a unit above that", after=(66 * 10**18 + 2, 34 * 10**18 - 2))
    yield replace(high, name="relative 60% and 40% both arrive at 64%", after=(64 * 10**18, 36 * 10**18))
    yield replace(high, name="relative past the target", after=(60 * 10**18 - 1, 40 * 10**18 + 1))
    yield replace(base, name="relative 60% one unit below 72%", balances=(72 * 10**18 - 1, 28 * 10**18 + 1))
    yield replace(low, name="relative 60% at 48% fires", after=(54 * 10**18, 46 * 10**18))
    yield replace(low, name="relative 60% ends a smallest trade below 54%", after=(54 * 10**18 - 1, 46 * 10**18 + 1))
    yield replace(low, name="relative 60% ends a unit below that", after=(54 * 10**18 - 2, 46 * 10**18 + 2))
    yield replace(base, name="relative 60% one unit above 48%", balances=(48 * 10**18 + 1, 52 * 10**18 - 1))
    yield replace(base, name="relative 40% at 32% fires alone", balances=(68 * 10**18, 32 * 10**18))
    yield replace(base, name="relative 40% one unit above 32%", balances=(68 * 10**18 - 1, 32 * 10**18 + 1))
    whole = replace(base, relative_band=10_000, relative_destination=9_999)
    yield replace(whole, name="relative band of one whole fires where nothing is left", balances=(10**18, 0))
    yield replace(whole, name="relative band of one whole with a unit left", balances=(10**18, 1))


def both_bands() -> Iterator[Case]:
    """The first of an absolute band of 5% and a relative one of 25%: the relative one for targets below 20%."""
    prices, targets = (UNIT,) * 3, (7_000, 2_000, 1_000)
    base = Case("", (), prices, targets, band=500, relative_band=2_500, destination=250, relative_destination=1_250)
    for name, first, second in [
        ("both bands: 70% at 75% fires by the absolute one", 7_500, 1_700),
        ("both bands: 70% at 74.99% does not", 7_499, 1_701),
        ("both bands: 20% at 25% fires by both", 6_500, 2_500),
        ("both bands: 20% at 24.99% does not", 6_501, 2_499),
        ("both bands: 10% at 12.50% fires by the relative one", 6_900, 1_850),
        ("both bands: 10% at 12.49% does not", 6_900, 1_851),
        ("both bands: 10% at 7.50% fires by the relative one", 7_150, 2_100),
        ("both bands: 10% at 7.51% does not", 7_150, 2_099),
    ]:
        yield replace(base, name=name, balances=(first, second, 10_000 - first - second))
    out = replace(base, balances=(7_800 * 10**16, 1_500 * 10**16, 700 * 10**16))
    for name, first, second in [
        ("both destinations: the nearer one reached by each", 7_250, 1_862),
        ("both destinations: 70% above its absolute one", 7_251, 1_850),
        ("both destinations: 10% short of its relative one", 7_200, 1_926),
    ]:
        yield replace(out, name=name, after=(first * 10**16, second * 10**16, (10_000 - first - second) * 10**16))


def no_target() -> Iterator[Case]:
    """Without a target there is no relative band: what is held fires by the absolute one only, and must all go."""
    base = Case("", (), (UNIT, UNIT, UNIT), (6_000, 4_000, 0), band=0, relative_band=2_000, relative_destination=1_000)
    base = replace(base, balances=(54 * 10**18, 36 * 10**18, 10**19))
    yield replace(base, name="no target never fires by a relative band", after=(60 * 10**18, 40 * 10**18, 0))
    yield replace(base, name="no target but one smallest trade left", after=(60 * 10**18, 40 * 10**18 - 1, 1))
    yield replace(base, name="no target and a unit more than that", after=(60 * 10**18, 40 * 10**18 - 2, 2))
    yield replace(base, name="no target is bought", after=(53 * 10**18, 36 * 10**18, 11 * 10**18))
    absolute = replace(base, band=1_000, destination=50)
    half = (597 * 10**17, 398 * 10**17, 5 * 10**17)  # half a percent is left
    yield replace(absolute, name="no target fires by the absolute band", after=(60 * 10**18, 40 * 10**18, 0))
    yield replace(absolute, name="no target misses the relative destination", after=half)
    only = replace(absolute, relative_band=0, relative_destination=0)
    yield replace(only, name="no target reaches the absolute destination", after=half)
    yield replace(only, name="no target one percent left", after=(594 * 10**17, 396 * 10**17, 10**18))


def no_bands() -> Iterator[Case]:
    """By calendar alone: no drift ever fires, and the absolute destination holds."""
    base = Case("", (99 * 10**18, 10**18), (UNIT, UNIT), (6_000, 4_000), band=0, destination=100)
    yield replace(base, name="no bands never fire", after=(61 * 10**18, 39 * 10**18))
    yield replace(base, name="no bands a smallest trade outside", after=(61 * 10**18 + 1, 39 * 10**18 - 1))
    yield replace(base, name="no bands a unit above that", after=(61 * 10**18 + 2, 39 * 10**18 - 2))


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
    huge = 10**30
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


def thrown() -> Iterator[Case]:
    """Vaults of all sizes, with a result that goes part of the way, all of it, or too far, at some loss."""
    yield from throw(Dice(20_261_120), "thrown")


def thrown_relative() -> Iterator[Case]:
    """The same with relative bands, alone or beside the absolute one."""
    dice = Dice(20_261_121)
    for case in throw(dice, "thrown relative"):
        yield replace(
            case,
            band=case.band if dice.below(2) else 0,
            relative_band=(400, 800, 1_200)[dice.below(3)],
            relative_destination=dice.below(400),
        )


def throw(dice: Dice, name: str) -> Iterator[Case]:
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
            f"{name} {number}",
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
    families = (
        half_and_half,
        half_and_half_relative,
        target_date,
        relative,
        both_bands,
        no_target,
        no_bands,
        losses,
        scopes,
        destination_zero,
        extremes,
        thrown,
        thrown_relative,
    )
    cases = lines(case.row() for family in families for case in family())
    text = f'{{"cases": [\n{cases}\n],\n"floors": [\n{lines(floors())}\n]}}\n'
    Path(__file__).with_name("rules.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
