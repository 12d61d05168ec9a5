"""The share pool of the United Kingdom: same day, then the 30 days after, then the pool (TCGA 1992 ss. 104, 105, 106A;
for tokens HMRC's Cryptoassets Manual, CRYPTO22200 to 22257)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from controller.errors import InputError, Mistake
from controller.tax.books import Pool
from controller.tax.holding import DayOf
from controller.tax.movements import Disposal, Lot, Match, Movement

SAME_DAY, LATER, POOL = "same day", "30 days", "pool"
WINDOW = 30
"""{days}"""


@dataclass
class _Bought:
    """All acquisitions of one day are one."""

    lots: list[Lot] = field(default_factory=list)
    quantity: int = 0  # {qTok}
    cost: Fraction = Fraction(0)  # D36{quote}
    left: int = 0  # {qTok} not matched yet

    def add(self, lot: Lot) -> None:
        self.lots.append(lot)
        self.quantity += lot.quantity
        self.left += lot.quantity
        self.cost += lot.cost

    def take(self, quantity: int) -> Fraction:
        """D36{quote} that `quantity` {qTok} of that day cost."""
        self.left -= quantity
        return self.cost_of(quantity)

    def cost_of(self, quantity: int) -> Fraction:
        # D36{quote} = D36{quote} * {qTok} / {qTok}
        return self.cost * Fraction(quantity, self.quantity)


@dataclass
class _Sold:
    """One disposal, and how much of it is not matched yet."""

    disposal: Disposal
    day: date
    left: int  # {qTok}


def match(movements: Sequence[Movement], day: DayOf) -> tuple[list[Match], dict[str, Pool]]:
    """Matches of all assets in the order of the disposals, and the pools that remain. Wallets do not matter: the pool
    is the owner's.

    Raises
    ------
    InputError
        When more is disposed of than was there, with the row.
    """
    assets: dict[str, list[Movement]] = defaultdict(list)
    for movement in movements:
        assets[movement.asset].append(movement)
    matches: list[Match] = []
    pools: dict[str, Pool] = {}
    mistakes: list[Mistake] = []
    for asset, own in assets.items():
        found, pools[asset], wrong = _one_asset(own, day)
        matches += found
        mistakes += wrong
    if mistakes:
        raise InputError("The movements cannot be booked.", "Correct the rows.", tuple(mistakes))
    places = {movement.id: place for place, movement in enumerate(movements)}
    return sorted(matches, key=lambda found: places[found.disposal.id]), pools


def _one_asset(movements: Sequence[Movement], day: DayOf) -> tuple[list[Match], Pool, list[Mistake]]:
    bought: dict[date, _Bought] = defaultdict(_Bought)
    sold: list[_Sold] = []
    for movement in movements:
        if isinstance(movement, Lot):
            bought[day(movement.time)].add(movement)
        elif isinstance(movement, Disposal):
            sold.append(_Sold(movement, day(movement.time), movement.quantity))
    matches = [*_same_day(sold, bought), *_later(sold, bought)]
    pooled, pool, mistakes = _pooled(sold, bought)
    return matches + pooled, pool, mistakes


def _same_day(sold: Sequence[_Sold], bought: dict[date, _Bought]) -> list[Match]:
    return [_matched(sale, bought[sale.day], SAME_DAY) for sale in sold if sale.day in bought and bought[sale.day].left]


def _later(sold: Sequence[_Sold], bought: dict[date, _Bought]) -> list[Match]:
    """The earliest disposal first, each with the earliest acquisitions after it."""
    matches = []
    for sale in sold:
        for ahead in range(1, WINDOW + 1):
            if not sale.left:
                break
            later = bought.get(sale.day + timedelta(days=ahead))
            if later is not None and later.left:
                matches.append(_matched(sale, later, LATER))
    return matches


def _matched(sale: _Sold, day: _Bought, rule: str) -> Match:
    quantity = min(sale.left, day.left)
    sale.left -= quantity
    return Match(sale.disposal, day.lots[0], quantity, day.take(quantity), rule)


def _pooled(sold: Sequence[_Sold], bought: dict[date, _Bought]) -> tuple[list[Match], Pool, list[Mistake]]:
    """What is left of each day goes into the pool or comes out of it, day by day."""
    pool, matches, mistakes = Pool(), [], []
    days = sorted(bought.items())
    at = 0
    for sale in sold:
        while at < len(days) and days[at][0] <= sale.day:
            pool.add(days[at][1].left, days[at][1].cost_of(days[at][1].left))
            at += 1
        if sale.left > pool.quantity:
            what = f"{sale.disposal.quantity} of {sale.disposal.asset} are given away"
            mistakes.append(
                Mistake(
                    sale.disposal.source.where,
                    f"{what}, {sale.left - pool.quantity} more than are there: the balance would be negative",
                )
            )
            sale.left = pool.quantity
        if sale.left:
            matches.append(Match(sale.disposal, None, sale.left, pool.take(sale.left), POOL))
    for _, rest in days[at:]:
        pool.add(rest.left, rest.cost_of(rest.left))
    return matches, pool, mistakes
