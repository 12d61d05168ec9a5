"""Planning and the real vault over the same random books: the same answer, field by field, rule by rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from books_world import BooksWorld, build
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from planning_books import vaults
from planning_pieces import DAY, Venue, make_mandate, make_snapshot, worth

from controller.chain.abi import encode
from controller.chain.client import Chain
from controller.chain.nodes import start_node
from controller.errors import RevertError
from controller.model import Cause, Fill, NoTrade, Plan, Scope, Snapshot, Trade, TriggerKind
from controller.planning import due
from controller.planning.book import Book
from controller.planning.budget import D14
from controller.planning.calendar import period_start
from controller.planning.checks import check, loss_of
from controller.planning.plan import decide

START = 1_582_934_400  # {s} 29 February 2020
REFUSED = {
    Cause.PAUSED: "Paused",
    Cause.NO_VALUE: "NoValue",
    Cause.COOLING_DOWN: "CoolingDown",
    Cause.IN_BAND: "NotDue",
    Cause.BEFORE_PERIOD: "NotDue",
}
"""What the vault says to a plan when none is due."""

chained = settings(max_examples=200, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def world() -> Iterator[BooksWorld]:
    with start_node("anvil", timestamp=START) as node:
        yield build(Chain(node.url, node.chain_id), node.accounts[0])


@st.composite
def books(draw: st.DrawFn, now: int, largest: int = 16) -> Snapshot:
    """Vaults of every trigger with every history, around the moments that count."""
    book = draw(vaults(largest=largest, now=now, kinds=tuple(TriggerKind)))
    trigger = book.mandate.trigger
    start = period_start(trigger, now) if trigger.every else 0
    cooled = now - trigger.cooldown
    last = draw(st.sampled_from([0, 0, 1, 1, now, cooled, cooled, cooled + 1, start, start - 1]))
    status = replace(
        book.status,
        last_rebalance=min(max(last, 0), now),
        open_until=draw(st.sampled_from([0, 0, now - 1, now, now + DAY])),
        breaches=draw(st.integers(0, 2 ** len(book.balances) - 1)),
        paused=draw(st.sampled_from([False] * 19 + [True])),
    )
    if draw(st.sampled_from([False] * 19 + [True])):
        book = replace(book, balances=(0,) * len(book.balances))
    return replace(book, status=status)


@chained
@given(data=st.data())
def test_due__for_any_book__then_field_by_field_what_the_vault_answers(world: BooksWorld, data: st.DataObject) -> None:
    snapshot = world.look(data.draw(books(world.block.timestamp)))
    event(snapshot.due.cause.name)
    assert due.differences(snapshot) == ()


@chained
@given(data=st.data())
def test_decide__for_any_book__then_the_vault_accepts_every_plan_and_is_left_as_foreseen(
    world: BooksWorld, data: st.DataObject
) -> None:
    book = data.draw(books(world.block.timestamp, largest=8))
    snapshot = world.look(book)
    depth = max(sum(worth(snapshot, snapshot.balances)) * data.draw(st.sampled_from([3, 30, 1_000])), 10**36)
    venue = Venue.around(snapshot, depth, data.draw(st.sampled_from([100, 3_000])))
    now = snapshot.block.timestamp
    plan = decide(snapshot, snapshot.targets, venue.quote, now=now, deadline=now, journal_head=bytes(32), tolerance=30)
    if isinstance(plan, NoTrade):
        event(plan.reason.name)
        return
    event("part" if plan.part else "whole")
    fills, refused = venue.execute(snapshot, plan)
    assert refused == ""
    said, balances, status = world.judge(book, replace(plan, nonce=0, trades=routed(plan.trades, fills)))
    assert said is None, said
    mine = Book.of(snapshot, now)
    after = list(snapshot.balances)
    for fill in fills:
        after[fill.sell] -= fill.amount_in
        after[fill.buy] += fill.amount_out
    assert balances == tuple(after)
    assert status.loss_used == mine.loss.used(sum(max(loss_of(mine, fill), 0) for fill in fills), mine.total)
    sold = sum(fill.amount_in * mine.prices[fill.sell] for fill in fills)
    assert status.turnover_used == mine.turnover.used(sold, mine.total)
    left = replace(snapshot, balances=balances, status=status)
    assert bool(status.open_until) is (plan.part and not arrived(mine, left))


def arrived(before: Book, after: Snapshot) -> bool:
    """Whether all that had to is inside the destination."""
    book = Book.of(after, after.block.timestamp)
    return replace(book, breaches=before.breaches).is_inside


@chained
@given(data=st.data())
def test_check__for_any_trades__then_the_vault_names_the_same_rule_with_the_same_evidence(
    world: BooksWorld, data: st.DataObject
) -> None:
    """Trades towards, past and away from targets, at good and bad prices, too small, too many, in parts and whole."""
    book = data.draw(books(world.block.timestamp, largest=4))
    snapshot = world.look(book)
    now = snapshot.block.timestamp
    part = data.draw(st.booleans())
    fills = data.draw(st.lists(some_fill(snapshot), min_size=data.draw(st.integers(0, 1)), max_size=3))
    for asset, held in enumerate(snapshot.balances):
        assume(sum(fill.amount_in for fill in fills if fill.sell == asset) <= held)
    plan = Plan(0, now, 0, bytes(32), bytes(32), part, routed([blank(fill) for fill in fills], fills))
    said, _, _ = world.judge(book, plan)
    if not snapshot.due.due:
        # a plan without trades is refused before the vault looks at itself
        named = REFUSED[snapshot.due.cause]
        assert isinstance(said, RevertError)
        assert said.name == (named if fills or named == "Paused" else "NoTrades")
        return
    violation = check(Book.of(snapshot, now), fills, part=part)
    event(violation.name if violation else "accepted")
    if violation is None:
        assert said is None, said
        return
    assert isinstance(said, RevertError), violation
    assert (said.name, tuple(said.arguments.items())) == (violation.name, violation.arguments)


ONE = 10**18  # {qTok} one dollar's worth, also D36{quote/qTok}


@pytest.mark.parametrize(
    ("name", "changes", "trades", "part"),
    [
        ("", {}, [(0, 1, 50_000, 0)], False),
        ("", {"window": DAY}, [(0, 1, 100, 0)], True),
        ("NoTrades", {}, [], False),
        ("TooManyTrades", {"max_trades": 1}, [(0, 1, 25_000, 0)] * 2, False),
        ("TradeTooSmall", {"min_trade": 51_000 * ONE}, [(0, 1, 50_000, 0)], False),
        ("OutputTooLow", {"max_slippage": 49}, [(0, 1, 50_000, 50)], False),
        ("TargetCrossed", {}, [(0, 1, 100_001, 0)], False),
        ("TargetCrossed", {}, [(0, 1, 50_000, 0), (3, 1, 100, 0)], False),
        ("DestinationMissed", {}, [(0, 1, 49_000, 0)], False),
        ("PartsNotAllowed", {}, [(0, 1, 49_000, 0)], True),
        ("NoProgress", {"window": DAY, "scope": Scope.BREACH}, [(2, 3, 1_000, 0)], True),
        ("LossTooHigh", {"max_loss": 4}, [(0, 1, 50_900, 90)], False),
        ("LossBudgetExceeded", {"max_loss": 5, "loss_budget": 10}, [(0, 1, 50_900, 90)], False),
        ("TurnoverBudgetExceeded", {"turnover_budget": 999}, [(0, 1, 50_000, 0)], False),
    ],
)
def test_check__for_each_rule__then_the_vault_says_the_same(
    world: BooksWorld, name: str, changes: dict[str, object], trades: list[tuple[int, int, int, int]], part: bool
) -> None:
    """35% of a 25% target and 15% of another, with a destination of 5%; the others are a little off."""
    mandate = make_mandate(
        (2_500,) * 4, **{"band": 600, "destination": 500, "min_trade": ONE, "cooldown": 0, **changes}
    )
    held = [each * 1_000 * ONE for each in (350, 150, 251, 249)]
    used = {"loss_used": D14 // 10_000, "last_rebalance": world.block.timestamp}
    book = make_snapshot(mandate, held, [ONE] * 4, **used)
    snapshot = world.look(book)
    now = snapshot.block.timestamp
    fills = [
        Fill(sell, buy, 0, dollars * ONE, dollars * ONE * (10_000 - loss) // 10_000)
        for sell, buy, dollars, loss in trades
    ]
    violation = check(Book.of(snapshot, now), fills, part=part)
    plan = Plan(0, now, 0, bytes(32), bytes(32), part, routed([blank(fill) for fill in fills], fills))
    said, _, _ = world.judge(book, plan)
    assert (violation.name if violation else "") == name
    assert (said.name if said else "") == name
    assert violation is None or said is None or tuple(said.arguments.items()) == violation.arguments


@st.composite
def some_fill(draw: st.DrawFn, snapshot: Snapshot) -> Fill:
    """Mostly from what is to be sold to what is to be bought, around what has to move, at all sorts of prices."""
    assets, moves = len(snapshot.balances), snapshot.due.moves
    sellers = [asset for asset in range(assets) if moves[asset] < 0] or list(range(assets))
    buyers = [asset for asset in range(assets) if moves[asset] > 0] or list(range(assets))
    sell = draw(st.sampled_from([*sellers, *sellers, *sellers, *range(assets)]))
    buy = draw(st.sampled_from([*buyers, *buyers, *buyers, *range(assets)]))
    if buy == sell:
        buy = (sell + 1) % assets
    prices = [price.value for price in snapshot.prices]
    sizes = [abs(moves[sell]), abs(moves[buy]), sum(worth(snapshot, snapshot.balances)) // 10]
    value = draw(st.sampled_from(sizes)) * draw(st.sampled_from([50, 99, 100, 100, 101, 150])) // 100
    amount = min(value // prices[sell], snapshot.balances[sell])
    out = amount * prices[sell] * (10_000 - draw(st.sampled_from([-50, 0, 1, 20, 50, 100, 301]))) // 10_000
    return Fill(sell, buy, 0, amount, out // prices[buy])


def blank(fill: Fill) -> Trade:
    return Trade(fill.sell, fill.buy, fill.venue, fill.amount_in, 0, b"")


def routed(trades: Sequence[Trade], fills: Sequence[Fill]) -> tuple[Trade, ...]:
    """The same trades at a venue that returns what the fills say."""
    return tuple(
        replace(trade, route=encode(["uint256"], [fill.amount_out])) for trade, fill in zip(trades, fills, strict=True)
    )
