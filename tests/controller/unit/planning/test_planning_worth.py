"""Cost against benefit, and which quotes a plan takes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from planning_pieces import DAY, DOLLAR, HEAD, NOW, Venue, make_mandate, make_snapshot, price

from controller.model import Decision, NoTrade, Plan, Quote, Reason, Snapshot, TriggerKind
from controller.planning.book import Book
from controller.planning.plan import decide
from controller.planning.wants import Want, parted, taken
from controller.planning.worth import YEAR, Terms, Worth, expected, say
from controller.units import D18

GAMMA, VOLATILITY, HORIZON = 3, 0.2, 90 * DAY
PRICES = [price(10, 18), price(1, 18), price(100, 8)]


def vault(**changes: object) -> Snapshot:
    mandate = make_mandate((5_000, 3_000, 2_000), (18, 18, 8), **changes)
    return make_snapshot(mandate, [60_000 * 10**18, 250_000 * 10**18, 1_500 * 10**8], PRICES)


def terms(volatility: float = VOLATILITY, **changes: int) -> Terms:
    worth = Worth.uniform(GAMMA * D18, round(volatility * D18), HORIZON, 3)
    return replace(Terms(worth=worth), **changes)


def decided(snapshot: Snapshot, given: Terms, fee: int = 500) -> Decision:
    venue = Venue.around(snapshot, 10**9 * DOLLAR, fee)
    return decide(
        snapshot, snapshot.targets, venue.quote, now=NOW, deadline=NOW + 60, journal_head=HEAD, tolerance=30,
        terms=given,
    )  # fmt: skip


def test_expected__of_swaps__then_the_fall_of_the_quadratic_utility_and_the_loss_with_gas() -> None:
    snapshot = vault()
    book = Book.of(snapshot, NOW)
    swap = Quote(0, 1, 0, 8_000 * 10**18, 79_900 * 10**18, b"")
    rng = np.random.default_rng(1)
    factor = rng.normal(size=(3, 3))
    sigma = factor @ factor.T / 50
    rounded = tuple(tuple(round(value * D18) for value in row) for row in sigma)
    found = expected(book, [swap, swap], Terms(7 * DOLLAR, 3 * DOLLAR, Worth(GAMMA * D18, rounded, HORIZON)))

    def burden(values: list[float]) -> float:
        off = np.array(values) / sum(values) - [0.5, 0.3, 0.2]
        return float(sum(values) * GAMMA / 2 * off @ sigma @ off * HORIZON / YEAR)

    benefit = burden([600_000, 250_000, 150_000]) - burden([440_000, 409_800, 150_000])
    assert found.benefit is not None
    assert found.benefit / DOLLAR == pytest.approx(benefit, rel=1e-12)
    assert found.cost == (2 * 100 + 7 + 3) * DOLLAR


def test_decide__worth_more_than_it_costs__then_a_plan_that_names_both() -> None:
    plan = decided(vault(), terms())
    assert isinstance(plan, Plan)
    assert plan.expected is not None
    assert plan.expected.benefit is not None
    assert plan.expected.benefit > plan.expected.cost > 0
    assert "to cost" in say(plan.expected)
    assert "worth" in say(plan.expected)


@pytest.mark.parametrize("given", [terms(volatility=0.01), terms(plan_cost=10**6 * DOLLAR)], ids=["calm", "dear gas"])
def test_decide__worth_less_than_it_costs__then_no_trade_that_names_both(given: Terms) -> None:
    found = decided(vault(), given)
    assert isinstance(found, NoTrade)
    assert found.reason is Reason.COST_ABOVE_BENEFIT
    assert "expected to cost" in found.detail
    assert "to be worth" in found.detail


def test_decide__nobody_asks_what_it_is_worth__then_what_is_due_is_traded() -> None:
    plan = decided(vault(), Terms(plan_cost=10**6 * DOLLAR))
    assert isinstance(plan, Plan)
    assert plan.expected is not None
    assert say(plan.expected).startswith("expected to cost 1,000,")


def test_decide__by_calendar_or_begun_already__then_benefit_is_not_asked_for() -> None:
    calendar = vault(kind=TriggerKind.CALENDAR, band=0, destination=0, every=1, anchor=NOW - 40 * DAY)
    assert isinstance(decided(calendar, terms(volatility=0.01)), Plan)
    begun = vault(window=DAY)
    begun = replace(begun, status=replace(begun.status, open_until=NOW + 100, breaches=7))
    assert isinstance(decided(begun, terms(volatility=0.01)), Plan)


def test_taken__parts_that_return_more_than_the_whole__then_they__unless_gas_or_number_or_sum_is_wrong() -> None:
    whole = Quote(0, 1, 0, 100, 90, b"a")
    parts = (Quote(0, 1, 0, 60, 57, b"a"), Quote(0, 1, 1, 40, 38, b"b"))
    want = Want(0, 1, 100, parts=2, further=4)
    assert taken(want, (whole, *parts)) == parts
    assert taken(replace(want, further=5), (whole, *parts)) == (whole,)
    assert taken(replace(want, parts=1), (whole, *parts)) == (whole,)
    assert taken(want, (whole, parts[0])) == (whole,)
    assert taken(want, parts) == parts
    assert taken(want, ()) == ()


def test_parted__trades_to_spare__then_shared_out_with_the_smallest_trade_and_the_gas_in_their_own_units() -> None:
    book = Book.of(vault(max_trades=5), NOW)
    wants = parted((Want(0, 1, 10**20), Want(0, 2, 10**19)), book, 30 * DOLLAR)
    assert [want.parts for want in wants] == [3, 2]
    assert [want.smallest for want in wants] == [10 * 10**18, 10 * 10**18]
    assert [want.further for want in wants] == [30 * 10**18, 30 * 10**6]
    assert [want.parts for want in parted((Want(0, 1, 1),), Book.of(vault(max_trades=1), NOW), 0)] == [1]


def test_decide__a_trade_over_two_venues__then_one_plan_with_two_trades_of_one_pair() -> None:
    snapshot = vault(max_trades=4)

    def quote(wants: tuple[Want, ...]) -> list[Quote]:
        found = []
        for want in wants:
            paid = want.amount_in * PRICES[want.sell]
            for venue, amount, loss in ((0, want.amount_in, 90), (0, want.amount_in // 2, 20), (1, 0, 20)):
                size = amount or want.amount_in - want.amount_in // 2
                out = paid * size // want.amount_in * (10_000 - loss) // 10_000 // PRICES[want.buy]
                found.append(Quote(want.sell, want.buy, venue, size, out, bytes([venue])))
        return found

    plan = decide(
        snapshot, snapshot.targets, quote, now=NOW, deadline=NOW + 60, journal_head=HEAD, tolerance=30
    )  # fmt: skip
    assert isinstance(plan, Plan)
    assert len(plan.trades) == 4
    assert [(trade.sell, trade.venue) for trade in plan.trades] == [(0, 0), (0, 1)] * 2


SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from test_planning_worth import decided, terms, vault
from controller.chain.codec import plan_hash
print(json.dumps([plan_hash(decided(vault(window=w), terms())).hex() for w in (0, 86400)]))
"""


def test_decide__on_other_machines__then_the_same_bytes() -> None:
    here = Path(__file__).parent
    answers = set()
    for seed in ("0", "1", "4711"):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(here)],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": f"{here.parents[1]}:{here.parents[3]}", "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        )
        answers.add(tuple(json.loads(done.stdout)))
    assert len(answers) == 1
