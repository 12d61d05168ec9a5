"""The page's section about planning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SECTION = """
## Planning

Plans for 1,000 vaults of 8 assets at one block, each of them due: sizes, quotes from pools that have been read (full
range, 0.05%, by way of the dollar), and the contract's checks, in one process: {ours} s.
"""


def section(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Empty where planning has not been measured."""
    row = rows.get("plan.1000_vaults.s")
    return "" if row is None else _SECTION.format(ours=row["ours"])
