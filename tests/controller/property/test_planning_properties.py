"""Plans for random vaults against a venue with fees and impact, judged by rules written a second time, in fractions."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

from hypothesis import assume, event, given
from hypothesis import strategies as st
from planning_books import vaults
from planning_pieces import (
    BPS,
    DAY,
    DOLLAR,
    HEAD,
    NOW,
    Venue,
    breached,
    change,
    concerned,
    distances,
    ended,
    inside,
    judge,
    left_of,
    worth,
)

from controller.model import Decision, Fill, NoTrade, Plan, Reason, Snapshot, TriggerKind
from controller.planning.book import Book
from controller.planning.checks import loss_of
from controller.planning.flows import deposit_into_band, route_in
from controller.planning.parts import FEWEST
from controller.planning.plan import Proposal, decide, propose
from controller.planning.rules import Bands
from controller.planning.wants import Want

FINE = 10**12  # D36{quote/qTok}


@st.composite
def markets(draw: st.DrawFn, snapshot: Snapshot) -> Venue:
    depth = sum(worth(snapshot, snapshot.balances)) * draw(st.sampled_from([3, 10, 100, 1_000]))
    assets = len(snapshot.prices)
    skew = draw(st.lists(st.integers(-20, 20), min_size=assets, max_size=assets))
    return Venue.around(snapshot, max(depth, DOLLAR), draw(st.sampled_from([100, 500, 3_000])), skew)


def run(snapshot: Snapshot, venue: Venue, tolerance: int = 30, now: int = NOW) -> Decision:
    return decide(
        snapshot,
        snapshot.targets,
        venue.quote,
        now=now,
        deadline=now + 600,
        journal_head=HEAD,
        tolerance=tolerance,
    )


def due(snapshot: Snapshot) -> bool:
    opened = snapshot.status.open_until >= NOW
    return sum(worth(snapshot, snapshot.balances)) > 0 and (opened or any(breached(snapshot)))


@given(st.data(), vaults(), st.sampled_from([0, 30, 100]))
def test_decide__for_any_vault_and_market__then_a_plan_that_the_contract_accepts_or_a_reason_that_holds(
    data: st.DataObject, snapshot: Snapshot, tolerance: int
) -> None:
    venue = data.draw(markets(snapshot))
    decision = run(snapshot, venue, tolerance)
    if isinstance(decision, NoTrade):
        event(decision.reason.name)
        assert reason_holds(snapshot, venue, decision), decision
        return
    event("part" if decision.part else "whole")
    assert due(snapshot)
    assert decision.trades
    sold, bought = ({getattr(trade, side) for trade in decision.trades} for side in ("sell", "buy"))
    assert sold.isdisjoint(bought)
    fills, refused = venue.execute(snapshot, decision)
    assert (refused, judge(snapshot, fills, part=decision.part)) == ("", "")


def reason_holds(snapshot: Snapshot, venue: Venue, decision: NoTrade) -> bool:
    held = worth(snapshot, snapshot.balances)
    if decision.reason is Reason.NO_VALUE:
        return sum(held) == 0
    if decision.reason is Reason.IN_BAND:
        return sum(held) > 0 and not due(snapshot)
    if decision.reason is Reason.AT_DESTINATION:
        arrived = zip(concerned(snapshot), inside(snapshot, snapshot.balances), strict=True)
        return not any(breached(snapshot)) and all(there for wanted, there in arrived if wanted)
    if decision.reason is Reason.BELOW_MIN_TRADE:
        # no margin, no cost: whoever must move is tradable only in lumps that matter here
        smallest = Fraction(snapshot.mandate.limits.min_trade * 10**18, sum(held))
        dearest = max(each.value for each in snapshot.prices)
        lumps = max(smallest, Fraction(dearest, sum(held)))
        return any(abs(distance) < 40 * lumps for distance in distances(snapshot, snapshot.balances) if distance)
    return cost_holds(snapshot, venue, decision)


def cost_holds(snapshot: Snapshot, venue: Venue, decision: NoTrade) -> bool:
    """Whether the whole rebalance breaks a limit, and where parts are allowed, whether none of any use is left."""
    mandate, held = snapshot.mandate, worth(snapshot, snapshot.balances)
    limits, elapsed = mandate.limits, NOW - snapshot.block.timestamp
    free = change(mandate, max_trades=16, turnover_budget=10**6)
    proposal = propose(replace(snapshot, mandate=free), snapshot.targets, now=NOW)
    assert isinstance(proposal, Proposal)
    paid = [want.amount_in * snapshot.prices[want.sell].value for want in proposal.wants]
    got = [quote.amount_out * snapshot.prices[quote.buy].value for quote in venue.quote(proposal.wants)]
    losses = [max(a - b, 0) for a, b in zip(paid, got, strict=True)]
    # amounts grow a little from the first quotes to the last, so a cost within a tenth of its limit counts as above it
    slips = any(10 * BPS * loss > 9 * limits.max_slippage * each for loss, each in zip(losses, paid, strict=True))
    dear = 10 * BPS * sum(losses) > 9 * limits.max_loss * sum(held)
    spare = left_of(snapshot.status.loss_used, limits.loss_budget, limits.budget_window, elapsed)
    turn = left_of(snapshot.status.turnover_used, limits.turnover_budget, limits.budget_window, elapsed)
    spends = 10 * Fraction(sum(losses), sum(held)) > 9 * spare or 10 * Fraction(sum(paid), sum(held)) > 9 * turn
    if mandate.destination.window and decision.reason is Reason.TOO_MANY_TRADES:
        return False
    if decision.reason is Reason.BUDGET_SPENT:
        return spends and (decision.until == 0 or decision.until > NOW)
    many = len(paid) > limits.max_trades
    return many if decision.reason is Reason.TOO_MANY_TRADES else slips or dear or "do not settle" in decision.detail


PLENTY = {
    "min_trade": 10**18,
    "max_slippage": 300,
    "max_loss": 100,
    "loss_budget": 10_000,
    "turnover_budget": 10**5,
    "max_trades": 16,
}
"""Limits of a mandate that leave room."""


@given(st.data(), vaults(decimals=(8, 18), **PLENTY))
def test_decide__when_costs_are_small_and_the_destination_is_wide__then_a_due_vault_gets_a_plan(
    data: st.DataObject, snapshot: Snapshot
) -> None:
    """Nothing that is due stays undone for want of trying, where trading is cheap and lumps are small."""
    trigger = snapshot.mandate.trigger
    mandate = change(
        snapshot.mandate, destination=max(trigger.band // 2, 25), relative_destination=trigger.relative_band // 2
    )
    status = replace(snapshot.status, loss_used=0, turnover_used=0, open_until=0, last_rebalance=0)
    snapshot = replace(snapshot, mandate=mandate, status=status)
    total = sum(worth(snapshot, snapshot.balances))
    assume(total >= 10**5 * DOLLAR and due(snapshot))
    # lumps that a relative destination of a tiny target cannot take
    dearest = max(each.value for each in snapshot.prices)
    assume(not trigger.relative_band or dearest * 10**4 < total)
    venue = Venue.around(snapshot, total * 1_000, fee=data.draw(st.sampled_from([100, 500])))
    decision = run(snapshot, venue)
    assert isinstance(decision, Plan), decision
    assert not decision.part
    assert len(decision.trades) < len(snapshot.prices)


@given(vaults(relative_band=0, kind=TriggerKind.THRESHOLD), st.integers(1, 400))
def test_decide__when_no_drift_reaches_the_band__then_never_trades(snapshot: Snapshot, later: int) -> None:
    still = change(snapshot.mandate, path=snapshot.mandate.path[:1])
    snapshot = replace(snapshot, mandate=still, targets=still.path[0].weights)
    assume(sum(worth(snapshot, snapshot.balances)))
    largest = max(abs(distance) for distance in distances(snapshot, snapshot.balances))
    band = int(largest * BPS) + 1
    status = replace(snapshot.status, open_until=0, last_rebalance=0)
    snapshot = replace(snapshot, status=status, mandate=change(snapshot.mandate, band=band))
    decision = propose(snapshot, snapshot.targets, now=NOW + later)
    assert isinstance(decision, NoTrade)
    assert decision.reason is Reason.IN_BAND


@given(st.integers(1, BPS - 1), st.integers(1, 4_000), st.integers(1, 10**6))
def test_breaches__at_the_band_and_a_unit_on_either_side__then_exact(target: int, band: int, size: int) -> None:
    assume(target + band < BPS)
    held = [(target + band) * size, (BPS - target - band) * size]
    targets = (target, BPS - target)
    bands = Bands(band, 0, 0, 0, 0)
    assert bands.breaches(held, targets) == 0b11
    assert not bands.breaches([held[0] - 1, held[1]], targets)
    assert not bands.breaches([held[0], held[1] + 1], targets)
    assert bands.breaches([held[0] + 1, held[1]], targets)


@given(st.integers(1, 100), st.integers(1, 99), st.integers(1, 10**6))
def test_breaches__at_a_relative_band_and_a_unit_on_either_side__then_exact(target: int, part: int, size: int) -> None:
    """A target of so many percent, off by so many percent of itself."""
    bands = Bands(0, 100 * part, 0, 0, 0)
    high, low = target * (100 + part) * size, target * (100 - part) * size
    targets, total = (100 * target, BPS - 100 * target), BPS * size
    assume(high < total)
    assert bands.breaches([high, total - high], targets) & 1
    assert not bands.breaches([high - 1, total - high + 1], targets) & 1
    assert bands.breaches([low, total - low], targets) & 1
    assert not bands.breaches([low + 1, total - low - 1], targets) & 1


@given(vaults(), st.booleans())
def test_deposit_into_band__for_any_vault__then_the_least_deposit_that_leaves_nothing_in_breach(
    snapshot: Snapshot, scaled: bool
) -> None:
    held, targets, bands = worth(snapshot, snapshot.balances), snapshot.targets, Bands.of(snapshot.mandate)
    # also where rounding matters
    held = held if scaled else [value // 10**40 for value in held]
    assume(sum(held))
    amount = deposit_into_band(held, targets, bands)
    event("none" if amount == 0 else "some")

    def after(deposit: int) -> int:
        return bands.breaches([a + b for a, b in zip(held, route_in(held, targets, deposit), strict=True)], targets)

    assert after(amount) == 0
    assert amount == 0 or after(amount - 1) != 0
    assert amount <= BPS * (sum(held) + 2)


@given(st.data(), vaults(largest=8, decimals=(8, 18), window=30 * DAY, max_slippage=100))
def test_decide__in_parts_while_the_market_recovers__then_finitely_many_reach_the_destination(
    data: st.DataObject, snapshot: Snapshot
) -> None:
    """Each part against a market that has come back; a spent budget is waited for as long as the reason says."""
    status = replace(snapshot.status, open_until=0, last_rebalance=0)
    limits = snapshot.mandate.limits
    # budgets that let a whole book through before the window closes
    budgets = {"loss_budget": max(limits.loss_budget, 100), "turnover_budget": max(limits.turnover_budget, 1_000)}
    limits = replace(limits, min_trade=10**18, max_loss=50, budget_window=DAY, **budgets)
    mandate = replace(snapshot.mandate, limits=limits)
    snapshot = replace(snapshot, status=status, mandate=mandate)
    total = sum(worth(snapshot, snapshot.balances))
    dearest = max(each.value for each in snapshot.prices)
    # lumps of a whole token aside, as above
    assume(due(snapshot) and total >= 10**5 * DOLLAR and dearest * 10**4 < total)
    depth = total * data.draw(st.sampled_from([3, 10, 100]))
    fee = data.draw(st.sampled_from([100, 500]))
    # every part but the last few uses an eighth of the most turnover that a plan may use, which is half of the budget,
    # or what a trade may slip: one of nearly all of a book, against pools three times as large, needs 106 to 117 parts
    most = 200 + 2 * FEWEST * BPS // limits.turnover_budget
    now, plans = NOW, 0
    while plans < most:
        decision = run(snapshot, Venue.around(snapshot, depth, fee), now=now)
        if isinstance(decision, NoTrade):
            if decision.reason is not Reason.BUDGET_SPENT:
                break
            assert now < decision.until <= now + DAY, decision
            now = decision.until
            continue
        plans += 1
        snapshot = executed(snapshot, decision, Venue.around(snapshot, depth, fee), now)
        if not decision.part:
            break
        now += 12
    event(f"{'1' if plans == 1 else 'few' if plans < 10 else 'many'} plans")
    # where a last part leaves too little for a trade at each of several assets, that is all that may be left
    spares = 1 if isinstance(decision, Plan) else len(snapshot.balances)
    arrived = inside(snapshot, snapshot.balances, now, spares)
    assert all(there for there, wanted in zip(arrived, concerned(snapshot, now), strict=True) if wanted), decision
    assert plans < most


def executed(snapshot: Snapshot, plan: Plan, venue: Venue, now: int) -> Snapshot:
    """The vault after the plan, as the contract would leave it."""
    fills, refused = venue.execute(snapshot, plan)
    assert (refused, judge(snapshot, fills, part=plan.part, now=now)) == ("", "")
    book = Book.of(snapshot, now)
    after = ended(snapshot, fills)
    loss = sum(max(loss_of(book, fill), 0) for fill in fills)
    turnover = sum(fill.amount_in * book.prices[fill.sell] for fill in fills)
    open_until = (
        snapshot.status.open_until if snapshot.status.open_until >= now else now + snapshot.mandate.destination.window
    )
    status = replace(
        snapshot.status,
        nonce=snapshot.status.nonce + 1,
        last_rebalance=now,
        open_until=open_until if plan.part else 0,
        breaches=book.breaches if plan.part else 0,
        loss_used=book.loss.used(loss, book.total),
        turnover_used=book.turnover.used(turnover, book.total),
    )
    return replace(snapshot, block=replace(snapshot.block, timestamp=now), balances=tuple(after), status=status)


@given(vaults(largest=4, relative_band=0, window=0, **PLENTY), st.sampled_from([1, 3, 10, 30, 100]))
def test_propose__in_a_small_vault__then_fewest_trades_and_none_only_where_none_are_possible(
    snapshot: Snapshot, coarse: int
) -> None:
    """Against a search of every set of pairs, with trades as large as some of the drifts."""
    total = sum(worth(snapshot, snapshot.balances))
    mandate, status = snapshot.mandate, replace(snapshot.status, open_until=0, last_rebalance=0, turnover_used=0)
    assume(mandate.trigger.band)
    mandate = change(mandate, min_trade=max(total // 10**18 * mandate.trigger.band * coarse // (100 * BPS), 1))
    # fine units, so that rounding to whole ones decides nothing
    balances = tuple(value // FINE for value in worth(snapshot, snapshot.balances))
    prices = tuple(replace(each, value=FINE) for each in snapshot.prices)
    snapshot = replace(snapshot, mandate=mandate, status=status, balances=balances, prices=prices)
    assume(due(snapshot))
    decision = propose(snapshot, snapshot.targets, now=NOW)
    fewest = search(snapshot)
    event(f"fewest {fewest}")
    if isinstance(decision, NoTrade):
        assert decision.reason is Reason.BELOW_MIN_TRADE
        assert fewest in (None, 0)
    else:
        assert fewest is not None
        assert judge(snapshot, free(decision.wants)) == ""
        # margins may cost a trade that bare feasibility does not need
        assert len(decision.wants) <= max(fewest, 1) + 1


def free(wants: tuple[Want, ...]) -> list[Fill]:
    """Executed at the oracle's prices, all of them the same."""
    return [Fill(want.sell, want.buy, 0, want.amount_in, want.amount_in) for want in wants]


def search(snapshot: Snapshot) -> int | None:
    """The fewest trades that the contract could accept if trading were free, by Hoffman's circulation theorem: amounts
    exist exactly when no set of nodes must send out more than it can take in."""
    mandate, held = snapshot.mandate, worth(snapshot, snapshot.balances)
    total, minimum = sum(held), mandate.limits.min_trade * 10**18 * BPS
    excess = [value * BPS - target * total for value, target in zip(held, snapshot.targets, strict=True)]
    room = mandate.destination.drift * total + minimum
    scope = concerned(snapshot)
    need = [max(abs(e) - room, 0) if must else 0 for e, must in zip(excess, scope, strict=True)]
    sellers = [asset for asset, e in enumerate(excess) if e > 0]
    buyers = [asset for asset, e in enumerate(excess) if e < 0]
    pairs = [(s, b) for s in sellers for b in buyers if min(excess[s], -excess[b]) >= minimum]
    for count in range(len(held)):
        for chosen in itertools.combinations(pairs, count):
            if not any(need[a] for a in range(len(held)) if not any(a in pair for pair in chosen)) and circulates(
                chosen, need, [abs(e) for e in excess], sellers, buyers, minimum
            ):
                return count
    return None


def circulates(
    pairs: tuple[tuple[int, int], ...],
    need: list[int],
    most: list[int],
    sellers: list[int],
    buyers: list[int],
    least: int,
) -> bool:
    endless = sum(most) + 1
    source, sink = -1, -2
    edges = [(source, s, need[s], most[s]) for s in sellers] + [(b, sink, need[b], most[b]) for b in buyers]
    edges += [(s, b, least, endless) for s, b in pairs] + [(sink, source, 0, endless)]
    nodes = [source, sink, *sellers, *buyers]
    for size in range(1, len(nodes)):
        for group in itertools.combinations(nodes, size):
            inside = set(group)
            out = sum(low for a, b, low, _ in edges if a in inside and b not in inside)
            into = sum(high for a, b, _, high in edges if b in inside and a not in inside)
            if out > into:
                return False
    return True
