"""A strategy from an estimator and an optimiser: inside of the mandate whatever the optimiser says."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from planning_pieces import make_mandate, make_snapshot, price

from controller.errors import InputError
from controller.strategy.constraints import Constraints, InfeasibleError
from controller.strategy.optimised import Optimised, simple_returns
from controller.strategy.optimisers.mean_variance import MeanVariance, MinimumVariance
from controller.strategy.protocol import FloatArray, Moments
from controller.strategy.solution import Solution

MANDATE = make_mandate([6_000, 4_000])
SNAPSHOT = make_snapshot(MANDATE, [600 * 10**18, 800 * 10**18], (price(100, 18), price(50, 18)))


@dataclass(frozen=True)
class Sample:
    """Sample moments."""

    def moments(self, returns: FloatArray, periods_per_year: float) -> Moments:
        return Moments(returns.mean(0), np.cov(returns.T), returns, periods_per_year)


def past(rows: int = 60, seed: int = 0) -> pd.DataFrame:
    steps = np.random.default_rng(seed).normal(0.0005, [0.01, 0.02], size=(rows, 2))
    return pd.DataFrame(
        np.cumprod(1 + steps, axis=0), index=pd.date_range("2020-01-01", periods=rows, tz="UTC"), columns=["A", "B"]
    )


def test_target__then_the_optimisers_weights_in_basis_points() -> None:
    strategy = Optimised(Sample(), MinimumVariance())
    returns = past().pct_change().dropna().to_numpy()
    a, b, c = np.cov(returns.T).ravel()[[0, 3, 1]]
    exact = (b - c) / (a + b - 2 * c)
    target = strategy.target(SNAPSHOT, past())
    assert sum(target) == 10_000
    assert target[0] == pytest.approx(exact * 10_000, abs=0.51)
    assert target == strategy.target(SNAPSHOT, past())


def test_target__when_the_mandate_is_narrower_than_the_wish__then_the_mandate_holds() -> None:
    assets = (replace(MANDATE.assets[0], max_weight=6_100), replace(MANDATE.assets[1], min_weight=3_900))
    narrow = replace(SNAPSHOT, mandate=replace(MANDATE, assets=assets))
    wish = Optimised(Sample(), MinimumVariance()).target(SNAPSHOT, past())
    assert wish[0] > 6_100
    assert Optimised(Sample(), MinimumVariance()).target(narrow, past()) == (6_100, 3_900)
    mine = Optimised(Sample(), MinimumVariance(), Constraints(np.zeros(2), np.array([0.55, 1.0])))
    assert mine.target(narrow, past()) == (5_500, 4_500)


def test_target__of_an_asset_that_is_to_be_kept__then_not_less_of_it_than_there_is_until_its_day() -> None:
    wish = Optimised(Sample(), MinimumVariance()).target(SNAPSHOT, past())
    assert wish[1] < 3_900
    now = SNAPSHOT.block.timestamp
    kept = Optimised(Sample(), MinimumVariance(), keep=((1, now + 1),))
    assert kept.target(SNAPSHOT, past()) == (6_000, 4_000)
    odd = replace(SNAPSHOT, balances=(601 * 10**18, 800 * 10**18))
    assert kept.target(odd, past()) == (6_003, 3_997), "39.96% is rounded up"
    capped = replace(MANDATE, assets=(MANDATE.assets[0], replace(MANDATE.assets[1], max_weight=3_950)))
    assert kept.target(replace(SNAPSHOT, mandate=capped), past()) == (6_050, 3_950)
    assert replace(kept, keep=((1, now),)).target(SNAPSHOT, past()) == wish


@dataclass(frozen=True)
class Careless:
    """An optimiser of somebody else's, which looks at no bounds."""

    def solve(self, moments: Moments, constraints: Constraints) -> Solution:
        return Solution(np.array([1.0, 0.0]), 0.0, ())


def test_target__when_the_mandate_wants_held_what_is_excluded__then_refused_by_name() -> None:
    assets = (MANDATE.assets[0], replace(MANDATE.assets[1], min_weight=2_000))
    snapshot = replace(SNAPSHOT, mandate=replace(MANDATE, assets=assets))
    excluded = replace(Constraints.long_only(2), excluded=frozenset({1}))
    with pytest.raises(InfeasibleError, match=r"asset 1 excluded; asset 1 at least 0\.2"):
        Optimised(Sample(), Careless(), excluded).target(snapshot, past())
    with pytest.raises(InputError, match="inside of the bounds, not to 1"):
        Optimised(Sample(), Careless()).target(snapshot, past())


def test_target__when_only_a_window_is_looked_at__then_what_is_older_changes_nothing() -> None:
    strategy = Optimised(Sample(), MeanVariance(3.0), window=20)
    other = past()
    other.iloc[:39] *= 7.0
    assert strategy.target(SNAPSHOT, past()) == strategy.target(SNAPSHOT, other)
    other.iloc[45] *= 7.0
    assert strategy.target(SNAPSHOT, past()) != strategy.target(SNAPSHOT, other)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (None, "there are none"),
        (past(2), "has 1 returns"),
        (past().assign(C=1.0), "has 3 columns"),
        (past().mask(past() == past().iloc[7, 1]), "price of B at 2020-01-08"),
    ],
)
def test_target__when_the_past_is_not_usable__then_one_clear_error(broken: pd.DataFrame | None, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Optimised(Sample(), MinimumVariance()).target(SNAPSHOT, broken)


def test_simple_returns__then_what_was_gained_in_each_row() -> None:
    prices = pd.DataFrame({"A": [1.0, 1.1, 0.99], "B": [2.0, 2.0, 3.0]})
    assert simple_returns(prices, 2) == pytest.approx(np.array([[0.1, 0.0], [-0.1, 0.5]]))
