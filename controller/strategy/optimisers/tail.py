"""What is left in the worst of the past: conditional value at risk, and the growth of wealth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from controller.errors import InputError
from controller.strategy.constraints import Constraints
from controller.strategy.optimisers.convex import Program, cp, require_numbers
from controller.strategy.optimisers.linear import HIGHS, least_tail
from controller.strategy.protocol import FloatArray, Moments
from controller.strategy.solution import Attempt, Solution


@dataclass(frozen=True, slots=True)
class MinimumCVaR:
    """min of the mean loss in the worst part of the scenarios, a linear program (Rockafellar and Uryasev 2000)."""

    confidence: float = 0.95  # {1} part of the scenarios that is not among the worst
    chain: tuple[str, ...] = (HIGHS, "CLARABEL", "SCS")

    def solve(self, moments: Moments, constraints: Constraints) -> Solution:
        """See `Optimiser.solve`. `objective` is the conditional value at risk {1/period}, costs included."""
        if not 0.0 < self.confidence < 1.0:
            raise InputError(f"The confidence is {self.confidence}, must be between 0 and 1.", "95% are 0.95.")
        scenarios = _scenarios(moments, constraints)
        attempts: tuple[Attempt, ...] = ()
        if self.chain[:1] == (HIGHS,):
            constraints.require_sound()
            require_numbers(moments, constraints)
            found = least_tail(scenarios, constraints, 1.0 - self.confidence)
            if isinstance(found, Solution):
                return found
            attempts = (found,)
        program = Program(constraints, moments)
        threshold, excess = cp.Variable(), cp.Variable(len(scenarios), nonneg=True)
        program.extra.append(("losses beyond the threshold", excess >= -scenarios @ program.w - threshold))
        tail = threshold + cp.sum(excess) / ((1.0 - self.confidence) * len(scenarios))
        solution = program.minimise(tail + program.cost(), tuple(each for each in self.chain if each != HIGHS))
        return replace(solution, attempts=(*attempts, *solution.attempts))


@dataclass(frozen=True, slots=True)
class KellyGrowth:
    """max of the mean logarithmic growth over the scenarios (Kelly, Bell System Technical Journal 1956)."""

    def solve(self, moments: Moments, constraints: Constraints) -> Solution:
        """See `Optimiser.solve`. `objective` is the negative growth {1/period}, costs included."""
        scenarios = _scenarios(moments, constraints)
        program = Program(constraints, moments)
        growth = cp.sum(cp.log(1.0 + scenarios @ program.w)) / len(scenarios)
        return program.minimise(program.cost() - growth, ("CLARABEL", "SCS"))


def _scenarios(moments: Moments, constraints: Constraints) -> FloatArray:
    scenarios = moments.returns
    if scenarios.ndim != 2 or scenarios.shape[1] != constraints.assets or len(scenarios) < 2:
        raise InputError(
            f"Scenarios of shape {scenarios.shape} are not at least 2 of {constraints.assets} assets.",
            "Give a longer history.",
        )
    if not np.isfinite(scenarios).all():
        raise InputError("The scenarios hold values that are no numbers.", "Look for gaps in the history.")
    return scenarios
