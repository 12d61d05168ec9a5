"""Whether a rebalance is due, and why not: the vault's own answer, from a snapshot (contracts/VaultFlows.sol)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Final

from controller.model import Cause, Due, NoTrade, Reason, Snapshot, TriggerKind
from controller.planning import calendar, path, rules
from controller.planning.book import Book
from controller.units import BPS, show_bps

REASONS = {
    Cause.IN_BAND: Reason.IN_BAND,
    Cause.BEFORE_PERIOD: Reason.BEFORE_PERIOD,
    Cause.COOLING_DOWN: Reason.COOLING_DOWN,
    Cause.PAUSED: Reason.PAUSED,
    Cause.NO_VALUE: Reason.NO_VALUE,
    Cause.PRICE_UNUSABLE: Reason.PRICE_UNUSABLE,
}
"""What a tick says when the vault's answer is no."""

_FIELDS: Final = tuple(field.name for field in fields(Due))

MAX_TIME = 2**40 - 1
"""{s} the latest that the answer can name."""


def due(snapshot: Snapshot, now: int) -> Due:
    """The vault's answer at chain time `now` {s}, not before the block of the snapshot.

    Pause and cool-down leave the numbers as they are: what a rebalance would have to do.
    """
    return _answer(snapshot, _book(snapshot, now), now)


def _book(snapshot: Snapshot, now: int) -> Book | None:
    """None where a price is unusable."""
    usable = all(price.value > 0 and not price.failure for price in snapshot.prices)
    return Book.of(snapshot, now) if usable else None


def _answer(snapshot: Snapshot, book: Book | None, now: int) -> Due:
    cause = _cause(snapshot, book, now)
    if book is None or not book.total:
        unusable = (price.failure for price in snapshot.prices if price.failure or price.value <= 0)
        failure = next(unusable) if cause is Cause.PRICE_UNUSABLE else ""
        return Due(False, cause, _next(snapshot, cause, now), 0, 0, 0, 0, 0, (0,) * len(snapshot.prices), failure)
    offs = [rules.deviation(value, target, book.total) for value, target in zip(book.values, book.targets, strict=True)]
    return Due(
        due=cause <= Cause.OPEN,
        cause=cause,
        next=_next(snapshot, cause, now),
        breaches=book.breaches,
        largest_drift=rules.drift(max(offs), book.total),
        largest_relative_drift=max(
            rules.relative_drift(off, target, book.total) for off, target in zip(offs, book.targets, strict=True)
        ),
        turnover_drift=rules.drift(sum(offs), 2 * book.total),
        total=book.total,
        moves=_moves(book, offs),
    )


def _cause(snapshot: Snapshot, book: Book | None, now: int) -> Cause:
    """The first that holds, in the contract's order; `book` is None where a price is unusable."""
    if snapshot.status.paused:
        return Cause.PAUSED
    if book is None:
        return Cause.PRICE_UNUSABLE
    if not book.total:
        return Cause.NO_VALUE
    if book.cause is not Cause.OPEN and now < cooled_down(snapshot):
        return Cause.COOLING_DOWN
    return book.cause


def why_not(snapshot: Snapshot, now: int) -> NoTrade | None:
    """The reason for no rebalance at chain time `now` {s}, or None when one is due."""
    book = _book(snapshot, now)
    answer = _answer(snapshot, book, now)
    return None if answer.due else NoTrade(REASONS[answer.cause], _detail(snapshot, book, answer, now), answer.next)


def differences(snapshot: Snapshot) -> tuple[str, ...]:
    """What the vault itself says otherwise at the block of the snapshot, field by field: its due and its targets."""
    time, theirs = snapshot.block.timestamp, snapshot.due
    ours = due(snapshot, time)
    targets = path.targets_at(snapshot.mandate.path, time)
    if ours == theirs and targets == snapshot.targets:
        return ()
    pairs = [(name, getattr(ours, name), getattr(theirs, name)) for name in _FIELDS]
    pairs.append(("targets", targets, snapshot.targets))
    # the lens leaves the moves out where there are no prices to work them out with
    return tuple(
        f"{field}: {our} here, {their} there"
        for field, our, their in pairs
        if our != their and not (field == "moves" and not any((*our, *their)))
    )


def cooled_down(snapshot: Snapshot) -> int:
    """{s} when the cool-down ends; the first rebalance waits for nothing."""
    last = snapshot.status.last_rebalance
    return last + snapshot.mandate.trigger.cooldown if last else 0


def name(snapshot: Snapshot, asset: int) -> str:
    """An asset for people: its index and token."""
    return f"asset {asset} ({snapshot.mandate.assets[asset].token})"


def _next(snapshot: Snapshot, cause: Cause, now: int) -> int:
    """{s} the first second at which time alone can change the answer; zero: never. Targets that glide are left out."""
    trigger = snapshot.mandate.trigger
    if cause is Cause.OPEN:
        return snapshot.status.open_until + 1
    if cause is Cause.COOLING_DOWN:
        return cooled_down(snapshot)
    if cause is Cause.BEFORE_PERIOD or (cause is Cause.IN_BAND and trigger.kind is TriggerKind.EITHER):
        return min(calendar.next_start(trigger, now), MAX_TIME)
    return 0


def _moves(book: Book, offs: Sequence[int]) -> tuple[int, ...]:
    """D36{quote} to buy (positive) or sell of what is outside its destination, to its nearest point; rounded down.

    Parameters
    ----------
    offs : D36{quote * bps} deviation of each asset.
    """
    wanted, moves = book.wanted, [0] * len(offs)
    for asset, (value, target, off) in enumerate(zip(book.values, book.targets, offs, strict=True)):
        if wanted >> asset & 1 and not book.bands.is_inside(off, target, book.total):
            move = (off - book.bands.reach(target, book.total)) // BPS
            moves[asset] = -rules.side(value, target, book.total) * move
    return tuple(moves)


def _detail(snapshot: Snapshot, book: Book | None, answer: Due, now: int) -> str:
    trigger = snapshot.mandate.trigger
    if answer.cause is Cause.PAUSED:
        return "the vault is paused; its owner can unpause it"
    if answer.cause is Cause.PRICE_UNUSABLE:
        where = next(asset for asset, price in enumerate(snapshot.prices) if price.failure or price.value <= 0)
        return f"{name(snapshot, where)}: {answer.failure or 'no price'}"
    if answer.cause is Cause.NO_VALUE:
        return "the vault holds nothing of value"
    if book is not None and answer.cause is Cause.IN_BAND:
        return _in_band(snapshot, book)
    until = f"until {answer.next}, {answer.next - now} s from now"
    if answer.cause is Cause.COOLING_DOWN:
        return until
    return f"{until}: every {trigger.every} {trigger.period.name.lower()} from {trigger.anchor}"


def _in_band(snapshot: Snapshot, book: Book) -> str:
    """The asset that is nearest to its band, and the band."""
    trigger = snapshot.mandate.trigger
    offs = [rules.deviation(value, target, book.total) for value, target in zip(book.values, book.targets, strict=True)]
    parts = []
    if trigger.band:
        widest = offs.index(max(offs))
        drift = show_bps(rules.drift(offs[widest], book.total))
        parts.append(f"largest drift {drift} bps ({name(snapshot, widest)}), band {trigger.band} bps")
    if trigger.relative_band:
        drifts = [rules.relative_drift(off, target, book.total) for off, target in zip(offs, book.targets, strict=True)]
        widest = drifts.index(max(drifts))
        drift = show_bps(drifts[widest])
        parts.append(
            f"largest relative drift {drift} bps of its target ({name(snapshot, widest)}), "
            f"band {trigger.relative_band} bps"
        )
    return "; ".join(parts)
