"""Markets on paper: what a trade would get at a moment of history, fee and price impact included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from controller.market import concentrated, ticks
from controller.market.concentrated import Standing
from controller.market.depth import liquidity, sqrt_price, topped_up
from controller.market.quotes import Hop, Path, VenueQuotes, paths
from controller.model import BlockRef, Mandate, Quote, Snapshot
from controller.planning.wants import Want
from controller.units import BPS


class Market(Protocol):
    """Where a backtest trades."""

    def move(self, prices: Sequence[int]) -> None:
        """Takes in the prices D36{quote/qTok} of the next moment, one for each asset of the mandate."""

    def quote(self, snapshot: Snapshot, wants: tuple[Want, ...]) -> Sequence[Quote]:
        """Quotes for wants that are executed in this order, at the prices of the moment."""

    def kept(self, sell: int, buy: int) -> float:
        """{1} of a trade's value that pools keep of it, besides its impact."""


@dataclass(slots=True)
class Proportional:
    """Every trade gives the oracle's price less `cost` {bps}, whatever its size; 0 is a market without friction."""

    cost: int = 0
    prices: tuple[int, ...] = ()

    def move(self, prices: Sequence[int]) -> None:
        self.prices = tuple(prices)

    def quote(self, _snapshot: Snapshot, wants: tuple[Want, ...]) -> list[Quote]:
        found = []
        for want in wants:
            # {qTok of buy} = {qTok of sell} * D36{quote/qTok} * {bps} / (D36{quote/qTok} * {bps}), rounded down
            value = want.amount_in * self.prices[want.sell] * (BPS - self.cost)
            found.append(Quote(want.sell, want.buy, 0, want.amount_in, value // (self.prices[want.buy] * BPS), b""))
        return found

    def kept(self, _sell: int, _buy: int) -> float:
        return self.cost / BPS


HUB: Final = "0x" + "ff" * 20
"""The dollar of a market whose vault holds none; it sorts behind every token."""


@dataclass(slots=True)
class FullRange:
    """One Uniswap V3 pool of each asset against a dollar, by the pools' own arithmetic in integers.

    Liquidity covers every price. Between two moments arbitrageurs trade each pool to the oracle's price, and providers
    keep at least as many tokens in it as at first. This is the market of the demo, without its chain.

    Parameters
    ----------
    tokens : of the mandate's assets; their order decides which token of a pool is the first.
    hub : the dollar's address.
    hub_price : D36{quote/qTok} of the dollar, where the mandate does not hold it.
    depth : D36{quote} on each side of each pool at the first prices.
    fee : {1e-6}
    spacing : {tick} of pools with that fee.
    """

    tokens: tuple[str, ...]
    hub: str
    hub_price: int
    depth: int
    fee: int = 500
    spacing: int = 10
    first: tuple[int, ...] = ()  # {qTok} of each asset at the first prices
    pools: dict[str, Standing] = field(default_factory=dict)  # by token
    quotes: VenueQuotes = field(init=False)

    def __post_init__(self) -> None:
        self.quotes = VenueQuotes((_PaperVenue(self),))

    def move(self, prices: Sequence[int]) -> None:
        dollar = next((p for t, p in zip(self.tokens, prices, strict=True) if t == self.hub), self.hub_price)
        if not self.first:
            self.first = tuple(self.depth // price for price in prices)
        for token, price, tokens in zip(self.tokens, prices, self.first, strict=True):
            if token == self.hub:
                continue
            held = self.pools[token].liquidity if token in self.pools else 0
            root = sqrt_price(token, price, self.hub, dollar)
            self.pools[token] = Standing(root, ticks.tick_at(root), topped_up(held, liquidity(tokens, price, dollar)))

    def quote(self, snapshot: Snapshot, wants: tuple[Want, ...]) -> list[Quote]:
        return self.quotes.at(snapshot.block, wants, self.tokens, [_PAPER])

    def kept(self, sell: int, buy: int) -> float:
        hops = 1 if self.hub in (self.tokens[sell], self.tokens[buy]) else 2
        return float(1.0 - (1.0 - self.fee / 1e6) ** hops)

    def word(self, _position: int) -> int:
        return 0

    def net(self, tick: int) -> int:
        raise LookupError(f"no range ends at {tick}")


_PAPER: Final = "paper"


@dataclass(frozen=True, slots=True)
class _PaperVenue:
    market: FullRange
    address: str = _PAPER

    def pools(self, _block: BlockRef) -> _PaperPools:
        return _PaperPools(self.market, dict(self.market.pools))


@dataclass(slots=True)
class _PaperPools:
    """The pools of one moment, with what earlier wants have put into them."""

    market: FullRange
    standing: dict[str, Standing]

    def paths(self, sell: str, buy: str) -> Iterator[Path]:
        return paths(sell, buy, (self.market.fee,), (self.market.hub,))

    def load(self, _wanted: Iterable[Path]) -> None:
        """Nothing is read."""

    def through(self, path: Path, amount: int) -> int:
        for hop in path:
            amount, _ = self._swap(hop, amount)
        return amount

    def spend(self, path: Path, amount: int) -> None:
        for hop in path:
            amount, after = self._swap(hop, amount)
            if after is not None:
                self.standing[after[0]] = after[1]

    def route(self, path: Path) -> bytes:
        return "|".join(f"{sell}>{buy}" for sell, _, buy in path).encode()

    def _swap(self, hop: Hop, amount: int) -> tuple[int, tuple[str, Standing] | None]:
        sell, _, buy = hop
        token = buy if sell == self.market.hub else sell
        if self.market.hub not in (sell, buy) or token not in self.standing or not amount:
            return 0, None
        done = concentrated.swap(self.market, self.standing[token], amount, down=int(sell, 16) < int(buy, 16))
        return (0, None) if done.left else (done.given, (token, done.standing))


def full_range(mandate: Mandate, depth: int, hub: str = HUB, hub_price: int = 10**30) -> FullRange:
    """Pools of a mandate's assets, each `depth` D36{quote} deep on either side.

    Parameters
    ----------
    hub_price : D36{quote/qTok} of a dollar of 6 decimals.
    """
    return FullRange(tuple(asset.token for asset in mandate.assets), hub, hub_price, depth)
