"""Measures beside the peers, in one run: bench/results.json, bench/machine.json, and docs/BENCHMARKS.md rendered from
them. `--render` renders again what was measured before.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from benchmarks import gas, page, rows, sizes, ticks

from controller.chain.client import Chain
from controller.chain.nodes import start_node

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results.json"
MACHINE = ROOT / "bench" / "machine.json"
PAGE = ROOT / "docs" / "BENCHMARKS.md"


def machine() -> dict[str, object]:
    """What the times depend on."""
    with start_node("anvil") as node:
        client = Chain(node.url, node.chain_id).client
    return {
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "web3": version("web3"),
        "node": client,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--render", action="store_true", help="only render docs/BENCHMARKS.md again")
    if not parser.parse_args().render:
        measured = [*gas.measure(), *sizes.measure(), *ticks.measure()]
        rows.write(RESULTS, [row.as_dict() for row in measured])
        rows.write(MACHINE, machine())
    PAGE.write_text(page.render(rows.read(RESULTS), rows.read(MACHINE)))
    print(f"Written: {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
