"""Lots by every method: what each takes, what cannot be booked, and that nothing is lost."""

from __future__ import annotations

from fractions import Fraction

import pytest
from tax_pieces import ASSET, ONE, WALLET, bought, moved, random_ledger, sold

from controller.errors import InputError
from controller.tax.booking import Booked, Method, Scope, Terms, book
from controller.tax.books import Rates
from controller.tax.movements import Disposal, Lot, Movement

ORDERED = (Method.FIFO, Method.LIFO, Method.HIFO, Method.LOFO, Method.LEAST_TAX)
NO_NAMES = [method for method in Method if method is not Method.SPECIFIC]


def taken(booked: Booked) -> list[tuple[str, int]]:
    return [(match.lot.id if match.lot else match.rule, match.quantity) for match in booked.matches]


def three_lots() -> list[Movement]:
    return [
        bought("2023-01-10", 10, 1_000, name="first"),
        bought("2023-05-02", 10, 1_400, name="dear"),
        bought("2023-11-20", 10, 900, name="last"),
    ]


@pytest.mark.parametrize(
    ("method", "pieces"),
    [
        (Method.FIFO, [("first", 10), ("dear", 5)]),
        (Method.LIFO, [("last", 10), ("dear", 5)]),
        (Method.HIFO, [("dear", 10), ("first", 5)]),
        (Method.LOFO, [("last", 10), ("first", 5)]),
        # 24% of a gain of 50 on the first (long-term) is less than 37% of one of 10 on the dear one, and so on
        (Method.LEAST_TAX, [("dear", 10), ("first", 5)]),
        (Method.SECTION_104, [("pool", 15)]),
        (Method.AVERAGE, [("first", 10), ("dear", 5)]),
    ],
)
def test_book__with_three_lots__then_the_methods_order(method: Method, pieces: list[tuple[str, int]]) -> None:
    booked = book([*three_lots(), sold("2024-03-01", 15, 2_250)], method)
    assert taken(booked) == pieces
    assert booked.quantity(ASSET, WALLET) == 15


def test_book__with_average_cost__then_every_unit_costs_the_same() -> None:
    booked = book([*three_lots(), sold("2024-03-01", 15, 2_250)], Method.AVERAGE)
    assert {match.cost / match.quantity for match in booked.matches} == {Fraction(110 * ONE)}


def test_book__with_named_lots__then_these_and_no_others() -> None:
    named = (("last", 4), ("dear", 2))
    booked = book([*three_lots(), sold("2024-03-01", 6, 900, lots=named)], Method.SPECIFIC)
    assert taken(booked) == [("last", 4), ("dear", 2)]
    assert [(held.lot.id, held.quantity) for held in booked.holdings[ASSET, WALLET]] == [
        ("first", 10),
        ("dear", 8),
        ("last", 6),
    ]


def test_book__with_a_long_term_lot_that_gains_more__then_least_tax_still_takes_it() -> None:
    movements = [bought("2022-01-01", 10, 1_000, name="old"), bought("2024-01-01", 10, 1_200, name="new")]
    rates = Terms(rates=Rates(Fraction(40, 100), Fraction(10, 100)))
    booked = book([*movements, sold("2024-03-01", 5, 750)], Method.LEAST_TAX, terms=rates)
    assert taken(booked) == [("old", 5)]  # 10% of 50, where the new one would cost 40% of 30
    held_less = book([*movements, sold("2022-06-01", 5, 750)], Method.LEAST_TAX, terms=rates)
    assert taken(held_less) == [("old", 5)]


def test_book__with_a_lot_that_ripens_between_two_sales__then_least_tax_sees_it() -> None:
    movements = [bought("2022-01-01", 10, 1_000, name="old"), bought("2022-02-01", 10, 1_100, name="dear")]
    rates = Terms(rates=Rates(Fraction(40, 100), Fraction(10, 100)))
    sales = [sold("2023-01-01", 2, 300), sold("2023-01-02", 2, 300)]
    assert taken(book([*movements, *sales], Method.LEAST_TAX, terms=rates)) == [("dear", 2), ("old", 2)]


@pytest.mark.parametrize("method", NO_NAMES)
def test_book__of_any_ledger__then_costs_and_quantities_are_kept(method: Method) -> None:
    for seed in range(25):
        movements = random_ledger(seed, 120)
        booked = book(movements, method)
        lots = [movement for movement in movements if isinstance(movement, Lot)]
        disposals = [movement for movement in movements if isinstance(movement, Disposal)]
        left = booked.quantity(ASSET, WALLET)
        assert sum(match.quantity for match in booked.matches) == sum(one.quantity for one in disposals)
        assert left == sum(lot.quantity for lot in lots) - sum(one.quantity for one in disposals)
        assert sum(match.proceeds for match in booked.matches) == sum(one.proceeds for one in disposals)
        if method in ORDERED:
            open_cost = sum((held.cost for held in booked.holdings.get((ASSET, WALLET), ())), Fraction(0))
            assert sum(match.cost for match in booked.matches) + open_cost == sum(lot.cost for lot in lots)
        if method is Method.SECTION_104:
            total = sum(match.cost for match in booked.matches) + booked.pools[ASSET].cost
            assert total == sum(lot.cost for lot in lots)


@pytest.mark.parametrize("method", [*ORDERED, Method.AVERAGE, Method.SECTION_104])
def test_book__of_a_lot_that_does_not_divide__then_exact_parts_of_it(method: Method) -> None:
    odd = Fraction(100_000, ONE)  # {quote}: 100,000 D36
    booked = book([bought("2023-01-01", 7, odd), *(sold("2024-05-01", 1, 1) for _ in range(3))], method)
    assert [match.cost for match in booked.matches] == [Fraction(100_000, 7)] * 3


def plain_average(movements: list[Movement]) -> list[Fraction]:
    """Costs of the disposals by a pool that never rounds, however long its fractions become."""
    held, cost, costs = 0, Fraction(0), []
    for movement in movements:
        if isinstance(movement, Lot):
            held, cost = held + movement.quantity, cost + movement.cost
        else:
            costs.append(cost * Fraction(movement.quantity, held))
            held, cost = held - movement.quantity, cost - costs[-1]
    return costs


@pytest.mark.parametrize(("length", "exact"), [(60, True), (800, False)])
def test_average__beside_a_pool_that_never_rounds__then_equal_far_beyond_any_digit(length: int, exact: bool) -> None:
    movements = random_ledger(7, length, share=3)
    costs: dict[str, Fraction] = {}
    for match in book(movements, Method.AVERAGE).matches:
        costs[match.disposal.id] = costs.get(match.disposal.id, Fraction(0)) + match.cost
    plain = plain_average(movements)
    assert (list(costs.values()) == plain) is exact
    assert all(abs(a - b) < Fraction(1, 10**200) for a, b in zip(costs.values(), plain, strict=True))


def test_average__of_300_random_ledgers__then_the_plain_pools_to_the_last_digit() -> None:
    for seed in range(300):
        movements = random_ledger(seed, 14)
        costs: dict[str, Fraction] = {}
        for match in book(movements, Method.AVERAGE).matches:
            costs[match.disposal.id] = costs.get(match.disposal.id, Fraction(0)) + match.cost
        assert list(costs.values()) == plain_average(movements)


@pytest.mark.parametrize("method", [*ORDERED, Method.AVERAGE])
def test_book__per_wallet__then_a_wallet_sells_its_own_lots(method: Method) -> None:
    movements = [
        bought("2023-01-01", 10, 100, name="a", wallet="one"),
        bought("2023-02-01", 10, 300, name="b", wallet="two"),
        sold("2023-06-01", 5, 100, wallet="two"),
    ]
    assert taken(book(movements, method)) == [("b", 5)]


def test_book__per_owner__then_lots_of_all_wallets_are_one_stock() -> None:
    movements = [
        bought("2023-01-01", 10, 100, name="a", wallet="one"),
        bought("2023-02-01", 10, 300, name="b", wallet="two"),
        sold("2023-06-01", 5, 100, wallet="two"),
    ]
    assert taken(book(movements, Method.FIFO, scope=Scope.OWNER)) == [("a", 5)]


@pytest.mark.parametrize("method", [*ORDERED, Method.AVERAGE])
def test_book__with_a_transfer__then_lots_keep_their_cost_and_date(method: Method) -> None:
    lot = bought("2023-01-01", 10, 100, name="a")
    booked = book([lot, moved("2023-03-01", 4), sold("2023-06-01", 3, 60, wallet="wallet")], method)
    (match,) = booked.matches
    assert match.cost == 30 * ONE
    assert match.lot is not None
    assert match.lot.time == lot.time
    assert booked.quantity(ASSET, WALLET) == 6
    assert booked.quantity(ASSET, "wallet") == 1


# ---- what cannot be booked


@pytest.mark.parametrize("method", NO_NAMES)
def test_book__with_more_sold_than_held__then_each_row_is_named(method: Method) -> None:
    movements = [
        bought("2023-01-01", 10, 100),
        sold("2023-02-01", 11, 100, name="x"),
        sold("2023-03-01", 2, 100, name="y"),
    ]
    with pytest.raises(InputError) as caught:
        book(movements, method)
    assert [mistake.where for mistake in caught.value.mistakes] == ["row of x", "row of y"]
    assert "negative" in caught.value.mistakes[0].what
    assert "1 more" in caught.value.mistakes[0].what


def test_book__with_a_lot_sold_twice__then_the_second_sale_is_named() -> None:
    lots = (("first", 10),)
    movements = [
        *three_lots(),
        sold("2024-03-01", 10, 900, lots=lots, name="x"),
        sold("2024-03-02", 10, 900, lots=lots, name="y"),
    ]
    with pytest.raises(InputError) as caught:
        book(movements, Method.SPECIFIC)
    (mistake,) = caught.value.mistakes
    assert mistake.where == "row of y"
    assert "first" in mistake.what
    assert "sold already" in mistake.what


def test_book__with_no_lot_named__then_that_is_said() -> None:
    with pytest.raises(InputError) as caught:
        book([*three_lots(), sold("2024-03-01", 10, 900, name="x")], Method.SPECIFIC)
    assert "no lot is named" in caught.value.mistakes[0].what


def test_book__with_more_lots_named_than_are_sold__then_that_is_said() -> None:
    lots = (("first", 6), ("last", 5))
    with pytest.raises(InputError) as caught:
        book([*three_lots(), sold("2024-03-01", 10, 900, name="x", lots=lots)], Method.SPECIFIC)
    (mistake,) = caught.value.mistakes
    assert mistake.where == "row of x"
    assert "named for 1 more than the 10" in mistake.what


def test_book__with_the_same_row_twice_or_nothing__then_both_are_named() -> None:
    movements = [bought("2023-01-01", 10, 100, name="x"), bought("2023-01-01", 10, 100, name="x")]
    with pytest.raises(InputError) as caught:
        book([*movements, sold("2023-02-01", 0, 0, name="z")], Method.FIFO)
    assert [mistake.where for mistake in caught.value.mistakes] == ["row of x", "row of z"]
