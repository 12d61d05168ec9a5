"""Rules of online portfolio selection, on price relatives: what is known of their wealth is published to the digit.

All of them take `relatives` (T, n), each day's price over that of the day before, and give the wealth that 1 becomes
without costs. Definitions after Li and Hoi, Online Portfolio Selection: A Survey, ACM Computing Surveys 2014.
"""

from __future__ import annotations

import numpy as np

from controller.strategy.protocol import FloatArray


def buy_and_hold(relatives: FloatArray) -> float:
    """Equal money in each asset on the first day, never touched."""
    return float(np.prod(relatives, axis=0).mean())


def best_asset(relatives: FloatArray) -> float:
    """The asset that was best in hindsight."""
    return float(np.prod(relatives, axis=0).max())


def constant_rebalanced(relatives: FloatArray, weights: FloatArray) -> float:
    """The same `weights` (n,) at the start of every day."""
    return float(np.exp(np.log(relatives @ weights).sum()))


def best_constant_weights(relatives: FloatArray) -> FloatArray:
    """(n,) the constant weights that were best in hindsight: the largest sum of log(x'w), which is concave.

    By successive quadratic models, each solved exactly on the simplex, with the step halved until wealth grows.
    """
    from controller.strategy.optimisers.mean_variance import on_box
    from controller.strategy.solution import Attempt

    n = relatives.shape[1]
    weights, lower, upper = np.full(n, 1.0 / n), np.zeros(n), np.ones(n)
    value = float(np.log(relatives @ weights).sum())
    for _ in range(200):
        scaled = relatives / (relatives @ weights)[:, None]
        gradient, curvature = scaled.sum(axis=0), scaled.T @ scaled
        # max g'(w - v) - 1/2 (w - v)'H(w - v)
        found = on_box(curvature, gradient + curvature @ weights, lower, upper)
        if isinstance(found, Attempt):
            break
        step = found - weights
        if float(gradient @ step) < 1e-12:
            break
        length, grown = 1.0, float(np.log(relatives @ (weights + step)).sum())
        while grown < value and length > 1e-12:
            length /= 2.0
            grown = float(np.log(relatives @ (weights + length * step)).sum())
        weights, value = weights + length * step, grown
    return weights


def exponential_gradient(relatives: FloatArray, eta: float = 0.05) -> float:
    """w' in proportion to w exp(eta x / x'w), for a day x (Helmbold et al., Mathematical Finance 1998)."""
    n = relatives.shape[1]
    weights, wealth = np.full(n, 1.0 / n), 1.0
    for day in relatives:
        gain = float(day @ weights)
        wealth *= gain
        weights = weights * np.exp(eta * day / gain)
        weights /= weights.sum()
    return wealth
