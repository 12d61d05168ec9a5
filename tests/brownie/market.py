"""Tokens of 18, 8 and 6 decimals, their feeds, and real Uniswap V3 pools against the dollar."""

from dataclasses import dataclass
from math import isqrt

from brownie import Contract, interface

FEE = 500  # {1e-6}
FULL_RANGE = 887_270  # {tick}, a multiple of the fee tier's spacing
FEED_DECIMALS = 8
DEPTH = 50_000_000  # {quote} on each side of a pool


@dataclass(frozen=True)
class Listing:
    """One token with its feed."""

    token: object
    feed: object
    proxy: object
    decimals: int


class Market:
    def __init__(self, compiled, deployed, account):
        self.account = account
        self.contract = compiled.TestMarket.deploy(account, {"from": account})
        self.listings = {}
        for symbol, decimals in (("EQ", 18), ("GOLD", 8), ("USD", 6)):
            token = compiled.TestToken.deploy(symbol, symbol, decimals, account, {"from": account})
            feed = compiled.TestFeed.deploy(f"{symbol} / USD", FEED_DECIMALS, self.contract, {"from": account})
            proxy = compiled.TestFeedProxy.deploy(feed, {"from": account})
            token.mint(self.contract, 10 ** (12 + decimals), {"from": account})
            self.listings[symbol] = Listing(token, feed, proxy, decimals)
        self.prices = {"EQ": 100, "GOLD": 2000, "USD": 1}
        record = deployed["UniswapV3Factory"]
        factory = Contract.from_abi("UniswapV3Factory", record.address, list(record.abi), persist=False)
        self.pools = {symbol: self._pool(factory, symbol) for symbol in ("EQ", "GOLD")}
        self.step(self.prices)

    def _pool(self, factory, symbol):
        """A pool of `symbol` and the dollar at today's price, with liquidity over the whole range."""
        tokens = (self.listings[symbol].token, self.listings["USD"].token, FEE)
        factory.createPool(*tokens, {"from": self.account})
        pool = interface.IUniswapV3Pool(factory.getPool(*tokens))
        pool.initialize(self.sqrt_price(symbol), {"from": self.account})
        # {sqrt(qTok0 * qTok1)}: the geometric mean of both sides
        liquidity = isqrt(self.units(symbol, DEPTH) * self.units("USD", DEPTH))
        self.contract.provide(pool, -FULL_RANGE, FULL_RANGE, liquidity, {"from": self.account})
        return pool

    def units(self, symbol, value):
        """{qTok} worth `value` {quote}, rounded down."""
        return value * 10 ** self.listings[symbol].decimals // self.prices[symbol]

    def sqrt_price(self, symbol):
        """sqrt({qTok1/qTok0}) * 2^96 of the pool of `symbol` and the dollar."""
        side = [(self.units(symbol, 10**12), self.listings[symbol]), (self.units("USD", 10**12), self.listings["USD"])]
        (amount0, _), (amount1, _) = sorted(side, key=lambda item: int(item[1].token.address, 16))
        return isqrt((amount1 << 192) // amount0)

    def step(self, prices):
        """Feeds and pools go to `prices`, whole {quote/tok}."""
        self.prices = prices
        self.contract.step(
            [self.listings[symbol].feed for symbol in prices],
            [price * 10**FEED_DECIMALS for price in prices.values()],
            list(self.pools.values()),
            [self.sqrt_price(symbol) for symbol in self.pools],
            {"from": self.account},
        )

    def route(self, *symbols):
        """Packed words of the Uniswap V3 venue: the fee, or fee, token in the middle, fee."""
        fee = FEE.to_bytes(3, "big")
        middle = bytes.fromhex(self.listings["USD"].token.address[2:])
        return fee if "USD" in symbols else fee + middle + fee
