"""The mission's problem on a box, exactly and fast: min 1/2 w'Cw - r'w, 1'w = 1, l <= w <= u.

Sequential minimal optimisation (Keerthi et al., Neural Computation 2001) moves weight between the pair of assets that
violates the optimality conditions most, which finds nearly all of the assets at a bound in O(n) a step. Block principal
pivoting (Judice and Pires, Computers & Operations Research 1994) makes the set exact: solve for the assets between
their bounds, exchange all that violate a condition at once, and the last one alone (Murty's rule, which ends) when
their number does not fall. The caller checks the answer against the Karush-Kuhn-Tucker conditions.

`solve_cone` is the same without the sum: min 1/2 y'Cy - r'y, y >= 0. Its answer, scaled to sum to 1, has the largest
ratio r'w / (w'Cw)**0.5 of all w >= 0.

Compiled by numba on the first call and kept in its cache.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from controller.strategy.protocol import FloatArray

FREE: Final = 0
LOWER: Final = 1
UPPER: Final = 2
PATIENCE: Final = 8
"""Exchanges without progress before one asset is exchanged at a time."""

States = npt.NDArray[np.int8]


@njit(cache=True)
def solve(
    c: FloatArray, r: FloatArray, lower: FloatArray, upper: FloatArray, budget: int
) -> tuple[FloatArray, float, int]:
    """Weights, the multiplier of the sum, and the pivots taken; below zero when it gave up after so many.

    Parameters
    ----------
    c : (n, n) C-contiguous, positive definite on the assets that are held.
    lower, upper : (n,) with room for a sum of 1 between them.
    budget : pivots after which it gives up.
    """
    n = len(r)
    w = _vertex(c, r, lower, upper)
    g = _gradient(c, r, w)
    for _ in range(4 * n + 50):
        if not _move_pair(c, lower, upper, w, g):
            break
    state = _states(w, lower, upper)
    fewest, patience, multiplier = n + 1, PATIENCE, 0.0
    for pivot in range(budget):
        if not (state == FREE).any():
            up, down = _worst_pair(lower, upper, w, g)
            if up < 0 or down < 0 or g[down] <= g[up]:
                return w, multiplier + (g[up] if down < 0 else g[down]), pivot
            state[up] = state[down] = FREE
        definite, multiplier = _solve_free(c, r, state, lower, upper, w, True)
        if not definite:
            return w, multiplier, -1 - pivot
        g[:] = _gradient(c, r, w) - multiplier
        wrong, last = _count_wrong(state, w, g, lower, upper, 1e-13 * (1.0 + abs(multiplier)))
        if wrong == 0:
            return w, multiplier, pivot + 1
        patience = PATIENCE if wrong < fewest else patience - 1
        fewest = min(fewest, wrong)
        _exchange(state, w, g, lower, upper, 1e-13 * (1.0 + abs(multiplier)), last if patience < 0 else 0)
    return w, multiplier, -1 - budget


@njit(cache=True)
def solve_cone(c: FloatArray, r: FloatArray, budget: int) -> tuple[FloatArray, int]:
    """y >= 0 that minimises 1/2 y'Cy - r'y, and the pivots taken; below zero when it gave up after so many.

    Parameters
    ----------
    c, budget : as in `solve`.
    """
    n = len(r)
    lower, upper = np.zeros(n), np.full(n, np.inf)
    y, g = np.zeros(n), -r
    for _ in range(4 * n + 50):
        if not _move_one(c, y, g):
            break
    state = _states(y, lower, upper)
    fewest, patience, scale = n + 1, PATIENCE, 1e-13 * (1.0 + np.abs(r).max())
    for pivot in range(budget):
        definite, _ = _solve_free(c, r, state, lower, upper, y, False)
        if not definite:
            return y, -1 - pivot
        g[:] = _gradient(c, r, y)
        wrong, last = _count_wrong(state, y, g, lower, upper, scale)
        if wrong == 0:
            return y, pivot + 1
        patience = PATIENCE if wrong < fewest else patience - 1
        fewest = min(fewest, wrong)
        _exchange(state, y, g, lower, upper, scale, last if patience < 0 else 0)
    return y, -1 - budget


# ---- a start


@njit(cache=True)
def _vertex(c: FloatArray, r: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """A feasible point: the assets that are cheapest alone, filled one after the other."""
    w = lower.copy()
    left = 1.0 - lower.sum()
    for i in np.argsort(np.diag(c) * 0.5 - r):
        if left <= 0.0:
            break
        move = min(left, upper[i] - w[i])
        w[i] += move
        left -= move
    return w


@njit(cache=True)
def _gradient(c: FloatArray, r: FloatArray, w: FloatArray) -> FloatArray:
    g = -r
    for i in range(len(r)):
        if w[i] != 0.0:
            g += c[i] * w[i]
    return g


@njit(cache=True)
def _move_pair(c: FloatArray, lower: FloatArray, upper: FloatArray, w: FloatArray, g: FloatArray) -> bool:
    """Moves weight between the two assets that violate optimality most; False where none do."""
    up, down = _worst_pair(lower, upper, w, g)
    if up < 0 or down < 0 or g[down] - g[up] <= 1e-12 * (1.0 + abs(g[up])):
        return False
    curvature = c[up, up] + c[down, down] - 2.0 * c[up, down]
    room_up, room_down = upper[up] - w[up], w[down] - lower[down]
    move = min(room_up, room_down)
    if curvature > 0.0:
        move = min(move, (g[down] - g[up]) / curvature)
    # exactly onto a bound, so that rounding leaves nobody just inside of it
    w[up] = upper[up] if move == room_up else w[up] + move
    w[down] = lower[down] if move == room_down else w[down] - move
    g += move * (c[up] - c[down])
    return True


@njit(cache=True)
def _worst_pair(lower: FloatArray, upper: FloatArray, w: FloatArray, g: FloatArray) -> tuple[int, int]:
    up, down = -1, -1
    for i in range(len(w)):
        if w[i] < upper[i] and (up < 0 or g[i] < g[up]):
            up = i
        if w[i] > lower[i] and (down < 0 or g[i] > g[down]):
            down = i
    return up, down


@njit(cache=True)
def _move_one(c: FloatArray, y: FloatArray, g: FloatArray) -> bool:
    """Minimises over the one asset whose move gains most; False where no move gains."""
    best, gain = -1, 0.0
    for i in range(len(y)):
        if c[i, i] > 0.0:
            move = max(-g[i] / c[i, i], -y[i])
            if abs(move) * np.sqrt(c[i, i]) > gain:
                best, gain = i, abs(move) * np.sqrt(c[i, i])
    if best < 0 or gain <= 1e-12:
        return False
    moved = max(y[best] - g[best] / c[best, best], 0.0)
    g += (moved - y[best]) * c[best]
    y[best] = moved
    return True


# ---- pivots


@njit(cache=True)
def _states(w: FloatArray, lower: FloatArray, upper: FloatArray) -> States:
    state = np.empty(len(w), np.int8)
    for i in range(len(w)):
        state[i] = LOWER if w[i] <= lower[i] else (UPPER if w[i] >= upper[i] else FREE)
    return state


@njit(cache=True)
def _solve_free(
    c: FloatArray, r: FloatArray, state: States, lower: FloatArray, upper: FloatArray, w: FloatArray, tied: bool
) -> tuple[bool, float]:
    """Puts the free assets of w where their gradients equal the multiplier, which is zero unless the sum is `tied`."""
    free = np.nonzero(state == FREE)[0]
    m = len(free)
    held = np.where(state == LOWER, lower, np.where(state == UPPER, upper, 0.0))
    if tied and m == 1:  # the sum says it all, whatever its risk
        w[:] = held
        w[free[0]] = 1.0 - held.sum()
        return True, np.dot(c[free[0]], w) - r[free[0]]
    b = np.ones((m, 2))
    b[:, 0] = r[free]
    for i in np.nonzero(held)[0]:
        b[:, 0] -= held[i] * c[i][free]
    block = np.empty((m, m))
    for a in range(m):
        block[a] = c[free[a]][free]
    w[:] = held
    if not _factorise(block):
        return False, 0.0
    _substitute(block, b)
    multiplier = (1.0 - held.sum() - b[:, 0].sum()) / b[:, 1].sum() if tied else 0.0
    w[free] = b[:, 0] + multiplier * b[:, 1]
    return True, multiplier


@njit(cache=True)
def _factorise(a: FloatArray) -> bool:
    """Cholesky's factor in the lower half; False where a is not positive definite to working precision."""
    for j in range(len(a)):
        d = a[j, j] - np.dot(a[j, :j], a[j, :j])
        if not d > 1e-13 * a[j, j]:
            return False
        a[j, j] = np.sqrt(d)
        for i in range(j + 1, len(a)):
            a[i, j] = (a[i, j] - np.dot(a[i, :j], a[j, :j])) / a[j, j]
    return True


@njit(cache=True)
def _substitute(a: FloatArray, b: FloatArray) -> None:
    """Solves for the columns of b in place."""
    m = len(a)
    for i in range(m):
        for k in range(i):
            b[i] -= a[i, k] * b[k]
        b[i] /= a[i, i]
    for i in range(m - 1, -1, -1):
        for k in range(i + 1, m):
            b[i] -= a[k, i] * b[k]
        b[i] /= a[i, i]


@njit(cache=True)
def _count_wrong(
    state: States, w: FloatArray, g: FloatArray, lower: FloatArray, upper: FloatArray, scale: float
) -> tuple[int, int]:
    """Assets that violate a condition, and the last of them."""
    wrong, last = 0, -1
    for i in range(len(w)):
        if _is_wrong(state[i], w[i], g[i], lower[i], upper[i], scale):
            wrong, last = wrong + 1, i
    return wrong, last


@njit(cache=True)
def _exchange(
    state: States, w: FloatArray, g: FloatArray, lower: FloatArray, upper: FloatArray, scale: float, first: int
) -> None:
    """Every asset from `first` on that violates a condition goes to where it does not."""
    for i in range(first, len(w)):
        if _is_wrong(state[i], w[i], g[i], lower[i], upper[i], scale):
            if state[i] != FREE:
                state[i] = FREE
            else:
                state[i] = LOWER if w[i] < lower[i] else UPPER


@njit(cache=True)
def _is_wrong(state: int, w: float, g: float, lower: float, upper: float, scale: float) -> bool:
    if state == FREE:
        return w < lower - 1e-15 or w > upper + 1e-15
    if lower == upper:
        return False
    return g < -scale if state == LOWER else g > scale
