"""What a rebalance leaves behind: the vault's balances and status after its fills (contracts/Vault.sol)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from controller.model import Cause, Fill, Snapshot, Status
from controller.planning import rules
from controller.planning.book import Book


def balances_after(balances: Sequence[int], fills: Sequence[Fill]) -> tuple[int, ...]:
    """{qTok} after fills."""
    held = list(balances)
    for fill in fills:
        held[fill.sell] -= fill.amount_in
        held[fill.buy] += fill.amount_out
    return tuple(held)


def sold(fills: Sequence[Fill], prices: Sequence[int]) -> int:
    """D36{quote} that fills have sold, at prices D36{quote/qTok}."""
    return sum(fill.amount_in * prices[fill.sell] for fill in fills)


def lost(fills: Sequence[Fill], prices: Sequence[int]) -> int:
    """D36{quote} that fills have lost at prices D36{quote/qTok}; a gain of one does not offset another's loss."""
    return sum(max(fill.amount_in * prices[fill.sell] - fill.amount_out * prices[fill.buy], 0) for fill in fills)


def status_after(snapshot: Snapshot, fills: Sequence[Fill], now: int) -> Status:
    """The status after fills at `now` {s}; what is used of the budgets is as of `now`.

    The rebalance stays open while an asset that it is about is outside of the destination, until its window ends.
    """
    book, status = Book.of(snapshot, now), snapshot.status
    held = rules.values(balances_after(snapshot.balances, fills), book.prices)
    open_ = any(
        book.wanted >> asset & 1
        and not book.bands.is_inside(rules.deviation(value, target, sum(held)), target, sum(held))
        for asset, (value, target) in enumerate(zip(held, book.targets, strict=True))
    )
    until = status.open_until if book.cause is Cause.OPEN else now + book.mandate.destination.window
    return replace(
        status,
        nonce=status.nonce + 1,
        last_rebalance=now,
        open_until=until if open_ else 0,
        breaches=book.breaches if open_ else 0,
        loss_used=book.loss.used(lost(fills, book.prices), book.total),
        turnover_used=book.turnover.used(sold(fills, book.prices), book.total),
    )
