"""Small ledgers for the tests of lots and taxes."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import count

from controller.tax.movements import Disposal, Lot, Movement, Nature, Source, Transfer

ONE = 10**36
"""D36{quote} of one {quote}."""
ASSET, WALLET = "GOLD", "vault"
_NUMBERS = count()


def at(day: str | date, hour: int = 12) -> int:
    """{s} of an hour of a day, UTC."""
    found = date.fromisoformat(day) if isinstance(day, str) else day
    return int(datetime(found.year, found.month, found.day, hour, tzinfo=UTC).timestamp())


def bought(
    day: str | date,
    quantity: int,
    cost: object,
    *,
    name: str | None = None,
    asset: str = ASSET,
    wallet: str = WALLET,
    nature: Nature = Nature.BOUGHT,
) -> Lot:
    """`cost` {quote} of all of it."""
    name = name or f"b{next(_NUMBERS)}"
    money = Fraction(str(cost)) * ONE
    return Lot(name, asset, wallet, at(day), quantity, money, Source(f"row of {name}"), nature)


def sold(
    day: str | date,
    quantity: int,
    proceeds: object,
    *,
    name: str | None = None,
    asset: str = ASSET,
    wallet: str = WALLET,
    lots: tuple[tuple[str, int], ...] = (),
    hour: int = 12,
) -> Disposal:
    """`proceeds` {quote} for all of it."""
    name = name or f"s{next(_NUMBERS)}"
    money = Fraction(str(proceeds)) * ONE
    return Disposal(name, asset, wallet, at(day, hour), quantity, money, Source(f"row of {name}"), lots=lots)


def moved(day: str | date, quantity: int, *, sender: str = WALLET, receiver: str = "wallet") -> Transfer:
    name = f"t{next(_NUMBERS)}"
    return Transfer(name, ASSET, sender, receiver, at(day), quantity, Source(f"row of {name}"))


def random_ledger(seed: int, length: int, *, share: int = 1) -> list[Movement]:
    """Purchases and sales of one asset, each on a day of its own; a sale is of at most one in `share` of what is
    there."""
    dice, held, time = random.Random(seed), 0, at("2021-01-01")  # noqa: S311 -- a reproducible ledger
    movements: list[Movement] = []
    for number in range(length):
        time += dice.randrange(86_400, 4 * 86_400)
        price = dice.randrange(100, 30_000)
        source = Source(f"row {number}")
        if held < share or dice.random() < 0.55:
            quantity = dice.randrange(1, 1_000)
            held += quantity
            movements.append(Lot(f"m{number}", ASSET, WALLET, time, quantity, quantity * price * ONE // 100, source))
        else:
            quantity = dice.randrange(1, held // share + 1)
            held -= quantity
            proceeds = quantity * price * ONE // 100
            movements.append(Disposal(f"m{number}", ASSET, WALLET, time, quantity, proceeds, source))
    return movements
