"""Covariances against other libraries, simulated truth, and two crises."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypfopt.risk_models import semicovariance
from skfolio.datasets import load_sp500_dataset
from skfolio.moments import DenoiseCovariance, EWCovariance, GerberCovariance
from sklearn.covariance import OAS
from sklearn.covariance import LedoitWolf as SklearnLedoitWolf

from controller.errors import InputError
from controller.strategy import dcc
from controller.strategy.covariance import (
    Denoised,
    Exponential,
    FromLibrary,
    LedoitWolf,
    Oas,
    Sample,
    SemiCovariance,
    StressSwitch,
    diversification_ratio,
)

if TYPE_CHECKING:
    from controller.strategy.protocol import CovarianceEstimator

ALL: tuple[Callable[[], CovarianceEstimator], ...] = (
    Sample,
    lambda: Exponential(20),
    SemiCovariance,
    LedoitWolf,
    Oas,
    StressSwitch,
    lambda: FromLibrary(SklearnLedoitWolf()),
)


def _returns(seed: int = 1, periods: int = 300, size: int = 6) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return np.asarray(generator.normal(0, 0.01, (periods, 1)) + generator.normal(0.0002, 0.01, (periods, size)))


def test_shrunk__of_any_returns__then_as_scikit_learn() -> None:
    returns = _returns(periods=40)
    assert LedoitWolf().covariance(returns) == pytest.approx(SklearnLedoitWolf().fit(returns).covariance_, rel=1e-12)
    assert Oas().covariance(returns) == pytest.approx(OAS().fit(returns).covariance_, rel=1e-12)


def test_ledoit_wolf__of_any_returns__then_the_papers_formula() -> None:
    """Lemma 3.2 to 3.5 of Ledoit and Wolf (2004), written out."""
    returns = _returns(periods=40)
    centred = returns - returns.mean(axis=0)
    periods, size = centred.shape
    sample = centred.T @ centred / periods
    level = np.trace(sample) / size
    spread = ((sample - level * np.eye(size)) ** 2).sum() / size
    noise = sum(((np.outer(row, row) - sample) ** 2).sum() for row in centred) / size / periods**2
    share = min(noise, spread) / spread
    expected = share * level * np.eye(size) + (1 - share) * sample
    assert LedoitWolf().covariance(returns) == pytest.approx(expected, rel=1e-9)


def test_denoised_and_exponential__of_any_returns__then_as_skfolio() -> None:
    returns = _returns()
    assert Denoised().covariance(returns) == pytest.approx(DenoiseCovariance().fit(returns).covariance_, rel=1e-10)
    assert Exponential(30).covariance(returns) == pytest.approx(
        EWCovariance(half_life=30).fit(returns).covariance_, rel=1e-3
    )


def test_denoised__of_pure_noise__then_no_correlation_is_left() -> None:
    """Under Marchenko and Pastur every eigenvalue of noise is inside the edge, so all become their mean."""
    noise = np.random.default_rng(2).normal(0, 0.01, (1000, 50))
    found = Denoised().covariance(noise)
    scale = np.sqrt(np.diag(found))
    correlation = found / np.outer(scale, scale)
    before = np.corrcoef(noise.T)
    assert np.abs(correlation - np.eye(50)).mean() < 0.3 * np.abs(before - np.eye(50)).mean()


def test_semi__of_any_returns__then_as_pypfopt() -> None:
    returns = _returns()
    peer = semicovariance(pd.DataFrame(returns), returns_data=True, benchmark=0.0001, frequency=1)
    assert SemiCovariance(0.0001).covariance(returns) == pytest.approx(np.asarray(peer), rel=1e-9)


def test_from_library__of_any_skfolio_estimator__then_its_covariance() -> None:
    returns = _returns()
    assert FromLibrary(GerberCovariance()).covariance(returns) == pytest.approx(
        GerberCovariance().fit(returns).covariance_
    )


# ---- correlations that move


def _simulated(news: float, memory: float, periods: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns of three assets by DCC(1, 1) on GARCH(1, 1), and the covariance of the period after the last."""
    generator = np.random.default_rng(seed)
    level = np.array([[1, 0.6, 0.3], [0.6, 1, 0.4], [0.3, 0.4, 1]])
    q, variance, shocks = level.copy(), np.full(3, 1e-4), np.zeros(3)
    rows = []
    for period in range(periods + 201):
        if period:
            variance = 1e-4 * 0.05 + 0.08 * rows[-1] ** 2 + 0.87 * variance
            q = (1 - news - memory) * level + news * np.outer(shocks, shocks) + memory * q
        scale = np.sqrt(np.diag(q))
        correlation = q / np.outer(scale, scale)
        covariance = correlation * np.sqrt(np.outer(variance, variance))
        shocks = np.linalg.cholesky(correlation) @ generator.standard_normal(3)
        rows.append(np.sqrt(variance) * shocks)
    return np.array(rows[200:-1]), covariance


def test_dcc__of_simulated_returns__then_the_parameters_that_made_them() -> None:
    found = [dcc.fit(_simulated(0.06, 0.90, 2500, seed)[0]) for seed in range(3)]
    assert np.mean([one.news for one in found]) == pytest.approx(0.06, abs=0.015)
    assert np.mean([one.memory for one in found]) == pytest.approx(0.90, abs=0.03)


def test_dcc__of_simulated_returns__then_nearer_to_the_truth_than_the_sample() -> None:
    errors = []
    for seed in range(6):
        returns, truth = _simulated(0.06, 0.92, 1500, 100 + seed)
        errors.append(
            [np.abs(one.covariance(returns) / truth - 1).mean() for one in (dcc.DccGarch(), Sample(), Exponential(20))]
        )
    ours, sample, exponential = np.mean(errors, axis=0)
    assert ours < 0.5 * sample
    assert ours < 0.8 * exponential


def test_dcc__of_twins_and_cash__then_still_a_covariance() -> None:
    returns = _returns(periods=300, size=2)
    found = dcc.DccGarch().covariance(np.c_[returns, returns[:, 0], np.zeros(300)])
    assert found[0, 2] == pytest.approx(found[0, 0])
    assert not found[3].any()
    assert dcc.DccGarch().covariance(returns[:, :1]).shape == (1, 1)


# ---- two crises

CRISES = {"2008": ("2007-06-29", "2008-10-10"), "2020": ("2019-12-31", "2020-03-12")}


@pytest.mark.parametrize("year", CRISES)
def test_estimates__in_a_crisis__then_diversification_falls_as_it_did(year: str) -> None:
    """Twenty American stocks in equal weights: what the estimates say on the day, and what the next month brought."""
    returns = load_sp500_dataset().pct_change().iloc[1:]
    weights = np.full(20, 1 / 20)
    calm, crisis = CRISES[year]

    def ratio(estimator: CovarianceEstimator, day: str) -> float:
        return diversification_ratio(weights, estimator.covariance(returns.loc[:day].iloc[-1000:].to_numpy()))

    came = diversification_ratio(weights, np.cov(returns.loc[crisis:].iloc[1:22].to_numpy().T))
    sample = ratio(Sample(), crisis)
    assert came < 1.3
    for estimator, fall in ((Exponential(21), 0.25), (StressSwitch(), 0.25), (dcc.DccGarch(), 0.12)):
        now = ratio(estimator, crisis)
        assert now < (1 - fall / 2) * ratio(estimator, calm)
        assert now < sample
        assert abs(now - came) < abs(sample - came)


def test_stress_switch__of_two_regimes__then_that_of_today() -> None:
    generator = np.random.default_rng(4)
    calm = generator.normal(0, 0.005, (400, 4))
    storm = generator.normal(0, 0.03, (100, 1)) + generator.normal(0, 0.005, (100, 4))
    weights = np.full(4, 0.25)
    today, ago = (
        diversification_ratio(weights, StressSwitch().covariance(np.r_[parts]))
        for parts in ((calm, storm), (storm, calm))
    )
    assert today == pytest.approx(1.0, abs=0.05)
    assert ago == pytest.approx(2.0, abs=0.1)


# ---- whatever comes


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 1000),
    periods=st.integers(12, 60),
    size=st.integers(1, 20),
    scale=st.sampled_from([1e-7, 1.0, 20.0]),
    doubled=st.booleans(),
    cash=st.booleans(),
)
def test_covariance__of_any_returns__then_symmetric_positive_semidefinite_and_zero_for_cash(
    seed: int, periods: int, size: int, scale: float, doubled: bool, cash: bool
) -> None:
    returns = np.clip(_returns(seed, periods, size) * scale, -0.9, 5)
    if doubled:
        returns = np.c_[returns, returns[:, 0]]
    if cash:
        returns = np.c_[returns, np.full(periods, 0.0001)]
    for estimator in ALL:
        found = estimator().covariance(returns)
        assert found.shape == (returns.shape[1],) * 2
        assert np.array_equal(found, found.T)
        values = np.linalg.eigvalsh(found)
        assert values[0] >= -1e-10 * max(values[-1], 1e-300)
        if cash and not isinstance(estimator(), SemiCovariance):
            assert not found[-1].any()


@pytest.mark.parametrize(
    "bad", [np.full((30, 2), np.nan), np.full((30, 2), np.inf), np.zeros((1, 2)), np.zeros(30), np.zeros((30, 0))]
)
def test_covariance__of_no_returns__then_one_clear_error(bad: np.ndarray) -> None:
    for estimator in (*ALL, Denoised, dcc.DccGarch):
        with pytest.raises(InputError):
            estimator().covariance(bad)


def test_denoised_and_dcc__of_too_short_a_history__then_they_say_so() -> None:
    with pytest.raises(InputError, match="more periods than assets"):
        Denoised().covariance(_returns(periods=10, size=12))
    with pytest.raises(InputError, match="needs 100"):
        dcc.DccGarch().covariance(_returns(periods=99))


def test_diversification_ratio__of_known_portfolios__then_by_hand() -> None:
    assert diversification_ratio(np.array([0.5, 0.5]), np.eye(2)) == pytest.approx(np.sqrt(2))
    assert diversification_ratio(np.array([0.5, 0.5]), np.ones((2, 2))) == pytest.approx(1)
    with pytest.raises(InputError):
        diversification_ratio(np.array([0.5, 0.5]), np.zeros((2, 2)))
