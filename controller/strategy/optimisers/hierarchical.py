"""Hierarchical risk parity (Lopez de Prado, Journal of Portfolio Management 2016): no inverse, no expected returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from controller.errors import InputError, MissingExtraError
from controller.strategy.constraints import Constraints
from controller.strategy.optimisers.convex import require_numbers
from controller.strategy.optimisers.mean_variance import require_room
from controller.strategy.optimisers.risk import projected
from controller.strategy.protocol import FloatArray, Moments
from controller.strategy.solution import Attempt, Solution


@dataclass(frozen=True, slots=True)
class HierarchicalRiskParity:
    """Assets in the order of a hierarchy of their correlations, halved again and again by inverse variance."""

    linkage: Literal["single", "complete", "average", "ward"] = "single"

    def solve(self, moments: Moments, constraints: Constraints) -> Solution:
        """See `Optimiser.solve`: where weights fall outside of the bounds, the nearest that do not."""
        constraints.require_sound()
        require_numbers(moments, constraints)
        require_room(constraints.lower, constraints.upper)
        if not constraints.only_bounds:
            raise InputError("A hierarchy keeps bounds and exclusions only.", "Use an optimiser for the rest.")
        held = [index for index in range(constraints.assets) if index not in constraints.excluded]
        weights = np.zeros(constraints.assets)
        weights[held] = allocate(np.ascontiguousarray(moments.covariance[np.ix_(held, held)]), self.linkage)
        outside = (weights < constraints.lower).any() or (weights > constraints.upper).any()
        found = projected(weights, constraints.lower, constraints.upper) if outside else weights
        moved = float(np.abs(found - weights).sum() / 2.0)
        return Solution(found, moved, (Attempt("hierarchy", "optimal"),), {"moved into the bounds": moved})


def allocate(covariance: FloatArray, linkage: str) -> FloatArray:
    """(n,) weights of the method itself, from (n, n).

    Raises
    ------
    InputError
        When an asset has no variance.
    """
    try:
        from scipy.cluster import hierarchy
        from scipy.spatial.distance import squareform
    except ImportError:
        raise MissingExtraError("research", "scipy") from None
    from controller.strategy.optimisers import coordinate

    n = len(covariance)
    deviations = np.sqrt(np.diag(covariance))
    if not (deviations > 0.0).all():
        raise InputError("An asset without any risk has no place in a hierarchy of risks.", "Exclude it.")
    if n == 1:
        return np.ones(1)
    correlation = covariance / np.outer(deviations, deviations)
    distances = np.sqrt(np.clip((1.0 - correlation) / 2.0, 0.0, 1.0))
    np.fill_diagonal(distances, 0.0)
    links = hierarchy.linkage(squareform(distances, checks=False), linkage)
    order = coordinate.leaves(links[:, :2].astype(np.int64), n)
    return coordinate.bisect(covariance, order)
