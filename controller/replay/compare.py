"""A chain's run beside the same run on paper: tick by tick, to the last unit, with every difference attributed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from controller.backtest.engine import Setting, run
from controller.backtest.moments import Moment
from controller.backtest.paper import FullRange
from controller.model import Fill, Mandate, TickRecord


@dataclass(frozen=True, slots=True)
class Difference:
    """What one tick of the backtest has otherwise than the chain."""

    tick: int  # its place in the run
    time: int  # {s} of the chain's block
    cause: str  # the first thing that differs, from which all others follow
    chain: str
    backtest: str

    def __str__(self) -> str:
        return f"tick {self.tick} at {self.time}: {self.cause} is {self.chain} on the chain, {self.backtest} on paper"


def on_paper(ticks: Sequence[TickRecord], mandate: Mandate, *, dollar: str, price: int, depth: int) -> list[TickRecord]:
    """The backtest of what a chain has run: its blocks and prices, the book of its first tick, pools of the same depth.

    Parameters
    ----------
    ticks : of the chain.
    dollar : address of the token that all pools trade against.
    price : D36{quote/qTok} of it, where the mandate does not hold it.
    depth : D36{quote} on each side of each pool at the first prices.
    """
    market = FullRange(tuple(asset.token for asset in mandate.assets), dollar, price, depth)
    moments = [Moment(tick.block, tick.prices) for tick in ticks]
    return run(Setting(mandate, market, takes_fees=False), moments, 0, balances=ticks[0].balances)


def differences(chain: Sequence[TickRecord], paper: Sequence[TickRecord]) -> Iterator[Difference]:
    """Every tick that differs, with the first thing in it that does: balances, then the decision, then the trades."""
    for number, (ours, theirs) in enumerate(zip(paper, chain, strict=True)):
        pairs = (
            ("the holdings", theirs.balances, ours.balances),
            ("the decision", _decision(theirs), _decision(ours)),
            ("the trades", _fills(theirs), _fills(ours)),
            ("the drift left", _drift(theirs), _drift(ours)),
        )
        found = next(((what, one, other) for what, one, other in pairs if one != other), None)
        if found is not None:
            yield Difference(number, theirs.block.timestamp, found[0], str(found[1]), str(found[2]))


def _decision(tick: TickRecord) -> str:
    return tick.reason.value if tick.reason else tick.error or "a plan"


def _fills(tick: TickRecord) -> tuple[Fill, ...]:
    return tick.outcome.rebalance.fills if tick.outcome else ()


def _drift(tick: TickRecord) -> int | None:
    return tick.outcome.rebalance.drift_after if tick.outcome else None
