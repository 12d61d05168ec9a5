"""What docs/BENCHMARKS.md says of a keeper's memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TICKS, VAULTS = 400, 12
HEAD = """
### Memory

Resident memory of the larger of two keepers over {vaults} vaults on a moving market after {ticks} ticks, without faults
and kills (`make soak ARGS="--calm"`), and what the one that grew most has added in the last three quarters of them.

"""


def section(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Empty before it was measured."""
    if "keeper.memory_after_soak.mib" not in rows:
        return ""
    lines = [("`keeper.memory_after_soak.mib`", "after all ticks"), ("`keeper.memory_growth.mib`", "growth")]
    table = [f"| {name} {text}, {{MiB}} | {rows[name.strip('`')]['ours']:,.1f} |\n" for name, text in lines]
    return HEAD.format(ticks=TICKS, vaults=VAULTS) + "| | ours |\n| --- | ---: |\n" + "".join(table)
