"""The split over routes against a search over all splits."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product

from hypothesis import given
from hypothesis import strategies as st

from controller.market.routes import split

AMOUNT = 10**9
GRID = 24


def curve(depth: int, fee: int) -> Callable[[int], int]:
    """{qTok out} of a constant-product pool."""

    def out(amount: int) -> int:
        paid = amount * (10**6 - fee) // 10**6
        return depth * paid // (depth + paid)

    return out


def total(curves: list[Callable[[int], int]], amounts: tuple[int, ...], further: int) -> int:
    used = [(curve, amount) for curve, amount in zip(curves, amounts, strict=True) if amount]
    return sum(curve(amount) for curve, amount in used) - further * (len(used) - 1)


def searched(curves: list[Callable[[int], int]], most: int, smallest: int, further: int) -> int:
    """The best over a grid of all splits."""
    found = 0
    for routes in combinations(range(len(curves)), min(most, len(curves))):
        for parts in product(range(GRID + 1), repeat=len(routes) - 1):
            if sum(parts) > GRID:
                continue
            amounts = [0] * len(curves)
            for route, part in zip(routes, (*parts, GRID - sum(parts)), strict=True):
                amounts[route] = AMOUNT * part // GRID
            amounts[routes[-1]] += AMOUNT - sum(amounts)
            if all(amount == 0 or amount >= smallest for amount in amounts):
                found = max(found, total(curves, tuple(amounts), further))
    return found


@given(
    st.lists(st.tuples(st.integers(10**8, 10**12), st.sampled_from([100, 500, 3_000, 10_000])), min_size=1, max_size=4),
    st.integers(1, 4),
    st.sampled_from([1, 10**6, 2 * 10**8]),
    st.sampled_from([0, 10**3, 10**6, 10**8]),
)
def test_split__over_pools_of_any_depth_and_fee__then_as_good_as_the_best_of_a_grid(
    pools: list[tuple[int, int]], most: int, smallest: int, further: int
) -> None:
    curves = [curve(*pool) for pool in pools]
    amounts = split(curves, AMOUNT, most, smallest, further)
    assert sum(amounts) == AMOUNT
    used = [amount for amount in amounts if amount]
    assert 1 <= len(used) <= most
    assert len(used) == 1 or min(used) >= smallest
    given_ = total(curves, amounts, further)
    assert given_ >= max(curve(AMOUNT) for curve in curves)
    if smallest == 1:
        assert given_ >= searched(curves, most, smallest, further) - AMOUNT // 10**6


def test_split__over_two_pools_without_fee__then_in_proportion_to_their_depths() -> None:
    one, other = split([curve(10**12, 0), curve(3 * 10**12, 0)], AMOUNT, 2, 1, 0)
    assert abs(3 * one - other) < AMOUNT // 1_000
