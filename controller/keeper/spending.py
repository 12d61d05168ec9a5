"""The daily budget of gas: a leaky bucket of {wei}, as the vault has them for losses (planning/budget.py).

The bucket holds half of the budget and leaks that half within a day, steadily: so in any 24 hours at most the whole
budget goes through it. What a flight may cost at worst is reserved before it is signed and corrected when it ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from controller.units import div_up

DAY: Final = 86_400
"""{s}"""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a flight under way may cost."""

    worst: int  # {wei}
    latest: int  # {s} chain time at which its plan expires


@dataclass(frozen=True, slots=True)
class Spending:
    """What has been spent, and what flights under way may still cost."""

    budget: int | None = None  # {wei} in any day; None: unlimited
    level: int = 0  # {wei} in use at the time `at`
    at: int = 0  # {s} chain time
    reserved: Mapping[int, Reservation] = field(default_factory=dict)  # by intent

    @property
    def capacity(self) -> int:
        """{wei} that may be spent at once."""
        return (self.budget or 0) // 2

    def reserve(self, intent: int, reservation: Reservation) -> Spending:
        """With a flight's worst case set aside."""
        return replace(self, reserved={**self.reserved, intent: reservation})

    def release(self, intent: int) -> Spending:
        """Without what was set aside for a flight: nothing of it was mined."""
        left = {other: reservation for other, reservation in self.reserved.items() if other != intent}
        return replace(self, reserved=left)

    def settle(self, intent: int, cost: int, at: int) -> Spending:
        """With a flight's real `cost` {wei} at chain time `at` {s} in the place of what was set aside."""
        # told late, it counts as if it were spent when the one before was: nothing of it has leaked
        return replace(self.release(intent), level=self._level(at) + cost, at=max(at, self.at))

    def settle_worst(self, intent: int) -> Spending:
        """With what was set aside for a flight taken as spent when its plan expired: no receipt says less."""
        found = self.reserved.get(intent)
        return self if found is None else self.settle(intent, found.worst, found.latest)

    def room(self, now: int) -> int:
        """{wei} the most that a flight may cost at `now` {s}."""
        return max(self.capacity - self._level(now) - self._set_aside, 0)

    def wait(self, worst: int, now: int) -> int | None:
        """{s} until a flight of at `worst` {wei} may be signed, if nothing else is; None when it never may.

        While flights are under way it is the least: what they have set aside leaks only once it is spent.
        """
        if self.budget is None:
            return 0
        if worst > self.capacity:
            return None
        if worst <= self.room(now):
            return 0
        # {s} = {wei} * {s} / {wei}, rounded up
        leaks = div_up((self.level + self._set_aside + worst - self.capacity) * DAY, self.capacity)
        return max(leaks - max(now - self.at, 0), 1)

    @property
    def _set_aside(self) -> int:
        return sum(reservation.worst for reservation in self.reserved.values())

    def _level(self, now: int) -> int:
        """{wei} rounded up."""
        # {wei} = {wei} - {wei} * {s} / {s}
        return max(self.level - self.capacity * max(now - self.at, 0) // DAY, 0)
