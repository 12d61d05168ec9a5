"""The points of a history at which a vault is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_utils.crypto import keccak

from controller.model import BlockRef, Mandate, Price


@dataclass(frozen=True, slots=True)
class Moment:
    """One point of history."""

    block: BlockRef
    prices: tuple[int, ...]  # D36{quote/qTok} of the feeds, one for each asset of the mandate
    market: tuple[int, ...] | None = None  # D36{quote/qTok} at which pools trade; None: at the feeds' prices
    updated_at: tuple[int, ...] | None = None  # {s} when each feed answered last; None: in this block
    gas: int | None = None  # D36{quote/gas} that gas costs; None: what the setting says
    flow: int = 0  # D36{quote} that comes in, or goes out where it is negative, before the tick

    @property
    def worth(self) -> tuple[int, ...]:
        """D36{quote/qTok} that the assets are really worth."""
        return self.prices if self.market is None else self.market


def answers(mandate: Mandate, moment: Moment) -> tuple[Price, ...]:
    """What the oracle makes of each feed's newest answer: none where it is older than the heartbeat."""
    now = moment.block.timestamp
    times = moment.updated_at or (now,) * len(moment.prices)
    return tuple(
        Price(0, 1, time, "PriceStale") if now - time > asset.feed.heartbeat else Price(price, 1, time)
        for asset, price, time in zip(mandate.assets, moment.prices, times, strict=True)
    )


def moments_of(mandate: Mandate, times: Sequence[int], answers: Sequence[Sequence[int]]) -> list[Moment]:
    """Moments from feed answers.

    Parameters
    ----------
    times : {s} ascending.
    answers : of each asset's feed, in its decimals, one row for each time.
    """
    return [
        Moment(
            BlockRef(2 * number + 1, keccak(number.to_bytes(8, "big")), time),
            tuple(asset.price_from_answer(answer) for asset, answer in zip(mandate.assets, row, strict=True)),
        )
        for number, (time, row) in enumerate(zip(times, answers, strict=True))
    ]
