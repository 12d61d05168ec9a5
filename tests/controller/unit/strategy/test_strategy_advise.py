"""Advice against closed forms: the simulation knows none of them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.errors import InputError
from controller.strategy.advise import advise
from controller.strategy.drifting import Rule, Setting, simulate
from controller.strategy.no_trade_book import impulse

ONE = Setting(np.array([0.5, 0.5]), np.array([[0.04, 0], [0, 0]]), risk_aversion=3, cost=0.003, fixed=0.0001)
"""One risky asset of 20% a year, and cash."""


def test_simulate__of_one_risky_asset__then_the_closed_form_of_a_reflected_drift() -> None:
    """Mean square (h^2 + d^2) / 6 and (s v)^2 / (h^2 - d^2) rebalances a year, with v = pi (1 - pi).

    Looked at now and then, a band acts as one that is 0.5826 standard deviations of a step wider (Broadie, Glasserman
    and Kou 1997, A Continuity Correction for Discrete Barrier Options).
    """
    band, end, looks = 0.05, 0.02, 1000
    (found,) = simulate([Rule("", band, end)], ONE, seed=3, years=20, paths=128, looks=looks)
    band += 0.5826 * 0.2 * 0.25 / math.sqrt(looks)
    assert found.rebalances == pytest.approx(0.04 * 0.25**2 / (band**2 - end**2), rel=0.04)
    assert found.risk == pytest.approx(1.5 * 0.04 * (band**2 + end**2) / 6, rel=0.04)
    assert found.turnover == pytest.approx(found.rebalances * (band - end), rel=0.04)
    assert found.cost == pytest.approx(0.003 * found.turnover + 0.0001 * found.rebalances)


def test_simulate__of_a_calendar__then_its_firings_and_the_drift_of_a_brownian_motion() -> None:
    never, quarterly = simulate([Rule("never"), Rule("", every=0.25)], ONE, seed=5, years=8, paths=64, looks=360)
    assert quarterly.rebalances == pytest.approx(4)
    sold = 4 * 0.2 * 0.25 * math.sqrt(0.25 * 2 / math.pi)
    assert quarterly.turnover == pytest.approx(sold, rel=0.05)
    assert (never.rebalances, never.cost) == (0, 0)
    assert never.drift > 3 * quarterly.drift


def test_advise__of_one_risky_asset__then_near_the_closed_form() -> None:
    found = advise(ONE, years=10, paths=32)
    theory = impulse(0.5, 3, 0.003, 0.0001)
    assert found.closed_form == theory
    assert found.band / 1e4 == pytest.approx(theory.band, rel=0.3)
    best = min(outcome.total for outcome in found.tried)
    assert found.proposed.total <= best * 1.01
    assert all(found.proposed.total <= outcome.total * 1.01 for outcome in found.alternatives)


def test_advise__when_trading_is_dearer_or_risk_is_dreaded_more__then_the_band_moves_that_way() -> None:
    usual = advise(ONE, years=3, paths=16)
    dear = advise(replace(ONE, cost=0.02), years=3, paths=16)
    cautious = advise(replace(ONE, risk_aversion=30), years=3, paths=16)
    assert cautious.band < usual.band < dear.band


def test_advise__twice_with_one_seed__then_the_same() -> None:
    assert advise(ONE, years=1, paths=4, seed=9) == advise(ONE, years=1, paths=4, seed=9)


@settings(max_examples=15)
@given(seed=st.integers(0, 1000), size=st.integers(2, 6), share=st.floats(0, 0.99), band=st.floats(0.001, 0.4))
def test_simulate__of_any_book__then_nothing_beyond_the_band_is_left(
    seed: int, size: int, share: float, band: float
) -> None:
    generator = np.random.default_rng(seed)
    factors = generator.normal(0, 0.5, (2, size))
    setting = Setting(generator.dirichlet(np.ones(size)), factors.T @ factors, 2.0, 0.001, 0.0)
    (found,) = simulate([Rule("", band, band * share)], setting, seed=seed, years=1, paths=4)
    assert 0 <= found.drift <= found.worst <= band + 1e-6
    assert found.cost == pytest.approx(0.001 * found.turnover)


def test_advise__of_impossible_settings__then_every_mistake_at_once() -> None:
    bad = Setting(np.array([0.5, 0.6]), np.array([[math.nan, 0], [0, 1]]), -1, 2, -1)
    with pytest.raises(InputError) as caught:
        advise(bad)
    assert [mistake.where for mistake in caught.value.mistakes] == [
        "targets", "covariance", "risk aversion", "cost", "gas",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "setting",
    [
        replace(ONE, cost=0.0, fixed=0.0),
        replace(ONE, covariance=np.zeros((2, 2))),
        replace(ONE, targets=np.array([1.0, 0.0])),
    ],
)
def test_advise__where_there_is_nothing_to_weigh__then_an_error(setting: Setting) -> None:
    with pytest.raises(InputError):
        advise(setting)
