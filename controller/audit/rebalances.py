"""L4: a REBALANCED entry judged by planning's own rules, from the mandate, the path and the budgets in force, the open
rebalance, and the chain at the block before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.audit.issues import RECORD_IS_FALSE, Issue, differs, unchecked
from controller.audit.state import State
from controller.model import BlockRef, Cause, Due, Fill, Mandate, Price, Rebalance, Scope, Snapshot
from controller.planning import checks, due, path, rules
from controller.planning.book import Book

_UNASKED = Due(False, Cause.PRICE_UNUSABLE, 0, 0, 0, 0, 0, 0, ())
"""Stands where a snapshot of the chain has the vault's own answer: here the entry is that answer."""


def check_rebalance(
    state: State, entry: Rebalance, held: Sequence[int], timestamp: int, part: bool | None
) -> Iterator[Issue]:
    """Everything but prices (prices.py) and the plan (plans.py).

    Parameters
    ----------
    held : {qTok} what the vault had just before.
    part : whether the plan was one part of several; None where it is not known.
    """
    if entry.nonce != state.nonce:
        yield Issue(f"nonce {entry.nonce} is recorded, {state.nonce} is next", RECORD_IS_FALSE)
    known = list(_check_indices(state.mandate, entry.fills))
    yield from known
    prices = tuple(Price(price, round_id, 0) for price, round_id in zip(entry.prices, entry.rounds, strict=True))
    snapshot = snapshot_of(state, prices, held, timestamp)
    book = Book.of(snapshot, timestamp)
    for name, recorded, chain in (
        ("the value before", entry.value_before, book.total),
        ("the drift before", entry.drift_before, rules.largest_drift(book.values, book.targets)),
    ):
        if recorded != chain:
            yield differs(name, recorded, chain)
    yield from _check_cause(snapshot, entry, timestamp)
    if known or not book.total:
        return
    after = tuple(map(sum, zip(held, recorded_moves(state.mandate, entry.fills), strict=True)))
    if min(after) < 0:
        yield Issue(f"the fills sell more than the vault held: {after} would be left")
        return
    yield from _check_after(book, entry, after)
    if book.cause is Cause.OPEN and state.breaches is None and state.mandate.destination.scope is Scope.BREACH:
        yield unchecked("which assets the open rebalance was about is not known, so its end is not judged")
        return
    refused = checks.check(book, entry.fills, part=entry.open if part is None else part)
    if refused is not None:
        yield Issue(f"the vault should have refused: {refused}")
    yield from _check_open(book, entry, after)


def recorded_moves(mandate: Mandate, fills: Sequence[Fill]) -> tuple[int, ...]:
    """{qTok} that the fills move into the vault, net."""
    net = [0] * len(mandate.assets)
    for fill in fills:
        if max(fill.sell, fill.buy) < len(net):
            net[fill.sell] -= fill.amount_in
            net[fill.buy] += fill.amount_out
    return tuple(net)


def snapshot_of(state: State, prices: tuple[Price, ...], held: Sequence[int], timestamp: int) -> Snapshot:
    """The vault as the entries tell it, holding `held` {qTok}, at these prices and that time."""
    return Snapshot(
        chain_id=0,
        block=BlockRef(0, b"", timestamp),
        vault="",
        registered=True,
        supply=state.supply,
        ledger_head=b"",
        ledger_count=0,
        mandate=state.mandate,
        targets=path.targets_at(state.mandate.path, timestamp),
        status=state.status(timestamp),
        due=_UNASKED,
        balances=tuple(held),
        prices=prices,
    )


def _check_cause(snapshot: Snapshot, entry: Rebalance, timestamp: int) -> Iterator[Issue]:
    """Trigger, calendar, cool-down, open rebalance. The pause is judged with the roles."""
    answer = due.due(snapshot, timestamp)
    idle = due.why_not(snapshot, timestamp)
    if answer.cause is Cause.PAUSED:
        return
    if idle is not None:
        yield Issue(f"no rebalance was due: {idle.reason.value}, {idle.detail}")
    elif entry.cause is not answer.cause:
        yield differs("the cause", entry.cause.name, answer.cause.name)


def _check_indices(mandate: Mandate, fills: Sequence[Fill]) -> Iterator[Issue]:
    if not fills:
        yield Issue("a rebalance without a trade is recorded", RECORD_IS_FALSE)
    for number, fill in enumerate(fills):
        if max(fill.sell, fill.buy) >= len(mandate.assets) or fill.sell == fill.buy:
            yield Issue(f"trade {number} sells asset {fill.sell} for asset {fill.buy}", RECORD_IS_FALSE)
        if fill.venue >= len(mandate.venues):
            yield Issue(f"trade {number} names venue {fill.venue} of {len(mandate.venues)}", RECORD_IS_FALSE)


def _check_after(book: Book, entry: Rebalance, after: Sequence[int]) -> Iterator[Issue]:
    worth = rules.values(after, book.prices)
    for name, recorded, chain in (
        ("the value after", entry.value_after, sum(worth)),
        ("the drift after", entry.drift_after, rules.largest_drift(worth, book.targets)),
    ):
        if recorded != chain:
            yield differs(name, recorded, chain)


def _check_open(book: Book, entry: Rebalance, after: Sequence[int]) -> Iterator[Issue]:
    """Open is what has an asset outside its destination; that only a part may leave one there is `checks`' to say."""
    worth = rules.values(after, book.prices)
    total = sum(worth)
    outside = any(
        book.wanted >> asset & 1 and not book.bands.is_inside(rules.deviation(value, target, total), target, total)
        for asset, (value, target) in enumerate(zip(worth, book.targets, strict=True))
    )
    if entry.open != outside:
        yield differs("whether the rebalance is open", entry.open, outside)
