"""What one plan is judged by: a vault at the moment of the plan, valued, and what its mandate leaves it to do."""

from __future__ import annotations

from dataclasses import dataclass

from controller.model import Cause, Mandate, Snapshot
from controller.planning import path, rules, triggers
from controller.planning.budget import Bucket
from controller.planning.rules import Bands


@dataclass(frozen=True, slots=True)
class Book:
    """A vault of some value and good prices, before the first trade."""

    mandate: Mandate
    bands: Bands
    targets: tuple[int, ...]  # {bps} of the path
    prices: tuple[int, ...]  # D36{quote/qTok}
    balances: tuple[int, ...]  # {qTok}
    values: tuple[int, ...]  # D36{quote}
    total: int  # D36{quote}
    cause: Cause  # why a rebalance may open or go on, or why not; the cool-down apart
    breaches: int  # bitmap of the assets that the rebalance is about
    loss: Bucket
    turnover: Bucket

    @classmethod
    def of(cls, snapshot: Snapshot, now: int) -> Book:
        """The vault as it will be at `now` {s}, not before the block of the snapshot, if prices and holdings stay."""
        mandate, status, limits = snapshot.mandate, snapshot.status, snapshot.mandate.limits
        targets = path.targets_at(mandate.path, now)
        prices = tuple(price.value for price in snapshot.prices)
        held = rules.values(snapshot.balances, prices)
        cause, breaches = triggers.assess(mandate, held, targets, status.last_rebalance, now)
        if now <= status.open_until:
            # Also when the drift has fallen below the band: what was begun may be finished.
            cause, breaches = Cause.OPEN, breaches | status.breaches
        elapsed = now - snapshot.block.timestamp
        return cls(
            mandate,
            Bands.of(mandate),
            targets,
            prices,
            snapshot.balances,
            held,
            sum(held),
            cause,
            breaches,
            Bucket(status.loss_used, limits.loss_budget, limits.budget_window).after(elapsed),
            Bucket(status.turnover_used, limits.turnover_budget, limits.budget_window).after(elapsed),
        )

    @property
    def wanted(self) -> int:
        """Bitmap of the assets that must end inside the destination."""
        return triggers.scope_of(self.mandate, self.breaches)

    @property
    def is_inside(self) -> bool:
        """Whether all that must end inside the destination are there without any trade."""
        return all(
            self.bands.is_inside(rules.deviation(value, target, self.total), target, self.total)
            for asset, (value, target) in enumerate(zip(self.values, self.targets, strict=True))
            if self.wanted >> asset & 1
        )

    @property
    def parts_allowed(self) -> bool:
        return self.mandate.destination.window > 0
