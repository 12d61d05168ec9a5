"""Plans for random vaults against a venue with fees and impact, judged by rules written a second time, in fractions."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

from hypothesis import assume, event, given
from hypothesis import strategies as st
from planning_pieces import (
    BPS,
    DOLLAR,
    HEAD,
    NOW,
    Venue,
    breached,
    distances,
    judge,
    make_mandate,
    make_snapshot,
    price,
    worth,
)

from controller.model import Decision, NoTrade, Plan, Reason, Scope, Snapshot
from controller.planning import rules
from controller.planning.plan import Want, decide, propose

FINE = 10**12  # D36{quote/qTok}


@st.composite
def targets_of(draw: st.DrawFn, assets: int) -> tuple[int, ...]:
    """{bps}, zero now and then, summing to 10,000."""
    parts = draw(st.lists(st.integers(0, 100), min_size=assets, max_size=assets))
    parts[0] = parts[0] or 1
    targets = [part * BPS // sum(parts) for part in parts]
    targets[targets.index(max(targets))] += BPS - sum(targets)
    return tuple(targets)


@st.composite
def vaults(draw: st.DrawFn, largest: int = 16, decimals: tuple[int, ...] = (6, 8, 18)) -> Snapshot:
    """2 to 16 assets, off their targets by up to four bands, worth 10^4 to 10^8 dollars, tokens of 1 cent to 10^5."""
    assets = draw(st.integers(2, largest))
    targets = draw(targets_of(assets))
    places = draw(st.lists(st.sampled_from(decimals), min_size=assets, max_size=assets))
    band = draw(st.sampled_from([50, 100, 200, 500]))
    value = 10 ** draw(st.integers(4, 8))  # {quote}
    mandate = make_mandate(
        targets,
        places,
        band=band,
        destination=draw(st.sampled_from([0, band // 10, band // 2, band - 1])),
        scope=draw(st.sampled_from(Scope)),
        min_trade=draw(st.sampled_from([10**18, 100 * 10**18, value * 10**14, value * 10**15])),
        max_slippage=draw(st.sampled_from([50, 100, 300])),
        max_loss=draw(st.sampled_from([10, 50, 100])),
    )
    cents = draw(st.lists(st.integers(1, 10**7), min_size=assets, max_size=assets))
    prices = [price(Fraction(cent, 100), digits) for cent, digits in zip(cents, places, strict=True)]
    off = draw(st.lists(st.integers(-4 * band, 4 * band), min_size=assets, max_size=assets))
    weights = [max(target + drift, 0) for target, drift in zip(targets, off, strict=True)]
    assume(sum(weights))
    balances = [value * DOLLAR * weight // (sum(weights) * each) for weight, each in zip(weights, prices, strict=True)]
    return make_snapshot(mandate, balances, prices)


@st.composite
def markets(draw: st.DrawFn, snapshot: Snapshot) -> Venue:
    depth = sum(worth(snapshot, snapshot.balances)) * draw(st.sampled_from([3, 10, 100, 1_000]))
    assets = len(snapshot.prices)
    skew = draw(st.lists(st.integers(-20, 20), min_size=assets, max_size=assets))
    return Venue.around(snapshot, max(depth, DOLLAR), draw(st.sampled_from([100, 500, 3_000])), skew)


def run(snapshot: Snapshot, venue: Venue, tolerance: int = 30) -> Decision:
    return decide(
        snapshot,
        snapshot.mandate.targets,
        venue.quote,
        now=NOW,
        deadline=NOW + 600,
        journal_head=HEAD,
        tolerance=tolerance,
    )


def due(snapshot: Snapshot) -> bool:
    return sum(worth(snapshot, snapshot.balances)) > 0 and any(breached(snapshot))


@given(st.data(), vaults(), st.sampled_from([0, 30, 100]))
def test_decide__for_any_vault_and_market__then_a_plan_that_the_contract_accepts_or_a_reason_that_holds(
    data: st.DataObject, snapshot: Snapshot, tolerance: int
) -> None:
    venue = data.draw(markets(snapshot))
    decision = run(snapshot, venue, tolerance)
    event(decision.reason.name if isinstance(decision, NoTrade) else "plan")
    if isinstance(decision, NoTrade):
        assert reason_holds(snapshot, venue, decision), decision
        return
    assert due(snapshot)
    assert decision.trades
    sold, bought = ({getattr(trade, side) for trade in decision.trades} for side in ("sell", "buy"))
    assert sold.isdisjoint(bought)
    after, refused = venue.execute(snapshot, decision)
    assert (refused, judge(snapshot, after)) == ("", "")


def reason_holds(snapshot: Snapshot, venue: Venue, decision: NoTrade) -> bool:
    mandate, held = snapshot.mandate, worth(snapshot, snapshot.balances)
    if decision.reason is Reason.NO_VALUE:
        return sum(held) == 0
    if decision.reason is Reason.IN_BAND:
        return sum(held) > 0 and not any(breached(snapshot))
    if decision.reason is Reason.BELOW_MIN_TRADE:
        # no margin, no cost: whoever must move is tradable only in lumps that matter here
        smallest = Fraction(mandate.min_trade * 10**18, sum(held))
        dearest = max(each.value for each in snapshot.prices)
        lumps = max(smallest, Fraction(dearest, sum(held)))
        return any(abs(distance) < 40 * lumps for distance in distances(snapshot, snapshot.balances) if distance)
    assert decision.reason is Reason.COST_ABOVE_LIMIT
    wants = propose(snapshot, mandate.targets, now=NOW)
    assert not isinstance(wants, NoTrade)
    losses = [
        Fraction(want.amount_in * snapshot.prices[want.sell].value, 1)
        - quote.amount_out * snapshot.prices[want.buy].value
        for want, quote in zip(wants, venue.quote(wants), strict=True)
    ]
    paid = [want.amount_in * snapshot.prices[want.sell].value for want in wants]
    # amounts grow a little from the first quotes to the last, so a cost within a tenth of its limit counts as above it
    slips = any(10 * BPS * loss > 9 * mandate.max_slippage * each for loss, each in zip(losses, paid, strict=True))
    dear = 10 * BPS * sum(losses) > 9 * mandate.max_loss * sum(held)
    return slips or dear or "do not settle" in decision.detail


@given(st.data(), vaults(decimals=(8, 18)))
def test_decide__when_costs_are_small_and_the_destination_is_wide__then_a_due_vault_gets_a_plan(
    data: st.DataObject, snapshot: Snapshot
) -> None:
    """Nothing that is due stays undone for want of trying, where trading is cheap and lumps are small."""
    mandate = replace(
        snapshot.mandate, destination=snapshot.mandate.band // 2, min_trade=10**18, max_slippage=300, max_loss=100
    )
    snapshot = replace(snapshot, mandate=mandate)
    total = sum(worth(snapshot, snapshot.balances))
    assume(total >= 10**5 * DOLLAR and due(snapshot))
    venue = Venue.around(snapshot, total * 1_000, fee=data.draw(st.sampled_from([100, 500])))
    decision = run(snapshot, venue)
    assert isinstance(decision, Plan), decision
    assert len(decision.trades) < len(snapshot.prices)


@given(vaults(), st.integers(1, 400))
def test_decide__when_no_drift_reaches_the_band__then_never_trades(snapshot: Snapshot, wider: int) -> None:
    held = worth(snapshot, snapshot.balances)
    assume(sum(held))
    largest = max(abs(distance) for distance in distances(snapshot, snapshot.balances))
    band = int(largest * BPS) + 1
    snapshot = replace(snapshot, mandate=replace(snapshot.mandate, band=band, destination=band - 1))
    assert propose(snapshot, snapshot.mandate.targets, now=NOW + wider) == NoTrade(
        Reason.IN_BAND, propose_detail(snapshot)
    )


def propose_detail(snapshot: Snapshot) -> str:
    decision = propose(snapshot, snapshot.mandate.targets, now=NOW)
    assert isinstance(decision, NoTrade)
    return decision.detail


@given(st.integers(1, BPS - 1), st.integers(1, 4_000), st.integers(1, 10**6))
def test_is_due__at_the_band_and_a_unit_on_either_side__then_exact(target: int, band: int, size: int) -> None:
    assume(target + band < BPS)
    held = [(target + band) * size, (BPS - target - band) * size]
    targets = (target, BPS - target)
    assert rules.is_due(held, targets, band)
    assert not rules.is_due([held[0] - 1, held[1]], targets, band)
    assert not rules.is_due([held[0], held[1] + 1], targets, band)
    assert rules.is_due([held[0] + 1, held[1]], targets, band)


@given(vaults(largest=4), st.sampled_from([1, 3, 10, 30, 100]))
def test_propose__in_a_small_vault__then_fewest_trades_and_none_only_where_none_are_possible(
    snapshot: Snapshot, coarse: int
) -> None:
    """Against a search of every set of pairs, with trades as large as some of the drifts."""
    total = sum(worth(snapshot, snapshot.balances))
    mandate = snapshot.mandate
    mandate = replace(mandate, min_trade=max(total // 10**18 * mandate.band * coarse // (100 * BPS), 1))
    # fine units, so that rounding to whole ones decides nothing
    balances = tuple(value // FINE for value in worth(snapshot, snapshot.balances))
    prices = tuple(replace(each, value=FINE) for each in snapshot.prices)
    snapshot = replace(snapshot, mandate=mandate, balances=balances, prices=prices)
    assume(due(snapshot))
    decision = propose(snapshot, mandate.targets, now=NOW)
    fewest = search(snapshot)
    event(f"fewest {fewest}")
    if isinstance(decision, NoTrade):
        assert decision.reason is Reason.BELOW_MIN_TRADE
        assert fewest in (None, 0)
    else:
        assert fewest is not None
        assert judge(snapshot, free(snapshot, decision)) == ""
        # margins may cost a trade that bare feasibility does not need
        assert len(decision) <= max(fewest, 1) + 1


def free(snapshot: Snapshot, wants: tuple[Want, ...]) -> list[int]:
    after = list(snapshot.balances)
    for want in wants:
        after[want.sell] -= want.amount_in
        after[want.buy] += want.amount_in
    return after


def search(snapshot: Snapshot) -> int | None:
    """The fewest trades that the contract could accept if trading were free, by Hoffman's circulation theorem: amounts
    exist exactly when no set of nodes must send out more than it can take in."""
    mandate, held = snapshot.mandate, worth(snapshot, snapshot.balances)
    total, minimum = sum(held), mandate.min_trade * 10**18 * BPS
    excess = [value * BPS - target * total for value, target in zip(held, mandate.targets, strict=True)]
    room = mandate.destination * total + minimum
    scope = [mandate.scope is Scope.BOOK or is_breached for is_breached in breached(snapshot)]
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
