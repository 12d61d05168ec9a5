"""From a strategy's weights to a step that the vault lets its strategist make."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planning_books import targets_of
from planning_pieces import DAY, NOW, make_mandate, make_snapshot

from controller.errors import InputError
from controller.model import Snapshot
from controller.planning.proposing import Move, propose
from controller.units import BPS


def vault(targets: tuple[int, ...], step: int = 500, **changes: object) -> Snapshot:
    mandate = make_mandate(targets, max_step=step, step_delay=DAY)
    return make_snapshot(mandate, [1] * len(targets), [1] * len(targets), **changes)


def test_propose__within_one_step__then_the_weights_themselves() -> None:
    assert propose(vault((6_000, 4_000)), (5_600, 4_400)) == Move((5_600, 4_400), (5_600, 4_400), 0)


def test_propose__what_stands_already_or_may_not_move__then_nothing() -> None:
    assert propose(vault((6_000, 4_000)), (6_000, 4_000)) is None
    assert propose(vault((6_000, 4_000), step=0), (5_000, 5_000)) is None


def test_propose__after_a_change__then_not_before_the_delay_is_over() -> None:
    move = propose(vault((6_000, 4_000), last_target_change=NOW - 100), (5_600, 4_400))
    assert move is not None
    assert move.earliest == NOW - 100 + DAY


def test_propose__outside_of_the_bounds_or_no_weights__then_every_mistake_is_named() -> None:
    snapshot = vault((6_000, 4_000))
    bounded = tuple(replace(asset, min_weight=3_000, max_weight=7_000) for asset in snapshot.mandate.assets)
    snapshot = replace(snapshot, mandate=replace(snapshot.mandate, assets=bounded))
    with pytest.raises(InputError) as raised:
        propose(snapshot, (8_000, 2_000))
    assert len(raised.value.mistakes) == 2
    with pytest.raises(InputError, match="sum to 10000"):
        propose(snapshot, (6_000, 3_999))
    with pytest.raises(InputError, match="2 weights"):
        propose(snapshot, (10_000,))


@given(st.data(), st.integers(2, 16), st.integers(20, BPS))
def test_propose__any_weights_and_step__then_steps_that_the_vault_takes_and_that_arrive(
    data: st.DataObject, assets: int, step: int
) -> None:
    snapshot, wanted = vault(data.draw(targets_of(assets)), step), data.draw(targets_of(assets))
    moves = 0
    while (move := propose(snapshot, wanted)) is not None:
        steps = [new - old for new, old in zip(move.targets, snapshot.targets, strict=True)]
        ways = [new - old for new, old in zip(wanted, snapshot.targets, strict=True)]
        assert sum(move.targets) == BPS
        assert all(abs(made) <= step for made in steps)
        assert all(0 <= made * way <= way * way for made, way in zip(steps, ways, strict=True)), "never past or away"
        snapshot = replace(snapshot, targets=move.targets)
        moves += 1
        assert moves <= 2 * (BPS // step + 1)
    assert snapshot.targets == wanted
