"""What comes into a wallet, leaves it, or moves between two of the same owner: the only thing that lots are booked
from.

Quantities are {qTok}, an integer; amounts of money are D36{quote}, an integer or, where a rate or a split made it, an
exact fraction. Nothing is rounded before it is printed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from fractions import Fraction

Money = int | Fraction
"""D36{quote}."""


class Nature(Enum):
    """What a movement was, for people and for the exports."""

    BOUGHT = "bought"
    PAID_IN = "paid in"
    INCOME = "income"
    SOLD = "sold"
    PAID_OUT = "paid out"
    FEE = "fee"
    GAS = "gas"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a movement can be looked up: an entry of the ledger, a transaction, or a row of a file."""

    where: str  # "entry 12, fill 0", "accounts.csv, row 17"
    transaction: str = ""  # 0x and 64 hex digits; empty outside of the chain


@dataclass(frozen=True, slots=True)
class Lot:
    """What was acquired at one time for one price. A movement in its own right: the acquisition."""

    id: str
    asset: str
    wallet: str
    time: int  # {s}
    quantity: int  # {qTok} above zero
    cost: Money  # D36{quote} of all of it, what buying cost included
    source: Source
    nature: Nature = Nature.BOUGHT
    assumed: bool = False  # whether the cost is the market's value for want of what was really paid
    tacked: int = 0  # {s} by which a wash sale makes it count as held for longer

    @property
    def held_from(self) -> int:
        """{s} from which it counts as held."""
        return self.time - self.tacked

    def part(self, quantity: int) -> Lot:
        """`quantity` {qTok} of it as a lot of its own, at their share of the cost."""
        return self if quantity == self.quantity else replace(self, quantity=quantity, cost=cost_of(self, quantity))


@dataclass(frozen=True, slots=True)
class Disposal:
    """What was given away at one time for one price."""

    id: str
    asset: str
    wallet: str
    time: int  # {s}
    quantity: int  # {qTok} above zero
    proceeds: Money  # D36{quote} for all of it, what selling cost deducted
    source: Source
    nature: Nature = Nature.SOLD
    lots: tuple[tuple[str, int], ...] = ()  # ids and {qTok} that the owner named, for specific identification


@dataclass(frozen=True, slots=True)
class Transfer:
    """From one wallet of the owner to another: lots keep their cost and their date."""

    id: str
    asset: str
    wallet: str
    receiver: str
    time: int  # {s}
    quantity: int  # {qTok} above zero
    source: Source
    lots: tuple[tuple[str, int], ...] = ()


Movement = Lot | Disposal | Transfer


@dataclass(frozen=True, slots=True)
class Match:
    """One piece of a disposal, against one lot or against a pool. A line of a report."""

    disposal: Disposal
    lot: Lot | None  # whose date and source count; None where it came out of a pool without dates
    quantity: int  # {qTok}
    cost: Fraction  # D36{quote}
    rule: str = "lot"  # "same day", "30 days" and "pool" in the United Kingdom
    disallowed: Fraction = Fraction(0)  # D36{quote} of a loss that a wash sale puts off

    @property
    def proceeds(self) -> Fraction:
        """D36{quote}."""
        # D36{quote} = D36{quote} * {qTok} / {qTok}
        return Fraction(self.disposal.proceeds * self.quantity, self.disposal.quantity)

    @property
    def gain(self) -> Fraction:
        """D36{quote} before anything is disallowed."""
        return self.proceeds - self.cost


@dataclass(frozen=True, slots=True)
class Move:
    """One piece of a transfer."""

    transfer: Transfer
    lot: Lot  # as it was
    moved: Lot  # as it stands in the other wallet


@dataclass(frozen=True, slots=True)
class Holding:
    """What is left of a lot."""

    lot: Lot
    quantity: int  # {qTok}

    @property
    def cost(self) -> Fraction:
        """D36{quote}."""
        return cost_of(self.lot, self.quantity)


def cost_of(lot: Lot, quantity: int) -> Fraction:
    """D36{quote} of a part of a lot."""
    # D36{quote} = D36{quote} * {qTok} / {qTok}
    return Fraction(lot.cost if quantity == lot.quantity else lot.cost * quantity / Fraction(lot.quantity))


EXACT_BITS = 1_000
"""Of a denominator, up to which an amount is an exact fraction."""
FINEST = 10**300
"""Beyond that, amounts are rounded to 10^-300 D36{quote}."""


def bounded_down(value: Fraction) -> Fraction:
    """A fraction that would otherwise grow with every further sale, rounded down where it is finer than
    `EXACT_BITS`."""
    if value.denominator.bit_length() <= EXACT_BITS:
        return value
    return Fraction(value.numerator * FINEST // value.denominator, FINEST)


def in_order(movements: Iterable[Movement]) -> list[Movement]:
    """By time; what has the same time stays in the order it came in."""
    return sorted(movements, key=lambda movement: movement.time)
