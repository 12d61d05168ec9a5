"""Any optimiser of skfolio's kind, inside of the mandate's bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from controller.errors import InputError
from controller.strategy.constraints import Constraints
from controller.strategy.observed import library
from controller.strategy.optimisers.mean_variance import require_room
from controller.strategy.optimisers.risk import projected
from controller.strategy.protocol import Moments
from controller.strategy.solution import Attempt, Solution

NEAR: Final = 1e-4
"""{1} by which an answer may miss a bound or the sum, and is moved inside; more is refused."""


@dataclass(frozen=True, slots=True)
class FromLibrary:
    """Any optimiser of skfolio's kind: `fit(X)` on the returns, and then `weights_`.

    The bounds of single assets are given to it where it takes `min_weights` and `max_weights`; where it does not, an
    answer outside of them is refused. It estimates from the returns by itself.

    Parameters
    ----------
    optimiser : for example `skfolio.optimization.NestedClustersOptimization()`; it is copied before each fit.
    """

    optimiser: Any

    def solve(self, moments: Moments, constraints: Constraints) -> Solution:
        """See `Optimiser.solve`. `objective` is how far the weights were moved to be inside of the bounds."""
        constraints.require_sound()
        lower, upper = constraints.lower, constraints.upper
        require_room(lower, upper)
        if not constraints.only_bounds:
            raise InputError(
                "A library's optimiser keeps bounds and exclusions only.", "Give it the rest as its own parameters."
            )
        held = [index for index in range(constraints.assets) if index not in constraints.excluded]
        chosen = library("sklearn.base", "scikit-learn").clone(self.optimiser)
        takes = set(chosen.get_params(deep=False))
        bounds = {"min_weights": lower[held], "max_weights": upper[held]}
        chosen.set_params(**{name: bound for name, bound in bounds.items() if name in takes})
        name = type(chosen).__name__
        try:
            fitted = chosen.fit(moments.returns[:, held])
        except (ArithmeticError, ValueError, library("skfolio.exceptions", "skfolio").SkfolioError) as error:
            raise InputError(f"{name} finds no weights: {error}", "Look at its parameters.") from None
        weights = np.zeros(constraints.assets)
        weights[held] = np.asarray(fitted.weights_, dtype=np.float64)
        outside = float(max(np.max(lower - weights), np.max(weights - upper), abs(weights.sum() - 1.0)))
        if not outside <= NEAR:
            raise InputError(
                f"{name} answers outside of the mandate's bounds, by {outside:.2g}.",
                "Give it these bounds, or use an optimiser that keeps them.",
            )
        inside = projected(weights, lower, upper)
        moved = float(np.abs(inside - weights).sum() / 2.0)
        return Solution(inside, moved, (Attempt(name, "optimal"),))
