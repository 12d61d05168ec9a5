"""A glide path as knots."""

from __future__ import annotations

from controller.model import Knot
from controller.planning.glide import knots


def test_knots__of_a_glide__then_mixtures_that_sum_to_one_and_no_knot_twice() -> None:
    points = [(10, 10_000), (20, 10_000), (30, 3_333), (40, 0)]
    assert knots(points, (7_000, 3_000, 0), (0, 0, 10_000)) == (
        Knot(10, (7_000, 3_000, 0)),
        Knot(30, (2_333, 1_000, 6_667)),
        Knot(40, (0, 0, 10_000)),
    )
