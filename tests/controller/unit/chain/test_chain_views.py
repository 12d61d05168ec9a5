"""The lens's answer decoded by hand, against what eth_abi has encoded."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from view_encoding import BLOCK, SNAPSHOTS, answer, failed, view

from controller.chain import views
from controller.chain.errors import name_revert
from controller.chain.views import snapshots_of
from controller.errors import InputError
from controller.model import Snapshot


def _read(data: bytes, vaults: list[str]) -> list[Snapshot | InputError | bytes]:
    return list(snapshots_of(data, vaults, 1, BLOCK))


@given(st.lists(SNAPSHOTS, max_size=4))
def test_snapshots_of__when_encoded__then_the_same(snapshots: list[Snapshot]) -> None:
    data = answer([view(snapshot) for snapshot in snapshots])
    assert _read(data, [snapshot.vault for snapshot in snapshots]) == snapshots


@given(SNAPSHOTS, st.binary(min_size=1, max_size=100), st.binary(min_size=1, max_size=100))
def test_snapshots_of__when_prices_fail__then_named(snapshot: Snapshot, first: bytes, second: bytes) -> None:
    (read,) = _read(answer([view(snapshot, [first, second], second)]), [snapshot.vault])
    assert isinstance(read, Snapshot)
    names = [name_revert(first), name_revert(second)]
    assert [price.failure for price in read.prices] == [*names, *[""] * 16][: len(snapshot.prices)]
    assert read.due.failure == names[1]


@given(st.lists(SNAPSHOTS, min_size=2, max_size=3), st.binary(min_size=1, max_size=70))
def test_snapshots_of__when_one_has_failed__then_its_reason_and_the_others_whole(
    snapshots: list[Snapshot], failure: bytes
) -> None:
    first, *others = snapshots
    data = answer([failed(first.vault, failure, first), *map(view, others)])
    assert _read(data, [snapshot.vault for snapshot in snapshots]) == [failure, *others]


@given(SNAPSHOTS, st.data())
def test_snapshots_of__when_cut_anywhere__then_never_taken_for_whole(snapshot: Snapshot, data: st.DataObject) -> None:
    whole = answer([view(snapshot)])
    cut = whole[: -data.draw(st.integers(1, 300) | st.integers(1, len(whole)))]
    try:
        (read,) = _read(cut, [snapshot.vault])
    except ValueError:
        return
    assert isinstance(read, InputError)


@given(SNAPSHOTS, st.data())
def test_snapshots_of__when_a_word_is_anything__then_a_snapshot_or_a_named_error(
    snapshot: Snapshot, data: st.DataObject
) -> None:
    whole = answer([view(snapshot)])
    at = 32 * data.draw(st.integers(0, len(whole) // 32 - 1))
    word = data.draw(st.sampled_from([bytes(32), b"\xff" * 32, (64).to_bytes(32), (1 << 255).to_bytes(32)]))
    try:
        (read,) = _read(whole[:at] + word + whole[at + 32 :], [snapshot.vault])
    except ValueError:
        return
    assert isinstance(read, Snapshot | InputError | bytes)


@given(SNAPSHOTS)
def test_snapshots_of__when_there_are_more_or_fewer_than_asked_for__then_value_error(snapshot: Snapshot) -> None:
    for vaults in ([], [snapshot.vault] * 2):
        with pytest.raises(ValueError, match="1 views"):
            _read(answer([view(snapshot)]), vaults)


@given(SNAPSHOTS, st.integers(0, 65_535))
def test_snapshots_of__when_only_the_mandate_stays__then_it_is_not_read_again(snapshot: Snapshot, supply: int) -> None:
    later = replace(snapshot, supply=supply)
    (first,) = _read(answer([view(snapshot)]), [snapshot.vault])
    missed = views._mandate.cache_info().misses
    (second,) = _read(answer([view(later)]), [snapshot.vault])
    assert isinstance(first, Snapshot)
    assert isinstance(second, Snapshot)
    assert views._mandate.cache_info().misses == missed
    assert second.mandate is first.mandate
    assert second.supply == supply


@given(SNAPSHOTS, st.integers(0, 65_535))
def test_snapshots_of__when_the_mandate_changes__then_the_new_one(snapshot: Snapshot, spread: int) -> None:
    _read(answer([view(snapshot)]), [snapshot.vault])
    changed = replace(snapshot, mandate=replace(snapshot.mandate, spread=spread))
    assert _read(answer([view(changed)]), [snapshot.vault]) == [changed]
