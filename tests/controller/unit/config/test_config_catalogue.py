"""Every name that a strategy file may use gives targets inside of a mandate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from planning_pieces import make_mandate, make_snapshot, price

from controller.config import catalogue, strategy_file

NAMES = ("A", "B", "C", "D")
PARAMETERS = {
    "exponential": "half_life = 60",
    "target_return": "target = 0.0004",
    "target_risk": "target = 0.02",
    "chosen_holdings": "population = 8\ngenerations = 2",
}
MANDATE = make_mandate([2_500] * 4)
BOUNDED = replace(MANDATE, assets=tuple(replace(asset, min_weight=500, max_weight=6_000) for asset in MANDATE.assets))
WIDE = replace(MANDATE, assets=tuple(replace(asset, max_weight=10_000) for asset in MANDATE.assets))


def _past(rows: int = 300) -> pd.DataFrame:
    chance = np.random.default_rng(11)
    common = chance.normal(0.0004, 0.008, size=(rows, 1))
    steps = common + chance.normal(0.0003, [0.004, 0.006, 0.009, 0.012], size=(rows, 4))
    index = pd.date_range("2020-01-01", periods=rows, tz="UTC")
    return pd.DataFrame(100 * np.cumprod(1 + steps, axis=0), index=index, columns=list(NAMES))


def _targets(text: str, *, wide: bool = False) -> tuple[int, ...]:
    mandate = WIDE if wide else BOUNDED
    snapshot = make_snapshot(mandate, [10**18] * 4, [price(100, 18)] * 4)
    strategy = strategy_file.parse(text.encode()).build(NAMES)
    found = strategy.target(snapshot, _past())
    assert found == strategy.target(snapshot, _past()), "pure"
    assert sum(found) == 10_000
    for asset, weight in zip(mandate.assets, found, strict=True):
        assert asset.min_weight <= weight <= asset.max_weight
    return found


def _file(method: str = "minimum_variance", returns: str = "", covariance: str = "") -> str:
    tables = ['name = "Test"\n[past]\nwindow = 290', _table("optimiser", method)]
    return "\n".join([*tables, _table("returns", returns), _table("covariance", covariance)])


def _table(name: str, method: str) -> str:
    return f'[{name}]\nmethod = "{method}"\n{PARAMETERS.get(method, "")}' if method else ""


@pytest.mark.parametrize("method", catalogue.OPTIMISERS)
def test_optimiser__by_its_name__then_targets_of_the_mandate(method: str) -> None:
    # shares of risk are met by one set of weights alone, and a search takes bounds as holdings
    _targets(_file(method), wide=method in {"risk_budgeting", "chosen_holdings"})


@pytest.mark.parametrize("returns", catalogue.RETURNS)
def test_returns__by_their_name__then_targets_of_the_mandate(returns: str) -> None:
    _targets(_file("mean_variance", returns=returns))


@pytest.mark.parametrize("covariance", catalogue.COVARIANCES)
def test_covariance__by_its_name__then_targets_of_the_mandate(covariance: str) -> None:
    _targets(_file(covariance=covariance))
