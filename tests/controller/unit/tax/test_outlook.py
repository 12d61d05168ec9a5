"""Plans that count taxes: the cheapest sales against a linear program, days to go, and losses that are worth taking."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from planning_pieces import DOLLAR, NOW, make_mandate, make_snapshot
from scipy.optimize import linprog
from tax_pieces import ASSET, ONE, WALLET, at, bought, sold

from controller.errors import InputError
from controller.planning.book import Book
from controller.tax.booking import Method, book
from controller.tax.books import Rates
from controller.tax.harvest import Costs, Declined, Past, Proposal, proposals, swapped
from controller.tax.holding import days_in
from controller.tax.laws import law_of
from controller.tax.least import Candidate, Point, netted
from controller.tax.movements import Holding, Movement, Nature
from controller.tax.outlook import (
    Piece,
    Wanted,
    cheapest,
    gains_of,
    in_method_order,
    least_of,
    outlooks,
    tax_of,
    wanted_sales,
)
from controller.tax.report import Request, gains_of_year, open_lots
from controller.tax.wash import WashRule

RATES = Rates(Fraction(37, 100), Fraction(20, 100))
DAYS = days_in()
US = law_of("us")


# ---- the cheapest sales


def wanted(seed: int) -> tuple[list[Wanted], int]:
    """Two to five assets at a price of one, so that values are quantities."""
    dice = random.Random(seed)  # noqa: S311 -- a reproducible case
    sales = []
    for place in range(dice.randint(2, 5)):
        candidates = tuple(
            Candidate(
                bought("2024-01-01", left, left * Fraction(dice.randint(1, 200), 100), name=f"{place}.{lot}"),
                left,
                dice.random() < 0.5,
            )
            for lot in range(dice.randint(1, 7))
            for left in [dice.randint(1, 500)]
        )
        held = sum(one.left for one in candidates)
        room = dice.randint(1, held)
        sales.append(Wanted(f"A{place}", dice.randint(0, room) * ONE, room * ONE, ONE, candidates))
    least, most = sum(sale.need for sale in sales), sum(sale.room for sale in sales)
    return sales, dice.randint(least // ONE, most // ONE) * ONE


def by_linear_program(sales: list[Wanted], total: int) -> float:
    columns = [(place, one) for place, sale in enumerate(sales) for one in sale.candidates]
    cost = [float(tax_of(one, ONE, RATES) / ONE) for _, one in columns]
    own = np.array([[float(place == at_) for at_, _ in columns] for place in range(len(sales))])
    needs, rooms = ([float(getattr(sale, name) // ONE) for sale in sales] for name in ("need", "room"))
    solved = linprog(
        cost,
        np.vstack([own, -own]),
        np.array([*rooms, *(-need for need in needs)]),
        np.ones((1, len(columns))),
        [float(total // ONE)],
        [(0.0, float(one.left)) for _, one in columns],
        method="highs",
    )
    assert solved.status == 0
    return float(solved.fun)


def linear(sales: list[Wanted], pieces: object) -> Fraction:
    """{quote} of tax at the rates, losses counted as saved."""
    short, long = gains_of(pieces, {sale.asset: sale.price for sale in sales})  # type: ignore[arg-type]
    return (short * RATES.short + long * RATES.long) / ONE


def test_cheapest__on_300_cases__then_the_linear_programs_and_never_above_a_method() -> None:
    below = 0
    for seed in range(300):
        sales, total = wanted(seed)
        pieces = cheapest(sales, total, RATES)
        assert sum(piece.quantity for piece in pieces) * ONE == total
        tax = linear(sales, pieces)
        assert float(tax) == pytest.approx(by_linear_program(sales, total), abs=1e-9, rel=1e-9)
        for method in (Method.FIFO, Method.LIFO, Method.HIFO, Method.LOFO, Method.LEAST_TAX):
            other = in_method_order(sales, total, method, RATES)
            assert sum(piece.quantity for piece in other) * ONE == total
            assert tax <= linear(sales, other)
            below += tax < linear(sales, other)
        for sale in sales:
            sold_ = sum(piece.quantity for piece in pieces if piece.asset == sale.asset) * ONE
            assert sale.need <= sold_ <= sale.room
    assert below > 300


def test_least_of__with_the_year_netted__then_never_above_a_method() -> None:
    below = 0
    for seed in range(150):
        sales, total = wanted(seed)
        before = (Fraction((seed % 7 - 3) * 100 * ONE), Fraction((seed % 5 - 2) * 100 * ONE))
        prices = {sale.asset: sale.price for sale in sales}

        def tax(pieces: tuple[Piece, ...], before: Point = before, prices: dict[str, int] = prices) -> Fraction:
            short, long = gains_of(pieces, prices)
            return netted(before[0] + short, before[1] + long, RATES)

        for method in (Method.FIFO, Method.HIFO, Method.LEAST_TAX):
            by_method = in_method_order(sales, total, method, RATES)
            least = least_of([cheapest(sales, total, RATES), by_method], sales, RATES, before)
            assert tax(least) <= min(tax(by_method), tax(cheapest(sales, total, RATES)))
            below += tax(least) < tax(by_method)
    assert below > 100


def test_wanted_sales__of_a_vault__then_what_the_destination_needs_and_the_target_allows() -> None:
    mandate = make_mandate((4_000, 3_000, 3_000), (0, 0, 0), band=500, destination=200, min_trade=1)
    snapshot = make_snapshot(mandate, (500, 320, 180), (DOLLAR,) * 3)
    sales, total = wanted_sales(Book.of(snapshot, NOW), ("A", "B", "C"), {})
    assert [(sale.asset, sale.need // DOLLAR, sale.room // DOLLAR) for sale in sales] == [("A", 80, 100), ("B", 0, 20)]
    assert total == 100 * DOLLAR  # what C needs


def test_outlook__of_lots__then_days_to_go_and_gains_now() -> None:
    lots = [bought("2024-03-01", 10, 100, name="young"), bought("2022-03-01", 10, 300, name="old")]
    found = outlooks([Holding(lot, 5) for lot in lots], {ASSET: 20 * ONE}, US, DAYS, at("2025-02-20"))
    assert [(one.is_long, one.days, one.gain / ONE) for one in found] == [(False, 10, 50), (True, 0, -50)]
    assert found[0].free_from == date(2025, 3, 2)
    uk = outlooks([Holding(lots[0], 5)], {ASSET: ONE}, law_of("uk"), DAYS, at("2025-02-20"))
    assert (uk[0].free_from, uk[0].days, uk[0].is_long) == (None, 0, False)
    with pytest.raises(InputError, match="GOLD"):
        outlooks([Holding(lots[0], 5)], {}, US, DAYS, 0)


# ---- harvesting


def harvested(
    movements: list[Movement], price: int = 50, *, partners: dict[str, str] | None = None, **changes: object
) -> tuple[tuple[Proposal, ...], tuple[Declined, ...]]:
    """At the end of 2024, with a short-term gain of 1,000 so far."""
    booked = book(movements, Method.FIFO)
    lots = outlooks(open_lots(booked, WALLET), {ASSET: price * ONE}, changes.get("law", US), DAYS, at("2024-12-20"))  # type: ignore[arg-type]
    arguments: dict[str, object] = {
        "law": US,
        "rule": WashRule(frozenset({ASSET, "SILVER"})),
        "rates": RATES,
        "before": (Fraction(1_000 * ONE), Fraction(0)),
        "costs": Costs(30, 5 * ONE),
        "now": at("2024-12-20"),
        **changes,
    }
    acquired = [one for one in movements if hasattr(one, "cost")]
    past = Past(acquired, booked.matches, DAYS)  # type: ignore[arg-type]
    return proposals(lots, partners or {ASSET: "SILVER"}, {ASSET: price * ONE}, past, **arguments)  # type: ignore[arg-type]


def test_harvest__of_a_loss__then_what_it_saves_beyond_its_costs() -> None:
    (found,), declined = harvested([bought("2024-02-01", 10, 1_000, name="loss"), bought("2024-03-01", 10, 100)])
    assert declined == ()
    assert found.lots == (("loss", 10),)
    assert (found.loss, found.value) == (500 * ONE, 500 * ONE)
    assert found.saved == 185 * ONE
    assert found.cost == Fraction("6.5") * ONE
    assert found.not_before == date(2025, 1, 20)


def test_harvest__where_costs_eat_it__then_declined() -> None:
    for changes in ({"costs": Costs(30, 184 * ONE)}, {"before": (Fraction(0), Fraction(0))}):
        found, (declined,) = harvested([bought("2024-02-01", 10, 1_000)], **changes)  # type: ignore[arg-type]
        assert found == ()
        assert "not more than" in declined.why


@pytest.mark.parametrize(("day", "spoilt"), [("2024-11-19", False), ("2024-11-20", True), ("2024-12-20", True)])
def test_harvest__with_a_purchase_of_the_last_30_days__then_the_loss_would_be_put_off(day: str, spoilt: bool) -> None:
    movements = [bought("2024-02-01", 10, 1_000), bought(day, 1, 10)]
    found, declined = harvested(movements)
    assert bool(found) is not spoilt
    assert spoilt is any("would be put off" in one.why for one in declined)
    assert harvested(movements, rule=WashRule())[0], "crypto knows no wash sale"


def test_harvest__with_a_partner_just_sold_at_a_loss__then_declined() -> None:
    movements = [
        bought("2024-02-01", 10, 1_000),
        bought("2024-02-01", 10, 1_000, asset="SILVER"),
        sold("2024-12-01", 10, 500, asset="SILVER"),
    ]
    _, (declined,) = harvested(movements)
    assert "partner was sold at a loss on 2024-12-01" in declined.why
    assert harvested(movements, now=at("2025-01-01"))[0]


def test_harvest__without_a_partner__then_said() -> None:
    _, (declined,) = harvested([bought("2024-02-01", 10, 1_000)], partners={"OTHER": "SILVER"})
    assert "no partner" in declined.why


def test_harvest__in_germany_of_what_is_free__then_its_loss_counts_as_little() -> None:
    _, (declined,) = harvested([bought("2023-02-01", 10, 1_000)], law=law_of("de"))
    assert "free" in declined.why


def test_harvest__of_tokens_paid_in__then_they_were_not_bought() -> None:
    paid_in = replace(bought("2024-12-10", 1, 10), nature=Nature.PAID_IN)
    assert harvested([bought("2024-02-01", 10, 1_000), paid_in])[0]


def test_swapped__of_targets__then_the_group_keeps_its_weight() -> None:
    assert swapped((4_000, 3_000, 3_000), 0, 2, 150 * ONE, 1_000 * ONE) == (2_500, 3_000, 4_500)
    assert swapped((4_000, 3_000, 3_000), 0, 2, 900 * ONE, 1_000 * ONE) == (0, 3_000, 7_000)


def test_gains_of_year__of_both_terms__then_short_and_long() -> None:
    movements = [bought("2022-01-10", 10, 100), sold("2023-12-31", 1, 20), sold("2024-06-01", 2, 60)]
    booked = book([*movements, bought("2024-07-01", 1, 5, asset="S"), sold("2024-08-01", 1, 4, asset="S")], Method.FIFO)
    assert gains_of_year(booked, Request(US, 2024, Method.FIFO)) == (-1 * ONE, 40 * ONE)


def test_open_lots__of_a_pool__then_one_lot_of_each_asset() -> None:
    booked = book([bought("2022-01-10", 10, 100), bought("2022-01-11", 10, 300)], Method.SECTION_104)
    (held,) = open_lots(booked, WALLET)
    assert (held.quantity, held.cost / ONE) == (20, 400)
