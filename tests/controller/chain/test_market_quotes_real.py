"""Quotes against what real Uniswap V3 pools then give, trade after trade."""

from __future__ import annotations

from pathlib import Path

import pytest
import solidity

from controller.chain import dev
from controller.chain.client import Chain
from controller.chain.contract import Contract
from controller.chain.nodes import Node
from controller.deploy.uniswap import POOL, init_code_hash
from controller.market.quotes import VenueQuotes
from controller.market.uniswap_v2 import UniswapV2
from controller.market.uniswap_v3 import UniswapV3
from controller.planning.wants import Want, best
from controller.replay.markets import MACRO, series
from controller.replay.world import POOL_FEE, Listed, World, build

SIZES = (30_000, 20_000, 10_000)  # {USD} of pools that hold a million on each side
PAIRS = (
    (0, 1),
    (0, 2),
    (1, 2),
)  # the first two sell into one pool, the last two buy from one; asset 1 is on both sides
NOWHERE = "0x" + "11" * 20


@pytest.fixture
def market(shared_node: Node, shared_chain: Chain, tmp_path: Path) -> World:
    answers = series(MACRO, "2000-01", "2000-03").answers[0]
    return build(shared_chain, shared_node.accounts, MACRO, answers, tmp_path, depth=10**6, progress=lambda _what: None)


def venue_trader(market: World) -> Contract:
    """Pays a venue what it asks for, as a vault does."""
    abi, code = solidity.compiled("VenueTrader", "contracts/interfaces/IVenue.sol")
    return Contract(market.chain, dev.deploy(market.chain, market.accounts.keeper, code), abi)


def on_v3(market: World, venue: str, fees: tuple[int, ...]) -> UniswapV3:
    """Quotes of the market's pools, joined over the dollar."""
    factory = str(Contract(market.chain, market.quoter, "QuoterV2").read("factory", block=market.chain.head()))
    code_hash = bytes.fromhex(init_code_hash(POOL)[2:])
    return UniswapV3(market.chain, venue, factory, code_hash, fees, (market.listed[-1].token,))


def balance(chain: Chain, token: str, holder: str) -> int:
    return int(Contract(chain, token, "TestToken").read("balanceOf", holder, block=chain.head()))


def test_quotes__when_trades_share_pools__then_real_trades_give_what_was_quoted(market: World, tmp_path: Path) -> None:
    chain, trader = market.chain, venue_trader(market)
    venue = market.deploy(tmp_path)["UniswapV3Venue"]
    tokens = [listed.token for listed in market.listed]
    wants = [
        Want(sell, buy, size * 10 ** (8 + market.listed[sell].listing.decimals) // market.first[sell])
        for (sell, buy), size in zip(PAIRS, SIZES, strict=True)
    ]
    asked = on_v3(market, venue, (POOL_FEE, 3_000))
    quotes = VenueQuotes((asked,)).at(chain.head(), wants, tokens, [venue])
    assert len(quotes) == len(wants)  # neither the direct pools nor the other fee tier exist
    for want in wants:
        quote = best(want, quotes)
        assert quote is not None
        market.fund(trader.address, market.listed[want.sell].listing.symbol, want.amount_in)
        before = balance(chain, tokens[want.buy], trader.address)
        trade = trader.encode("trade", venue, tokens[want.sell], tokens[want.buy], want.amount_in, quote.route)
        dev.transact(chain, market.accounts.keeper, trader.address, trade)
        received = balance(chain, tokens[want.buy], trader.address) - before
        assert received == quote.amount_out


def test_quotes__when_a_trade_is_larger_than_the_pool__then_far_below_the_oracle(market: World) -> None:
    tokens = [listed.token for listed in market.listed]
    amount = 10**9 * 10 ** (8 + 18) // market.first[0]
    asked = on_v3(market, NOWHERE, (POOL_FEE,))
    (quote,) = VenueQuotes((asked,)).at(market.chain.head(), [Want(0, 2, amount)], tokens, [NOWHERE])
    assert quote.amount_out * market.first[2] < 10**6 * 10 ** (8 + 8)


def test_v2_quotes__on_real_pairs__then_real_trades_give_exactly_what_was_quoted(market: World, tmp_path: Path) -> None:
    chain, trader = market.chain, venue_trader(market)
    deployed = market.deploy(tmp_path)
    dollar = market.listed[-1]
    for listed, answer in zip(market.listed[:2], market.first[:2], strict=True):
        found_pair(market, deployed["UniswapV2Factory"], listed, answer, market.accounts.keeper)
    tokens = [listed.token for listed in market.listed]
    venue = Contract(chain, deployed["UniswapV2Venue"], "UniswapV2Venue")
    code_hash = venue.read("pairInitCodeHash", block=chain.head())
    asked = UniswapV2(chain, venue.address, deployed["UniswapV2Factory"], code_hash, (dollar.token,))
    sizes = [(0, 1, 30_000), (0, 3, 5_000), (1, 0, 20_000)]
    wants = [
        Want(sell, buy, size * 10 ** (8 + market.listed[sell].listing.decimals) // market.first[sell])
        for sell, buy, size in sizes
    ]
    quotes = VenueQuotes((asked,)).at(chain.head(), wants, tokens, [venue.address])
    assert [len(quote.route) for quote in quotes] == [20, 0, 20]
    for quote in quotes:
        market.fund(trader.address, market.listed[quote.sell].listing.symbol, quote.amount_in)
        before = balance(chain, tokens[quote.buy], trader.address)
        trade = trader.encode(
            "trade", venue.address, tokens[quote.sell], tokens[quote.buy], quote.amount_in, quote.route
        )
        dev.transact(chain, market.accounts.keeper, trader.address, trade)
        assert balance(chain, tokens[quote.buy], trader.address) - before == quote.amount_out


def found_pair(market: World, factory: str, listed: Listed, answer: int, provider: str) -> None:
    """A pair against the dollar with a million on each side."""
    chain, dollar = market.chain, market.listed[-1]
    contract = Contract(chain, factory, "UniswapV2Factory")
    dev.transact(chain, provider, factory, contract.encode("createPair", listed.token, dollar.token))
    pair = str(contract.read("getPair", listed.token, dollar.token, block=chain.head()))
    for side, price in ((listed, answer), (dollar, market.first[-1])):
        amount = 10 ** (6 + 8 + side.listing.decimals) // price
        market.fund(provider, side.listing.symbol, amount)
        transfer = Contract(chain, side.token, "TestToken").encode("transfer", pair, amount)
        dev.transact(chain, provider, side.token, transfer)
    dev.transact(chain, provider, pair, Contract(chain, pair, "UniswapV2Pair").encode("mint", provider))
