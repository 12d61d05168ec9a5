"""The past from rounds of feeds: what was known when, and nothing of the block's own time or later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import pandas as pd
import pytest
from planning_pieces import DAY, NOW, address, make_mandate, make_snapshot

from controller.chain.abi import decode, encode
from controller.chain.client import Chain
from controller.errors import InputError, RevertError
from controller.market.rounds import BATCH, PHASE, FeedPast, Round, before, read_rounds
from controller.model import BlockRef

BLOCK = BlockRef(9, b"\x09" * 32, NOW)
ROUND = ("uint80", "int256", "uint256", "uint256", "uint80")


class Feeds:
    """Chain of feeds with rounds, by address; ids that no feed knows revert."""

    def __init__(self, feeds: dict[str, list[Round]]) -> None:
        self.feeds = feeds
        self.trips = 0

    def call(self, to: str, data: bytes, block: BlockRef, sender: str | None = None) -> bytes:
        self.trips += 1
        return self.answer(self.feeds[to][-1])

    def calls(self, calls: Sequence[tuple[str, bytes]], block: BlockRef) -> list[bytes]:
        self.trips += 1
        found = []
        for to, data in calls:
            (wanted,) = decode(("uint80",), data[4:])
            known = {each.id: each for each in self.feeds[to]}
            if wanted not in known:
                raise RevertError("NoData", {})
            found.append(self.answer(known[wanted]))
        return found

    @staticmethod
    def answer(found: Round) -> bytes:
        return encode(ROUND, (found.id, found.answer, found.updated_at, found.updated_at, found.id))


def daily(count: int, phase: int = 3, last: int = NOW - 60) -> list[Round]:
    return [
        Round(phase * PHASE + number, 10**8 * number, last - (count - number) * DAY) for number in range(1, count + 1)
    ]


def read(rounds: list[Round], since: int) -> tuple[Round, ...]:
    return read_rounds(cast(Chain, Feeds({address(1): rounds})), address(1), BLOCK, since)


def test_rounds__since_a_moment__then_from_the_one_that_held_then() -> None:
    known = daily(10)
    assert read(known, NOW - 3 * DAY) == tuple(known[-4:])
    assert read(known, known[5].updated_at) == tuple(known[5:])


def test_rounds__of_many__then_in_batches_and_all_of_the_aggregator() -> None:
    feeds = Feeds({address(1): daily(2 * BATCH + 5)})
    assert read_rounds(cast(Chain, feeds), address(1), BLOCK, 0) == tuple(feeds.feeds[address(1)])
    assert feeds.trips == 4


def test_rounds__when_old_ones_are_gone__then_those_that_are_left() -> None:
    known = daily(50)[20:]
    assert read(known, 0) == tuple(known)


def test_rounds__of_the_block_itself_or_without_a_price__then_left_out() -> None:
    known = daily(5, last=NOW)
    known[2] = Round(known[2].id, 0, known[2].updated_at)
    assert read(known, 0) == (*known[:2], known[3])


def test_past__of_a_snapshot__then_even_rows_before_its_block_with_what_each_feed_said_last() -> None:
    mandate = make_mandate((6_000, 4_000))
    sources = [asset.feed.source for asset in mandate.assets]
    slow = [Round(PHASE + 1, 7 * 10**8, NOW - 100 * DAY), Round(PHASE + 2, 9 * 10**8, NOW - 2 * DAY)]
    feeds = Feeds({sources[0]: daily(30), sources[1]: slow})
    snapshot = make_snapshot(mandate, (1, 1), (1, 1), block=BLOCK)
    past = FeedPast(cast(Chain, feeds), DAY, 5)(snapshot)
    assert len(past) == 5
    assert past.index[-1] < pd.Timestamp(NOW, unit="s", tz="UTC")
    assert all(time.value // 10**9 % DAY == 0 for time in past.index)
    assert past["0"].tolist() == [25.0, 26.0, 27.0, 28.0, 29.0]
    assert past["1"].tolist() == [7.0, 7.0, 7.0, 9.0, 9.0]
    with pytest.raises(ValueError, match="read-only"):
        past.to_numpy()[0, 0] = 1.0


def test_past__before_every_feed_had_said_something__then_no_rows_of_that_time() -> None:
    mandate = make_mandate((6_000, 4_000))
    sources = [asset.feed.source for asset in mandate.assets]
    feeds = Feeds({sources[0]: daily(30), sources[1]: daily(3)})
    past = FeedPast(cast(Chain, feeds), DAY, 10)(make_snapshot(mandate, (1, 1), (1, 1), block=BLOCK))
    assert len(past) == 2
    assert not np.isnan(past.to_numpy()).any()


def test_before__a_block__then_nothing_of_its_time_or_later_and_the_order_of_the_mandate() -> None:
    index = pd.DatetimeIndex([pd.Timestamp(NOW + shift, unit="s", tz="UTC") for shift in (-2, -1, 0, 1)])
    frame = pd.DataFrame({"A": [1.0, 2, 3, 4], "B": [5.0, 6, 7, 8], "C": [9.0] * 4}, index=index)
    snapshot = make_snapshot(make_mandate((6_000, 4_000)), (1, 1), (1, 1), block=BLOCK)
    assert before(frame, ["B", "A"])(snapshot).to_numpy().tolist() == [[5.0, 1.0], [6.0, 2.0]]
    with pytest.raises(InputError, match="no column D"):
        before(frame, ["D"])
