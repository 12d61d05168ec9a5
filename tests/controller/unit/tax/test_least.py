"""The least tax of several sales, against a linear program and against every method."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import linprog
from tax_pieces import ONE, bought

from controller.errors import InputError
from controller.tax.books import Rates
from controller.tax.least import Candidate, Choice, Sale, least_tax, netted

RATES = Rates(Fraction(50, 100), Fraction(30, 100))
CASES = 500


def scene(seed: int) -> tuple[list[Sale], Rates, tuple[Fraction, Fraction]]:
    """One to four assets with up to nine lots each, gains and losses of both kinds."""
    dice = random.Random(seed)  # noqa: S311 -- a reproducible ledger
    sales = []
    for place in range(dice.randint(1, 4)):
        candidates = tuple(
            Candidate(
                bought("2024-01-01", left, left * dice.randint(1, 200), name=f"{place}.{number}"),
                left,
                dice.random() < 0.5,
            )
            for number in range(dice.randint(1, 9))
            for left in [dice.randint(1, 60)]
        )
        held = sum(one.left for one in candidates)
        sales.append(Sale(f"A{place}", dice.randint(1, held), Fraction(dice.randint(1, 200) * ONE), candidates))
    long = Fraction(dice.randint(0, 30), 100)
    rates = Rates(long + Fraction(dice.randint(0, 20), 100), long)
    before = (Fraction(dice.randint(-2_000, 2_000) * ONE), Fraction(dice.randint(-2_000, 2_000) * ONE))
    return sales, rates, before if dice.random() < 0.5 else (Fraction(0), Fraction(0))


def by_linear_program(sales: list[Sale], rates: Rates, before: tuple[Fraction, Fraction]) -> float:
    """{quote} of the least tax: HiGHS, once where the long-term sum is a gain, once where it is a loss.

    In each of both halves the tax is the greatest of linear functions of the sums, so least under constraints.
    """
    columns = [(place, one) for place, sale in enumerate(sales) for one in sale.candidates]
    gains = [float(one.gain(sales[place].price) / ONE) for place, one in columns]
    short = np.array([0.0 if one.is_long else gain for (_, one), gain in zip(columns, gains, strict=True)] + [0.0])
    long = np.array([gain if one.is_long else 0.0 for (_, one), gain in zip(columns, gains, strict=True)] + [0.0])
    tax = np.zeros(len(columns) + 1)
    tax[-1] = 1.0
    sold = np.array([[float(place == own) for own, _ in columns] + [0.0] for place in range(len(sales))])
    amounts = [float(sale.quantity) for sale in sales]
    bounds = [(0.0, float(one.left)) for _, one in columns] + [(0.0, None)]
    first, second, low, high = *(float(kind / ONE) for kind in before), float(rates.long), float(rates.short)
    found = []
    for half in (1, -1):
        pairs = [(high, low), (low, low)] if half == 1 else [(high, high)]
        rows = [a * short + b * long - tax for a, b in pairs] + [-half * long]
        limits = [-(a * first + b * second) for a, b in pairs] + [half * second]
        solved = linprog(tax, np.array(rows), np.array(limits), sold, np.array(amounts), bounds, method="highs")
        if solved.status == 0:
            found.append(float(solved.fun))
    return min(found)


def tax_of(sales: list[Sale], rates: Rates, before: tuple[Fraction, Fraction], order: str) -> Fraction:
    """D36{quote} when each sale takes its lots in an order that looks at no tax."""
    keys = {
        "fifo": lambda one: one.lot.id,
        "lifo": lambda one: [-ord(letter) for letter in one.lot.id],
        "hifo": lambda one: -Fraction(one.lot.cost) / one.lot.quantity,
        "lofo": lambda one: Fraction(one.lot.cost) / one.lot.quantity,
    }
    sums = list(before)
    for sale in sales:
        left = sale.quantity
        for one in sorted(sale.candidates, key=keys[order]):
            part = min(left, one.left)
            left -= part
            sums[one.is_long] += one.gain(sale.price) * part
    return netted(sums[0], sums[1], rates)


def require_consistent(sales: list[Sale], rates: Rates, before: tuple[Fraction, Fraction], choice: Choice) -> None:
    sums = list(before)
    for sale, lots in zip(sales, choice.lots, strict=True):
        by_id = {one.lot.id: one for one in sale.candidates}
        assert sum(quantity for _, quantity in lots) == sale.quantity
        for name, quantity in lots:
            assert 0 < quantity <= by_id[name].left
            sums[by_id[name].is_long] += by_id[name].gain(sale.price) * quantity
    assert (choice.short, choice.long) == tuple(sums)
    assert choice.tax == netted(sums[0], sums[1], rates)


def test_least_tax__on_500_cases__then_the_linear_programs() -> None:
    worst = 0.0
    for seed in range(CASES):
        sales, rates, before = scene(seed)
        choice = least_tax(sales, rates, before)
        program = by_linear_program(sales, rates, before)
        worst = max(worst, abs(float(choice.bound / ONE) - program) / max(program, 1.0))
        require_consistent(sales, rates, before, choice)
    assert worst < 1e-9


def test_least_tax__with_whole_units__then_at_most_one_unit_above_the_bound() -> None:
    for seed in range(CASES):
        sales, rates, before = scene(seed)
        choice = least_tax(sales, rates, before)
        assert choice.bound <= choice.tax <= choice.bound + 200 * ONE * rates.short


@pytest.mark.parametrize("order", ["fifo", "lifo", "hifo", "lofo"])
def test_least_tax__beside_a_method__then_never_above_it(order: str) -> None:
    differs = 0
    for seed in range(CASES):
        sales, rates, before = scene(seed)
        ours, theirs = least_tax(sales, rates, before).tax, tax_of(sales, rates, before, order)
        assert ours <= theirs
        differs += ours < theirs
    assert differs > CASES // 20


def test_netted__of_the_published_case__then_the_published_taxes() -> None:
    assert netted(Fraction(1_159), Fraction(11_476), RATES) == Fraction("4022.3")
    assert netted(Fraction(-1_228), Fraction(1_691), RATES) == Fraction("138.9")


def test_netted__of_losses__then_they_cost_and_save_nothing() -> None:
    assert netted(Fraction(-5), Fraction(3), RATES) == netted(Fraction(5), Fraction(-7), RATES) == 0
    assert netted(Fraction(5), Fraction(-3), RATES) == 1


def test_least_tax__of_more_than_the_lots_hold__then_each_sale_is_named() -> None:
    lot = Candidate(bought("2024-01-01", 5, 5), 5, False)
    sales = [Sale(asset, 6, Fraction(ONE), (lot,)) for asset in ("A", "B")]
    with pytest.raises(InputError) as caught:
        least_tax(sales, RATES)
    assert [mistake.where for mistake in caught.value.mistakes] == ["A", "B"]
