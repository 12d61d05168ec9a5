"""Whether a rebalance is due, and why not: the contract's checks before any trade, in its order."""

from __future__ import annotations

from controller.model import NoTrade, Reason, Snapshot
from controller.planning import rules
from controller.units import show_bps


def why_not(snapshot: Snapshot, now: int) -> NoTrade | None:
    """The reason for no rebalance at chain time `now` {s}, or None when one is due."""
    mandate = snapshot.mandate
    if snapshot.paused:
        return NoTrade(Reason.PAUSED, "the vault is paused; its owner can unpause it")
    for index, price in enumerate(snapshot.prices):
        if price.failure or price.value <= 0:
            return NoTrade(Reason.PRICE_UNUSABLE, f"{name(snapshot, index)}: {price.failure or 'no price'}")
    until = snapshot.last_rebalance + mandate.cooldown if snapshot.last_rebalance else 0
    if now < until:
        return NoTrade(Reason.COOLING_DOWN, f"until {until}, {until - now} s from now")
    held = rules.values(snapshot.balances, [price.value for price in snapshot.prices])
    if sum(held) == 0:
        return NoTrade(Reason.NO_VALUE, "the vault holds nothing of value")
    if not rules.is_due(held, mandate.targets, mandate.band):
        drifts = [rules.drift(value, target, sum(held)) for value, target in zip(held, mandate.targets, strict=True)]
        widest = drifts.index(max(drifts))
        return NoTrade(
            Reason.IN_BAND,
            f"largest drift {show_bps(drifts[widest])} bps ({name(snapshot, widest)}), band {mandate.band} bps",
        )
    return None


def name(snapshot: Snapshot, asset: int) -> str:
    """An asset for people: its index and token."""
    return f"asset {asset} ({snapshot.mandate.assets[asset].token})"
