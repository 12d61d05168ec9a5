"""The mandate's own targets."""

from __future__ import annotations

import pandas as pd
from planning_pieces import NOW, make_mandate, make_snapshot

from controller.model import Knot
from controller.strategy import FixedTargets, Strategy


def test_target__whatever_the_past__then_that_of_the_mandate() -> None:
    strategy: Strategy = FixedTargets()
    snapshot = make_snapshot(make_mandate((6_000, 3_000, 1_000)), (1, 2, 3), (1, 1, 1))
    assert strategy.target(snapshot, None) == (6_000, 3_000, 1_000)
    assert strategy.target(snapshot, pd.DataFrame({"a": [1.0, 2.0]})) == (6_000, 3_000, 1_000)


def test_target__when_the_path_glides__then_that_of_the_block() -> None:
    glide = (Knot(NOW - 12 - 50, (6_000, 4_000)), Knot(NOW - 12 + 50, (4_000, 6_000)))
    snapshot = make_snapshot(make_mandate((6_000, 4_000), path=glide), (1, 2), (1, 1))
    assert FixedTargets().target(snapshot, None) == (5_000, 5_000)
