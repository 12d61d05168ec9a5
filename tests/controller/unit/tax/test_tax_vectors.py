"""Every case of tests/vectors/wealth.json that is about lots and taxes; the sources stand in the file."""

from __future__ import annotations

import json
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from tax_pieces import ASSET, ONE, at, bought, sold

from controller.tax.booking import Method, book
from controller.tax.books import Rates
from controller.tax.holding import days_in, long_from_us
from controller.tax.least import netted
from controller.tax.movements import Match
from controller.tax.wash import WashRule, WashSales

CASES: dict[str, Any] = json.loads((Path(__file__).parents[3] / "vectors" / "wealth.json").read_text())
DAYS = days_in()


def gain(matches: tuple[Match, ...]) -> Fraction:
    """{quote}"""
    return sum((match.gain for match in matches), Fraction(0)) / ONE


@pytest.mark.parametrize(("acquired", "disposed", "term"), CASES["long_term_boundary"]["cases"])
def test_holding_period__at_its_boundary__then_as_published(acquired: str, disposed: str, term: str) -> None:
    is_long = date.fromisoformat(disposed) >= long_from_us(date.fromisoformat(acquired))
    assert ("LONG" if is_long else "SHORT") == term


def test_holding_period__by_a_rule_of_365_days__then_the_published_cases_refute_it() -> None:
    def naive(acquired: str, disposed: str) -> str:
        held = date.fromisoformat(disposed) - date.fromisoformat(acquired)
        return "LONG" if held >= timedelta(days=365) else "SHORT"

    cases = CASES["long_term_boundary"]["cases"]
    assert any(naive(acquired, disposed) != term for acquired, disposed, term in cases)


@pytest.mark.parametrize("example", ["ex2", "ex4"])
def test_section_104__on_hmrcs_example__then_its_gain_and_pool(example: str) -> None:
    case = CASES["hmrc_s104"][example]
    quantity, cost = case["pool"]
    movements = [bought("2020-01-01", quantity, cost)]
    for day, way, amount, money in case["tx"]:
        movements.append(bought(day, amount, money) if way == "buy" else sold(day, amount, money))  # type: ignore[arg-type]
    booked = book(movements, Method.SECTION_104)
    (published,) = case["gain"].values()
    assert int(gain(booked.matches)) == published
    assert [booked.pools[ASSET].quantity, int(booked.pools[ASSET].cost / ONE)] == case["closing"]


@pytest.mark.parametrize("method", ["FIFO", "LIFO", "HIFO"])
def test_methods__on_one_ledger__then_the_published_gains(method: str) -> None:
    case = CASES["lots_example"]
    movements = [bought(day, int(amount), Fraction(price) * int(amount)) for day, amount, price in case["buys"]]
    day, amount, price = case["sell"]
    booked = book([*movements, sold(day, int(amount), Fraction(price) * int(amount))], Method[method])
    assert gain(booked.matches) == Fraction(case["gain"][method])


def test_wash_sale__of_publication_550__then_its_disallowed_loss_and_basis() -> None:
    case = CASES["wash_sale_pub550"]
    movements = [
        bought("2024-01-10", *case["buy"], name="old"),
        sold("2024-06-03", *case["sell"]),
        bought("2024-06-20", *case["rebuy_within_30d"], name="new"),
    ]
    booked = book(movements, Method.FIFO, wash=WashSales(WashRule(frozenset({ASSET})), DAYS))
    (match,) = booked.matches
    assert match.disallowed / ONE == case["disallowed_loss"]
    (holding,) = booked.holdings[ASSET, "vault"]
    assert holding.cost / ONE == case["new_basis"]
    assert holding.lot.held_from == at("2024-06-20") - (at("2024-06-03") - at("2024-01-10"))


def test_netting__of_the_published_portfolio__then_its_two_taxes() -> None:
    case, rates = CASES["betterment_taxmin_2014"], Rates(Fraction(50, 100), Fraction(30, 100))
    for way in ("fifo", "taxmin"):
        sums = {"S": Fraction(0), "L": Fraction(0)}
        for amount, term in case[way].values():
            sums[term] += amount
        tax = netted(sums["S"], sums["L"], rates)
        assert [sums["S"], sums["L"], round(float(tax), 1)] == case[f"computed_{way}"]
        assert round(tax) == case["published"][way]["tax"]
    assert case["published"]["fifo"]["tax"] - case["published"]["taxmin"]["tax"] == case["published"]["saved"]
