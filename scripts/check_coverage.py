"""Whether the tests cover the contracts: reads forge's lcov report; 1 when lines or branches are below 98%."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

LEAST = 0.98
KINDS = {"lines": ("LH", "LF"), "branches": ("BRH", "BRF")}


def main() -> int:
    """Prints the shares of the report that is named."""
    counts: Counter[str] = Counter()
    for line in Path(sys.argv[1]).read_text().splitlines():
        key, _, value = line.partition(":")
        if value.isdigit():
            counts[key] += int(value)
    shares = {kind: counts[hit] / counts[all_] for kind, (hit, all_) in KINDS.items()}
    for kind, (hit, all_) in KINDS.items():
        sys.stdout.write(f"{kind}: {shares[kind]:.2%} ({counts[hit]} of {counts[all_]})\n")
    return 0 if min(shares.values()) >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
