"""What else could have become of the same shares: left alone, or rebalanced by the same rule for nothing.

Both shadows start with the book of the first tick that has a value, and are given the vault's mints and redeems at the
block of the tick that first sees them, in kind and pro rata, as the vault itself does it. So their value per share can
be compared with the vault's.

The frictionless shadow asks `planning.plan.propose`, the function that sizes the keeper's own plans, and executes its
wants at once at the oracle's prices of the tick. It has no pauses, no failed transactions and no losses; what a trade
buys is rounded down to whole {qTok}. Its first cool-down starts with its own first rebalance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.model import Mandate, NoTrade, Price, Snapshot, TickRecord
from controller.planning.plan import propose
from controller.planning.rules import values
from controller.units import D18


@dataclass(frozen=True, slots=True)
class Frictionless:
    """A vault that trades at the oracle's prices for nothing."""

    series: tuple[int | None, ...]  # D36{quote/share}, one for each tick
    rebalances: tuple[int, ...]  # the ticks at which it traded, by their place in the run
    traded: int  # D36{quote} sold


def value_per_share(tick: TickRecord) -> int | None:
    """D36{quote/share} at the block of a tick, rounded down; None where a price or every share is missing."""
    return _per_share(tick.value, tick.supply) if tick.value and tick.supply else None


def buy_and_hold(ticks: Sequence[TickRecord]) -> tuple[int | None, ...]:
    """D36{quote/share} of the first book, untouched, at each tick's prices; None where the vault has no value."""
    first = _first(ticks)
    if first is None:
        return (None,) * len(ticks)
    return tuple(
        None if value_per_share(tick) is None else _per_share(sum(values(first.balances, tick.prices)), first.supply)
        for tick in ticks
    )


def frictionless(ticks: Sequence[TickRecord], mandate: Mandate) -> Frictionless:
    """The same band, destination, scope and cool-down at the oracle's prices with no cost."""
    series: list[int | None] = []
    rebalances: list[int] = []
    balances: tuple[int, ...] | None = None
    supply = last = traded = 0
    for place, tick in enumerate(ticks):
        if value_per_share(tick) is None:
            series.append(None)
            continue
        balances = tick.balances if balances is None else _with_flows(balances, supply, tick.supply)
        supply = tick.supply
        series.append(_per_share(sum(values(balances, tick.prices)), supply))
        wants = propose(_snapshot(tick, mandate, balances, last), mandate.targets, now=tick.block.timestamp)
        if isinstance(wants, NoTrade):
            continue
        for want in wants:
            worth = want.amount_in * tick.prices[want.sell]
            balances = _moved(balances, want.sell, -want.amount_in, want.buy, worth // tick.prices[want.buy])
            traded += worth
        rebalances.append(place)
        last = tick.block.timestamp
    return Frictionless(tuple(series), tuple(rebalances), traded)


def _first(ticks: Sequence[TickRecord]) -> TickRecord | None:
    return next((tick for tick in ticks if value_per_share(tick) is not None), None)


def _per_share(value: int, supply: int) -> int:
    # D36{quote/share} = D36{quote} * {qShare/share} / {qShare}
    return value * D18 // supply


def _with_flows(balances: tuple[int, ...], before: int, after: int) -> tuple[int, ...]:
    """{qTok} after mints and redeems in kind that took the supply from `before` to `after` {qShare}, rounded down."""
    return balances if before == after else tuple(balance * after // before for balance in balances)


def _moved(balances: tuple[int, ...], sell: int, out: int, buy: int, into: int) -> tuple[int, ...]:
    changed = list(balances)
    changed[sell] += out
    changed[buy] += into
    return tuple(changed)


def _snapshot(tick: TickRecord, mandate: Mandate, balances: tuple[int, ...], last: int) -> Snapshot:
    """The shadow as planning sees a vault."""
    return Snapshot(
        chain_id=0,
        block=tick.block,
        vault=tick.vault,
        registered=True,
        paused=False,
        nonce=0,
        last_rebalance=last,
        supply=tick.supply,
        ledger_head=b"",
        ledger_count=0,
        mandate=mandate,
        balances=balances,
        prices=tuple(Price(price, 1, tick.block.timestamp) for price in tick.prices),
    )
