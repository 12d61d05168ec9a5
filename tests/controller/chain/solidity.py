"""Contracts of these tests, compiled when they are needed."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path

from controller.chain.abi import Abi

ROOT = Path(__file__).resolve().parents[3]
FOLDER = "tests/controller/chain"


@cache
def compiled(name: str, *imports: str) -> tuple[Abi, bytes]:
    """ABI and creation code of the contract `name` in the file of that name here, which imports the others."""
    source = f"{FOLDER}/{name}.sol"
    request = {
        "language": "Solidity",
        "sources": {path: {"content": (ROOT / path).read_text()} for path in (source, *imports)},
        "settings": {
            "evmVersion": "shanghai",
            "optimizer": {"enabled": True},
            "outputSelection": {source: {name: ["abi", "evm.bytecode.object"]}},
        },
    }
    command = [ROOT / "scripts" / "solc", "--standard-json"]
    done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, check=True)
    contract = json.loads(done.stdout)["contracts"][source][name]
    return Abi(contract["abi"]), bytes.fromhex(contract["evm"]["bytecode"]["object"])
