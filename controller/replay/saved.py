"""A world on disk, beside the deployment records, so that another process can find and move it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from controller.chain.client import Chain
from controller.chain.contract import Contract
from controller.deploy.records import write_json
from controller.errors import InputError, NotFoundError
from controller.replay.markets import FEED_DECIMALS, MARKETS
from controller.replay.world import Accounts, Listed, World

MARKET_FILE = "market.json"
TOKENS_FILE = "tokens.json"


def save(world: World, directory: Path) -> None:
    """Writes the market, and its tokens as a mandate file may name them."""
    write_json(
        directory / MARKET_FILE,
        {
            "market": world.market.name,
            "accounts": asdict(world.accounts),
            "listed": [
                {"symbol": listed.listing.symbol, "token": listed.token, "feed": listed.feed, "pool": listed.pool}
                for listed in world.listed
            ],
            "maker": world.maker.address,
            "quoter": world.quoter,
            "depth": world.depth,
            "first": world.first,
            "liquidity": {pool: str(liquidity) for pool, liquidity in world.liquidity.items()},
        },
    )
    write_json(
        directory / TOKENS_FILE,
        {
            listed.listing.symbol: {
                "address": listed.token,
                "decimals": listed.listing.decimals,
                "feed": listed.feed,
                "feedDecimals": FEED_DECIMALS,
            }
            for listed in world.listed
        },
    )


def load(chain: Chain, directory: Path) -> World:
    """The world that `evenkeel chain up` left in `directory`.

    Raises
    ------
    NotFoundError
        When there is none.
    InputError
        When its file cannot be read.
    """
    path = directory / MARKET_FILE
    if not path.is_file():
        raise NotFoundError(
            f"There is no development market on chain {chain.chain_id}.", "Start one: evenkeel chain up"
        )
    try:
        return _world(chain, json.loads(path.read_text()))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error!r}.", "Start anew: evenkeel chain up") from None


def _world(chain: Chain, document: dict[str, Any]) -> World:
    market = MARKETS[document["market"]]
    listed = tuple(
        Listed(listing, saved["token"], saved["feed"], saved["pool"])
        for listing, saved in zip(market.listings, document["listed"], strict=True)
    )
    return World(
        chain=chain,
        market=market,
        accounts=Accounts(**document["accounts"]),
        listed=listed,
        maker=Contract(chain, document["maker"], "TestMarket"),
        quoter=document["quoter"],
        depth=document["depth"],
        first=tuple(document["first"]),
        liquidity={pool: int(liquidity) for pool, liquidity in document["liquidity"].items()},
    )


def answers(world: World) -> tuple[int, ...]:
    """{USD/tok} what the feeds say now."""
    block = world.chain.head()
    return tuple(
        int(Contract(world.chain, listed.feed, "IAggregatorV3").read("latestRoundData", block=block)[1])
        for listed in world.listed
    )
