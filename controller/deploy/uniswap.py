"""Uniswap V3 on chains that have none: its published bytecode, deployed by the same driver as everything else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eth_utils.crypto import keccak

from controller.chain.artifacts import load

RECIPE = "uniswap"
POOL = "UniswapV3Pool"


def pool_init_code_hash() -> str:
    """keccak256 of the published pool's creation code, from which pool addresses follow."""
    return "0x" + keccak(load(POOL).bytecode).hex()


def values(addresses: Mapping[str, str]) -> dict[str, Any]:
    """The network values of a Uniswap that the recipe `uniswap` put at `addresses`, by name of the step."""
    return {
        "uniswap_v3": {
            "factory": addresses["UniswapV3Factory"],
            "pool_init_code_hash": pool_init_code_hash(),
            "swap_router": addresses["SwapRouter"],
            "quoter_v2": addresses["QuoterV2"],
        }
    }
