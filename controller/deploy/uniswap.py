"""Uniswap on chains that have none: its published bytecode, deployed by the same driver as everything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_utils.crypto import keccak

from controller.chain.artifacts import load

RECIPE = "uniswap"
POOL = "UniswapV3Pool"
PAIR = "UniswapV2Pair"


def init_code_hash(contract: str) -> str:
    """keccak256 of the published creation code of `POOL` or `PAIR`, from which their addresses follow."""
    return "0x" + keccak(load(contract).bytecode).hex()


def values(addresses: Mapping[str, str]) -> dict[str, Any]:
    """The network values of a Uniswap that the recipe `uniswap` put at `addresses`, by name of the step."""
    return {
        "uniswap_v3": {
            "factory": addresses["UniswapV3Factory"],
            "pool_init_code_hash": init_code_hash(POOL),
            "swap_router": addresses["SwapRouter"],
            "quoter_v2": addresses["QuoterV2"],
        },
        "uniswap_v2": {
            "factory": addresses["UniswapV2Factory"],
            "pair_init_code_hash": init_code_hash(PAIR),
        },
    }
