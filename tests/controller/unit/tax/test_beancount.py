"""beancount as an independent engine: the same random ledgers, the same costs to the last digit."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from beancount import loader
from beancount.core.data import Transaction
from tax_pieces import ASSET, ONE, WALLET, random_ledger

from controller.tax.booking import Method, book
from controller.tax.movements import Disposal, Lot, Movement

LEDGERS = 300


def journal(movements: list[Movement], method: str, flip: Fraction | None) -> str:
    """The movements for beancount to book. Costs are taken from `flip` where it is given: dearest first is cheapest
    first then."""
    lines = ["2000-01-01 open Assets:Cash USD", f'2000-01-01 open Assets:Vault {ASSET} "{method}"']
    lines.append("2000-01-01 open Income:Gains USD")
    days = {movement.id: datetime.fromtimestamp(movement.time, UTC).date() for movement in movements}
    for movement in movements:
        lines.append(f'{days[movement.id]} * "{movement.id}"')
        if isinstance(movement, Lot):
            each = Fraction(movement.cost) / ONE / movement.quantity
            each = each if flip is None else flip - each
            lines.append(f"  Assets:Vault  {movement.quantity} {ASSET} {{{decimal(each)} USD}}")
            lines.append("  Assets:Cash")
            continue
        if isinstance(movement, Disposal) and movement.lots:
            lines += [f"  Assets:Vault  -{part} {ASSET} {{{days[name]}}}" for name, part in movement.lots]
        else:
            lines.append(f"  Assets:Vault  -{movement.quantity} {ASSET} {{}}")
        lines.append("  Assets:Cash  1 USD")
        lines.append("  Income:Gains")
    return "\n".join(lines) + "\n"


def decimal(number: Fraction) -> Decimal:
    found = Decimal(number.numerator) / Decimal(number.denominator)
    assert Fraction(found) == number
    return found


def named(movements: list[Movement], seed: int) -> list[Movement]:
    """The same sales, each of lots drawn by lot."""
    dice, left = random.Random(seed), {}  # noqa: S311 -- a reproducible ledger
    found: list[Movement] = []
    for movement in movements:
        if isinstance(movement, Lot):
            left[movement.id] = movement.quantity
            found.append(movement)
            continue
        rest, lots = movement.quantity, []
        for name in dice.sample(sorted(left), len(left)):
            part = min(rest, left[name])
            left[name] -= part
            rest -= part
            if part:
                lots.append((name, part))
        found.append(replace(movement, lots=tuple(lots)))
    return found


def theirs(
    movements: list[Movement], method: str, flip: Fraction | None
) -> tuple[dict[str, Fraction], dict[Fraction, Fraction]]:
    """Cost by disposal, and what is left by cost of a unit, in {quote}."""
    entries, errors, _ = loader.load_string(journal(movements, method, flip))
    assert not errors
    costs: dict[str, Fraction] = {}
    left: dict[Fraction, Fraction] = defaultdict(Fraction)
    for entry in entries:
        if not isinstance(entry, Transaction):
            continue
        vault = [posting for posting in entry.postings if posting.account == "Assets:Vault"]
        each = [Fraction(posting.cost.number) for posting in vault]
        each = each if flip is None else [flip - cost for cost in each]
        units = [Fraction(posting.units.number) for posting in vault]
        for cost, number in zip(each, units, strict=True):
            left[cost] += number
        if units[0] < 0:
            costs[entry.narration] = -sum((a * b for a, b in zip(each, units, strict=True)), Fraction(0))
    return costs, {cost: number for cost, number in left.items() if number}


@pytest.mark.parametrize(
    ("method", "name", "flip"),
    [
        (Method.FIFO, "FIFO", None),
        (Method.LIFO, "LIFO", None),
        (Method.HIFO, "HIFO", None),
        (Method.LOFO, "HIFO", Fraction(1_000)),
        (Method.SPECIFIC, "STRICT", None),
    ],
)
def test_booking__of_300_random_ledgers__then_beancounts_to_the_last_digit(
    method: Method, name: str, flip: Fraction | None
) -> None:
    disposals = 0
    for seed in range(LEDGERS):
        movements = random_ledger(seed, 14)
        movements = named(movements, seed) if method is Method.SPECIFIC else movements
        booked = book(movements, method)
        ours: dict[str, Fraction] = defaultdict(Fraction)
        for match in booked.matches:
            ours[match.disposal.id] += match.cost / ONE
        left: dict[Fraction, int] = defaultdict(int)
        for held in booked.holdings.get((ASSET, WALLET), ()):
            left[Fraction(held.lot.cost) / ONE / held.lot.quantity] += held.quantity
        assert (dict(ours), dict(left)) == theirs(movements, name, flip)
        disposals += len(ours)
    assert disposals > LEDGERS
