"""What a vault sees of a market: feeds that answer when a price has moved enough, or after so long, as real ones do;
and what a unit of gas costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from controller.backtest.moments import Moment
from controller.errors import InputError
from controller.units import BPS, VALUE_DECIMALS

if TYPE_CHECKING:
    import pandas as pd

COIN_DECIMALS: Final = 18
GWEI: Final = 10**9


@dataclass(frozen=True, slots=True)
class Feeds:
    """When feeds answer anew. Looked at once in each moment: between two moments a price may go anywhere."""

    deviation: int = 0  # {bps} by which a price has to move; zero: any move
    heartbeat: int = 0  # {s} after which a feed answers whatever the price; zero: in every moment

    def seen(self, moments: Sequence[Moment]) -> list[Moment]:
        """Moments in which the vault sees the feeds' answers, and pools trade at the prices of `moments`."""
        found: list[Moment] = []
        answers: list[int] = []
        times: list[int] = []
        for moment in moments:
            now, worth = moment.block.timestamp, moment.worth
            if not found:
                answers, times = list(worth), [now] * len(worth)
            for asset, price in enumerate(worth):
                moved = abs(price - answers[asset]) * BPS >= max(self.deviation, 1) * answers[asset]
                if moved or now - times[asset] >= self.heartbeat:
                    answers[asset], times[asset] = price, now
            found.append(replace(moment, prices=tuple(answers), market=worth, updated_at=tuple(times)))
        return found


def with_gas(moments: Sequence[Moment], prices: pd.DataFrame) -> list[Moment]:
    """Moments with what gas costs in them: the newest row at or before each.

    Parameters
    ----------
    prices : columns gwei {gwei/gas} and coin {quote/coin}, dates ascending.

    Raises
    ------
    InputError
        When a column is missing, or the first moment is before the first row.
    """
    import pandas as pd

    missing = [name for name in ("gwei", "coin") if name not in prices.columns]
    if missing:
        raise InputError(
            f"The gas prices have no column {' and no column '.join(missing)}.",
            "Give columns date, gwei (of a unit of gas) and coin (its price in the mandate's currency).",
        )
    days = pd.DatetimeIndex(prices.index)
    times = pd.to_datetime([moment.block.timestamp for moment in moments], unit="s", utc=True)
    places = days.searchsorted(times, side="right") - 1
    if places.min() < 0:
        raise InputError(
            f"The gas prices begin on {days[0]:%Y-%m-%d}, after the first moment.", "Give earlier ones, or begin later."
        )
    # D36{quote/gas} = {gwei/gas} * {wei/gwei} * {quote/coin} * 10^36 / {wei/coin}
    scale = GWEI * 10 ** (VALUE_DECIMALS - COIN_DECIMALS)
    products = (prices["gwei"].to_numpy(dtype=float) * prices["coin"].to_numpy(dtype=float)).tolist()
    costs = [round(product * 10**9) * scale // 10**9 for product in products]
    return [replace(moment, gas=costs[place]) for moment, place in zip(moments, places, strict=True)]
