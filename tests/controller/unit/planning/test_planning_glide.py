"""A glide path as knots."""

from __future__ import annotations

from controller.model import Knot
from controller.planning.glide import knots
from controller.planning.path import targets_at

RISKY, SAFE = (7_000, 3_000, 0), (0, 0, 10_000)


def test_knots__of_a_glide__then_mixtures_that_sum_to_one_and_none_that_changes_nothing() -> None:
    points = [(10, 10_000), (15, 10_000), (20, 10_000), (30, 3_333), (40, 0), (50, 0)]
    assert knots(points, RISKY, SAFE) == (
        Knot(10, RISKY),
        Knot(20, RISKY),
        Knot(30, (2_333, 1_000, 6_667)),
        Knot(40, SAFE),
    )


def test_knots__of_a_glide_that_begins_later__then_the_targets_stand_until_then() -> None:
    path = knots([(10, 10_000), (20, 10_000), (30, 0)], RISKY, SAFE)
    assert targets_at(path, 20) == RISKY
