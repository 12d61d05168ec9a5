"""Leaky buckets of losses and of turnover (contracts/libraries/Budget.sol; vectors in tests/vectors/budget.json).

A bucket holds half of its budget and leaks that half within one window, steadily: so within any window at most the
whole budget goes through it, half at once and half leaked. Levels are D14{1} of the vault's value at the time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from controller.units import BPS, div_up

D14 = 10**14
"""One, as D14{1}."""


def capacity(budget: int) -> int:
    """D14{1} that may be used at once: exactly half of the `budget` {bps}."""
    # D14{1} = {bps} * D14{1} / {bps} / 2
    return budget * (D14 // BPS // 2)


def leaked(level: int, elapsed: int, budget: int, window: int) -> int:
    """D14{1} in use `elapsed` {s} after it was `level` D14{1}, rounded up; `window` {s}."""
    # D14{1} = D14{1} - D14{1} * {s} / {s}
    return max(level - capacity(budget) * elapsed // window, 0)


def fraction_up(amount: int, total: int) -> int:
    """D14{1} that an `amount` D36{quote} uses in a vault worth `total` D36{quote}, rounded up."""
    # D14{1} = D36{quote} * D14{1} / D36{quote}
    return div_up(amount * D14, total)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One budget of a vault at one moment."""

    level: int  # D14{1} in use
    budget: int  # {bps}
    window: int  # {s}

    @property
    def capacity(self) -> int:
        """D14{1} that may be used at once."""
        return capacity(self.budget)

    def after(self, elapsed: int) -> Bucket:
        """The same bucket so many {s} later, unless it is used."""
        return replace(self, level=leaked(self.level, elapsed, self.budget, self.window))

    def used(self, amount: int, total: int) -> int:
        """D14{1} in use after `amount` D36{quote} of a vault worth `total` D36{quote}."""
        return self.level + fraction_up(amount, total)

    def room(self, total: int) -> int:
        """D36{quote} the most that may be used now, in a vault worth `total` D36{quote}."""
        return max(self.capacity - self.level, 0) * total // D14

    def most(self, total: int) -> int:
        """D36{quote} the most that may ever be used at once."""
        return self.capacity * total // D14

    def wait(self, amount: int, total: int) -> int | None:
        """{s} until `amount` D36{quote} may be used, if nothing is before; None when it never may."""
        over = self.used(amount, total) - self.capacity
        if over > self.level:
            return None
        # D14{1} * {s} / {s} leaks, rounded down: {s} = D14{1} * {s} / D14{1}, rounded up
        return div_up(over * self.window, self.capacity) if over > 0 else 0


def most_used(uses: Iterable[tuple[int, int, int]], budget: int, window: int) -> int:
    """D14{1} that was in use at most.

    Parameters
    ----------
    uses : {s} ascending, D36{quote} that is used then, and D36{quote} that the vault is worth.
    """
    bucket, last, most = Bucket(0, budget, window), 0, 0
    for time, amount, total in uses:
        level = bucket.after(time - last).used(amount, total)
        bucket, last, most = replace(bucket, level=level), time, max(most, level)
    return most
