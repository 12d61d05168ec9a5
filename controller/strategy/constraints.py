"""What weights have to keep, as a mandate or a person says it. Floats: they end where weights are rounded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from controller.errors import InputError, Mistake
from controller.model import Mandate
from controller.strategy.protocol import FloatArray
from controller.units import BPS

SLACK: Final = 1e-9
"""{1} by which a sum or a bound may be missed in floats."""


class InfeasibleError(InputError):
    """No weights keep all constraints.

    Parameters
    ----------
    conflict : a smallest set of constraints that cannot be kept together.
    """

    def __init__(self, conflict: Sequence[str]) -> None:
        super().__init__(
            f"No weights keep these constraints together: {'; '.join(conflict)}.", "Loosen or drop one of them."
        )
        self.conflict = tuple(conflict)


@dataclass(frozen=True, slots=True)
class Group:
    """Assets whose weights together are bounded."""

    name: str
    members: tuple[int, ...]
    minimum: float = 0.0
    maximum: float = 1.0


@dataclass(frozen=True, eq=False)
class Constraints:
    """Weights sum to 1; everything else is here. `None` is no constraint.

    Costs are part of the objective of those optimisers that weigh risk against return; they are charged on what is
    traded away from `current`.
    """

    minimum: FloatArray  # (n,)
    maximum: FloatArray  # (n,)
    groups: tuple[Group, ...] = ()
    excluded: frozenset[int] = frozenset()  # assets that may not be held
    current: FloatArray | None = None  # (n,) weights now
    turnover: float | None = None  # half of the sum of what each weight moves, at most
    linear_cost: FloatArray | None = None  # (n,) {1} lost of each unit of weight that is traded
    power_cost: FloatArray | None = None  # (n,) {1} coefficient of the traded weight to the power of 3/2
    benchmark: FloatArray | None = None  # (n,) weights
    tracking_error: float | None = (
        None  # {1/period**0.5} standard deviation of the return over the benchmark's, at most
    )
    cardinality: int | None = None  # assets that may be held, at most
    smallest_holding: float = 0.0  # the least weight of an asset that is held at all

    @classmethod
    def long_only(cls, assets: int) -> Constraints:
        """w >= 0 and nothing else."""
        return cls(np.zeros(assets), np.ones(assets))

    @classmethod
    def of_mandate(cls, mandate: Mandate) -> Constraints:
        """The bounds that the vault enforces on targets."""
        return cls(
            np.array([asset.min_weight / BPS for asset in mandate.assets]),
            np.array([asset.max_weight / BPS for asset in mandate.assets]),
        )

    @property
    def assets(self) -> int:
        return len(self.minimum)

    @property
    def lower(self) -> FloatArray:
        """(n,) bounds with the exclusions in them."""
        return self._without_excluded(self.minimum)

    @property
    def upper(self) -> FloatArray:
        """(n,) bounds with the exclusions in them."""
        return self._without_excluded(self.maximum)

    @property
    def only_bounds(self) -> bool:
        """Whether nothing but the sum and the bounds of single assets constrains or costs anything."""
        other = (self.turnover, self.linear_cost, self.power_cost, self.tracking_error, self.cardinality)
        return not self.groups and not self.smallest_holding and all(each is None for each in other)

    def without_exclusions(self) -> Constraints:
        return replace(self, excluded=frozenset())

    def _without_excluded(self, bounds: FloatArray) -> FloatArray:
        found = bounds.astype(np.float64)
        found[sorted(self.excluded)] = 0.0
        return found

    def require_sound(self) -> None:
        """Raises what is wrong before anything is solved.

        Raises
        ------
        InputError
            With everything in which the constraints contradict their shapes or themselves.
        InfeasibleError
            When what is excluded has to be held.
        """
        found = list(self._mistakes())
        if found:
            raise InputError("The constraints are not usable.", "Correct what is named.", tuple(found))
        if len(self.excluded) == self.assets:
            raise InfeasibleError(["weights sum to 1", "every asset excluded"])
        for index in sorted(self.excluded):
            if self.minimum[index] > 0.0:
                raise InfeasibleError([f"asset {index} excluded", f"asset {index} at least {self.minimum[index]:.4g}"])

    def _mistakes(self) -> list[Mistake]:
        size = self.assets
        found = [
            Mistake(name, f"must be {size} finite numbers")
            for name in ("minimum", "maximum", "current", "linear_cost", "power_cost", "benchmark")
            if (given := getattr(self, name)) is not None and (given.shape != (size,) or not np.isfinite(given).all())
        ]
        return found or [*self._wrong_weights(), *self._wrong_costs(), *self._wrong_sets()]

    def _wrong_weights(self) -> Iterator[Mistake]:
        for name in ("current", "benchmark"):
            given = getattr(self, name)
            if given is not None and abs(given.sum() - 1.0) > 1e-6:
                yield Mistake(name, f"must sum to 1, sums to {given.sum():.6f}")
        if self.tracking_error is not None and self.benchmark is None:
            yield Mistake("tracking_error", "needs a benchmark")
        if not 0.0 <= self.smallest_holding <= 1.0:
            yield Mistake("smallest_holding", "must be between 0 and 1")

    def _wrong_costs(self) -> Iterator[Mistake]:
        for name in ("linear_cost", "power_cost"):
            given = getattr(self, name)
            if given is not None and (given < 0.0).any():
                yield Mistake(name, "must not be negative")
            if given is not None and self.current is None:
                yield Mistake(name, "needs the current weights")
        if self.turnover is not None and self.current is None:
            yield Mistake("turnover", "needs the current weights")

    def _wrong_sets(self) -> Iterator[Mistake]:
        known = set(range(self.assets))
        if self.cardinality is not None and self.cardinality < 1:
            yield Mistake("cardinality", "must be at least 1")
        if not self.excluded <= known:
            yield Mistake("excluded", f"names assets that are not there: {sorted(self.excluded - known)}")
        for group in self.groups:
            if not group.members or len(set(group.members) & known) < len(group.members):
                yield Mistake(f"group {group.name}", "must have members, each an asset that is there, once")
