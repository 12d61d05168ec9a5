"""What may happen to a vault: where its prices come from, and what goes wrong at the same time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from controller.backtest.engine import Setting
from controller.backtest.moments import Moment
from controller.backtest.paper import FullRange, Market, Proportional
from controller.errors import InputError
from controller.model import Quote, Snapshot
from controller.planning.wants import Want

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Episode:
    """A time that everybody remembers."""

    first: str
    last: str
    what: str


EPISODES: Final[Mapping[str, Episode]] = {
    "1973": Episode("1973-01", "1974-12", "oil, inflation, and the end of fixed exchange rates"),
    "1987": Episode("1987-08", "1988-01", "Black Monday"),
    "2000": Episode("2000-03", "2002-10", "the end of the internet bubble"),
    "2008": Episode("2007-10", "2009-06", "the financial crisis"),
    "2020": Episode("2020-01", "2020-12", "the pandemic"),
    "2022": Episode("2022-01", "2022-12", "inflation: stocks and bonds fell together"),
}
FROZEN: Final = 1 / 3
"""{1} part of a path, in its middle, during which a feed stands still or liquidity is gone."""
LESS: Final = 20
"""Times less liquidity, or times more expensive where a market has only a price."""
GAS: Final = 100
"""Times more expensive gas."""


def held(name: str, history: pd.DataFrame) -> bool:
    """Whether a history holds all of an episode."""
    first, last, months = _months(EPISODES[name], history)
    return bool(months[0] <= first and last <= months[-1])


def episode(name: str, history: pd.DataFrame) -> pd.DataFrame:
    """Its rows of a history.

    Raises
    ------
    InputError
        When there is no such episode, or the history does not hold all of it.
    """
    if name not in EPISODES:
        raise InputError(f"There is no episode {name!r}.", f"There are: {', '.join(EPISODES)}.")
    first, last, months = _months(EPISODES[name], history)
    if not held(name, history):
        raise InputError(
            f"The history does not hold {name}, which is {first} to {last}.",
            f"It runs from {months[0]} to {months[-1]}; the bundled one is macro.",
        )
    found: pd.DataFrame = history.loc[(months >= first) & (months <= last)]
    return found


def _months(wanted: Episode, history: pd.DataFrame) -> tuple[Any, Any, Any]:
    """The first and the last month of an episode, and that of every row."""
    import pandas as pd

    months = pd.DatetimeIndex(history.index).tz_localize(None).to_period("M")
    return pd.Period(wanted.first, "M"), pd.Period(wanted.last, "M"), months


# ---- what goes wrong


@dataclass(frozen=True, slots=True)
class Trouble:
    """Changes to a path before it is run."""

    what: str
    moments: Callable[[Sequence[Moment]], list[Moment]] = list
    setting: Callable[[Setting, int], Setting] = lambda setting, _moments: setting


def _middle(count: int) -> tuple[int, int]:
    length = max(round(count * FROZEN), 1)
    begin = (count - length) // 2
    return begin, begin + length


def _frozen(moments: Sequence[Moment], *, honest: bool) -> list[Moment]:
    begin, end = _middle(len(moments))
    last = moments[begin]
    since = (last.block.timestamp,) * len(last.prices) if honest else None
    return [
        replace(moment, prices=last.prices, market=moment.worth, updated_at=since) if begin < place < end else moment
        for place, moment in enumerate(moments)
    ]


@dataclass(slots=True)
class Drying:
    """A market whose liquidity is gone for a while."""

    market: Market
    begin: int  # moment
    end: int
    now: int = field(default=-1)

    def move(self, prices: Sequence[int]) -> None:
        self.now += 1
        if self.now == self.begin:
            _scaled(self.market, 1, LESS)
        if self.now == self.end:
            _scaled(self.market, LESS, 1)
        self.market.move(prices)

    def quote(self, snapshot: Snapshot, wants: tuple[Want, ...]) -> Sequence[Quote]:
        return self.market.quote(snapshot, wants)

    def kept(self, sell: int, buy: int) -> float:
        return self.market.kept(sell, buy)


def _scaled(market: Market, up: int, down: int) -> None:
    if isinstance(market, FullRange):
        market.first = tuple(tokens * up // down for tokens in market.first)
        market.pools = {
            token: pool._replace(liquidity=pool.liquidity * up // down) for token, pool in market.pools.items()
        }
    elif isinstance(market, Proportional):
        market.cost = market.cost * down // up
    else:
        raise TypeError(f"it is not known how {type(market).__name__} dries up")


def _dry(setting: Setting, moments: int) -> Setting:
    return replace(setting, market=Drying(setting.market, *_middle(moments)))


def _dear(setting: Setting, _moments: int) -> Setting:
    terms = replace(setting.terms, plan_cost=setting.terms.plan_cost * GAS, trade_cost=setting.terms.trade_cost * GAS)
    return replace(setting, gas=replace(setting.gas, price=setting.gas.price * GAS), terms=terms)


TROUBLES: Final[Mapping[str, Trouble]] = {
    "frozen-feed": Trouble("feeds stop answering", lambda moments: _frozen(moments, honest=True)),
    "stuck-feed": Trouble("feeds go on saying the same", lambda moments: _frozen(moments, honest=False)),
    "dry": Trouble(f"{LESS} times less liquidity", setting=_dry),
    "gas": Trouble(f"gas costs {GAS} times as much", setting=_dear),
}
"""By name. Feeds and liquidity fail for the middle third of a path, gas is dear all the time."""
