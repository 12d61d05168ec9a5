"""The United Kingdom's pool: HMRC's examples (Cryptoassets Manual, Open Government Licence) and the edges of its
windows."""

from __future__ import annotations

from fractions import Fraction

import pytest
from tax_pieces import ASSET, ONE, bought, random_ledger, sold

from controller.tax.booking import Booked, Method, book
from controller.tax.movements import Movement


def gain(booked: Booked) -> Fraction:
    return sum((match.gain for match in booked.matches), Fraction(0)) / ONE


def pool(booked: Booked) -> tuple[int, Fraction]:
    return booked.pools[ASSET].quantity, booked.pools[ASSET].cost / ONE


def test_section_104__on_crypto22251_example_1__then_its_gain_and_pool() -> None:
    movements = [bought("2020-01-01", 100, 1_000), bought("2020-09-18", 50, 125_000), sold("2020-12-01", 50, 300_000)]
    booked = book(movements, Method.SECTION_104)
    assert gain(booked) == 258_000
    assert pool(booked) == (100, 84_000)


def test_section_104__on_crypto22255_example_5__then_its_gain_and_pool() -> None:
    movements = [bought("2018-01-01", 14_000, 200_000), sold("2018-08-30", 4_000, 160_000)]
    booked = book([*movements, bought("2018-09-11", 500, 17_500)], Method.SECTION_104)
    assert gain(booked) == 92_500
    assert pool(booked) == (10_500, 150_000)
    assert [(match.rule, match.quantity) for match in booked.matches] == [("30 days", 500), ("pool", 3_500)]


@pytest.mark.parametrize(
    ("day", "rule"),
    [("2024-03-01", "same day"), ("2024-03-02", "30 days"), ("2024-03-31", "30 days"), ("2024-04-01", "pool")],
)
def test_section_104__at_the_edges_of_the_window__then_30_days_and_no_more(day: str, rule: str) -> None:
    movements = [bought("2023-01-01", 10, 100), sold("2024-03-01", 10, 150), bought(day, 10, 120)]
    (match,) = book(movements, Method.SECTION_104).matches
    assert match.rule == rule


def test_section_104__of_a_purchase_that_its_own_day_needs__then_an_earlier_sale_goes_without() -> None:
    movements: list[Movement] = [
        bought("2023-01-01", 100, 100),
        sold("2024-03-01", 10, 20),
        bought("2024-03-10", 10, 30),
        sold("2024-03-10", 10, 40),
    ]
    assert [match.rule for match in book(movements, Method.SECTION_104).matches] == ["pool", "same day"]


def test_section_104__of_two_sales_and_one_purchase_after_them__then_the_earlier_sale_has_it() -> None:
    movements = [bought("2023-01-01", 100, 100), sold("2024-03-01", 10, 20), sold("2024-03-05", 10, 20, name="later")]
    matches = book([*movements, bought("2024-03-10", 15, 30)], Method.SECTION_104).matches
    assert [(match.rule, match.quantity) for match in matches] == [("30 days", 10), ("30 days", 5), ("pool", 5)]
    assert [match.disposal.id for match in matches[1:]] == ["later", "later"]


def test_section_104__of_any_ledger__then_no_cost_is_lost_and_a_pool_unit_costs_the_average() -> None:
    for seed in range(40):
        booked = book(random_ledger(seed, 80), Method.SECTION_104)
        assert booked.pools[ASSET].quantity >= 0
        assert all(match.cost > 0 for match in booked.matches)
