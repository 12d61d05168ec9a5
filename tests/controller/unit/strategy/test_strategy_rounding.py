"""Weights to basis points: exact sums, bounds, and the least loss, against all near ones and largest remainders."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import InputError
from controller.strategy.optimisers.risk import projected
from controller.strategy.protocol import FloatArray
from controller.strategy.rounding import to_bps


def loss(points: FloatArray, weights: FloatArray, gradient: FloatArray, curvature: FloatArray) -> float:
    apart = points / 10_000 - weights
    return float(gradient @ apart + 0.5 * apart @ curvature @ apart)


@given(seed=st.integers(0, 10**6), n=st.integers(2, 4))
def test_to_bps__then_no_other_rounding_nearby_loses_less(seed: int, n: int) -> None:
    chance = np.random.default_rng(seed)
    weights = chance.dirichlet(np.ones(n))
    factor = chance.normal(size=(n, n))
    curvature, gradient = factor @ factor.T + 0.01 * np.eye(n), chance.normal(size=n) * 1e-5
    found = np.array(to_bps(weights, [0] * n, [10_000] * n, gradient=gradient, curvature=curvature))
    assert found.sum() == 10_000
    # whichever neighbours each weight is rounded to
    near = (found + np.array(step) for step in product((-1, 0, 1), repeat=n) if sum(step) == 0)
    best = min(loss(each, weights, gradient, curvature) for each in near if (abs(each - weights * 10_000) < 1).all())
    assert loss(found, weights, gradient, curvature) <= best + 1e-15


@given(seed=st.integers(0, 10**6), n=st.integers(1, 16))
def test_to_bps__when_nothing_is_known_of_the_objective__then_largest_remainders(seed: int, n: int) -> None:
    weights = np.random.default_rng(seed).dirichlet(np.ones(n))
    found = np.array(to_bps(weights, [0] * n, [10_000] * n))
    whole = np.floor(weights * 10_000)
    up = np.argsort(-(weights * 10_000 - whole), kind="stable")[: 10_000 - int(whole.sum())]
    whole[up] += 1
    assert np.abs(found - weights * 10_000).max() < 1.0
    assert np.sum((found - weights * 10_000) ** 2) == pytest.approx(np.sum((whole - weights * 10_000) ** 2))


@given(seed=st.integers(0, 10**6), n=st.integers(2, 16))
def test_to_bps__when_bounded__then_inside(seed: int, n: int) -> None:
    chance = np.random.default_rng(seed)
    low = chance.integers(0, 5_000 // n, n)
    high = low + chance.integers(10_000 // n, 10_000, n)
    weights = projected(chance.dirichlet(np.ones(n)), low / 10_000, np.minimum(high, 10_000) / 10_000)
    found = np.array(to_bps(weights, low.tolist(), np.minimum(high, 10_000).tolist()))
    assert found.sum() == 10_000
    assert (found >= low).all()
    assert (found <= np.minimum(high, 10_000)).all()


def test_to_bps__when_it_cannot_be__then_said() -> None:
    with pytest.raises(InputError, match="allow sums of 0 to 8000"):
        to_bps(np.array([0.5, 0.5]), [0, 0], [4_000, 4_000])
    with pytest.raises(InputError, match=r"sum to 1\.0.* inside of the bounds"):
        to_bps(np.array([0.9, 0.1]), [0, 0], [8_000, 4_000])
    with pytest.raises(InputError, match="no numbers"):
        to_bps(np.array([0.5, np.nan]), [0, 0], [10_000, 10_000])
