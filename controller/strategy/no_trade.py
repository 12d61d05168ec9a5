"""When a drift is worth its cost: regions in which nothing is traded, and where a trade outside of them ends.

Everything is a share of the portfolio's value. A cost `c` {1} is lost on each unit of value traded, pool fee and price
impact together, so that buying is done at (1 + c) and selling at (1 - c) times the oracle's price.

Sources: Gerhold, S., Guasoni, P., Muhle-Karbe, J. and Schachermayer, W. (2014), Transaction costs, trading volume, and
the liquidity premium, Finance and Stochastics 18(1), for the exact region; Janecek, K. and Shreve, S. (2004),
Asymptotic analysis for optimal investment and consumption with transaction costs, Finance and Stochastics 8(2), for
its expansion; Altarovici, A., Muhle-Karbe, J. and Soner, H. M. (2015), Asymptotics for fixed transaction costs,
Finance and Stochastics 19(2), for the fixed one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from controller.errors import InputError, Mistake

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(64)
_HALVINGS = 200


@dataclass(frozen=True, slots=True)
class Region:
    """Weights of the risky asset, at the oracle's price, between which nothing is traded; outside, trade to the edge.

    Parameters
    ----------
    lower, upper : {1}
    """

    lower: float
    upper: float

    @property
    def half_width(self) -> float:
        """{1}"""
        return (self.upper - self.lower) / 2


def half_width(target: float, risk_aversion: float, cost: float) -> float:
    """The half-width of the no-trade region to leading order in the cost.

    (3 / (2 gamma) c pi^2 (1 - pi)^2)^(1/3)

    Volatility and drift are not in it: both what is lost by drifting and how fast it happens grow with the variance.
    The relative error is of order c^(2/3): see `region` for what has none.

    Parameters
    ----------
    target : {1} pi, the weight that would be held if trading were free, strictly between 0 and 1.
    risk_aversion : {1} gamma, relative.
    cost : {1} c, of each unit of value traded.

    Raises
    ------
    InputError
        With every number that is out of its range.
    """
    _check(target, risk_aversion, cost)
    return float(np.cbrt(1.5 / risk_aversion * cost * (target * (1 - target)) ** 2))


def region(target: float, risk_aversion: float, cost: float) -> Region:
    """The no-trade region of an investor with constant relative risk aversion and a long horizon, exactly.

    With w the weight at the price of whoever trades (ask below, bid above), the region is pi - d to pi + d, where d
    solves, with v = w (1 - w) and g = gamma (d^2 - (w - pi)^2),

        integral of g / (v (v - g)) dw over the region = log((1 + c) / (1 - c))

    That is the free-boundary problem of Gerhold et al. (Theorem 4.1) after the substitution of its Riccati equation,
    w' = v - g. To leading order d is `half_width`. The result is converted to weights at the oracle's price.

    Raises
    ------
    InputError
        With every number that is out of its range.
    """
    _check(target, risk_aversion, cost)
    if cost == 0:
        return Region(target, target)
    spread = math.log1p(cost) - math.log1p(-cost)
    low, high = 0.0, min(target, 1 - target)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if _price_gap(target, risk_aversion, middle) > spread else (middle, high)
    bottom, top = target - low, target + low
    return Region(bottom / (1 + cost * (1 - bottom)), top / (1 - cost * (1 - top)))


def _price_gap(target: float, risk_aversion: float, half: float) -> float:
    """{1} log of the ask over the bid for which `half` is the solution; infinite where none is wide enough.

    Gauss-Legendre in log-odds, where the integrand stays smooth near the weights 0 and 1.
    """
    if half >= min(target, 1 - target):
        return math.inf
    bottom, top = (math.log(w / (1 - w)) for w in (target - half, target + half))
    odds = (bottom + top) / 2 + (top - bottom) / 2 * _NODES
    weight = 1 / (1 + np.exp(-odds))
    variance = weight * (1 - weight)
    gain = risk_aversion * (half**2 - (weight - target) ** 2)
    if np.any(gain >= variance):
        return math.inf
    return float((top - bottom) / 2 * np.sum(_WEIGHTS * gain / (variance - gain)))


def _check(target: float, risk_aversion: float, cost: float) -> None:
    mistakes = []
    if not 0 < target < 1:
        mistakes.append(Mistake("target", f"{target!r} is not strictly between 0 and 1"))
    if not (math.isfinite(risk_aversion) and risk_aversion > 0):
        mistakes.append(Mistake("risk aversion", f"{risk_aversion!r} is not a number above 0"))
    if not 0 <= cost < 1:
        mistakes.append(Mistake("cost", f"{cost!r} is not between 0 and 1"))
    if mistakes:
        raise InputError("There is no such no-trade region.", "Correct what is named.", tuple(mistakes))
