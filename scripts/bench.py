"""Measures beside the peers, in one run: bench/results.json, bench/machine.json, and docs/BENCHMARKS.md rendered from
them. `--only` measures one part and keeps the other rows, `--render` renders again what was measured before.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from benchmarks import audit, gas, keeper, page, planning, rows, sizes, tax, ticks

from controller.chain.client import Chain
from controller.chain.nodes import start_node

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results.json"
MACHINE = ROOT / "bench" / "machine.json"
PAGE = ROOT / "docs" / "BENCHMARKS.md"


def optimisers() -> Iterator[rows.Row]:
    """Needs the peers' environment."""
    from benchmarks import optimisers as part

    yield from part.measure()


def backtests() -> Iterator[rows.Row]:
    """Needs it, too."""
    from benchmarks import backtest as part

    yield from part.measure()


PARTS = {
    "gas": (gas.measure, ("gas.",)),
    "sizes": (sizes.measure, ("size.",)),
    "ticks": (ticks.measure, ("tick.", "audit.entries", "demo.")),
    "audit": (audit.measure, ("audit.l",)),
    "keeper": (keeper.measure, ("keeper.",)),
    "optimisers": (optimisers, ("qp.", "max_sharpe.", "risk_parity.", "hrp.")),
    "backtest": (backtests, ("backtest.",)),
    "planning": (planning.measure, ("plan.",)),
    "tax": (tax.measure, ("tax.", "goal.")),
}
"""What measures each part, and how the ids of its rows begin."""


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


def _measure_part(part: str) -> None:
    if machine() != rows.read(MACHINE):
        raise SystemExit("The other rows were measured on another machine: measure all of them, make bench.")
    measure, prefixes = PARTS[part]
    rows.write(RESULTS, rows.replaced(rows.read(RESULTS), prefixes, [row.as_dict() for row in measure()]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="measure one part and keep the other rows")
    parser.add_argument("--render", action="store_true", help="only render docs/BENCHMARKS.md again")
    given = parser.parse_args()
    if given.only:
        _measure_part(given.only)
    elif not given.render:
        measured = [row for measure, _ in PARTS.values() for row in measure()]
        rows.write(RESULTS, [row.as_dict() for row in measured])
        rows.write(MACHINE, machine())
    PAGE.write_text(page.render(rows.read(RESULTS), rows.read(MACHINE)))
    print(f"Written: {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
