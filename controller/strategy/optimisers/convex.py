"""Any convex objective under every constraint, by cvxpy and a declared chain of solvers."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final

import numpy as np

from controller.errors import InputError, MissingExtraError
from controller.strategy.constraints import SLACK, Constraints, InfeasibleError
from controller.strategy.protocol import FloatArray, Moments
from controller.strategy.solution import Attempt, Solution

try:
    cp: Any = import_module("cvxpy")  # it has no types
except ImportError:
    raise MissingExtraError("research", "cvxpy") from None

CHAIN: Final = ("CLARABEL", "PIQP", "SCS")
"""Solvers in the order in which they are tried; those that cannot take a problem say so and are passed over."""
OPTIMAL: Final = "optimal"
TOLERANCE: Final = 1e-6
"""{1} by which an answer may miss a group, a turnover, a tracking error or a target before it is refused; bounds of
single assets are kept to the last digit, and the sum to `SLACK`."""
_EACH: Final = 64
"""Bounds up to which each is a constraint of its own, to be named in a conflict."""

Expression = Any
Named = tuple[str, Any]


@dataclass(eq=False)
class Program:
    """Weights under constraints, in the form that cvxpy takes.

    With `scaled` the variable is y = k w with a free k > 0, in which a ratio is convex (Charnes and Cooper, Naval
    Research Logistics 1962).
    """

    constraints: Constraints
    moments: Moments
    scaled: bool = False
    extra: list[Named] = field(default_factory=list)  # of the method

    def __post_init__(self) -> None:
        self.constraints.require_sound()
        require_numbers(self.moments, self.constraints)
        if self.constraints.cardinality is not None or self.constraints.smallest_holding:
            raise InputError(
                "A limit on holdings is not convex.", "Let a search choose them: optimisers.genetic.ChosenHoldings."
            )
        self.w: Expression = cp.Variable(self.constraints.assets)
        self.scale: Expression = cp.Variable(nonneg=True) if self.scaled else 1.0
        self.root = root(self.moments.covariance)

    # ---- what is minimised

    def risk(self, weights: Expression | None = None) -> Expression:
        """Standard deviation, a norm."""
        return cp.norm(self.root @ (self.w if weights is None else weights), 2)

    def variance(self) -> Expression:
        return cp.sum_squares(self.root @ self.w)

    def cost(self) -> Expression:
        """What trading away from the current weights costs."""
        given, total = self.constraints, 0.0
        if given.current is None:
            return total
        moved = cp.abs(self.w - self.scale * given.current)
        if given.linear_cost is not None:
            total = total + given.linear_cost @ moved
        if given.power_cost is not None:
            if self.scaled:
                raise InputError("A ratio cannot weigh costs of the power 3/2.", "Use mean-variance, or linear costs.")
            total = total + given.power_cost @ cp.power(moved, 1.5)
        return total

    # ---- what is kept

    def named(self) -> Iterator[Named]:
        """Every constraint with its name."""
        given, w, k = self.constraints, self.w, self.scale
        yield "weights sum to 1", cp.sum(w) == k
        yield from self._bounds(given.lower, given.upper)
        for group in given.groups:
            total = cp.sum(w[list(group.members)])
            if group.minimum > 0.0:
                yield f"group {group.name} at least {group.minimum:.4g}", total >= group.minimum * k
            if group.maximum < 1.0:
                yield f"group {group.name} at most {group.maximum:.4g}", total <= group.maximum * k
        if given.turnover is not None:
            moved = cp.norm(w - k * np.asarray(given.current), 1)
            yield f"turnover at most {given.turnover:.4g}", moved <= 2.0 * given.turnover * k
        if given.tracking_error is not None:
            error = self.risk(w - k * np.asarray(given.benchmark))
            yield f"tracking error at most {given.tracking_error:.4g}", error <= given.tracking_error * k
        yield from self.extra

    def _bounds(self, lower: FloatArray, upper: FloatArray) -> Iterator[Named]:
        w, k = self.w, self.scale
        raised, lowered = np.nonzero(lower != 0.0)[0], np.nonzero(upper != 1.0)[0]
        if len(raised) + len(lowered) > _EACH:
            yield "minimum weights", w >= k * lower
            yield "maximum weights", w <= k * upper
            return
        yield "no weight below 0", w >= k * np.minimum(lower, 0.0)
        yield "no weight above 1", w <= k * np.maximum(upper, 1.0)
        for index in raised:
            yield f"asset {index} at least {lower[index]:.4g}", w[index] >= lower[index] * k
        for index in lowered:
            yield f"asset {index} at most {upper[index]:.4g}", w[index] <= upper[index] * k

    # ---- solving

    def minimise(self, objective: Expression, chain: Sequence[str] = CHAIN) -> Solution:
        """The best weights.

        Raises
        ------
        InfeasibleError
            Naming the constraints in conflict.
        InputError
            When no solver of the chain finds an answer that keeps the constraints.
        """
        named = list(self.named())
        attempts: list[Attempt] = []
        size = self._size(objective)
        objective = objective / size
        for solver in chain:
            said = _tried(cp.Problem(cp.Minimize(objective), [each for _, each in named]), solver)
            attempts.append(Attempt(solver, said))
            if said in {"infeasible", "infeasible_inaccurate"}:
                break
            if said in {OPTIMAL, "optimal_inaccurate"}:
                weights = self._weights()
                worst = self._missed(named, weights)
                if worst is None:
                    return Solution(weights, float(objective.value) * size, tuple(attempts))
                attempts[-1] = Attempt(solver, f"misses {worst}")
        if (conflict := self._conflict(named)) is not None:
            raise InfeasibleError(conflict)
        tried = "; ".join(f"{each.solver}: {each.said}" for each in attempts)
        raise InputError(f"No solver finds weights ({tried}).", "Scale the data, or name another chain of solvers.")

    def _size(self, objective: Expression) -> float:
        """Of the objective at equal weights: solvers stop at absolute tolerances, and variances are small."""
        self.w.value = np.full(self.constraints.assets, 1.0 / self.constraints.assets)
        if self.scaled:
            self.scale.value = 1.0
        found = objective.value
        return 1.0 if found is None or not abs(found) > 0.0 else float(abs(found))

    def _weights(self) -> FloatArray:
        found = np.asarray(self.w.value, dtype=np.float64)
        if self.scaled:
            found = found / float(self.scale.value)
        return inside(found, self.constraints.lower, self.constraints.upper)

    def _missed(self, named: Sequence[Named], weights: FloatArray) -> str | None:
        """The first constraint that clean weights miss."""
        if not abs(weights.sum() - 1.0) <= SLACK:
            return f"weights sum to 1, by {abs(weights.sum() - 1.0):.1e}"
        scale = float(self.scale.value) if self.scaled else 1.0
        self.w.value = weights * scale
        missed = (name for name, each in named if np.max(each.violation()) > TOLERANCE * max(scale, 1.0))
        return next(missed, None)

    def _conflict(self, named: list[Named]) -> list[str] | None:
        """A smallest set that cannot be kept (deletion filter: Chinneck and Dravnieks, ORSA J. Computing 1991)."""
        kept = list(named)
        if _is_feasible(kept):
            return None
        for each in named:
            without = [other for other in kept if other is not each]
            if not _is_feasible(without):
                kept = without
        return [name for name, _ in kept]


def _tried(problem: Any, solver: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # cvxpy warns of what its status says as well
            problem.solve(solver=solver)
    except (cp.SolverError, ValueError, ArithmeticError) as error:
        return f"gave up: {str(error).splitlines()[0]}"
    return str(problem.status)


def _is_feasible(named: Sequence[Named]) -> bool:
    said = _tried(cp.Problem(cp.Minimize(0), [each for _, each in named]), "CLARABEL")
    return not said.startswith("infeasible")


def inside(weights: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """(n,) next to `weights`, inside of the bounds to the last digit, and summing to 1 as far as they leave room."""
    clipped = np.clip(weights, lower, upper)
    rest = 1.0 - clipped.sum()
    room = upper - clipped if rest > 0 else clipped - lower
    total = float(room.sum())
    if not total > 0.0:
        return clipped
    filled: FloatArray = np.clip(clipped + np.sign(rest) * room * min(abs(rest) / total, 1.0), lower, upper)
    return filled


def root(covariance: FloatArray) -> FloatArray:
    """A with A'A = covariance, also where that is singular.

    Raises
    ------
    InputError
        When it has an eigenvalue below zero by more than rounding.
    """
    values, vectors = np.linalg.eigh(covariance)
    if values[0] < -1e-8 * max(values[-1], 0.0):
        raise InputError(
            f"The covariance has a negative eigenvalue, {values[0]:.3g}.",
            "Use an estimator that is positive semidefinite.",
        )
    found: FloatArray = (vectors * np.sqrt(np.maximum(values, 0.0))).T
    return found


def require_numbers(moments: Moments, constraints: Constraints) -> None:
    """Raises `InputError` unless moments are finite numbers of as many assets as the constraints."""
    n = constraints.assets
    mean, covariance = moments.mean, moments.covariance
    if mean.shape != (n,) or covariance.shape != (n, n):
        raise InputError(
            f"The moments are of {len(mean)} assets, the constraints of {n}.", "Estimate them from the same assets."
        )
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise InputError("The moments hold values that are no numbers.", "Look for gaps in the history.")
    if not np.allclose(covariance, covariance.T, rtol=1e-9, atol=1e-300):
        raise InputError("The covariance is not symmetric.", "Average it with its transpose.")
    if (np.diag(covariance) < 0.0).any():
        raise InputError("The covariance has a negative variance.", "Check the estimator.")
