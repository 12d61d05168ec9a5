"""Decisions on vaults small enough to check by hand: tokens of 18 decimals at one dollar, unless a test says else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from planning_pieces import HEAD, NOW, Venue, address, judge, make_mandate, make_snapshot

from controller.errors import InputError
from controller.model import Fill, Knot, NoTrade, Plan, Price, Quote, Reason, Scope, Snapshot
from controller.planning.plan import Proposal, decide, finish, propose
from controller.planning.wants import QuoteSource, Want, best

ONE = 10**18  # {qTok} one dollar's worth, also D36{quote/qTok}
DEADLINE = NOW + 600


def vault(thousandths: Sequence[int], targets: Sequence[int] = (5_000, 5_000), **changes: object) -> Snapshot:
    """A vault of a million dollars; `thousandths` of it in each asset."""
    mandate = make_mandate(targets, **changes)
    return make_snapshot(mandate, [part * 1_000 * ONE for part in thousandths], [ONE] * len(targets))


def free(wants: Sequence[Want], loss: int = 0) -> list[Quote]:
    """Quotes at the oracle's price, less `loss` {bps}."""
    return [Quote(w.sell, w.buy, 0, w.amount_in, w.amount_in * (10_000 - loss) // 10_000, b"\x00") for w in wants]


def run(snapshot: Snapshot, quote: QuoteSource = free, tolerance: int = 30) -> Plan | NoTrade:
    return decide(
        snapshot,
        snapshot.targets,
        quote,
        now=NOW,
        deadline=DEADLINE,
        journal_head=HEAD,
        tolerance=tolerance,
    )


def reason(snapshot: Snapshot, quote: QuoteSource = free) -> tuple[Reason, str]:
    decision = run(snapshot, quote)
    assert isinstance(decision, NoTrade)
    return decision.reason, decision.detail


def wanted(snapshot: Snapshot, now: int = NOW) -> tuple[Want, ...]:
    """The trades of a whole rebalance."""
    proposal = propose(snapshot, snapshot.targets, now=now)
    assert isinstance(proposal, Proposal)
    assert not proposal.part
    return proposal.wants


# ---- no trade, in the order of the contract


def test_propose__when_everything_is_wrong__then_the_first_of_the_contract() -> None:
    snapshot = vault((0, 0), cooldown=3_600)
    snapshot = replace(
        snapshot,
        status=replace(snapshot.status, paused=True, last_rebalance=NOW - 600),
        prices=(Price(ONE, 1, NOW), Price(0, 0, 0, "PriceStale(feed=0x1)")),
    )
    assert reason(snapshot)[0] is Reason.PAUSED
    snapshot = replace(snapshot, status=replace(snapshot.status, paused=False))
    assert reason(snapshot) == (Reason.PRICE_UNUSABLE, f"asset 1 ({address(2)}): PriceStale(feed=0x1)")
    snapshot = replace(snapshot, prices=(Price(ONE, 1, NOW), Price(ONE, 1, NOW)))
    assert reason(snapshot)[0] is Reason.NO_VALUE
    snapshot = replace(snapshot, balances=(52 * ONE, 48 * ONE))
    assert reason(snapshot) == (Reason.COOLING_DOWN, f"until {NOW + 3_000}, 3000 s from now")
    snapshot = replace(snapshot, status=replace(snapshot.status, last_rebalance=0))
    assert reason(snapshot) == (Reason.IN_BAND, f"largest drift 200.0 bps (asset 0 ({address(1)})), band 500 bps")


def test_propose__when_the_cooldown_ends_now__then_due() -> None:
    snapshot = vault((560, 440), cooldown=600)
    snapshot = replace(snapshot, status=replace(snapshot.status, last_rebalance=NOW - 600))
    assert not isinstance(propose(snapshot, (5_000, 5_000), now=NOW), NoTrade)
    assert isinstance(propose(snapshot, (5_000, 5_000), now=NOW - 1), NoTrade)


def test_propose__when_the_drift_is_a_unit_below_the_band__then_in_band_and_at_the_band_due() -> None:
    snapshot = vault((550, 450))
    assert isinstance(run(snapshot), Plan)
    held = snapshot.balances
    snapshot = replace(snapshot, balances=(held[0] - 1, held[1]))
    assert reason(snapshot)[0] is Reason.IN_BAND


def test_propose__when_targets_are_not_the_mandates__then_an_error() -> None:
    with pytest.raises(InputError, match="not those that the vault enforces"):
        propose(vault((550, 450)), (6_000, 4_000), now=NOW)


def test_propose__when_the_drift_is_smaller_than_the_smallest_trade__then_below_minimum() -> None:
    snapshot = vault((550, 450), min_trade=50_001 * ONE, destination=0)
    assert reason(snapshot) == (Reason.BELOW_MIN_TRADE, "what is left to the destination is worth less than 50,001.00")
    assert isinstance(run(vault((550, 450), min_trade=49_999 * ONE, destination=0)), Plan)


def test_propose__when_no_counterpart_can_take_the_minimum__then_below_minimum() -> None:
    # the surplus of 6% faces three deficits of 2% each, and nothing below 3% may be traded
    snapshot = vault((310, 230, 230, 230), (2_500, 2_500, 2_500, 2_500), destination=0, min_trade=30_000 * ONE)
    assert reason(snapshot) == (Reason.BELOW_MIN_TRADE, "trades of at least 30,000.00 cannot reach the destination")


# ---- sizes


def test_propose__when_the_rule_fires_at_200_and_goes_to_175__then_trades_25() -> None:
    """The published target-date rule: 62% of a 60% target ends at 61.75%."""
    snapshot = vault((620, 380), (6_000, 4_000), band=200, destination=175)
    assert propose(snapshot, (6_000, 4_000), now=NOW) == Proposal((Want(0, 1, 2_500 * ONE),))
    low = vault((570, 430), (6_000, 4_000), band=200, destination=175)
    assert wanted(low) == (Want(1, 0, 12_500 * ONE),), "57% ends at 58.25%"


def test_propose__with_a_relative_destination__then_ends_where_every_asset_is_near_its_own_target() -> None:
    """60% at 72% may end at 66%, but 40% has to come to 36%, so it ends at 64%."""
    snapshot = vault((720, 280), (6_000, 4_000), band=0, relative_band=2_000, destination=0, relative_destination=1_000)
    assert wanted(snapshot) == (Want(0, 1, 80_000 * ONE),)


def test_propose__along_a_path__then_to_the_targets_of_the_time_of_execution() -> None:
    path = (Knot(NOW - 12, (6_000, 4_000)), Knot(NOW + 988, (5_000, 5_000)))
    snapshot = vault((600, 400), (6_000, 4_000), path=path, destination=100)
    assert reason(snapshot)[0] is Reason.IN_BAND
    assert wanted(snapshot, NOW + 488) == (Want(0, 1, 40_000 * ONE),)


def test_propose__when_the_destination_is_zero__then_half_a_smallest_trade_short() -> None:
    snapshot = vault((560, 440), destination=0, min_trade=100 * ONE)
    assert propose(snapshot, (5_000, 5_000), now=NOW) == Proposal((Want(0, 1, 59_950 * ONE),))


def test_propose__when_one_surplus_faces_two_deficits__then_two_trades_and_no_asset_on_both_sides() -> None:
    snapshot = vault((700, 200, 100), (6_000, 2_500, 1_500), destination=100)
    wants = wanted(snapshot)
    # 100,000 dollars too much, 10,000 may stay; 50,000 are missing on either side, so both end about 5,000 short
    assert [(want.sell, want.buy) for want in wants] == [(0, 1), (0, 2)]
    assert sum(want.amount_in for want in wants) == 90_000 * ONE
    assert all(44_900 * ONE < want.amount_in < 45_100 * ONE for want in wants)


def test_propose__when_surpluses_match_deficits__then_one_trade_each_largest_first() -> None:
    snapshot = vault((150, 400, 340, 110), (2_000, 3_000, 2_500, 2_500), destination=0)
    wants = wanted(snapshot)
    assert (wants[0].sell, wants[0].buy) == (1, 3)
    assert {want.sell for want in wants}.isdisjoint(want.buy for want in wants)


def test_propose__when_the_scope_is_breach__then_the_others_are_only_counterparts() -> None:
    # only asset 0 is in breach, the three others are 200 bps below their targets, outside the destination of 50
    balances, targets = (310, 230, 230, 230), (2_500, 2_500, 2_500, 2_500)
    book = wanted(vault(balances, targets, destination=50))
    breach = wanted(vault(balances, targets, destination=50, scope=Scope.BREACH))
    assert sum(want.amount_in for want in book) == sum(want.amount_in for want in breach) == 55_000 * ONE
    assert {want.buy for want in book} == {1, 2, 3}


def test_propose__when_the_scope_is_breach__then_what_is_off_but_not_in_breach_stays() -> None:
    balances, targets = (310, 190, 270, 230), (2_500, 2_500, 2_500, 2_500)
    assert len(wanted(vault(balances, targets, destination=50))) > 1
    breach = wanted(vault(balances, targets, destination=50, scope=Scope.BREACH))
    assert breach == (Want(0, 1, 55_000 * ONE),)


def test_propose__when_a_target_is_zero__then_sells_down_to_the_destination() -> None:
    snapshot = vault((60, 940), (0, 10_000), destination=100)
    assert propose(snapshot, (0, 10_000), now=NOW) == Proposal((Want(0, 1, 50_000 * ONE),))


def test_propose__when_one_token_is_dear_and_coarse__then_the_amount_is_rounded_to_the_smaller_trade() -> None:
    mandate = make_mandate((5_000, 5_000), (0, 18), destination=0, min_trade=3_000 * ONE)
    price = 7_000 * 10**36  # one unit is worth 7,000 dollars
    snapshot = make_snapshot(mandate, (80, 440_000 * ONE), (price, ONE))
    assert wanted(snapshot) == (Want(0, 1, 8),)  # 60,000 dollars are 8.57 units, and 8.35 are aimed at
    assert isinstance(run(snapshot, lambda wants: [Quote(0, 1, 0, 8, 56_000 * ONE, b"")]), NoTrade)


# ---- quotes


def test_decide__when_trading_is_free__then_a_plan_for_this_snapshot() -> None:
    snapshot = vault((560, 440), destination=100)
    plan = run(snapshot)
    assert isinstance(plan, Plan)
    assert (plan.nonce, plan.deadline, plan.journal_head, plan.part) == (snapshot.status.nonce, DEADLINE, HEAD, False)
    assert (plan.reference_block, plan.reference_hash) == (snapshot.block.number, snapshot.block.hash)
    assert [(t.sell, t.buy, t.venue, t.amount_in, t.route) for t in plan.trades] == [(0, 1, 0, 50_000 * ONE, b"\x00")]


@pytest.mark.parametrize(("tolerance", "least"), [(0, 49_900), (30, 49_750.3), (100, 49_500), (500, 49_500)])
def test_decide__whatever_the_tolerance__then_never_below_the_oracles_floor(tolerance: int, least: float) -> None:
    plan = run(vault((560, 440), destination=99), lambda wants: free(wants, loss=20), tolerance)
    assert isinstance(plan, Plan)
    (trade,) = plan.trades
    quoted = trade.amount_in * 9_980 // 10_000
    floor = -(-trade.amount_in * 9_900 // 10_000)
    assert trade.min_out == max(floor, quoted * (10_000 - tolerance) // 10_000)
    assert trade.min_out / trade.amount_in == pytest.approx(least / 50_000)


def test_decide__when_a_cost_keeps_an_asset_from_its_destination__then_asks_again_for_more() -> None:
    asked: list[tuple[Want, ...]] = []

    def quote(wants: tuple[Want, ...]) -> list[Quote]:
        asked.append(wants)
        return free(wants, loss=50)

    snapshot = vault((600, 400), destination=0, max_loss=100)
    plan = run(snapshot, quote)
    assert isinstance(plan, Plan)
    assert len(asked) == 2
    assert asked[0][0].amount_in < asked[1][0].amount_in == plan.trades[0].amount_in
    fill = Fill(0, 1, 0, plan.trades[0].amount_in, quote(asked[1])[0].amount_out)
    assert judge(snapshot, [fill]) == ""


def test_decide__when_a_gain_would_take_an_asset_past_its_target__then_asks_again_for_less() -> None:
    sizes: list[int] = []

    def quote(wants: tuple[Want, ...]) -> list[Quote]:
        sizes.append(wants[0].amount_in)
        return free(wants, loss=-80)

    assert isinstance(run(vault((600, 400), destination=0), quote), Plan)
    assert len(sizes) == 2
    assert sizes[0] > sizes[1]


def test_decide__when_a_pool_does_not_exist__then_no_route() -> None:
    found = reason(vault((560, 440)), lambda _wants: [])
    assert found[0] is Reason.NO_ROUTE
    assert address(1) in found[1]
    assert address(2) in found[1]


def test_decide__when_a_trade_returns_too_little__then_cost_above_limit_with_numbers() -> None:
    found = reason(vault((560, 440)), lambda wants: free(wants, loss=101))
    assert found[0] is Reason.COST_ABOVE_LIMIT
    assert found[1].startswith("trade 0 would return ")
    assert "(100 bps from the oracle)" in found[1]
    assert isinstance(run(vault((560, 440)), lambda wants: free(wants, loss=100)), Plan)


def test_decide__when_the_whole_loses_too_much__then_cost_above_limit_with_numbers() -> None:
    # 350,000 dollars have to move, at 90 bps that is 3,150 dollars
    snapshot = vault((900, 100), destination=500, max_loss=30)
    found = reason(snapshot, lambda wants: free(wants, loss=90))
    assert found[0] is Reason.COST_ABOVE_LIMIT
    assert found[1].startswith("the trades would lose 3,1")
    assert found[1].endswith(", at most 3,000.00 is allowed")
    assert isinstance(run(snapshot, lambda wants: free(wants, loss=80)), Plan)


def test_decide__when_quotes_jump_from_round_to_round__then_gives_up_with_the_rule() -> None:
    losses = iter([90, -90] * 10)
    found = reason(vault((600, 400), destination=0, max_loss=100), lambda wants: free(wants, loss=next(losses)))
    assert found[0] is Reason.COST_ABOVE_LIMIT
    assert found[1].startswith("quotes do not settle: asset ")


def test_finish__when_no_round_is_left__then_says_so_instead_of_asking() -> None:
    snapshot = vault((600, 400), destination=0, max_loss=100)
    proposal = Proposal(wanted(snapshot))
    quotes = free(proposal.wants, loss=50)

    def end(rounds_left: int) -> Plan | NoTrade | Proposal:
        return finish(
            snapshot,
            proposal,
            quotes,
            now=NOW,
            deadline=DEADLINE,
            journal_head=HEAD,
            tolerance=0,
            rounds_left=rounds_left,
        )

    assert isinstance(end(1), Proposal)
    last = end(0)
    assert isinstance(last, NoTrade)
    assert last.reason is Reason.COST_ABOVE_LIMIT


def test_decide__when_trades_share_a_pool__then_the_second_is_sized_by_what_the_first_leaves() -> None:
    targets = (6_000, 2_500, 1_500)
    snapshot = vault((700, 200, 100), targets, destination=0, max_loss=100)
    venue = Venue.around(snapshot, depth=40 * 10**42)
    plan = run(snapshot, venue.quote)
    assert isinstance(plan, Plan)
    assert [trade.sell for trade in plan.trades] == [0, 0]
    fills, refused = venue.execute(snapshot, plan)
    assert (refused, judge(snapshot, fills)) == ("", "")


def test_best__among_quotes__then_the_largest_and_the_first_of_equals() -> None:
    def quote(amount_out: int, route: bytes, amount_in: int = 5) -> Quote:
        return Quote(0, 1, 0, amount_in, amount_out, route)

    quotes = [quote(3, b"a"), quote(4, b"b"), quote(4, b"c"), quote(9, b"other amount", 6)]
    assert best(Want(0, 1, 5), quotes) == quotes[1]
    assert best(Want(1, 0, 5), quotes) is None


def test_decide__from_the_same_snapshot_and_quotes__then_the_same_plan() -> None:
    snapshot = vault((300, 150, 150, 250, 150), (2_000,) * 5, destination=10, max_loss=100)
    venue = Venue.around(snapshot, depth=10**44)
    first = run(snapshot, venue.quote)
    assert isinstance(first, Plan)
    assert run(snapshot, lambda wants: list(reversed(venue.quote(wants)))) == first
