"""No-trade regions of several assets, and bands for costs that do not depend on the amount.

The sources are those of `no_trade`; every function here is to leading order in the cost or for one period.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from controller.errors import InputError, MissingExtraError, Mistake

FloatArray = npt.NDArray[np.float64]

_GOLDEN = (math.sqrt(5) - 1) / 2
_STEPS = 80


@dataclass(frozen=True, slots=True)
class Impulse:
    """Rebalance when the drift reaches `band`, and end at `destination` from the target.

    Parameters
    ----------
    band, destination : {1}
    """

    band: float
    destination: float


def fixed_band(target: float, risk_aversion: float, fixed: float) -> float:
    """{1} the band for a cost per rebalance that does not depend on the amount; then one trades to the target itself.

    (12 F pi^2 (1 - pi)^2 / gamma)^(1/4)

    Parameters
    ----------
    target, risk_aversion : as in `no_trade.half_width`.
    fixed : {1} F, gas in quote value over the portfolio's value.
    """
    return impulse(target, risk_aversion, 0.0, fixed).band


def impulse(target: float, risk_aversion: float, cost: float, fixed: float) -> Impulse:
    """Band h and destination d for a proportional cost c and a fixed cost F together, to leading order.

    They minimise, per unit of the asset's variance and with v = pi (1 - pi), what is lost to drift and to trading:

        gamma (h^2 + d^2) / 12 + v^2 (F + c (h - d)) / (h^2 - d^2)

    The drift is a Brownian motion that is put back from h to d: it takes (h^2 - d^2) / v^2 to return, and has the mean
    square (h^2 + d^2) / 6 meanwhile. For F = 0 the destination is the band, and both are `no_trade.half_width`;
    for c = 0 the destination is the target.

    Raises
    ------
    InputError
        With every number that is out of its range.
    """
    _check(target, risk_aversion, cost, fixed)
    spread = (target * (1 - target)) ** 2
    if cost == 0 and fixed == 0:
        return Impulse(0.0, 0.0)
    if fixed == 0:
        edge = float(np.cbrt(1.5 / risk_aversion * cost * spread))
        return Impulse(edge, edge)
    if cost == 0:
        return Impulse((12 * fixed * spread / risk_aversion) ** 0.25, 0.0)

    def best(share: float) -> tuple[float, float]:
        """Loss and band, when the destination is `share` of the band."""
        drift = risk_aversion * (1 + share**2) / 12
        once, each = spread * fixed / (1 - share**2), spread * cost / (1 + share)
        low, high = 0.0, (once / drift) ** 0.25 + float(np.cbrt(each / drift)) + 1e-300
        for _ in range(_STEPS):
            band = (low + high) / 2
            low, high = (low, band) if 2 * drift * band**4 - each * band - 2 * once > 0 else (band, high)
        return drift * high**2 + once / high**2 + each / high, high

    left, right = 0.0, 1.0 - 1e-12
    for _ in range(_STEPS):
        width = _GOLDEN * (right - left)
        left, right = (left, left + width) if best(right - width)[0] < best(left + width)[0] else (right - width, right)
    band = best(left)[1]
    return Impulse(band, left * band)


def pressure(weights: FloatArray, target: FloatArray, covariance: FloatArray, risk_aversion: float) -> FloatArray:
    """(n,) {1/period} what a unit of each asset more would cost in risk: gamma Sigma (w - w*)."""
    return np.asarray(risk_aversion * (covariance @ (weights - target)), dtype=np.float64)


def worth_trading(pressures: FloatArray, costs: FloatArray, *, through_cash: bool) -> bool:
    """Whether any trade pays for itself.

    Through cash (an asset without risk outside of `pressures`) none does exactly when |gamma Sigma (w - w*)|_i <= c_i
    for every asset. Where the assets only trade against each other, none does exactly when some price nu of the budget
    has |gamma Sigma (w - w*) - nu|_i <= c_i for every asset: when no pair's difference is above the sum of its costs.

    Parameters
    ----------
    pressures : (n,) {1/period}
    costs : (n,) {1/period} of trading each asset, spread over the periods that a trade is expected to last.
    """
    if through_cash:
        return bool(np.any(np.abs(pressures) > costs))
    return bool(np.max(pressures - costs) > np.min(pressures + costs))


def edge(
    weights: FloatArray,
    target: FloatArray,
    covariance: FloatArray,
    risk_aversion: float,
    costs: FloatArray,
    *,
    through_cash: bool = False,
) -> FloatArray:
    """The nearest point of the no-trade region in the sense of the cost: where the trade ends.

    Minimises gamma/2 (x - w*)' Sigma (x - w*) + sum_i c_i |x_i - w_i| over x >= 0, with the sum of x that of w unless
    everything trades through cash. Its optimality conditions are the region of `worth_trading`.

    Parameters
    ----------
    weights, target : (n,) {1}
    covariance : (n, n) {1/period}, positive semidefinite.
    costs : (n,) {1/period}, as in `worth_trading`.

    Raises
    ------
    InputError
        For shapes that do not fit, numbers that are not finite, or a covariance that is not positive semidefinite.
    MissingExtraError
        Without the solver.
    """
    _check_book(weights, target, covariance, risk_aversion, costs)
    if not worth_trading(pressure(weights, target, covariance, risk_aversion), costs, through_cash=through_cash):
        return weights.copy()
    try:
        import piqp
    except ImportError:
        raise MissingExtraError("research", "piqp") from None
    size = len(weights)
    quadratic = risk_aversion * covariance
    scale = max(float(np.abs(quadratic).max()), float(costs.max()), 1e-300)
    slope = quadratic @ (weights - target)
    solver = piqp.DenseSolver()
    solver.settings.eps_abs = solver.settings.eps_rel = 1e-11
    solver.settings.eps_duality_gap_abs = solver.settings.eps_duality_gap_rel = 1e-12
    budget = None if through_cash else np.r_[np.ones(size), -np.ones(size)][None, :]
    solver.setup(
        np.block([[quadratic, -quadratic], [-quadratic, quadratic]]) / scale,
        np.r_[slope + costs, costs - slope] / scale,
        budget,
        None if through_cash else np.zeros(1),
        np.c_[np.eye(size), -np.eye(size)],
        -weights,
        None,
        np.zeros(2 * size),
        None,
    )
    status = solver.solve()
    if status != piqp.PIQP_SOLVED:
        raise InputError(f"No edge was found: the solver says {status}.", "Scale the covariance, or look at the costs.")
    bought, sold = solver.result.x[:size], solver.result.x[size:]
    return np.asarray(np.maximum(weights + bought - sold, 0.0), dtype=np.float64)


def _check(target: float, risk_aversion: float, cost: float, fixed: float) -> None:
    mistakes = []
    if not 0 < target < 1:
        mistakes.append(Mistake("target", f"{target!r} is not strictly between 0 and 1"))
    if not (math.isfinite(risk_aversion) and risk_aversion > 0):
        mistakes.append(Mistake("risk aversion", f"{risk_aversion!r} is not a number above 0"))
    for name, value in (("cost", cost), ("fixed cost", fixed)):
        if not 0 <= value < 1:
            mistakes.append(Mistake(name, f"{value!r} is not between 0 and 1"))
    if mistakes:
        raise InputError("There is no such band.", "Correct what is named.", tuple(mistakes))


def _check_book(
    weights: FloatArray, target: FloatArray, covariance: FloatArray, risk_aversion: float, costs: FloatArray
) -> None:
    mistakes = []
    size = len(weights)
    if target.shape != (size,) or costs.shape != (size,) or covariance.shape != (size, size):
        mistakes.append(Mistake("shapes", f"{size} weights need as many targets and costs and a square covariance"))
    if not all(np.isfinite(values).all() for values in (weights, target, covariance, costs)):
        mistakes.append(Mistake("numbers", "are not all finite"))
    elif np.any(costs < 0) or np.any(weights < 0):
        mistakes.append(Mistake("numbers", "a weight or a cost is below zero"))
    if not (math.isfinite(risk_aversion) and risk_aversion > 0):
        mistakes.append(Mistake("risk aversion", f"{risk_aversion!r} is not a number above 0"))
    if not mistakes:
        values = np.linalg.eigvalsh((covariance + covariance.T) / 2)
        if not np.allclose(covariance, covariance.T) or values[0] < -1e-10 * max(1.0, abs(values[-1])):
            mistakes.append(Mistake("covariance", "is not symmetric and positive semidefinite"))
    if mistakes:
        raise InputError("There is no such no-trade region.", "Correct what is named.", tuple(mistakes))
