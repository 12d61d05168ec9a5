"""What else could have become of the same shares: left alone, or rebalanced by the same rule for nothing.

Both shadows start with the book of the first tick that has a value, and are given the vault's mints and redeems at the
block of the tick that first sees them, in kind and pro rata, as the vault itself does it. So their value per share can
be compared with the vault's.

The frictionless shadow asks `planning.plan.propose`, the function that sizes the keeper's own plans, and executes its
wants at once at the oracle's prices of the tick, towards the targets that the vault had then. It has no pauses, no
failed transactions and no losses; what a trade buys is rounded down to whole {qTok}. Calendar, cool-down and turnover
budget count from its own rebalances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from controller.model import Cause, Due, Fill, Knot, Mandate, NoTrade, Price, Snapshot, Status, TickRecord
from controller.planning import rules
from controller.planning.aftermath import balances_after, status_after
from controller.planning.budget import Bucket
from controller.planning.plan import propose
from controller.planning.wants import Want
from controller.units import D18

_UNASKED = Due(False, Cause.PRICE_UNUSABLE, 0, 0, 0, 0, 0, 0, ())
"""Stands where a snapshot of the chain has a vault's own answer."""


@dataclass(frozen=True, slots=True)
class Frictionless:
    """A vault that trades at the oracle's prices for nothing."""

    series: tuple[int | None, ...]  # D36{quote/share}, one for each tick
    rebalances: tuple[int, ...]  # the ticks at which it traded, by their place in the run
    traded: int  # D36{quote} sold


@dataclass(frozen=True, slots=True)
class _Shadow:
    """The frictionless vault between two ticks."""

    balances: tuple[int, ...]  # {qTok}
    supply: int  # {qShare}
    status: Status  # its turnover as it was at the last rebalance


def value_per_share(tick: TickRecord) -> int | None:
    """D36{quote/share} at the block of a tick, rounded down; None where a price or every share is missing."""
    return _per_share(tick.value, tick.supply) if tick.value and tick.supply else None


def buy_and_hold(ticks: Sequence[TickRecord]) -> tuple[int | None, ...]:
    """D36{quote/share} of the first book, untouched, at each tick's prices; None where the vault has no value."""
    first = _first(ticks)
    if first is None:
        return (None,) * len(ticks)
    return tuple(
        None
        if value_per_share(tick) is None
        else _per_share(sum(rules.values(first.balances, tick.prices)), first.supply)
        for tick in ticks
    )


def frictionless(ticks: Sequence[TickRecord], mandate: Mandate) -> Frictionless:
    """The same mandate at the oracle's prices with no cost."""
    series: list[int | None] = []
    rebalances: list[int] = []
    shadow: _Shadow | None = None
    traded = 0
    for place, tick in enumerate(ticks):
        if value_per_share(tick) is None:
            series.append(None)
            continue
        shadow = _with_flows(shadow, tick)
        series.append(_per_share(sum(rules.values(shadow.balances, tick.prices)), shadow.supply))
        snapshot = _snapshot(tick, mandate, shadow)
        proposal = propose(snapshot, snapshot.targets, now=tick.block.timestamp)
        if isinstance(proposal, NoTrade):
            continue
        shadow = _rebalanced(shadow, snapshot, proposal.wants)
        traded += sum(want.amount_in * tick.prices[want.sell] for want in proposal.wants)
        rebalances.append(place)
    return Frictionless(tuple(series), tuple(rebalances), traded)


def _first(ticks: Sequence[TickRecord]) -> TickRecord | None:
    return next((tick for tick in ticks if value_per_share(tick) is not None), None)


def _per_share(value: int, supply: int) -> int:
    # D36{quote/share} = D36{quote} * {qShare/share} / {qShare}
    return value * D18 // supply


def _with_flows(shadow: _Shadow | None, tick: TickRecord) -> _Shadow:
    """After the mints and redeems in kind that took the supply to that of the tick, rounded down."""
    if shadow is None:
        return _Shadow(tick.balances, tick.supply, Status(0, 0, 0, 0, False, 0, 0, 0, 0, 0, ()))
    if shadow.supply == tick.supply:
        return shadow
    balances = tuple(balance * tick.supply // shadow.supply for balance in shadow.balances)
    return replace(shadow, balances=balances, supply=tick.supply)


def _rebalanced(shadow: _Shadow, snapshot: Snapshot, wants: Sequence[Want]) -> _Shadow:
    """After trades at the oracle's prices: whole, or one part of a rebalance that then stays open."""
    prices = [price.value for price in snapshot.prices]
    fills = [
        Fill(want.sell, want.buy, 0, want.amount_in, want.amount_in * prices[want.sell] // prices[want.buy])
        for want in wants
    ]
    status = replace(status_after(snapshot, fills, snapshot.block.timestamp), loss_used=0)
    return replace(shadow, balances=balances_after(shadow.balances, fills), status=status)


def _snapshot(tick: TickRecord, mandate: Mandate, shadow: _Shadow) -> Snapshot:
    """The shadow as planning sees a vault, at the targets of the tick."""
    limits, status, now = mandate.limits, shadow.status, tick.block.timestamp
    turnover = Bucket(status.turnover_used, limits.turnover_budget, limits.budget_window)
    return Snapshot(
        chain_id=0,
        block=tick.block,
        vault=tick.vault,
        registered=True,
        supply=shadow.supply,
        ledger_head=b"",
        ledger_count=0,
        mandate=replace(mandate, path=(Knot(0, tick.targets),)),
        targets=tick.targets,
        status=replace(status, turnover_used=turnover.after(now - status.last_rebalance).level),
        due=_UNASKED,
        balances=shadow.balances,
        prices=tuple(Price(price, 1, now) for price in tick.prices),
    )
