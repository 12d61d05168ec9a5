"""What every strategy is: a pure function from a snapshot and the past to targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from controller.model import Snapshot

if TYPE_CHECKING:
    import pandas as pd


class Strategy(Protocol):
    """Decides targets. The same object decides in a backtest, in the live keeper and in the audit."""

    def target(self, snapshot: Snapshot, past: pd.DataFrame | None) -> tuple[int, ...]:
        """Targets of one tick.

        Parameters
        ----------
        snapshot : the vault at the block of the tick.
        past : {quote/tok} prices, one column for each asset of the mandate, every row strictly before the block's
            timestamp; None for a strategy that needs none.

        Returns
        -------
        {bps}, one for each asset of the mandate, summing to exactly 10,000.
        """
        ...
