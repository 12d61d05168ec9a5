"""What is not convex: how many assets may be held, and how little of each. A search chooses the holdings, an exact
solver their weights.

The search is pymoo's genetic algorithm (Blank and Deb, IEEE Access 2020; NSGA-II for fronts: Deb et al., IEEE
Transactions on Evolutionary Computation 2002) on random keys (Bean, ORSA Journal on Computing 1994): the assets with
the largest keys are held. Its best set is then improved by exchanges of one asset until none helps. One seed, one
answer.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

import numpy as np

from controller.errors import InputError, MissingExtraError
from controller.strategy.constraints import SLACK, Constraints, InfeasibleError
from controller.strategy.optimisers.convex import require_numbers
from controller.strategy.optimisers.mean_variance import PIVOTS, on_box, quadratic_solution
from controller.strategy.protocol import FloatArray, Moments
from controller.strategy.solution import Attempt, Solution


@dataclass(frozen=True, slots=True)
class ChosenHoldings:
    """min  gamma/2 w'Cw - r'w  where at most `cardinality` assets are held, each at least `smallest_holding`."""

    risk_aversion: float = 1.0
    population: int = 60
    generations: int = 40
    seed: int = 0
    exactly: bool = False  # whether so many have to be held, and not only at most

    def solve(self, moments: Moments, constraints: Constraints) -> Solution:
        """See `Optimiser.solve`. The answer is the best that was found, not proven to be the best there is."""
        search = _Search.of(moments, constraints, self.risk_aversion)
        chosen = search.improved(self._evolved(search), exactly=self.exactly)
        found = search.weights(chosen)
        attempts = (
            Attempt("genetic algorithm", f"best of {search.evaluations} sets"),
            Attempt("active set", "optimal"),
        )
        return quadratic_solution(found, search.curvature, moments.mean, attempts)

    def _evolved(self, search: _Search) -> tuple[int, ...]:
        size = len(search.candidates)
        if size <= search.most:
            return tuple(range(size))
        pymoo = _pymoo()
        problem = pymoo.FunctionalProblem(size, [lambda keys: search.value(search.chosen(keys))], xl=0.0, xu=1.0)
        found = pymoo.minimize(
            problem, pymoo.GA(pop_size=self.population), ("n_gen", self.generations), seed=self.seed, verbose=False
        )
        return search.chosen(np.asarray(found.X))


@dataclass(frozen=True, slots=True)
class Front:
    """Portfolios none of which has both less variance and more return than another."""

    weights: FloatArray  # (m, n) by rising variance
    returns: FloatArray  # (m,) {1/period}
    variances: FloatArray  # (m,) {1/period}


def front(
    moments: Moments, constraints: Constraints, *, population: int = 80, generations: int = 60, seed: int = 0
) -> Front:
    """The front of variance and return under a limit on holdings, by NSGA-II: holdings and risk aversion evolve.

    Raises
    ------
    InfeasibleError, InputError
        As `Optimiser.solve`.
    """
    pymoo = _pymoo()
    search = _Search.of(moments, constraints, 1.0)
    size = len(search.candidates)

    def portfolio(keys: FloatArray) -> FloatArray:
        # the last key is a risk aversion between one thousandth and a thousand times the usual, evenly in its logarithm
        return search.aiming(10.0 ** (6.0 * float(keys[-1]) - 3.0)).weights(search.chosen(keys[:-1]))

    def variance(keys: FloatArray) -> float:
        found = portfolio(keys)
        return float(found @ moments.covariance @ found)

    problem = pymoo.FunctionalProblem(
        size + 1, [variance, lambda keys: -float(moments.mean @ portfolio(keys))], xl=0.0, xu=1.0
    )
    found = pymoo.minimize(problem, pymoo.NSGA2(pop_size=population), ("n_gen", generations), seed=seed, verbose=False)
    weights = np.array([portfolio(keys) for keys in np.atleast_2d(found.X)])
    variances = np.einsum("ij,jk,ik->i", weights, moments.covariance, weights)
    order = np.argsort(variances, kind="stable")
    return Front(weights[order], (weights @ moments.mean)[order], variances[order])


@dataclass(eq=False)
class _Search:
    """Values of sets of assets, each solved exactly once."""

    curvature: FloatArray  # (n, n)
    mean: FloatArray  # (n,)
    lower: FloatArray  # (n,) of an asset that is held
    upper: FloatArray  # (n,)
    must: frozenset[int]  # assets whose bounds make them held
    candidates: tuple[int, ...]  # assets that may be chosen besides those
    most: int  # of the candidates
    known: dict[tuple[int, ...], float]

    @classmethod
    def of(cls, moments: Moments, constraints: Constraints, gamma: float) -> _Search:
        constraints.require_sound()
        require_numbers(moments, constraints)
        if not replace(constraints, cardinality=None, smallest_holding=0.0).only_bounds:
            raise InputError(
                "A search of holdings keeps bounds and exclusions only, and weighs no cost of trading.",
                "Drop groups, turnover, tracking error and costs.",
            )
        limit = constraints.cardinality or constraints.assets
        must = frozenset(int(index) for index in np.nonzero(constraints.lower > 0.0)[0])
        candidates = tuple(i for i in range(constraints.assets) if constraints.upper[i] > 0.0 and i not in must)
        lower = np.maximum(constraints.lower, constraints.smallest_holding)
        if len(must) > limit:
            raise InfeasibleError([f"at most {limit} assets", f"{len(must)} assets have minimum weights"])
        if lower[list(must)].sum() > 1.0:
            raise InfeasibleError(["weights sum to 1", "minimum weights"])
        largest = np.sort(constraints.upper)[::-1][:limit].sum()
        if largest < 1.0 - 1e-12:
            raise InfeasibleError([f"at most {limit} assets", f"their maximum weights sum to {largest:.4g}"])
        most = limit - len(must)
        if constraints.smallest_holding:
            most = min(most, int((1.0 - lower[list(must)].sum()) / constraints.smallest_holding + 1e-9))
        return cls(gamma * moments.covariance, moments.mean, lower, constraints.upper, must, candidates, most, {})

    @property
    def evaluations(self) -> int:
        return len(self.known)

    def aiming(self, gamma: float) -> _Search:
        """The same sets for another risk aversion."""
        return _Search(
            gamma * self.curvature, self.mean, self.lower, self.upper, self.must, self.candidates, self.most, {}
        )

    def chosen(self, keys: FloatArray) -> tuple[int, ...]:
        """Positions in `candidates` with the largest keys, ascending."""
        return tuple(sorted(int(each) for each in np.argsort(-keys, kind="stable")[: self.most]))

    def value(self, chosen: tuple[int, ...]) -> float:
        """Of the objective; infinite where these assets alone cannot sum to 1."""
        if chosen not in self.known:
            self.known[chosen] = self._value(self._members(chosen))
        return self.known[chosen]

    def _value(self, members: list[int]) -> float:
        from controller.strategy.optimisers import active_set

        lower, upper = self.lower[members], self.upper[members]
        if lower.sum() > 1.0 + SLACK or upper.sum() < 1.0 - SLACK or (lower > upper).any():
            return float("inf")
        c, r = self.curvature[np.ix_(members, members)], self.mean[members]
        found, _, pivots = active_set.solve(c, r, lower, upper, PIVOTS)
        return float("inf") if pivots < 0 else float(found @ (0.5 * (c @ found) - r))

    def weights(self, chosen: tuple[int, ...]) -> FloatArray:
        """Of a set, with their optimality conditions checked."""
        members = self._members(chosen)
        found = on_box(
            self.curvature[np.ix_(members, members)], self.mean[members], self.lower[members], self.upper[members]
        )
        if isinstance(found, Attempt):
            raise InputError(f"The weights of the holdings are not found: {found.said}.", "Scale the data.")
        weights = np.zeros(len(self.mean))
        weights[members] = found
        return weights

    def _members(self, chosen: tuple[int, ...]) -> list[int]:
        return sorted({*self.must, *(self.candidates[each] for each in chosen)})

    def improved(self, chosen: tuple[int, ...], *, exactly: bool) -> tuple[int, ...]:
        """The best set that exchanges of one asset lead to, or leaving one out where not `exactly` so many are held."""
        best, value = chosen, self.value(chosen)
        while True:
            near = [(self.value(each), each) for each in self._near(best, exactly=exactly)]
            least = min(near, default=(value, best))
            if not least[0] < value:
                return best
            value, best = least

    def _near(self, chosen: tuple[int, ...], *, exactly: bool) -> list[tuple[int, ...]]:
        others = [each for each in range(len(self.candidates)) if each not in chosen]
        swapped = [tuple(sorted({*chosen, new} - {old})) for old in chosen for new in others]
        if exactly or len(chosen) == 1:
            return swapped
        return swapped + [tuple(each for each in chosen if each != old) for old in chosen]


def _pymoo() -> Any:
    try:
        return _Pymoo(
            import_module("pymoo.algorithms.soo.nonconvex.ga").GA,
            import_module("pymoo.algorithms.moo.nsga2").NSGA2,
            import_module("pymoo.problems.functional").FunctionalProblem,
            import_module("pymoo.optimize").minimize,
        )
    except ImportError:
        raise MissingExtraError("research", "pymoo") from None


@dataclass(frozen=True, slots=True)
class _Pymoo:
    GA: Any
    NSGA2: Any
    FunctionalProblem: Any
    minimize: Any
