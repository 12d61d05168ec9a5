"""What is left of the best of many, against brute force, and where the answer is known: noise, and a true skill."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import linregress, rankdata

from controller.backtest.overfitting import FloatArray, combined, probability_of_overfitting, walked_forward
from controller.errors import InputError


def noise(seed: int, periods: int = 400, configurations: int = 30) -> FloatArray:
    return np.random.default_rng(seed).normal(0.0, 0.01, (periods, configurations))


def skilled(seed: int) -> FloatArray:
    found = noise(seed)
    found[:, 7] += 0.004
    return found


@pytest.mark.parametrize("periods", [96, 101])
def test_probability__of_any_returns__then_that_of_all_halves_one_by_one(periods: int) -> None:
    returns, parts = noise(3, periods, 9), 8
    pieces = np.split(returns[periods % parts :], parts)
    logits, losses, pairs = [], [], []
    for half in combinations(range(parts), parts // 2):
        seen = np.concatenate([pieces[k] for k in half])
        held = np.concatenate([pieces[k] for k in range(parts) if k not in half])
        here, there = seen.mean(0) / seen.std(0), held.mean(0) / held.std(0)
        best = int(here.argmax())
        rank = rankdata(there)[best] / (9 + 1)
        logits.append(np.log(rank / (1 - rank)))
        losses.append(held[:, best].mean() < 0)
        pairs.append((here[best], there[best]))
    found = probability_of_overfitting(returns, parts)
    assert found.halves == len(logits) == 70
    assert found.probability == np.mean(np.array(logits) <= 0)
    assert found.loss == np.mean(losses)
    assert found.slope == pytest.approx(linregress(*zip(*pairs, strict=True)).slope)


def test_probability__of_noise__then_more_likely_than_not() -> None:
    """A little above one half: of a given history, what one half had more of, the other has less of."""
    found = [probability_of_overfitting(noise(seed), 10).probability for seed in range(60)]
    assert 0.5 < np.mean(found) < 0.65


def test_probability__when_all_earned_the_same_in_the_end__then_certain() -> None:
    """Best in one half is then worst in the other."""
    found = probability_of_overfitting(noise(4) - noise(4).mean(0), 10)
    assert found.probability > 0.99
    assert found.slope == pytest.approx(-1.0, abs=0.1)


def test_probability__of_a_skill__then_next_to_none() -> None:
    found = [probability_of_overfitting(skilled(seed), 10) for seed in range(10)]
    assert max(each.probability for each in found) < 0.05
    assert max(each.loss for each in found) < 0.05


def test_probability__of_more_halves_than_are_worked_out_at_once__then_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = probability_of_overfitting(noise(1), 8)
    monkeypatch.setattr("controller.backtest.overfitting.CELLS", 100)
    assert probability_of_overfitting(noise(1), 8) == whole


def test_probability__of_what_never_changes__then_it_is_never_the_best() -> None:
    found = skilled(1)
    found[:, 0] = 0.0
    assert probability_of_overfitting(found, 10).probability < 0.05


# ---- choosing without knowing the future


def test_walked_forward__then_each_choice_is_the_best_of_what_came_before_it() -> None:
    returns = noise(5, 110, 6)
    chosen = walked_forward(returns, 40, 20, gap=2)
    for place, choice in enumerate(chosen.choices):
        seen = returns[20 * place : 20 * place + 40]
        assert choice == (seen.mean(0) / seen.std(0)).argmax()
        held = returns[20 * place + 42 : 20 * place + 62, choice]
        assert (chosen.returns[20 * place : 20 * place + 20] == held).all()
    assert len(chosen.returns) == 110 - 42


def test_combined__then_every_history_holds_each_period_once() -> None:
    returns = np.arange(60.0)[:, None] + np.array([0.0, 0.5])
    paths = combined(returns, folds=5, held_out=2)
    assert len(paths) == 4  # of 5 folds, C(5, 2) * 2 / 5
    for path in paths:
        assert (np.floor(path.returns) == np.arange(60)).all()
        assert len(path.choices) == 5


def test_combined__of_noise_and_of_a_skill__then_only_the_skill_is_left() -> None:
    def ratio(returns: FloatArray) -> float:
        return float(np.mean([path.returns.mean() / path.returns.std() for path in combined(returns)]))

    assert np.mean([ratio(noise(seed)) for seed in range(8)]) < 0.03
    assert np.mean([ratio(skilled(seed)) for seed in range(8)]) > 0.3
    best = [choice for path in combined(skilled(1)) for choice in path.choices]
    assert set(best) == {7}


# ---- what cannot be split


def test_splits__of_what_is_too_short_or_no_numbers__then_an_error() -> None:
    with pytest.raises(InputError, match="do not make 16 parts"):
        probability_of_overfitting(noise(1, 20))
    with pytest.raises(InputError, match="do not make 5 parts"):
        probability_of_overfitting(noise(1), 5)
    with pytest.raises(InputError, match="two configurations"):
        probability_of_overfitting(noise(1, 400, 1))
    with pytest.raises(InputError, match="all finite"):
        probability_of_overfitting(noise(1) * np.nan)
    with pytest.raises(InputError, match="cannot be split"):
        walked_forward(noise(1), 500, 10)
    with pytest.raises(InputError, match="cannot be split"):
        combined(noise(1, 5), folds=10)
