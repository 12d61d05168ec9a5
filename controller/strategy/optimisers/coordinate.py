"""Cyclical coordinate descent for shares of risk, and the bisection of hierarchical risk parity; compiled by numba."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from controller.strategy.protocol import FloatArray

IntArray = npt.NDArray[np.int64]


@njit(cache=True)
def risk_budgets(c: FloatArray, b: FloatArray, sweeps: int, tolerance: float) -> tuple[FloatArray, int]:
    """x > 0 that minimises 1/2 x'Cx - b' log x, and the sweeps taken.

    In each coordinate the minimum is the positive root of c_ii x**2 + (Cx - c_ii x)_i x - b_i = 0.

    Parameters
    ----------
    c : (n, n) positive semidefinite with a positive diagonal, C-contiguous.
    b : (n,) positive.
    tolerance : of each x_i (Cx)_i - b_i.
    """
    n = len(b)
    x = np.sqrt(b) / np.sqrt(c.sum())
    product = np.dot(c, x)
    for sweep in range(sweeps):
        for i in range(n):
            rest = product[i] - c[i, i] * x[i]
            root = np.sqrt(rest * rest + 4.0 * c[i, i] * b[i])
            # of the two forms of the root the one that subtracts nothing
            found = (root - rest) / (2.0 * c[i, i]) if rest <= 0.0 else 2.0 * b[i] / (root + rest)
            product += (found - x[i]) * c[i]
            x[i] = found
        if sweep % 8 == 7:
            product[:] = np.dot(c, x)  # without the rounding of many small steps
        if np.abs(x * product - b).max() < tolerance:
            return x, sweep + 1
    return x, sweeps


@njit(cache=True)
def bisect(c: FloatArray, order: IntArray) -> FloatArray:
    """Weights by recursive bisection of `order` (Lopez de Prado, Journal of Portfolio Management 2016).

    Each half gets what the inverse of its variance deserves, where a half's own weights are those of inverse variance.
    """
    n = len(order)
    weights = np.ones(n)
    starts, ends = np.empty(2 * n, np.int64), np.empty(2 * n, np.int64)
    starts[0], ends[0], waiting = 0, n, 1
    while waiting > 0:
        waiting -= 1
        start, end = starts[waiting], ends[waiting]
        if end - start < 2:
            continue
        middle = start + (end - start) // 2
        left, right = _cluster_variance(c, order[start:middle]), _cluster_variance(c, order[middle:end])
        share = 1.0 - left / (left + right)
        for i in range(start, middle):
            weights[order[i]] *= share
        for i in range(middle, end):
            weights[order[i]] *= 1.0 - share
        starts[waiting], ends[waiting] = start, middle
        starts[waiting + 1], ends[waiting + 1] = middle, end
        waiting += 2
    return weights


@njit(cache=True)
def _cluster_variance(c: FloatArray, members: IntArray) -> float:
    """Of the inverse-variance portfolio of some assets."""
    m = len(members)
    inverse = np.empty(m)
    for a in range(m):
        inverse[a] = 1.0 / c[members[a], members[a]]
    inverse /= inverse.sum()
    total = 0.0
    for a in range(m):
        row = 0.0
        for d in range(m):
            row += c[members[a], members[d]] * inverse[d]
        total += inverse[a] * row
    return total


@njit(cache=True)
def leaves(links: IntArray, n: int) -> IntArray:
    """The leaves of a hierarchy from left to right.

    Parameters
    ----------
    links : (n - 1, 2) the two clusters that each step joins, numbered as scipy does.
    """
    order, stack = np.empty(n, np.int64), np.empty(2 * n, np.int64)
    stack[0], waiting, found = 2 * n - 2, 1, 0
    while waiting > 0:
        waiting -= 1
        node = stack[waiting]
        if node < n:
            order[found] = node
            found += 1
        else:
            stack[waiting], stack[waiting + 1] = links[node - n, 1], links[node - n, 0]
            waiting += 2
    return order
