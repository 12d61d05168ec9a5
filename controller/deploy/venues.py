"""The venues of a deployment: where its vaults may trade, and how each of them is asked for quotes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from controller.chain.client import Chain
from controller.deploy import records
from controller.deploy.records import Deployment
from controller.market.quotes import VenueQuotes
from controller.market.uniswap_v2 import UniswapV2
from controller.market.uniswap_v3 import UniswapV3

V3, V2 = "UniswapV3Venue", "UniswapV2Venue"
"""In the order in which mandates name them. Every network has the first."""


def addresses(directory: Path) -> tuple[str, ...]:
    """What a new mandate names as its venues.

    Raises
    ------
    NotFoundError
        When nothing is deployed.
    """
    standing = records.load_all(directory)
    return records.find(directory, V3).address, *(standing[name].address for name in (V2,) if name in standing)


def quotes(chain: Chain, directory: Path, fees: tuple[int, ...], hubs: tuple[str, ...]) -> VenueQuotes:
    """Quotes of every venue that is deployed.

    Parameters
    ----------
    directory : ``deployments/<chainId>``.
    fees : {1e-6} fee tiers of the Uniswap V3 pools.
    hubs : tokens that two pools may be joined over.
    """
    standing = records.load_all(directory)
    v3 = records.find(directory, V3)
    factory, code_hash = v3.args
    first = UniswapV3(chain, v3.address, factory, bytes.fromhex(code_hash[2:]), fees, hubs)
    return VenueQuotes((first, *_v2(chain, standing, hubs)))


def _v2(chain: Chain, standing: Mapping[str, Deployment], hubs: tuple[str, ...]) -> tuple[UniswapV2, ...]:
    if V2 not in standing:
        return ()
    factory, pair_init_code_hash = standing[V2].args
    return (UniswapV2(chain, standing[V2].address, factory, bytes.fromhex(pair_init_code_hash[2:]), hubs),)
