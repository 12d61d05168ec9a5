"""Measures against closed forms, and intervals against what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from controller.backtest.performance import LEAST, measures, returns_of
from controller.errors import InputError


def test_measures__of_a_known_series__then_the_closed_forms() -> None:
    returns = np.array([0.10, -0.05] * 12)
    found = measures(returns, 12.0, resamples=20)
    growth = (1.10 * 0.95) ** 6 - 1
    assert found["return"].value == pytest.approx(growth)
    assert found["volatility"].value == pytest.approx(np.std(returns, ddof=1) * 12**0.5)
    assert found["sharpe"].value == pytest.approx(0.025 / np.std(returns, ddof=1) * 12**0.5)
    assert found["drawdown"].value == pytest.approx(0.05)
    assert found["calmar"].value == pytest.approx(growth / 0.05)
    assert found["cvar"].value == pytest.approx(0.05)


def test_intervals__over_many_samples__then_they_hold_the_truth_about_as_often_as_they_say() -> None:
    chance = np.random.default_rng(5)
    held = 0
    for seed in range(60):
        returns = chance.normal(0.005, 0.03, 240)
        found = measures(returns, 12.0, resamples=200, seed=seed)["volatility"]
        held += found.low <= 0.03 * 12**0.5 <= found.high
    assert 50 <= held <= 60


def test_measures__with_one_seed__then_one_answer() -> None:
    returns = np.random.default_rng(0).normal(0.0, 0.02, 60)
    assert measures(returns, 252.0, resamples=50, seed=3) == measures(returns, 252.0, resamples=50, seed=3)
    assert measures(returns, 252.0, resamples=50, seed=3) != measures(returns, 252.0, resamples=50, seed=4)


def test_measures__when_nothing_was_ever_lost__then_said() -> None:
    with pytest.raises(InputError, match="never falls"):
        measures(np.full(24, 0.01), 12.0, resamples=10)


def test_measures__when_there_is_little__then_said() -> None:
    with pytest.raises(InputError, match="say nothing"):
        measures(np.zeros(LEAST - 1), 12.0)
    assert returns_of([100, None, 110, 99]) == pytest.approx([0.1, -0.1])
