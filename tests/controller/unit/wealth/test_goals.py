"""Goals by simulation, held against closed forms; intervals that hold what they say; glides that a mandate takes."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from math import exp, log, sqrt

import numpy as np
import pytest
from scipy.stats import norm

from controller.model import Knot
from controller.planning.path import targets_at
from controller.strategy.statistics import Chance
from controller.wealth.glides import YEARS, glide_path, propose
from controller.wealth.goals import MONTH, Assumptions, Goal, months_between, simulate
from controller.wealth.knots import as_mandate_path

NOW = 1_800_000_000
ONE = Assumptions(("A",), (0.05,), (0.16,), ((1.0,),))
TWO = Assumptions(("A", "B"), (0.05, 0.01), (0.16, 0.04), ((1.0, 0.2), (0.2, 1.0)))
CALM = Assumptions(("A",), (0.06,), (0.0,), ((1.0,),))


def later(years: float) -> int:
    """{s} with no rounding of months."""
    return NOW + round(years * 12) * MONTH


def goal(**changes: object) -> Goal:
    whole = Goal("House", 100_000.0, (Knot(0, (10_000,)),), later(10), amount=150_000.0)
    return replace(whole, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("amount", [80_000.0, 120_000.0, 160_000.0, 300_000.0])
def test_simulate__of_one_sum_in_one_asset__then_the_closed_form_lies_in_the_interval(amount: float) -> None:
    found = simulate([goal(amount=amount)], ONE, now=NOW, paths=40_000, seed=3).outcomes[0].chance
    mean, spread = 10 * (log(1.05) - 0.16**2 / 2), 0.16 * sqrt(10)
    exact = norm.cdf((mean - log(amount / 100_000)) / spread)
    assert found.low <= exact <= found.high
    assert found.high - found.low < 0.011


def test_simulate__of_one_sum__then_its_percentiles_are_the_lognormals() -> None:
    wealth = simulate([goal()], ONE, now=NOW, paths=100_000, seed=4).outcomes[0].wealth
    mean, spread = 10 * (log(1.05) - 0.16**2 / 2), 0.16 * sqrt(10)
    for found, quantile in zip(wealth, (0.05, 0.5, 0.95), strict=True):
        assert found == pytest.approx(100_000 * exp(mean + spread * norm.ppf(quantile)), rel=0.015)


def test_simulate__without_risk__then_savings_are_an_annuity() -> None:
    growth = 1.06 ** (1 / 12)
    exact = 100_000 * growth**120 + 500 * sum(growth**month for month in range(1, 121))
    for amount, share in ((exact - 0.01, 1.0), (exact + 0.01, 0.0)):
        found = simulate([goal(monthly=500.0, amount=amount)], CALM, now=NOW, paths=100, seed=1).outcomes[0]
        assert found.chance.share == share
        assert found.wealth[0] == pytest.approx(exact)
    assert found.shortfall == pytest.approx(0.01, abs=1e-6)


def test_simulate__of_an_income_without_risk__then_exactly_what_its_present_value_pays() -> None:
    growth = 1.06 ** (1 / 12)
    value = sum(1_000 / growth**month for month in range(1, 241))
    for start, share in ((value + 0.01, 1.0), (value - 0.01, 0.0)):
        pension = goal(value=start, amount=0.0, income=1_000.0, at=NOW, until=later(20))
        assert simulate([pension], CALM, now=NOW, paths=100, seed=1).outcomes[0].chance.share == share


def test_simulate__of_two_assets__then_variance_and_correlation_are_those_assumed() -> None:
    means, root = TWO.monthly()
    covariance = root @ root.T * 12
    assert covariance == pytest.approx(np.array([[0.16**2, 0.2 * 0.16 * 0.04], [0.2 * 0.16 * 0.04, 0.04**2]]))
    assert means == pytest.approx((np.log([1.05, 1.01]) - np.diag(covariance) / 2) / 12)


def test_simulate__twice__then_the_same_and_with_another_seed_not() -> None:
    runs = [simulate([goal()], ONE, now=NOW, paths=1_000, seed=seed) for seed in (1, 1, 2)]
    assert runs[0] == runs[1]
    assert runs[0].outcomes != runs[2].outcomes


def test_simulate__of_several_goals__then_all_together_is_no_more_than_the_least_and_counts_what_they_share() -> None:
    same = [goal(), goal(name="Again")]
    found = simulate(same, ONE, now=NOW, paths=5_000, seed=1)
    assert found.together == found.outcomes[0].chance == found.outcomes[1].chance
    mixed = [goal(), goal(name="Other", amount=120_000.0, at=later(5)), goal(name="Low", amount=50_000.0)]
    found = simulate(mixed, ONE, now=NOW, paths=5_000, seed=1)
    shares = [one.chance.share for one in found.outcomes]
    assert max(0.0, sum(shares) - 2) <= found.together.share <= min(shares)
    assert found.together.share > np.prod(shares), "good months are good for all"


def test_interval__over_400_seeds__then_it_holds_the_true_probability_as_often_as_it_says() -> None:
    mean, spread = 10 * (log(1.05) - 0.16**2 / 2), 0.16 * sqrt(10)
    exact = norm.cdf((mean - log(1.5)) / spread)
    inside = 0
    for seed in range(400):
        chance = simulate([goal()], replace(ONE), now=NOW, paths=200, seed=seed).outcomes[0].chance
        inside += chance.low <= exact <= chance.high
    assert 0.92 <= inside / 400 <= 0.98


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"), [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634)]
)
def test_interval__of_a_count__then_wilsons(successes: int, trials: int, low: float, high: float) -> None:
    chance = Chance.of(successes, trials)
    assert (chance.low, chance.high) == pytest.approx((low, high), abs=5e-5)


def test_assumptions__that_no_returns_can_have__then_said() -> None:
    impossible = ((1.0, 0.9, -0.9), (0.9, 1.0, 0.9), (-0.9, 0.9, 1.0))
    assert TWO.is_possible()
    assert not Assumptions(("A", "B", "C"), (0.0,) * 3, (0.1,) * 3, impossible).is_possible()


def test_simulate_and_propose__then_they_tell_how_much_is_done() -> None:
    told: list[float] = []
    simulate([goal()], ONE, now=NOW, paths=100, seed=1, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    tried: list[float] = []
    bold = goal(path=(Knot(0, (9_000, 1_000)),), at=later(2))
    found = propose(bold, (0, 10_000), TWO, now=NOW, paths=100, seed=1, progress=tried.append)
    assert tried == [(done + 1) / len(found) for done in range(len(found))]


def test_goal__that_is_past__then_decided_by_what_is_there() -> None:
    found = simulate([goal(at=NOW - MONTH, amount=99_000.0)], ONE, now=NOW, paths=100, seed=1)
    assert found.outcomes[0].chance.share == 1.0
    assert months_between(NOW, later(2)) == 24


# ---- glides


def test_glide_path__before_and_at_its_end__then_today_and_safe() -> None:
    path = glide_path((8_000, 2_000), (2_000, 8_000), 5, NOW, later(10))
    assert targets_at(path, later(5)) == (8_000, 2_000)
    assert targets_at(path, later(7.5)) == (5_000, 5_000)
    assert targets_at(path, later(10)) == targets_at(path, later(30)) == (2_000, 8_000)
    assert glide_path((8_000, 2_000), (2_000, 8_000), 0, NOW, later(10)) == (Knot(0, (8_000, 2_000)),)


def test_propose__for_a_goal_that_is_nearly_reached__then_safety_first() -> None:
    safe = goal(value=148_000.0, path=(Knot(0, (9_000, 1_000)),), amount=140_000.0, at=later(3))
    glides = propose(safe, (0, 10_000), TWO, now=NOW, paths=4_000, seed=1)
    assert glides[0].years == 3
    assert glides[0].outcome.chance.share > glides[-1].outcome.chance.share
    assert {one.years for one in glides} == {years for years in YEARS if years <= 3}


def test_propose__for_a_goal_that_needs_growth__then_no_glide() -> None:
    bold = goal(value=100_000.0, path=(Knot(0, (9_000, 1_000)),), amount=200_000.0)
    assert propose(bold, (0, 10_000), TWO, now=NOW, paths=4_000, seed=1)[0].years == 0


def test_as_mandate_path__of_a_glide__then_toml_that_a_mandate_takes() -> None:
    path = glide_path((8_000, 2_000), (2_500, 7_500), 5, NOW, later(10))
    document = tomllib.loads(as_mandate_path(path, ("A", "B")))
    assert [knot["weights"] for knot in document["path"]] == [
        {"A": "80.00%", "B": "20.00%"},
        {"A": "25.00%", "B": "75.00%"},
    ]
    assert [int(knot["time"].timestamp()) for knot in document["path"]] == [knot.time for knot in path]
