"""What an optimiser answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.strategy.protocol import FloatArray


@dataclass(frozen=True, slots=True)
class Attempt:
    """One solver that was tried."""

    solver: str
    said: str  # "optimal", or why its answer was not taken


@dataclass(frozen=True, eq=False)
class Solution:
    """Weights, and how they were found."""

    weights: FloatArray  # (n,) sum to 1 and keep the bounds of each asset to 1e-9, other constraints to 1e-6
    objective: float  # of the optimiser's own problem, at the weights
    attempts: tuple[Attempt, ...]  # in the order of the fallback chain, the one that answered last
    details: Mapping[str, float] = field(default_factory=dict)  # of the method, by name
    gradient: FloatArray | None = None  # (n,) of the objective at the weights; None where it has none
    curvature: FloatArray | None = None  # (n, n) of the objective; None where it has none
