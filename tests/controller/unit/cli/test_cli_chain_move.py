"""Price changes as people write them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from controller.cli.chain_move import HIGHEST, moved_answers
from controller.errors import UsageError
from controller.replay.markets import FEED_DECIMALS, MACRO
from controller.replay.world import World

WORLD = cast(World, SimpleNamespace(listed=[SimpleNamespace(listing=listing) for listing in MACRO.listings]))
ONE = 10**FEED_DECIMALS
NOW = (100 * ONE, 200 * ONE, 300 * ONE, ONE)


@pytest.mark.parametrize(
    ("changes", "after"),
    [
        (["EQUITY=+20%"], (120 * ONE, 200 * ONE, 300 * ONE, ONE)),
        (["EQUITY=-5%", "GOLD=310.5"], (95 * ONE, 200 * ONE, 310 * ONE + ONE // 2, ONE)),
        (["DOLLAR=0.99"], (100 * ONE, 200 * ONE, 300 * ONE, ONE * 99 // 100)),
    ],
)
def test_moved_answers__when_readable__then_applied(changes: list[str], after: tuple[int, ...]) -> None:
    assert moved_answers(WORLD, NOW, changes) == after


@pytest.mark.parametrize(
    "change", ["EQUITY", "EQUITY=", "EQUITY=up", "NOPE=1", "EQUITY=nan", "EQUITY=Infinity", "EQUITY=inf%", "=1"]
)
def test_moved_answers__when_unreadable__then_says_how(change: str) -> None:
    with pytest.raises(UsageError, match=r"SYMBOL=\+20%"):
        moved_answers(WORLD, NOW, [change])


@pytest.mark.parametrize("change", ["EQUITY=0", "EQUITY=-100%", "EQUITY=-3", f"EQUITY={HIGHEST}", "EQUITY=1e99%"])
def test_moved_answers__when_no_price__then_names_the_asset(change: str) -> None:
    with pytest.raises(UsageError, match="EQUITY: would"):
        moved_answers(WORLD, NOW, [change])


def test_moved_answers__when_several_are_wrong__then_all_are_named() -> None:
    with pytest.raises(UsageError) as caught:
        moved_answers(WORLD, NOW, ["EQUITY=x", "NOPE=1", "GOLD=0"])
    assert all(part in str(caught.value) for part in ("EQUITY=x", "NOPE=1", "GOLD: would not"))
