"""Copies what the controller needs of forge's `out/` into the package: controller/artifacts/<Contract>.json.
Uniswap V2 and V3 come with it as published on npm, for chains that have none.

The output depends on the sources alone: keys are sorted, and no path, time or compiler-internal id is kept.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = (
    "ChainlinkOracle",
    "Ledger",
    "MandateChecker",
    "TestFeed",
    "TestFeedProxy",
    "TestMarket",
    "TestToken",
    "UniswapV2Venue",
    "UniswapV3Venue",
    "Vault",
    "VaultAdmin",
    "VaultFactory",
    "VaultFlows",
    "VaultLens",
)
MERGED = {"Vault": ("IVault", "VaultFlows", "VaultAdmin")}
"""Contracts that answer for others: what a clone of Vault does not know itself, the next ones do in its name."""
INTERFACES = (
    "IAggregatorV3",
    "ILedger",
    "IMandateChecker",
    "IPriceOracle",
    "IVault",
    "IVaultFactory",
    "IVaultLens",
    "IVenue",
)
UNISWAP = (
    "v2-core/build/UniswapV2Factory.json",
    "v2-core/build/UniswapV2Pair.json",
    "v3-core/artifacts/contracts/UniswapV3Factory.sol/UniswapV3Factory.json",
    "v3-core/artifacts/contracts/UniswapV3Pool.sol/UniswapV3Pool.json",
    "v3-periphery/artifacts/contracts/SwapRouter.sol/SwapRouter.json",
    "v3-periphery/artifacts/contracts/lens/QuoterV2.sol/QuoterV2.json",
)
PUSH32_ZERO = b"\x7f" + bytes(32)


def storage_layout(built: dict[str, Any]) -> list[dict[str, Any]]:
    """Slot, offset and type of each storage variable, without the compiler's internal ids."""
    layout = built.get("storageLayout") or {}
    types = layout.get("types") or {}
    return [
        {
            "label": entry["label"],
            "slot": int(entry["slot"]),
            "offset": entry["offset"],
            "type": types[entry["type"]]["label"],
        }
        for entry in layout.get("storage", ())
    ]


def immutable_references(built: dict[str, Any]) -> list[list[dict[str, int]]]:
    """Where constructor values stand in the deployed code, ordered by position."""
    references = built["deployedBytecode"].get("immutableReferences") or {}
    return sorted(references.values(), key=lambda places: places[0]["start"])


def compiled(name: str) -> dict[str, Any]:
    built: dict[str, Any] = json.loads((ROOT / "out" / f"{name}.sol" / f"{name}.json").read_text())
    return built


def merged_abi(name: str, own: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The contract's own ABI with the functions, events and errors of those that it answers for."""
    kept = list(own)
    known = {(entry["type"], entry.get("name")) for entry in own}
    for other in MERGED.get(name, ()):
        for entry in compiled(other)["abi"]:
            key = (entry["type"], entry.get("name"))
            if entry["type"] in ("function", "event", "error") and key not in known:
                known.add(key)
                kept.append(entry)
    return kept


def artifact(name: str) -> dict[str, Any]:
    built = compiled(name)
    return {
        "contractName": name,
        "abi": merged_abi(name, built["abi"]),
        "bytecode": built["bytecode"]["object"],
        "deployedBytecode": built["deployedBytecode"]["object"],
        "immutableReferences": immutable_references(built),
        "storageLayout": storage_layout(built),
    }


def published(path: str) -> dict[str, Any]:
    """An npm artifact in the same form. It does not say where immutables stand: each is a push of 32 zero bytes."""
    built = json.loads((ROOT / "node_modules" / "@uniswap" / path).read_text())
    deployed = built["deployedBytecode"] if "deployedBytecode" in built else built["evm"]["deployedBytecode"]["object"]
    code = bytes.fromhex(deployed.removeprefix("0x"))
    references, at = [], code.find(PUSH32_ZERO)
    while at >= 0:
        references.append([{"start": at + 1, "length": 32}])
        at = code.find(PUSH32_ZERO, at + len(PUSH32_ZERO))
    return {
        "contractName": Path(path).stem,
        "abi": built["abi"],
        "bytecode": built["bytecode"],
        "deployedBytecode": deployed,
        "immutableReferences": references,
        "storageLayout": [],
    }


def write(target: Path, document: dict[str, Any]) -> None:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    (target / f"{document['contractName']}.json").write_text(text + "\n")


def main() -> int:
    target = ROOT / "controller" / "artifacts"
    missing = []
    wanted = {f"{name}.json" for name in (*CONTRACTS, *INTERFACES)} | {Path(path).name for path in UNISWAP}
    for stale in target.glob("*.json"):
        if stale.name not in wanted:
            stale.unlink()
    for name in (*CONTRACTS, *INTERFACES):
        try:
            document = artifact(name)
        except FileNotFoundError:
            missing.append(name)
            continue
        write(target, document)
    for path in UNISWAP:
        write(target, published(path))
    if missing:
        print(f"Not compiled: {', '.join(missing)}. Run: forge build contracts", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
