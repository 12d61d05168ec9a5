"""Lots booked by every method, and how that grows; beancount's booking and a linear program beside ours; goals
simulated."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import numpy as np
from beancount import loader
from scipy.optimize import linprog

from benchmarks.rows import Row
from controller.model import Knot
from controller.tax.booking import Method, book
from controller.tax.books import Rates
from controller.tax.holding import days_in
from controller.tax.least import Candidate, Sale, least_tax
from controller.tax.movements import Disposal, Lot, Movement, Source
from controller.tax.wash import WashRule, WashSales
from controller.wealth.goals import MONTH, Assumptions, Goal, simulate

FILLS = (1_000, 10_000, 100_000)
WASHED = (1_000, 10_000)
BEANCOUNT_FILLS = 1_000
METHODS = tuple(Method)
PEERED = (Method.FIFO, Method.LIFO, Method.HIFO)
LOTS = (100, 1_000, 10_000)
"""Of each of ten assets that are sold at once."""
RATES = Rates(Fraction(37, 100), Fraction(20, 100))
START, STEP = 1_500_000_000, 2_000  # {s}
ONE = 10**36
PATHS, YEARS = 20_000, 30


def measure() -> list[Row]:
    """Every row about taxes and goals; {s}."""
    rows = []
    for fills in FILLS:
        movements = ledger(fills)
        rows += [_booked(method, fills, movements) for method in METHODS]
    rows += [_washed(fills) for fills in WASHED]
    rows += [_least(lots) for lots in LOTS]
    return [*rows, _goals()]


def _washed(fills: int) -> Row:
    """A fill a day, so that a window holds thirty: a loss goes on from purchase to purchase."""
    daily = ledger(fills, daily=True)
    wash = WashSales(WashRule(frozenset({"A"})), days_in())
    return Row(f"tax.wash.{fills}", _seconds(lambda: book(daily, Method.FIFO, wash=wash)), "s")


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return round(time.perf_counter() - begun, 4)


def ledger(fills: int, *, daily: bool = False) -> list[Movement]:
    """Purchases and sales of one asset in 18 decimals, as a rebalanced vault makes them; a sale takes many small
    lots."""
    dice, held, movements = random.Random(11), 0, []  # noqa: S311 - the same ledger in every run
    for number in range(fills):
        moment, price = START + number * (86_400 if daily else STEP), dice.randrange(10**17, 9 * 10**18)
        name, where = str(number), Source(f"fill {number}")
        if not held or dice.random() < 0.55:
            quantity = dice.randrange(1, 10**18)
            held += quantity
            movements.append(Lot(name, "A", "vault", moment, quantity, quantity * price, where))
        else:
            quantity = dice.randrange(1, min(held, 2 * 10**18) + 1)
            held -= quantity
            movements.append(Disposal(name, "A", "vault", moment, quantity, quantity * price, where))
    return movements


def _named(movements: list[Movement]) -> list[Movement]:
    """The same with lots named for every sale: those that are the dearest."""
    lots: dict[str, list[tuple[str, int]]] = {}
    for match in book(movements, Method.HIFO).matches:
        if match.lot is not None:
            lots.setdefault(match.disposal.id, []).append((match.lot.id, match.quantity))
    return [replace(one, lots=tuple(lots[one.id])) if isinstance(one, Disposal) else one for one in movements]


def _booked(method: Method, fills: int, movements: list[Movement]) -> Row:
    movements = _named(movements) if method is Method.SPECIFIC else movements
    ours = _seconds(lambda: book(movements, method))
    name = f"tax.book.{method.value}.{fills}"
    if method not in PEERED or fills != BEANCOUNT_FILLS:
        return Row(name, ours, "s")
    journal = _journal(ledger(fills, daily=True), method)
    return Row(name, ours, "s", "beancount, its parser included", _seconds(lambda: loader.load_string(journal)))


def _journal(movements: list[Movement], method: Method) -> str:
    lines = ["1999-01-01 open Assets:Cash", f'1999-01-01 open Assets:Vault AA "{method.name}"']
    lines.append("1999-01-01 open Income:Gains")
    for movement in movements:
        lines.append(f'{datetime.fromtimestamp(movement.time, UTC):%Y-%m-%d} * "{movement.id}"')
        if isinstance(movement, Lot):
            lines += [
                f"  Assets:Vault  {movement.quantity} AA {{{movement.cost // movement.quantity} USD}}",
                "  Assets:Cash",
            ]
        elif isinstance(movement, Disposal):
            lines += [
                f"  Assets:Vault  -{movement.quantity} AA {{}}",
                f"  Assets:Cash  {movement.proceeds} USD",
                "  Income:Gains",
            ]
    return "\n".join(lines) + "\n"


def _least(lots: int) -> Row:
    dice = random.Random(12)  # noqa: S311 - the same sales in every run
    sales = [
        Sale(
            f"A{asset}",
            lots * 40,
            Fraction(dice.randint(80, 120) * ONE),
            tuple(
                Candidate(
                    Lot(f"{asset}.{number}", "A", "v", START, 100, 100 * dice.randint(1, 200) * ONE, Source("")),
                    100,
                    dice.random() < 0.5,
                )
                for number in range(lots)
            ),
        )
        for asset in range(10)
    ]
    ours = _seconds(lambda: least_tax(sales, RATES))
    return Row(f"tax.least.10x{lots}", ours, "s", "HiGHS on the same in floats", _seconds(lambda: _program(sales)))


def _program(sales: list[Sale]) -> float:
    """The gains' half in which the long-term sum is no loss; the other half would take as long again."""
    columns = [(place, one) for place, sale in enumerate(sales) for one in sale.candidates]
    gains = np.array([float(one.gain(sales[place].price) / ONE) for place, one in columns])
    is_long = np.array([one.is_long for _, one in columns])
    short, long = np.append(np.where(is_long, 0, gains), 0), np.append(np.where(is_long, gains, 0), 0)
    tax = np.append(np.zeros(len(columns)), 1)
    owner = np.array([place for place, _ in columns])
    sold = np.array([np.append((owner == place).astype(float), 0) for place in range(len(sales))])
    low, high = float(RATES.long), float(RATES.short)
    rows = [high * short + low * long - tax, low * (short + long) - tax, -long]
    bounds = [(0.0, float(one.left)) for _, one in columns] + [(0.0, None)]
    amounts = [float(sale.quantity) for sale in sales]
    return float(linprog(tax, np.array(rows), np.zeros(3), sold, amounts, bounds, method="highs").fun)


def _goals() -> Row:
    """Thirty years of three goals."""
    assumptions = Assumptions(
        ("A", "B", "C"), (0.05, 0.015, 0.01), (0.16, 0.06, 0.15), ((1, 0.1, 0), (0.1, 1, 0.2), (0, 0.2, 1))
    )
    path = (Knot(START, (8_000, 1_000, 1_000)), Knot(START + 360 * MONTH, (2_000, 7_000, 1_000)))
    end = START + 12 * YEARS * MONTH
    goals = [Goal(f"goal {number}", 100_000.0, path, end, 250_000.0, monthly=300.0) for number in range(3)]
    taken = _seconds(lambda: simulate(goals, assumptions, now=START, paths=PATHS, seed=1))
    return Row(f"goal.simulate.3x{YEARS}x{PATHS}.s", taken, "s")
