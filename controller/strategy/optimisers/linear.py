"""The mean of the worst losses as a linear program, by HiGHS itself (Huangfu and Hall, Math. Prog. Computation 2018).

Its simplex ends in a corner, exact to rounding, where an interior point only comes near one.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from controller.strategy.constraints import SLACK, Constraints
from controller.strategy.optimisers.convex import inside
from controller.strategy.protocol import FloatArray
from controller.strategy.solution import Attempt, Solution

HIGHS = "HIGHS"


def least_tail(scenarios: FloatArray, constraints: Constraints, tail: float) -> Solution | Attempt:
    """min  t + sum(s) / (tail T) + cost(w),  s >= 0 and s >= -scenarios w - t (Rockafellar and Uryasev 2000).

    Parameters
    ----------
    scenarios : (T, n) {1/period} returns.
    constraints : sound ones.
    tail : {1} part of the scenarios that is the worst.

    Returns
    -------
    The solution, or why there is none: what is not linear is not taken.
    """
    if (why := _not_linear(constraints)) is not None:
        return Attempt(HIGHS, f"does not take {why}")
    count, n = scenarios.shape
    cost = np.zeros(n) if constraints.linear_cost is None else constraints.linear_cost
    # columns: weights, what each of them moves by, the threshold, what is lost beyond it
    objective = np.concatenate([np.zeros(n), cost, [1.0], np.full(count, 1.0 / (tail * count))])
    rows, most = _rows(scenarios, constraints)
    free, above = (None, None), (0.0, None)
    found = linprog(
        objective,
        A_ub=rows,
        b_ub=most,
        A_eq=sparse.csc_array(np.concatenate([np.ones(n), np.zeros(n + 1 + count)])[None]),
        b_eq=[1.0],
        bounds=[*zip(constraints.lower, constraints.upper, strict=True), *[above] * n, free, *[above] * count],
        method="highs-ds",
    )
    if found.status != 0:
        return Attempt(HIGHS, "infeasible" if found.status == 2 else f"gave up: {found.message}")
    weights = inside(found.x[:n], constraints.lower, constraints.upper)
    if abs(weights.sum() - 1.0) > SLACK or np.max(rows @ found.x - most, initial=0.0) > SLACK:
        return Attempt(HIGHS, "misses a constraint")
    return Solution(weights, float(found.fun), (Attempt(HIGHS, "optimal"),))


def _not_linear(constraints: Constraints) -> str | None:
    given = {
        "costs of the power 3/2": constraints.power_cost is not None,
        "a tracking error": constraints.tracking_error is not None,
        "a limit on holdings": constraints.cardinality is not None or constraints.smallest_holding > 0.0,
    }
    return next((name for name, there in given.items() if there), None)


def _rows(scenarios: FloatArray, constraints: Constraints) -> tuple[Any, FloatArray]:
    """Everything that is at most something: (m, 2n + 1 + T) and (m,)."""
    count, n = scenarios.shape
    unit = sparse.eye_array(n)
    blocks = [
        [sparse.csc_array(-scenarios), sparse.csc_array((count, n)), -np.ones((count, 1)), -sparse.eye_array(count)]
    ]
    most = [np.zeros(count)]
    for group in constraints.groups:
        member = np.zeros((1, n))
        member[0, list(group.members)] = 1.0
        blocks += [[sparse.csc_array(sign * member), None, None, None] for sign in (1.0, -1.0)]
        most.append(np.array([group.maximum, -group.minimum]))
    if constraints.current is not None:
        blocks += [[sign * unit, -unit, None, None] for sign in (1.0, -1.0)]
        most += [constraints.current, -constraints.current]
    if constraints.turnover is not None:
        blocks.append([None, sparse.csc_array(np.ones((1, n))), None, None])
        most.append(np.array([2.0 * constraints.turnover]))
    return sparse.block_array(blocks, format="csc"), np.concatenate(most)
