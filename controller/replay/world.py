"""A living market on a local chain: real Uniswap V3, tokens, feeds, and pools with liquidity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from controller.chain import dev
from controller.chain.artifacts import load
from controller.chain.client import Chain
from controller.chain.contract import Contract
from controller.deploy.creation import init_code
from controller.deploy.recipe import load as load_recipe
from controller.deploy.run import Driver
from controller.deploy.sender import UnlockedSender
from controller.deploy.uniswap import RECIPE
from controller.market.depth import liquidity, sqrt_price, topped_up
from controller.replay.markets import FEED_DECIMALS, Listing, Market
from controller.units import VALUE_DECIMALS

POOL_FEE = 500
"""{1e-6} fee tier of every pool."""

FULL_RANGE = 887_270
"""Widest tick that the spacing of POOL_FEE allows: liquidity that no price leaves."""

INVENTORY = 10**12
"""{tok} of each token that the rest of the market holds."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A listing on the chain."""

    listing: Listing
    token: str
    feed: str
    pool: str | None  # against the dollar; None for the dollar itself

    def price(self, answer: int) -> int:
        """D36{quote/qTok} of an answer."""
        scale: int = 10 ** (VALUE_DECIMALS - FEED_DECIMALS - self.listing.decimals)
        return answer * scale


@dataclass(frozen=True, slots=True)
class Accounts:
    """Who is who: development accounts in the order in which every node has them."""

    owner: str
    keeper: str
    guardian: str
    maker: str  # the rest of the market: provides liquidity, arbitrages, publishes the feeds


@dataclass(frozen=True)
class World:
    """A market on a development chain."""

    chain: Chain
    market: Market
    accounts: Accounts
    listed: tuple[Listed, ...]  # in the order of the market's listings
    maker: Contract  # TestMarket
    quoter: str  # Uniswap's QuoterV2
    depth: int  # {USD} on each side of each pool at the first prices
    first: tuple[int, ...]  # {USD/tok} first answers
    liquidity: dict[str, int]  # provided so far, by pool

    def by_symbol(self, symbol: str) -> Listed:
        return next(listed for listed in self.listed if listed.listing.symbol == symbol)

    def symbol(self, token: str) -> str:
        return next(listed.listing.symbol for listed in self.listed if listed.token == token)

    def move(self, answers: tuple[int, ...]) -> None:
        """Publishes `answers` {USD/tok} and trades every pool to them, in one transaction."""
        dev.transact(self.chain, self.accounts.maker, self.maker.address, self.step(answers))
        self._deepen(answers)

    def step(self, answers: tuple[int, ...]) -> bytes:
        """Call data of that transaction."""
        dollar = self.listed[-1].price(answers[-1])
        prices = [listed.price(answer) for listed, answer in zip(self.listed, answers, strict=True)]
        traded = [
            (listed.pool, sqrt_price(listed.token, price, self.listed[-1].token, dollar))
            for listed, price in zip(self.listed, prices, strict=True)
            if listed.pool is not None
        ]
        return self.maker.encode(
            "step", [listed.feed for listed in self.listed], list(answers), *map(list, zip(*traded, strict=True))
        )

    def _deepen(self, answers: tuple[int, ...]) -> None:
        """Liquidity providers keep at least as many tokens in every pool as on the first day."""
        for listed, first, answer in zip(self.listed, self.first, answers, strict=True):
            if listed.pool is None:
                continue
            # {qTok} = {USD} * 10^(feed decimals + token decimals) / {USD/tok in feed decimals}
            tokens = self.depth * 10 ** (FEED_DECIMALS + listed.listing.decimals) // first
            held = self.liquidity.get(listed.pool, 0)
            wanted = topped_up(held, liquidity(tokens, listed.price(answer), self.listed[-1].price(answers[-1])))
            if wanted > held:
                data = self.maker.encode("provide", listed.pool, -FULL_RANGE, FULL_RANGE, wanted - held)
                dev.transact(self.chain, self.accounts.maker, self.maker.address, data)
                self.liquidity[listed.pool] = wanted

    def deploy(self, directory: Path) -> dict[str, str]:
        """Deploys the project's contracts onto this market's Uniswap; returns addresses by name."""
        driver = Driver(self.chain, UnlockedSender(self.accounts.owner), directory, commit="", broadcast=True)
        return {result.name: result.address for result in driver.network({})}

    def fund(self, account: str, symbol: str, amount: int) -> None:
        """Mints `amount` {qTok} to an account: these tokens stand for something, they are worth nothing."""
        token = Contract(self.chain, self.by_symbol(symbol).token, "TestToken")
        dev.transact(self.chain, self.accounts.maker, token.address, token.encode("mint", account, amount))


def build(
    chain: Chain,
    unlocked: tuple[str, ...],
    market: Market,
    answers: tuple[int, ...],
    directory: Path,
    *,
    depth: int,
    progress: Callable[[str], None],
) -> World:
    """Puts a market on a fresh development chain.

    Parameters
    ----------
    answers : {USD/tok} first answers of the feeds.
    directory : where the records of Uniswap go.
    depth : {USD} on each side of each pool.
    progress : told what has been done.
    """
    owner, keeper, guardian, maker = unlocked[:4]
    driver = Driver(chain, UnlockedSender(owner), directory, commit="", broadcast=True)
    uniswap = {result.name: result.address for result in driver.run(load_recipe(RECIPE), {})}
    progress("Uniswap V3")

    test_market = Contract(chain, _deploy(chain, maker, "TestMarket", maker), "TestMarket")
    tokens = [
        _deploy(chain, maker, "TestToken", listing.name, listing.symbol, str(listing.decimals), maker)
        for listing in market.listings
    ]
    feeds = [
        _deploy(chain, maker, "TestFeed", f"{listing.symbol} / USD", str(FEED_DECIMALS), test_market.address)
        for listing in market.listings
    ]
    progress("tokens and feeds")
    listed: list[Listed] = []
    for index, (listing, token, feed) in enumerate(zip(market.listings, tokens, feeds, strict=True)):
        _mint(chain, maker, token, test_market.address, INVENTORY * 10**listing.decimals)
        pool = None
        if listing is not market.dollar:
            pair = (Listed(listing, token, feed, None), Listed(market.dollar, tokens[-1], feeds[-1], None))
            pool = _create_pool(chain, maker, uniswap["UniswapV3Factory"], pair, (answers[index], answers[-1]))
        listed.append(Listed(listing, token, feed, pool))
    accounts = Accounts(owner, keeper, guardian, maker)
    world = World(chain, market, accounts, tuple(listed), test_market, uniswap["QuoterV2"], depth, answers, {})
    world.move(answers)
    progress("pools with liquidity")
    return world


def _deploy(chain: Chain, sender: str, contract: str, *args: str) -> str:
    return dev.deploy(chain, sender, init_code(load(contract), args))


def _mint(chain: Chain, minter: str, token: str, to: str, amount: int) -> None:
    dev.transact(chain, minter, token, Contract(chain, token, "TestToken").encode("mint", to, amount))


def _create_pool(chain: Chain, sender: str, factory: str, pair: tuple[Listed, Listed], answers: tuple[int, int]) -> str:
    (asset, dollar), (answer, dollar_answer) = pair, answers
    uniswap = Contract(chain, factory, "UniswapV3Factory")
    dev.transact(chain, sender, factory, uniswap.encode("createPool", asset.token, dollar.token, POOL_FEE))
    pool = str(uniswap.read("getPool", asset.token, dollar.token, POOL_FEE, block=chain.head()))
    start = sqrt_price(asset.token, asset.price(answer), dollar.token, dollar.price(dollar_answer))
    dev.transact(chain, sender, pool, Contract(chain, pool, "UniswapV3Pool").encode("initialize", start))
    return pool
