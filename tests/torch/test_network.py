"""The network by PyTorch, in an environment that has it: make test-torch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from controller.strategy.forecast.judge import judge
from controller.strategy.forecast.learners import families
from controller.strategy.forecast.network import Network


def test_network__of_a_curve__then_learnt_where_a_line_cannot() -> None:
    features = np.random.default_rng(1).normal(size=(600, 2))
    outcomes = np.abs(features[:, 0]) - np.abs(features[:, 0]).mean()
    found = Network(16, epochs=400, penalty=0.01).fit(features[:400], outcomes[:400]).predict(features[400:])
    assert np.corrcoef(found, outcomes[400:])[0, 1] > 0.9


def test_network__twice_with_one_seed__then_the_same_and_the_callers_random_numbers_are_untouched() -> None:
    features, outcomes = np.random.default_rng(2).normal(size=(50, 3)), np.random.default_rng(3).normal(size=50)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first, second, other = (Network(seed=seed).fit(features, outcomes).predict(features) for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.array_equal(first, other)
    assert torch.rand(1) == expected


def test_network__of_noise__then_judged_as_the_others() -> None:
    returns = np.random.default_rng(4).normal(0.0003, 0.01, (700, 5))
    found = judge(returns, families(("network",), seed=3), 252, horizon=10, train=40)
    assert [line.name for line in found.lines] == ["equal weights", "no trade", "network"]
    assert found.lines[-1].deflated == pytest.approx(0.5, abs=0.5)
