"""Rebalances in parts, on vaults small enough to check by hand: a million dollars in tokens of one dollar."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_pieces import DAY, DOLLAR, HEAD, NOW, Venue, ended, judge, make_mandate, make_snapshot

from controller.model import NoTrade, Period, Plan, Quote, Reason, Scope, Snapshot, TriggerKind
from controller.planning.budget import D14
from controller.planning.parts import shrink
from controller.planning.plan import ROUNDS, Proposal, decide, propose
from controller.planning.wants import Want

ONE = 10**18  # {qTok} one dollar's worth, also D36{quote/qTok}
WINDOW = 30 * DAY
"""{s} of the budgets of `make_mandate`."""


def vault(thousandths: Sequence[int], targets: Sequence[int] = (5_000, 5_000), **changes: object) -> Snapshot:
    names = ("last_rebalance", "open_until", "breaches", "loss_used", "turnover_used")
    state = {key: changes.pop(key) for key in names if key in changes}
    mandate = make_mandate(targets, **{"window": DAY, **changes})
    return make_snapshot(mandate, [part * 1_000 * ONE for part in thousandths], [ONE] * len(targets), **state)


def losing(loss: int | Callable[[Want], int]) -> Callable[[Sequence[Want]], list[Quote]]:
    """Quotes at the oracle's price, less so many {bps}, perhaps by the size of the trade."""

    def quote(wants: Sequence[Want]) -> list[Quote]:
        return [
            Quote(
                want.sell,
                want.buy,
                0,
                want.amount_in,
                want.amount_in * (10_000 - (loss(want) if callable(loss) else loss)) // 10_000,
                b"",
            )
            for want in wants
        ]

    return quote


FREE = losing(0)


def run(snapshot: Snapshot, quote: Callable[[Sequence[Want]], list[Quote]] = FREE, now: int = NOW) -> Plan | NoTrade:
    return decide(snapshot, snapshot.targets, quote, now=now, deadline=now + 600, journal_head=HEAD, tolerance=0)


def planned(snapshot: Snapshot, quote: Callable[[Sequence[Want]], list[Quote]] = FREE) -> Plan:
    plan = run(snapshot, quote)
    assert isinstance(plan, Plan), plan
    return plan


def idle(snapshot: Snapshot, quote: Callable[[Sequence[Want]], list[Quote]] = FREE) -> NoTrade:
    decision = run(snapshot, quote)
    assert isinstance(decision, NoTrade), decision
    return decision


def sold(plan: Plan) -> int:
    return sum(trade.amount_in for trade in plan.trades)


# ---- turnover


def test_decide__when_the_turnover_is_more_than_the_budget__then_a_part_of_what_is_left() -> None:
    # 100,000 dollars have to move; half of 10% of the vault may
    plan = planned(vault((600, 400), destination=0, turnover_budget=1_000, min_trade=ONE))
    assert (plan.part, sold(plan)) == (True, 50_000 * ONE)


def test_decide__when_parts_are_not_allowed__then_budget_spent_and_when_it_is_there_again() -> None:
    mandate = {"window": 0, "destination": 500, "turnover_budget": 1_500, "min_trade": ONE}
    assert sold(planned(vault((600, 400), **mandate))) == 50_000 * ONE
    # two thirds of 7.5% are used; 25,000 have to leak, a third of the bucket in a third of the window
    found = idle(vault((600, 400), **mandate, turnover_used=5 * D14 // 100))
    assert found.reason is Reason.BUDGET_SPENT
    assert found.until == NOW - 12 + WINDOW // 3 + 1, "a second late: levels are rounded up"
    assert found.detail == (
        f"the trades would sell 50,000.00, 25,000.35 of the budget is left, 50,000.00 from {found.until} on"
    )
    assert isinstance(run(vault((600, 400), **mandate, turnover_used=5 * D14 // 100), now=found.until), Plan)
    assert isinstance(run(vault((600, 400), **mandate, turnover_used=5 * D14 // 100), now=found.until - 2), NoTrade)


def test_decide__when_the_budget_never_allows_the_whole_at_once__then_says_so() -> None:
    found = idle(vault((600, 400), window=0, destination=0, turnover_budget=1_000, min_trade=ONE))
    assert (found.reason, found.until) == (Reason.BUDGET_SPENT, 0)
    assert found.detail.endswith("50,000.00 of the budget is left, and there is never more than 50,000.00")


def test_decide__when_little_of_a_budget_is_left__then_an_eighth_of_it_is_waited_for() -> None:
    # of 5% of the vault all but 1,000 dollars are used; an eighth is 6,250
    state = {"destination": 0, "turnover_budget": 1_000, "min_trade": ONE, "turnover_used": 49 * D14 // 1_000}
    found = idle(vault((600, 400), **state))
    assert found.reason is Reason.BUDGET_SPENT
    assert ", 6,250.00 from " in found.detail
    later = run(vault((600, 400), **state), now=found.until)
    assert isinstance(later, Plan)
    assert 6_250 * ONE <= sold(later) < 6_251 * ONE


def test_decide__when_less_than_an_eighth_is_all_that_is_missing__then_only_that_is_waited_for() -> None:
    # 2,000 dollars to the destination, 1,000 left
    state = {"destination": 480, "turnover_budget": 1_000, "min_trade": ONE, "turnover_used": 49 * D14 // 1_000}
    found = idle(vault((550, 450), **state))
    assert ", 2,000.00 from " in found.detail
    later = run(vault((550, 450), **state), now=found.until)
    assert isinstance(later, Plan)
    assert (later.part, sold(later)) == (False, 2_000 * ONE)


# ---- number of trades


def test_decide__when_there_are_too_many_trades__then_the_largest_go_first_if_parts_are_allowed() -> None:
    targets = (7_000, 1_000, 1_500, 500)
    held = (600, 160, 190, 50)
    whole = planned(vault(held, targets, destination=0))
    assert [(trade.sell, trade.buy) for trade in whole.trades] == [(1, 0), (2, 0)]
    part = planned(vault(held, targets, destination=0, max_trades=1))
    assert (part.part, [(trade.sell, trade.buy) for trade in part.trades]) == (True, [(1, 0)])
    found = idle(vault(held, targets, destination=0, max_trades=1, window=0))
    assert found == NoTrade(Reason.TOO_MANY_TRADES, "2 trades would reach the destination, a plan may have 1")


# ---- losses


def test_decide__when_a_trade_slips_too_far__then_a_part_that_does_not() -> None:
    # 1 bps for each 1,000 dollars: 100,000 of them lose 100 bps, at most 30 are allowed
    slips = losing(lambda want: want.amount_in // (1_000 * ONE))
    plan = planned(vault((600, 400), destination=0, max_slippage=30, max_loss=50), slips)
    assert plan.part
    assert 15_000 * ONE <= sold(plan) <= 30_000 * ONE
    found = idle(vault((600, 400), destination=0, max_slippage=30, max_loss=50, window=0), slips)
    assert found.reason is Reason.COST_ABOVE_LIMIT


def test_decide__when_even_the_smallest_trade_slips_too_far__then_cost_above_limit() -> None:
    found = idle(vault((600, 400), destination=0, max_slippage=30), losing(31))
    assert found.reason is Reason.COST_ABOVE_LIMIT
    assert "(30 bps from the oracle)" in found.detail


def test_decide__when_parts_slip_round_after_round__then_gives_up_after_as_many_rounds_as_for_the_whole() -> None:
    asked: list[Sequence[Want]] = []

    def quote(wants: Sequence[Want]) -> list[Quote]:
        asked.append(wants)
        return losing(31)(wants)

    found = idle(vault((600, 400), destination=0, max_slippage=30, min_trade=ONE), quote)
    assert found.detail.startswith("quotes do not settle: trade 0 would return ")
    assert len(asked) == 1 + ROUNDS


def test_decide__when_a_coarse_token_cannot_arrive__then_a_part_as_near_as_it_gets() -> None:
    # 60,000 dollars are 8.57 units of 7,000, and the destination is 3,000 wide
    mandate = make_mandate((5_000, 5_000), (0, 18), destination=0, min_trade=3_000 * ONE, window=DAY)
    snapshot = make_snapshot(mandate, (80, 440_000 * ONE), (7_000 * 10**36, ONE))
    plan = planned(snapshot, lambda wants: [Quote(0, 1, 0, 8, 56_000 * ONE, b"")])
    assert (plan.part, plan.trades[0].amount_in) == (True, 8)


def test_decide__when_one_trade_of_several_is_too_dear_at_any_size__then_the_others_are_made() -> None:
    # of two sellers one has no market
    quote = losing(lambda want: 500 if want.sell == 2 else 10)
    plan = planned(vault((600, 200, 200), (8_000, 1_000, 1_000), destination=0, max_loss=100), quote)
    assert (plan.part, [(trade.sell, trade.buy) for trade in plan.trades]) == (True, [(1, 0)])


def test_decide__when_a_trade_slips_because_of_one_before_it__then_both_are_cut() -> None:
    """Two trades that buy the same: the first moves the price against the second, by 1 bps for each 1,000 dollars."""

    def quote(wants: Sequence[Want]) -> list[Quote]:
        before = [sum(each.amount_in for each in wants[:index]) for index in range(len(wants))]
        return [
            Quote(want.sell, want.buy, 0, want.amount_in, want.amount_in - want.amount_in * gone // (10**7 * ONE), b"")
            for want, gone in zip(wants, before, strict=True)
        ]

    plan = planned(vault((600, 200, 200), (8_000, 1_000, 1_000), destination=0, max_slippage=40, max_loss=100), quote)
    assert plan.part
    assert [trade.sell for trade in plan.trades] == [1, 2]
    assert plan.trades[0].amount_in <= 40_000 * ONE


def test_decide__when_a_part_gains_and_would_cross_its_target__then_it_is_cut_to_what_does_not() -> None:
    targets = (7_000, 1_000, 1_500, 500)
    # the larger of two trades goes first, to within half a smallest trade of its target
    snapshot = vault((640, 160, 150, 50), targets, destination=0, max_trades=1)
    snapshot = replace(snapshot, balances=(640_000 * ONE, 160_000 * ONE, 155_000 * ONE, 45_000 * ONE))
    plan = planned(snapshot, losing(-90))
    assert (plan.part, [(trade.sell, trade.buy) for trade in plan.trades]) == (True, [(1, 0)])
    assert 55_000 * ONE < sold(plan) < 59_500 * ONE


def test_decide__when_the_trades_lose_more_than_a_plan_may__then_a_part_in_proportion() -> None:
    # 50 bps of 100,000 dollars are 500, and 200 may be lost
    plan = planned(vault((600, 400), destination=0, max_loss=2, min_trade=ONE), losing(50))
    assert plan.part
    assert 39_900 * ONE < sold(plan) <= 40_000 * ONE


def test_decide__when_they_lose_more_than_is_left_of_the_budget__then_a_part_or_the_time_to_wait_for() -> None:
    # 500 dollars of loss; of 5 bps at once 3 are used, which leaves 200 dollars
    state = {"destination": 0, "max_loss": 50, "loss_budget": 10, "min_trade": ONE, "loss_used": 3 * 10**10}
    plan = planned(vault((600, 400), **state), losing(50))
    assert plan.part
    assert 39_900 * ONE < sold(plan) <= 40_001 * ONE
    found = idle(vault((600, 400), window=0, **state), losing(50))
    assert found.reason is Reason.BUDGET_SPENT
    assert found.detail.startswith("the trades would lose 50")
    # nearly all of it used: an eighth of 500 dollars is waited for
    found = idle(vault((600, 400), **state | {"loss_used": 5 * 10**10}), losing(50))
    assert found.reason is Reason.BUDGET_SPENT
    assert f", 62.50 from {found.until} on" in found.detail
    later = run(vault((600, 400), **state | {"loss_used": 5 * 10**10}), losing(50), found.until)
    assert isinstance(later, Plan)
    assert 12_400 * ONE < sold(later) <= 12_501 * ONE, "an eighth of the loss, an eighth of the trade"


def test_decide__when_nothing_may_be_lost_and_nothing_is__then_a_plan() -> None:
    snapshot = vault((600, 400), loss_used=5 * 10**12, loss_budget=1_000)
    assert planned(snapshot, losing(-1)).trades
    assert idle(snapshot, losing(1)).reason is Reason.BUDGET_SPENT


def test_decide__when_one_trade_gains_what_another_loses__then_only_the_loss_counts() -> None:
    quote = losing(lambda want: -60 if want.sell == 1 else 60)
    found = idle(vault((600, 200, 200), (8_000, 1_000, 1_000), destination=0, max_loss=5, window=0), quote)
    assert found.reason is Reason.COST_ABOVE_LIMIT
    assert found.detail.startswith("the trades would lose 59")


# ---- going on


def test_decide__while_open_and_below_the_band__then_goes_on_to_the_destination() -> None:
    opened = {"open_until": NOW, "breaches": 0b11, "last_rebalance": NOW - 60}
    plan = planned(vault((520, 480), destination=100, **opened))
    assert (plan.part, sold(plan)) == (False, 10_000 * ONE)
    late = run(vault((520, 480), destination=100, **opened), now=NOW + 1)
    assert isinstance(late, NoTrade)
    assert late.reason is Reason.COOLING_DOWN


def test_decide__while_open_and_home_already__then_nothing_to_do() -> None:
    found = idle(vault((510, 490), destination=100, open_until=NOW, breaches=0b11))
    assert found.reason is Reason.AT_DESTINATION


def test_decide__when_the_calendar_fires_and_all_is_home__then_nothing_to_do() -> None:
    monthly = {"kind": TriggerKind.CALENDAR, "band": 0, "period": Period.MONTH, "every": 1, "anchor": 1}
    assert idle(vault((510, 490), destination=100, **monthly)).reason is Reason.AT_DESTINATION
    assert sold(planned(vault((515, 485), destination=100, **monthly))) == 5_000 * ONE


def test_decide__when_the_calendar_fires_with_scope_breach__then_all_assets_are_meant() -> None:
    monthly = {"kind": TriggerKind.EITHER, "band": 500, "period": Period.MONTH, "every": 1, "anchor": 1}
    plan = planned(vault((310, 220, 235, 235), (2_500,) * 4, destination=10, scope=Scope.BREACH, **monthly))
    assert {trade.buy for trade in plan.trades} == {1, 2, 3}


def test_propose__when_what_is_left_elsewhere_is_too_little_for_a_trade__then_a_part_without_it() -> None:
    # 60,000 dollars too much face 30,000 and twice 15,000, and nothing below 20,000 may be traded
    held, targets = (310, 220, 235, 235), (2_500, 2_500, 2_500, 2_500)
    rules = {"destination": 0, "min_trade": 20_000 * ONE}
    proposal = propose(vault(held, targets, **rules), targets, now=NOW)
    assert isinstance(proposal, Proposal)
    assert (proposal.part, [(want.sell, want.buy) for want in proposal.wants]) == (True, [(0, 1)])
    assert isinstance(propose(vault(held, targets, window=0, **rules), targets, now=NOW), NoTrade)


def test_decide__in_parts_against_a_thin_market_that_recovers__then_arrives_and_every_part_obeys() -> None:
    """At most 60 bps of slippage, of which 10 are fees, until the destination is reached."""
    snapshot, plans = vault((700, 200, 100), (6_000, 2_500, 1_500), destination=50, max_slippage=60), 0
    while plans < 20:
        venue = Venue.around(snapshot, 4 * 10**6 * DOLLAR)
        plan = planned(snapshot, lambda wants, venue=venue: venue.quote(wants))
        fills, refused = venue.execute(snapshot, plan)
        assert (refused, judge(snapshot, fills, part=plan.part)) == ("", "")
        plans += 1
        if not plan.part:
            break
        status = replace(snapshot.status, open_until=NOW + 600, breaches=0b111, last_rebalance=NOW)
        snapshot = replace(snapshot, balances=tuple(ended(snapshot, fills)), status=status)
    assert 2 < plans < 20


# ---- arithmetic


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=16), st.integers(0, 10**7), st.integers(1, 10**5))
def test_shrink__for_any_sizes__then_within_the_limit_and_each_at_least_the_minimum(
    sizes: list[int], most: int, minimum: int
) -> None:
    sizes = [max(size, minimum) if size else 0 for size in sizes]
    left = shrink(sizes, most, minimum)
    assert sum(left) <= most
    assert all(size == 0 or minimum <= size <= whole for size, whole in zip(left, sizes, strict=True))
    assert left == sizes or sum(sizes) > most
    if any(sizes) and most >= max(sizes):
        assert sum(left) > 0, "something is left where the largest fits"


@pytest.mark.parametrize(
    ("most", "left"),
    [
        (100, [60, 30, 10]),
        (99, [60, 30, 0]),
        (50, [33, 16, 0]),
        (31, [20, 10, 0]),
        (29, [29, 0, 0]),
        (12, [12, 0, 0]),
        (9, [0, 0, 0]),
    ],
)
def test_shrink__then_in_proportion_and_the_smallest_fall_away_first(most: int, left: list[int]) -> None:
    assert shrink([60, 30, 10], most, 10) == left
