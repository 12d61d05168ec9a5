"""What the change from one mandate to another means (contracts/libraries/MandateChange.sol)."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import fields
from typing import Any

from controller.model import ZERO_ADDRESS, Asset, Feed, Mandate

_EQUAL = ("name", "symbol", "oracle", "path")


def is_tightening(old: Mandate, new: Mandate) -> bool:
    """Whether `new` is at most as loose as `old` in every respect; both are sound."""
    return (
        all(getattr(old, name) == getattr(new, name) for name in _EQUAL)
        and _only(old.sequencer, new.sequencer, up={"grace"})
        and _only(old.trigger, new.trigger, up={"cooldown"})
        and _only(old.destination, new.destination, down={"window"})
        and _only(
            old.limits,
            new.limits,
            up={"budget_window", "step_delay"},
            down={"max_slippage", "max_loss", "loss_budget", "turnover_budget", "max_trades", "max_step"},
        )
        and _only(old.fees, new.fees, down={"management", "performance"}, free={"recipient"})
        and new.fees.recipient in (old.fees.recipient, ZERO_ADDRESS)
        and (new.spread == 0 or 0 < old.spread <= new.spread)
        and new.timelock >= old.timelock
        and _are_kept(old.venues, new.venues)
        and len(old.assets) == len(new.assets)
        and all(_is_tighter(*pair) for pair in zip(old.assets, new.assets, strict=True))
    )


def is_same_path(old: Mandate, new: Mandate) -> bool:
    """Whether the path and the tokens that it speaks of are the same."""
    return old.path == new.path and [asset.token for asset in old.assets] == [asset.token for asset in new.assets]


def _is_tighter(old: Asset, new: Asset) -> bool:
    return _only(old, new, up={"min_weight"}, down={"max_weight"}, free={"feed"}) and _is_feed_tighter(
        old.feed, new.feed
    )


def _is_feed_tighter(old: Feed, new: Feed) -> bool:
    same = _only(old, new, up={"min_answer"}, down={"heartbeat", "max_answer"}, free={"twap"})
    return same and (old.twap.window == 0 or _only(old.twap, new.twap, down={"max_deviation"}))


def _only(
    old: Any, new: Any, *, up: Set[str] = frozenset(), down: Set[str] = frozenset(), free: Set[str] = frozenset()
) -> bool:
    """Whether of two records of a kind the fields `up` have at most risen, those `down` at most fallen, and all others
    but the `free` ones stayed."""
    for each in fields(old):
        before, after = getattr(old, each.name), getattr(new, each.name)
        if each.name in free or before == after:
            continue
        if not ((each.name in up and after > before) or (each.name in down and after < before)):
            return False
    return True


def _are_kept(old: tuple[str, ...], new: tuple[str, ...]) -> bool:
    """Whether all of `new` are in `old`, in the same order."""
    rest = iter(old)
    return all(venue in rest for venue in new)
