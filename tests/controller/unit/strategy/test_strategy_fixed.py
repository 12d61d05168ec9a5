"""The mandate's own targets."""

from __future__ import annotations

import pandas as pd
from planning_pieces import make_mandate, make_snapshot

from controller.strategy import FixedTargets, Strategy


def test_target__whatever_the_past__then_that_of_the_mandate() -> None:
    strategy: Strategy = FixedTargets()
    snapshot = make_snapshot(make_mandate((6_000, 3_000, 1_000)), (1, 2, 3), (1, 1, 1))
    assert strategy.target(snapshot, None) == (6_000, 3_000, 1_000)
    assert strategy.target(snapshot, pd.DataFrame({"a": [1.0, 2.0]})) == (6_000, 3_000, 1_000)
