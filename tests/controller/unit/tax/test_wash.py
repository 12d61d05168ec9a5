"""Wash sales of the United States: the window, what takes up the loss, and that it is put off and not lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from tax_pieces import ASSET, ONE, WALLET, at, bought, moved, random_ledger, sold

from controller.tax.booking import Booked, Method, book
from controller.tax.holding import days_in
from controller.tax.movements import Disposal, Lot, Movement, Nature
from controller.tax.wash import WashRule, WashSales, applied

SECURITY = WashRule(frozenset({ASSET}))


def booked(movements: list[Movement], rule: WashRule = SECURITY, method: Method = Method.FIFO) -> Booked:
    return book(movements, method, wash=WashSales(rule, days_in()))


def put_off(found: Booked) -> Fraction:
    return applied(found.matches) / ONE


@pytest.mark.parametrize(
    ("day", "disallowed"), [("2024-06-01", 250), ("2024-07-01", 250), ("2024-07-02", 0), ("2024-05-02", 250)]
)
def test_wash_sale__at_the_edges_of_its_window__then_30_days_on_either_side(day: str, disallowed: int) -> None:
    movements = [bought("2024-01-10", 100, 1_000), bought(day, 100, 800), sold("2024-06-01", 100, 750, hour=11)]
    assert put_off(booked(movements)) == disallowed


def test_wash_sale__with_a_purchase_31_days_before__then_none() -> None:
    movements = [bought("2024-01-10", 100, 1_000), bought("2024-05-01", 100, 800), sold("2024-06-01", 100, 750)]
    assert put_off(booked(movements)) == 0


def test_wash_sale__with_less_bought_back__then_as_much_of_the_loss() -> None:
    movements = [bought("2024-01-10", 100, 1_000), sold("2024-06-01", 100, 750), bought("2024-06-20", 40, 320)]
    found = booked(movements)
    assert put_off(found) == 100
    (held,) = found.holdings[ASSET, WALLET]
    assert held.cost == 420 * ONE


def test_wash_sale__with_more_bought_back__then_only_the_replaced_part_changes() -> None:
    movements = [bought("2024-01-10", 100, 1_000), sold("2024-06-01", 100, 750), bought("2024-06-20", 150, 1_200)]
    held = booked(movements).holdings[ASSET, WALLET]
    assert [(one.quantity, one.cost / ONE, one.lot.tacked > 0) for one in held] == [
        (100, 1_050, True),
        (50, 400, False),
    ]


def test_wash_sale__when_a_part_of_one_purchase_is_sold__then_its_rest_replaces_nothing() -> None:
    assert put_off(booked([bought("2024-05-20", 100, 1_000), sold("2024-06-01", 50, 400)])) == 0


def test_wash_sale__with_a_purchase_in_another_wallet__then_it_counts() -> None:
    movements = [bought("2024-01-10", 100, 1_000), sold("2024-06-01", 100, 750)]
    found = booked([*movements, bought("2024-06-20", 100, 800, wallet="other")])
    assert put_off(found) == 250
    assert found.holdings[ASSET, "other"][0].cost == 1_050 * ONE


def test_wash_sale__with_a_replacement_that_was_moved__then_it_is_found_there() -> None:
    movements = [
        bought("2024-01-10", 100, 1_000, wallet="other"),
        bought("2024-05-20", 100, 800),
        moved("2024-05-25", 100, receiver="wallet"),
        sold("2024-06-01", 100, 750, wallet="other"),
    ]
    found = booked(movements)
    assert put_off(found) == 250
    assert found.holdings[ASSET, "wallet"][0].cost == 1_050 * ONE


def test_wash_sale__with_tokens_paid_in__then_nothing_was_bought() -> None:
    movements = [bought("2024-01-10", 100, 1_000), sold("2024-06-01", 100, 750)]
    assert put_off(booked([*movements, bought("2024-06-20", 100, 800, nature=Nature.PAID_IN)])) == 0


def test_wash_sale__of_crypto__then_off_until_its_date() -> None:
    movements = [bought("2024-01-10", 100, 1_000), sold("2024-06-01", 100, 750), bought("2024-06-20", 100, 800)]
    assert put_off(booked(movements, WashRule())) == 0
    assert put_off(booked(movements, WashRule(others_from=date(2024, 6, 2)))) == 0
    assert put_off(booked(movements, WashRule(others_from=date(2024, 6, 1)))) == 250


def test_wash_sale__sold_again_within_the_window__then_the_loss_goes_on_to_the_next() -> None:
    movements = [
        bought("2024-01-10", 100, 1_000),
        sold("2024-06-01", 100, 750),
        bought("2024-06-10", 100, 800),
        sold("2024-06-20", 100, 700),
        bought("2024-07-01", 100, 650),
    ]
    found = booked(movements)
    assert [match.disallowed / ONE for match in found.matches] == [250, 350]
    (held,) = found.holdings[ASSET, WALLET]
    assert held.cost == 1_000 * ONE
    since = at("2024-07-01") - (at("2024-06-01") - at("2024-01-10")) - (at("2024-06-20") - at("2024-06-10"))
    assert held.lot.held_from == since


@pytest.mark.parametrize("method", [Method.FIFO, Method.LIFO, Method.HIFO, Method.LOFO, Method.LEAST_TAX])
def test_wash_sale__of_any_ledger__then_losses_are_put_off_and_not_lost(method: Method) -> None:
    seen = Fraction(0)
    for seed in range(30):
        movements = random_ledger(seed, 80)
        found = booked(movements, SECURITY, method)
        paid = sum((one.cost for one in movements if isinstance(one, Lot)), Fraction(0))
        got = sum((one.proceeds for one in movements if isinstance(one, Disposal)), Fraction(0))
        left = sum((held.cost for held in found.holdings.get((ASSET, WALLET), ())), Fraction(0))
        taxed = sum((match.gain + match.disallowed for match in found.matches), Fraction(0))
        assert taxed == got - paid + left
        assert all(0 <= match.disallowed <= max(-match.gain, 0) for match in found.matches)
        seen += applied(found.matches)
    assert seen > 0


def chain(days: int) -> list[Movement]:
    """A lot that is sold at a loss in two halves and bought back in thirds, over and over."""
    movements: list[Movement] = [bought("2022-01-01", 6_000, 600_000)]
    for day in range(days):
        when = date(2023, 1, 1) + timedelta(days=3 * day)
        part = 1_000 + day % 7
        movements += [sold(when, 2 * part, 20 * part), bought(when + timedelta(days=1), 2 * part, 22 * part)]
    return movements


def test_wash_sale__of_many_parts__then_as_many_lines_as_sales_and_not_their_square() -> None:
    few, many = (booked(chain(number)) for number in (60, 240))
    assert many.put_together > 0
    assert len(many.matches) <= 5 * len(few.matches)
    assert sum(len(held) for held in many.holdings.values()) < 200
    for found in (few, many):
        paid = sum(one.cost for one in chain(len({one.disposal.id for one in found.matches})) if isinstance(one, Lot))
        got = sum((one.proceeds for one in found.matches), Fraction(0))
        left = sum((held.cost for held in found.holdings[ASSET, WALLET]), Fraction(0))
        assert sum((one.gain + one.disallowed for one in found.matches), Fraction(0)) == got - paid + left


def test_wash_sale__of_few_parts__then_none_is_put_together() -> None:
    assert booked(chain(5)).put_together == 0


def test_wash_sale__of_parts_held_for_different_times__then_the_shortest_counts() -> None:
    whole = bought("2022-01-01", 40, 4_000)
    parts = [replace(whole.part(2), id=f"p{number}", tacked=number * 86_400) for number in range(20)]
    found = book([*parts, sold("2022-06-01", 40, 400)], Method.FIFO, wash=WashSales(SECURITY, days_in()))
    (match,) = found.matches
    assert (match.quantity, match.cost) == (40, 4_000 * ONE)
    assert match.lot is not None
    assert (match.lot.tacked, match.lot.quantity, match.lot.cost) == (0, 40, 4_000 * ONE)
    split = [replace(part, tacked=part.tacked * (400 if number % 2 else 1)) for number, part in enumerate(parts)]
    found = book([*split, sold("2022-06-01", 40, 400)], Method.FIFO, wash=WashSales(SECURITY, days_in()))
    assert len(found.matches) == 2, "short-term and long-term stay apart"


def test_wash_sale__of_parts_of_two_purchases__then_each_keeps_a_line_and_its_gains_theirs() -> None:
    one, two = bought("2022-01-01", 20, 2_000), bought("2022-02-01", 20, 4_000)
    cheap = bought("2022-03-01", 2, 10)
    parts = [replace(lot.part(2), id=f"{lot.id}.{number}") for lot in (one, two) for number in range(10)]
    found = book([*parts, cheap, sold("2022-06-01", 42, 420)], Method.FIFO, wash=WashSales(SECURITY, days_in()))
    assert [(match.quantity, match.cost / ONE) for match in found.matches] == [(20, 2_000), (20, 4_000), (2, 10)]
    assert found.put_together == 18
    assert put_off(found) == 0
