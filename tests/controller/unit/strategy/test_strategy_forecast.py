"""Forecasts: nothing of the future gets in, what can be foreseen is, and luck is called luck."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest

from controller.errors import InputError, MissingExtraError
from controller.strategy.forecast.features import panel
from controller.strategy.forecast.judge import judge
from controller.strategy.forecast.learners import Boosting, FromLibrary, Ridge, families
from controller.strategy.forecast.protocol import Family, Fitted
from controller.strategy.forecast.walk import overlap, walk


def _noise(seed: int, periods: int = 900, size: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.0003, 0.01, (periods, size))


def _trending(seed: int, periods: int = 1200, size: int = 8, strength: float = 0.002) -> np.ndarray:
    """Each asset has a trend that lasts for about 100 periods, so that its past return foretells the next."""
    generator = np.random.default_rng(seed)
    trend, rows = np.zeros(size), []
    for _ in range(periods):
        trend = 0.99 * trend + generator.normal(0, strength * np.sqrt(1 - 0.99**2), size)
        rows.append(trend + generator.normal(0, 0.005, size))
    return np.array(rows)


@dataclass
class Spy:
    """Remembers how many samples it was given, and forecasts the first feature."""

    seen: list[int] = field(default_factory=list)

    def fit(self, features: np.ndarray, outcomes: np.ndarray) -> Fitted:
        self.seen.append(len(outcomes))
        assert np.isfinite(outcomes).all()
        return self

    def predict(self, features: np.ndarray) -> np.ndarray:
        return features[:, 0]


def test_panel__when_the_future_changes__then_no_feature_does() -> None:
    returns = _noise(1, 200)
    before = panel(returns, horizon=5)
    cut = int(before.moments[-10])
    changed = returns.copy()
    changed[cut + 1 :] *= -3
    after = panel(changed, horizon=5)
    assert np.array_equal(before.features[:-9], after.features[:-9])
    assert not np.allclose(before.outcomes[-10], after.outcomes[-10])


def test_panel__of_its_last_moment__then_an_outcome_that_has_not_come_to_pass() -> None:
    found = panel(_noise(1, 200), horizon=5)
    assert np.isnan(found.outcomes[-1]).all()
    assert np.isfinite(found.outcomes[:-1]).all()
    past = np.log1p(_noise(1, 200)[found.moments[3] + 1 - 60 : found.moments[3] + 6])
    scaled = past[60:].sum(axis=0) / (past[:60].std(axis=0) * np.sqrt(5))
    assert found.outcomes[3] == pytest.approx(scaled - scaled.mean())


@pytest.mark.parametrize("stride", [5, 2])
def test_walk__at_every_learning__then_only_outcomes_that_had_come_to_pass(stride: int) -> None:
    samples, spy = panel(_noise(2), horizon=5, stride=stride), Spy()
    found = walk(samples, Family("spy", [spy]), train=40, every=10)
    gap = overlap(samples)
    for number, count in enumerate(spy.seen):
        learnt = count // 6  # decisions
        decides = found.first + 10 * number
        assert learnt == decides - gap
        last_known = samples.moments[learnt - 1] + samples.horizon
        assert last_known <= samples.moments[decides]


def test_walk__when_the_future_changes__then_no_earlier_forecast_does() -> None:
    returns = _trending(3, 660)
    changed = returns.copy()
    changed[600:] = _noise(9, 60, 8)
    family = families(("ridge",))[0]
    before, after = (walk(panel(one, horizon=5), family, train=40) for one in (returns, changed))
    moments = panel(returns, horizon=5).moments[before.first :]
    same = moments < 600
    assert np.array_equal(before.forecasts[same], after.forecasts[same])
    assert not np.array_equal(before.forecasts, after.forecasts)


@pytest.mark.parametrize("name", ["ridge", "boosting"])
def test_judge__of_returns_that_can_be_foreseen__then_it_wins_and_luck_does_not_explain_it(name: str) -> None:
    found = judge(_trending(4), families((name,)), 252, horizon=10, train=45, cost=0.0005)
    line = found.lines[-1]
    assert found.winner() is line
    assert line.correlation is not None
    assert line.correlation > 0.15
    assert line.deflated is not None
    assert line.deflated > 0.95
    assert line.active > 0


def test_judge__of_noise__then_costs_are_lost_and_luck_is_called_so() -> None:
    lines = [
        judge(_noise(seed), families(("ridge",)), 252, horizon=10, train=35, cost=0.003).lines for seed in range(8)
    ]
    deflated = [one[-1].deflated for one in lines]
    assert sum(value > 0.95 for value in deflated if value is not None) == 0
    assert np.mean([one[-1].growth - one[0].growth for one in lines]) < 0
    assert abs(np.mean([one[-1].correlation for one in lines])) < 0.05


def test_judge__without_costs_and_forecasts__then_the_plain_arithmetic() -> None:
    """Equal weights each horizon by hand, and a purchase that is left alone."""
    returns = _noise(5, 700)
    found = judge(returns, [Family("spy", [Spy()])], 252, horizon=10, train=35, cost=0.01)
    held = returns[found.start :]
    value, parts = 1.0, np.full(6, 1 / 6)
    for period, row in enumerate(held):
        if period % 10 == 0:
            value *= 1 - 0.01 * np.abs(parts - 1 / 6).sum() / 2
            parts = np.full(6, 1 / 6)
        grown = parts * (1 + row)
        value, parts = value * grown.sum(), grown / grown.sum()
    equal, idle = found.lines[0], found.lines[1]
    assert np.prod(1 + equal.returns) == pytest.approx(value)
    assert np.prod(1 + idle.returns) == pytest.approx(np.mean(np.prod(1 + held, axis=0)))
    assert equal.turnover > 0 == idle.turnover
    assert found.lines[2].turnover > equal.turnover


def test_judge__twice__then_the_same_to_the_last_bit() -> None:
    returns = _noise(6)
    found = [judge(returns, families(("ridge", "boosting")), 252, horizon=10, train=40) for _ in range(2)]
    for left, right in zip(found[0].lines, found[1].lines, strict=True):
        assert np.array_equal(left.returns, right.returns)
    assert found[0].trials == 5


def test_learners__of_known_samples__then_scikit_learns_own_answers() -> None:
    from sklearn.ensemble import HistGradientBoostingRegressor
    from sklearn.linear_model import Ridge as SklearnRidge

    generator = np.random.default_rng(0)
    features, outcomes = generator.normal(size=(400, 3)), generator.normal(size=400)
    peer = SklearnRidge(alpha=400).fit(features, outcomes)
    assert Ridge(1.0).fit(features, outcomes).predict(features) == pytest.approx(peer.predict(features))
    trees = HistGradientBoostingRegressor(
        max_leaf_nodes=4, max_iter=40, learning_rate=0.05, min_samples_leaf=50, early_stopping=False, random_state=0
    )
    expected = trees.fit(features, outcomes).predict(features)
    assert Boosting().fit(features, outcomes).predict(features) == pytest.approx(expected)
    assert FromLibrary(trees).fit(features, outcomes).predict(features) == pytest.approx(expected)


def test_network__without_pytorch__then_the_command_that_installs_it() -> None:
    from controller.strategy.forecast.network import Network

    with pytest.raises(MissingExtraError, match=r"evenkeel\[torch\]"):
        Network().fit(np.zeros((3, 2)), np.zeros(3))


@pytest.mark.parametrize(
    ("returns", "said"),
    [
        (np.full((900, 3), np.nan), "finite"),
        (_noise(1, 900, 1), "at least 2"),
        (_noise(1, 50), "too few"),
        (_noise(1, 300), "Give a longer history"),
    ],
)
def test_judge__of_no_usable_history__then_one_clear_error(returns: np.ndarray, said: str) -> None:
    with pytest.raises(InputError, match=said):
        judge(returns, families(("ridge",)), 252, horizon=10)


def test_families__of_an_unknown_name__then_the_known_ones() -> None:
    with pytest.raises(InputError, match="ridge, boosting, network"):
        families(("oracle",))
