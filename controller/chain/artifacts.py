"""Compiled contracts that the package carries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from controller.chain.abi import Abi
from controller.errors import NotFoundError

UNISWAP = frozenset(
    {"UniswapV2Factory", "UniswapV2Pair", "UniswapV3Factory", "UniswapV3Pool", "SwapRouter", "QuoterV2"}
)
"""Uniswap's own, under its licences: a source checkout takes them from npm, a wheel does not carry them."""


@dataclass(frozen=True, slots=True)
class StorageVariable:
    label: str
    slot: int
    offset: int
    type: str


@dataclass(frozen=True)
class Artifact:
    """One compiled contract; an interface has no code."""

    name: str
    abi: Abi
    bytecode: bytes
    deployed_bytecode: bytes
    immutables: tuple[tuple[tuple[int, int], ...], ...]  # (start, length) in the deployed code, one tuple for each
    storage: tuple[StorageVariable, ...]


@cache
def load(name: str) -> Artifact:
    """The artifact of one contract or interface.

    Raises
    ------
    NotFoundError
        When the package was never built, or knows no such contract.
    """
    source = resources.files("controller.artifacts").joinpath(f"{name}.json")
    try:
        document: dict[str, Any] = json.loads(source.read_text())
    except FileNotFoundError:
        if name in UNISWAP:
            raise NotFoundError(
                f"{name} is missing: Uniswap for a local chain comes with the source checkout, not with the wheel.",
                "Run make setup there, or name the Uniswap V3 that the network has in a file for --networks.",
            ) from None
        raise NotFoundError(
            f"The compiled contract {name} is missing.", "Compile the contracts: make build (a wheel carries them)."
        ) from None
    return Artifact(
        name=document["contractName"],
        abi=Abi(document["abi"]),
        bytecode=bytes.fromhex(document["bytecode"].removeprefix("0x")),
        deployed_bytecode=bytes.fromhex(document["deployedBytecode"].removeprefix("0x")),
        immutables=tuple(
            tuple((place["start"], place["length"]) for place in places) for places in document["immutableReferences"]
        ),
        storage=tuple(StorageVariable(**variable) for variable in document["storageLayout"]),
    )
