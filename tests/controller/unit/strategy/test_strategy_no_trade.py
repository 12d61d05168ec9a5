"""No-trade regions against numerical optimisations of the same problems by other means."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.linalg import eigvals
from scipy.optimize import minimize

from controller.errors import InputError
from controller.strategy.no_trade import half_width, region
from controller.strategy.no_trade_book import edge, fixed_band, impulse, pressure, worth_trading

COSTS = [0.0001, 0.001, 0.01, 0.03]
VOLATILITY = 0.2


def _weight(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))


def _log_growth(low: float, high: float, drift: float, cost: float) -> float:
    """{1/year} of an investor with logarithmic utility, from the stationary density of the log-odds between two bounds.

    The density is exp(k z), k = 2 (mu - s^2/2) / s^2; the time spent at a bound grows with it at the rate s^2/2.
    """
    nodes, weights = np.polynomial.legendre.leggauss(80)
    odds, weights = (low + high) / 2 + (high - low) / 2 * nodes, weights * (high - low) / 2
    slope = 2 * (drift - VOLATILITY**2 / 2) / VOLATILITY**2
    density = np.exp(slope * (odds - low))
    total, held = float(np.sum(weights * density)), _weight(odds)
    growth = np.sum(weights * density * (drift * held - VOLATILITY**2 * held**2 / 2)) / total
    bottom, top = _weight(np.array([low, high]))
    paid = bottom * (1 - bottom) / (1 + cost * bottom)
    paid += math.exp(slope * (high - low)) * top * (1 - top) / (1 - cost * top)
    return float(growth - cost * VOLATILITY**2 / 2 * paid / total)


def _derivative(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Chebyshev's differentiation matrix and points (Trefethen 2000, Spectral Methods in MATLAB, program 6)."""
    order = np.arange(size + 1)
    points = np.cos(np.pi * order / size)
    signs = np.where((order == 0) | (order == size), 2.0, 1.0) * (-1.0) ** order
    matrix = np.outer(signs, 1 / signs) / (points[:, None] - points[None, :] + np.eye(size + 1))
    return matrix - np.diag(matrix.sum(axis=1)), points


def _power_growth(low: float, high: float, drift: float, cost: float, risk_aversion: float) -> float:
    """{1/year} certainty equivalent of an investor with power utility: the principal eigenvalue, by collocation."""
    derivative, points = _derivative(32)
    derivative = derivative * 2 / (high - low)
    held, power = _weight((low + high) / 2 + (high - low) / 2 * points), 1 - risk_aversion
    variance = VOLATILITY**2
    operator = variance / 2 * derivative @ derivative
    operator += (drift - variance / 2 + power * variance * held)[:, None] * derivative
    operator += np.diag(power * drift * held + power * (power - 1) / 2 * variance * held**2)
    mass = np.eye(len(points))
    mass[0] = mass[-1] = 0
    for row, sign in ((0, 1), (-1, -1)):
        operator[row] = derivative[row] * (1 - sign * cost * held[row]) / (held[row] * (1 - held[row]))
        operator[row, row] += sign * power * cost
    found = eigvals(operator, mass)
    found = found[np.isfinite(found) & (np.abs(found.imag) < 1e-6) & (np.abs(found) < 1e6)].real
    return float(found.max() / power)


@pytest.mark.parametrize("cost", COSTS)
@pytest.mark.parametrize(("target", "risk_aversion"), [(0.2, 1), (0.6, 1), (0.5, 5)])
def test_region__at_every_cost__then_within_a_thousandth_of_the_numerical_optimum(
    target: float, risk_aversion: float, cost: float
) -> None:
    drift = target * risk_aversion * VOLATILITY**2

    def loss(bounds: np.ndarray) -> float:
        if risk_aversion == 1:
            return -1e4 * _log_growth(bounds[0], bounds[1], drift, cost)
        return -1e4 * _power_growth(bounds[0], bounds[1], drift, cost, risk_aversion)

    width = half_width(target, risk_aversion, cost)
    start = [math.log(w / (1 - w)) for w in (target - width, target + width)]
    options = {"xatol": 1e-6, "fatol": 1e-12, "maxiter": 400}
    lower, upper = _weight(minimize(loss, start, method="Nelder-Mead", options=options).x)
    found = region(target, risk_aversion, cost)
    assert found.half_width == pytest.approx((upper - lower) / 2, rel=1e-3)
    assert (found.lower, found.upper) == (pytest.approx(lower, rel=1e-3), pytest.approx(upper, rel=1e-3))


def test_half_width__as_the_cost_falls__then_the_exact_one_at_the_rate_of_its_expansion() -> None:
    errors = [abs(half_width(0.5, 5, cost) / region(0.5, 5, cost).half_width - 1) for cost in COSTS]
    assert errors == sorted(errors)
    assert errors[0] < 0.002
    assert errors[2] > 0.02  # why `region` exists
    assert errors[2] / errors[1] == pytest.approx(10 ** (2 / 3), rel=0.05)


@given(
    target=st.floats(0.001, 0.999),
    risk_aversion=st.floats(0.05, 200),
    cost=st.floats(0, 0.5),
)
def test_region__of_any_investor__then_around_the_target_and_wider_with_the_cost(
    target: float, risk_aversion: float, cost: float
) -> None:
    found = region(target, risk_aversion, cost)
    dearer = region(target, risk_aversion, min(cost * 1.1 + 1e-6, 0.6))
    assert 0 <= found.lower <= target <= found.upper <= 1
    assert dearer.half_width >= found.half_width - 1e-12


def test_impulse__of_both_costs__then_a_brute_force_minimum() -> None:
    target, risk_aversion, cost, fixed = 0.4, 3.0, 0.002, 0.0005
    spread = (target * (1 - target)) ** 2

    def loss(x: np.ndarray) -> float:
        band, end = math.exp(x[0]), math.exp(x[0]) / (1 + math.exp(-x[1]))
        drift = risk_aversion * (band**2 + end**2) / 12
        return 1e6 * (drift + spread * (fixed + cost * (band - end)) / (band**2 - end**2))

    found = minimize(loss, [-3, 0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12}).x
    rule = impulse(target, risk_aversion, cost, fixed)
    assert rule.band == pytest.approx(math.exp(found[0]), rel=1e-5)
    assert rule.destination == pytest.approx(math.exp(found[0]) / (1 + math.exp(-found[1])), rel=1e-4)


def test_impulse__with_one_cost_alone__then_its_closed_form() -> None:
    assert impulse(0.5, 3, 0.002, 0).band == pytest.approx(half_width(0.5, 3, 0.002))
    assert impulse(0.5, 3, 0.002, 0).destination == impulse(0.5, 3, 0.002, 0).band
    assert impulse(0.5, 3, 0, 0.001).destination == 0
    assert fixed_band(0.5, 3, 0.001) == pytest.approx((12 * 0.001 * 0.0625 / 3) ** 0.25)
    assert impulse(0.5, 3, 1e-9, 0.001).band == pytest.approx(fixed_band(0.5, 3, 0.001), rel=1e-5)
    assert impulse(0.5, 3, 0.002, 1e-13).band == pytest.approx(half_width(0.5, 3, 0.002), rel=1e-2)


@given(
    target=st.floats(0.01, 0.99),
    risk_aversion=st.floats(0.1, 100),
    cost=st.floats(0, 0.1),
    fixed=st.floats(0, 0.01),
)
def test_impulse__of_any_costs__then_the_destination_is_inside_the_band(
    target: float, risk_aversion: float, cost: float, fixed: float
) -> None:
    rule = impulse(target, risk_aversion, cost, fixed)
    assert math.isfinite(rule.band)
    assert 0 <= rule.destination <= rule.band


@given(seed=st.integers(0, 10_000), size=st.integers(2, 8), through_cash=st.booleans(), singular=st.booleans())
def test_edge__of_any_book__then_on_the_region_and_no_cheaper_point_is_near(
    seed: int, size: int, through_cash: bool, singular: bool
) -> None:
    generator = np.random.default_rng(seed)
    factors = generator.normal(0, 0.2, (1 if singular else size + 2, size))
    covariance = factors.T @ factors
    weights, target = generator.dirichlet(np.ones(size), 2)
    costs = generator.uniform(0, 0.01, size)
    found = edge(weights, target, covariance, 4.0, costs, through_cash=through_cash)

    def loss(x: np.ndarray) -> float:
        return float(2 * (x - target) @ covariance @ (x - target) + costs @ np.abs(x - weights))

    if not through_cash:
        assert found.sum() == pytest.approx(1, abs=1e-9)
    for _ in range(30):
        step = generator.normal(0, 10 ** generator.uniform(-4, -1), size)
        other = found + (step if through_cash else step - step.mean())
        if np.all(other >= 0):
            assert loss(other) >= loss(found) - 1e-9
    if np.all(found > 1e-4):
        left = pressure(found, target, covariance, 4.0)
        assert not worth_trading(left, costs + 1e-6, through_cash=through_cash)


def test_edge__of_one_asset_and_cash__then_the_issues_own_test() -> None:
    covariance, costs = np.array([[0.04]]), np.array([0.002])
    inside, outside = np.array([0.51]), np.array([0.60])
    target = np.array([0.5])
    assert edge(inside, target, covariance, 4, costs, through_cash=True) == pytest.approx(inside)
    found = edge(outside, target, covariance, 4, costs, through_cash=True)
    assert np.abs(pressure(found, target, covariance, 4)) == pytest.approx(costs, rel=1e-6)
    assert found == pytest.approx(0.5 + 0.002 / (4 * 0.04), rel=1e-6)


@pytest.mark.parametrize(
    "bad", [(0, 1, 0.1), (1, 1, 0.1), (0.5, 0, 0.1), (0.5, math.nan, 0.1), (0.5, 1, -1), (0.5, 1, 1)]
)
def test_region__of_impossible_numbers__then_one_error(bad: tuple[float, float, float]) -> None:
    for function in (region, half_width, lambda *numbers: impulse(*numbers, 0.0)):
        with pytest.raises(InputError, match="Correct what is named"):
            function(*bad)


def test_region__when_all_is_wrong__then_every_mistake_at_once() -> None:
    with pytest.raises(InputError) as caught:
        region(2, -1, math.nan)
    assert [mistake.where for mistake in caught.value.mistakes] == ["target", "risk aversion", "cost"]


@pytest.mark.parametrize(
    ("weights", "covariance", "costs"),
    [
        ([0.5, math.nan], [[1.0, 0.0], [0.0, 1.0]], [0.1, 0.1]),
        ([0.5, 0.5], [[1.0, 2.0], [2.0, 1.0]], [0.1, 0.1]),
        ([0.5, 0.5], [[1.0, 0.5], [0.0, 1.0]], [0.1, 0.1]),
        ([0.5, 0.5], [[1.0, 0.0], [0.0, 1.0]], [-0.1, 0.1]),
        ([0.5, 0.5], [[1.0]], [0.1, 0.1]),
    ],
)
def test_edge__of_impossible_numbers__then_an_error(
    weights: list[float], covariance: list[list[float]], costs: list[float]
) -> None:
    with pytest.raises(InputError, match="no such no-trade region"):
        edge(np.array(weights), np.array([0.5, 0.5]), np.array(covariance), 2.0, np.array(costs))
