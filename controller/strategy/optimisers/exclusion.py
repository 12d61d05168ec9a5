"""What an exclusion list costs."""

from __future__ import annotations

from controller.strategy.constraints import Constraints
from controller.strategy.protocol import Moments, Optimiser
from controller.strategy.solution import Solution


def cost_of_exclusions(optimiser: Optimiser, moments: Moments, constraints: Constraints) -> tuple[Solution, float]:
    """The solution, and how far its return strays from that of the same problem without exclusions.

    Returns
    -------
    The solution under all constraints, and the tracking error {1/period**0.5}.
    """
    kept = optimiser.solve(moments, constraints)
    whole = optimiser.solve(moments, constraints.without_exclusions())
    apart = kept.weights - whole.weights
    return kept, max(float(apart @ moments.covariance @ apart), 0.0) ** 0.5
