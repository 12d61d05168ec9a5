"""The past as the chain itself remembers it: the rounds of the feeds, read backwards from a block."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
import pandas as pd

from controller.chain.client import Chain
from controller.chain.contract import Contract
from controller.errors import InputError, RevertError
from controller.market.history import freeze
from controller.model import BlockRef, Feed, Snapshot

BATCH: Final = 200
"""Rounds in one request."""
MOST: Final = 20_000
"""Rounds of one feed that are read at most: what is older does not count any more."""
PHASE: Final = 2**64
"""A proxy's round id is its phase times this, plus the aggregator's own id, which starts at 1 in every phase."""


@dataclass(frozen=True, slots=True)
class Round:
    id: int
    answer: int  # in the feed's decimals
    updated_at: int  # {s}


def read_rounds(chain: Chain, source: str, block: BlockRef, since: int) -> tuple[Round, ...]:
    """Rounds of a feed, oldest first, none of the block's own time or later.

    They end with the first one at or before `since` {s}, which is the price that held then; or where the feed's present
    aggregator begins, because a proxy does not tell how far the one before it came.
    """
    feed = Contract(chain, source, "IAggregatorV3")
    newest = _round(feed.read("latestRoundData", block=block))
    found = [newest]
    while found[-1].updated_at > since and found[-1].id % PHASE > 1 and len(found) < MOST:
        first = found[-1].id - 1
        count = min(first % PHASE, BATCH)
        older = _batch(feed, [first - back for back in range(count)], block)
        if not older:
            break
        found += older
    kept = [each for each in found if each.updated_at < block.timestamp and each.answer > 0]
    until = next((place for place, each in enumerate(kept) if each.updated_at <= since), len(kept) - 1)
    return tuple(reversed(kept[: until + 1]))


def _batch(feed: Contract, ids: Sequence[int], block: BlockRef) -> list[Round]:
    """The rounds of these ids up to the first that the feed does not know."""
    item = feed.function("getRoundData")
    try:
        answers = feed.chain.calls([(feed.address, item.encode(each)) for each in ids], block)
    except RevertError:
        return _batch(feed, ids[: len(ids) // 2], block) if len(ids) > 1 else []
    return [_round(item.decode_output(answer)) for answer in answers]


def _round(values: tuple[int, int, int, int, int]) -> Round:
    return Round(values[0], values[1], values[3])


def sampled(feeds: Sequence[Feed], rounds: Sequence[Sequence[Round]], times: Sequence[int]) -> pd.DataFrame:
    """{quote/tok} what every feed said last, at each of `times` {s}.

    Returns
    -------
    One column for each feed, named by its place; rows from the first time on at which every feed had said something.
    """
    columns = []
    for feed, known in zip(feeds, rounds, strict=True):
        at = np.searchsorted([each.updated_at for each in known], np.asarray(times), side="right") - 1
        answers = np.array([each.answer / 10**feed.decimals for each in known] or [np.nan])
        columns.append(np.where(at >= 0, answers[np.maximum(at, 0)], np.nan))
    table = np.column_stack(columns)
    complete = ~np.isnan(table).any(axis=1)
    index = [datetime.fromtimestamp(time, UTC) for time, whole in zip(times, complete, strict=True) if whole]
    return freeze(table[complete], [str(place) for place in range(len(feeds))], index)


@dataclass(frozen=True)
class FeedPast:
    """The past of a vault's assets from their feeds, sampled evenly: whoever reads this chain gets the same."""

    chain: Chain
    every: int  # {s} between two rows, at whole multiples of it since 1970
    rows: int  # at most

    def __call__(self, snapshot: Snapshot) -> pd.DataFrame:
        """{quote/tok} of the assets in the mandate's order, every row strictly before the snapshot's block."""
        block = snapshot.block
        last = (block.timestamp - 1) // self.every * self.every
        times = [last - back * self.every for back in range(self.rows - 1, -1, -1)]
        feeds = [asset.feed for asset in snapshot.mandate.assets]
        rounds = [read_rounds(self.chain, feed.source, block, times[0]) for feed in feeds]
        return sampled(feeds, rounds, times)


def before(history: pd.DataFrame, columns: Sequence[str]) -> Callable[[Snapshot], pd.DataFrame]:
    """The past of a file: what it has of these columns, one for each asset of the mandate, before a snapshot's block.

    Raises
    ------
    InputError
        When a column is missing.
    """
    missing = [name for name in columns if name not in history.columns]
    if missing:
        raise InputError(
            f"The price history has no column {', '.join(missing)}.",
            f"It has {', '.join(map(str, history.columns))}: name them as the assets are named.",
        )
    table = history[list(columns)].dropna()

    def past(snapshot: Snapshot) -> pd.DataFrame:
        return table[table.index < pd.Timestamp(snapshot.block.timestamp, unit="s", tz="UTC")]

    return past
