"""Copies what the controller needs of forge's `out/` into the package: controller/artifacts/<Contract>.json.

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
    "TestFeed",
    "TestFeedProxy",
    "TestMarket",
    "TestToken",
    "UniswapV3Venue",
    "Vault",
    "VaultFactory",
    "VaultLens",
)
INTERFACES = (
    "IAggregatorV3",
    "ILedger",
    "IPriceOracle",
    "IVault",
    "IVaultFactory",
    "IVaultLens",
    "IVenue",
)


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


def artifact(name: str) -> dict[str, Any]:
    built = json.loads((ROOT / "out" / f"{name}.sol" / f"{name}.json").read_text())
    return {
        "contractName": name,
        "abi": built["abi"],
        "bytecode": built["bytecode"]["object"],
        "deployedBytecode": built["deployedBytecode"]["object"],
        "immutableReferences": immutable_references(built),
        "storageLayout": storage_layout(built),
    }


def main() -> int:
    target = ROOT / "controller" / "artifacts"
    missing = []
    wanted = {f"{name}.json" for name in (*CONTRACTS, *INTERFACES)}
    for stale in target.glob("*.json"):
        if stale.name not in wanted:
            stale.unlink()
    for name in (*CONTRACTS, *INTERFACES):
        try:
            document = artifact(name)
        except FileNotFoundError:
            missing.append(name)
            continue
        text = json.dumps(document, sort_keys=True, separators=(",", ":"))
        (target / f"{name}.json").write_text(text + "\n")
    if missing:
        print(f"Not compiled: {', '.join(missing)}. Run: forge build contracts", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
