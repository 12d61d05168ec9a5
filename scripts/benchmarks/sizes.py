"""Deployed sizes of the contracts, against what a chain allows."""

from __future__ import annotations

from benchmarks.rows import Row
from controller.chain.artifacts import load

LIMIT = 24_576
"""{bytes} EIP-170."""
CONTRACTS = (
    "Vault",
    "VaultFlows",
    "VaultAdmin",
    "VaultFactory",
    "MandateChecker",
    "Ledger",
    "ChainlinkOracle",
    "UniswapV3Venue",
    "UniswapV2Venue",
    "VaultLens",
)


def measure() -> list[Row]:
    """A row for each contract of a deployment."""
    return [Row(f"size.{name}", len(load(name).deployed_bytecode), "bytes", "EIP-170", LIMIT) for name in CONTRACTS]
