"""How much memory a keeper needs in the long run: two of them on a moving market, without faults and kills."""

from __future__ import annotations

import soak

from benchmarks.memory_page import TICKS, VAULTS
from benchmarks.rows import Row

SEED = 1
MIB = 1_024  # {KiB}


def measure() -> list[Row]:
    """Raises `AssertionError` when the soak finds anything."""
    done, found = soak.soaked(TICKS, VAULTS, SEED, soak.MARKET)
    if found:
        raise AssertionError(f"the soak has failed: {found}")
    return [
        Row("keeper.memory_after_soak.mib", round(max(done.late.values()) / MIB, 1), "MiB"),
        Row("keeper.memory_growth.mib", round(done.grown / MIB, 1), "MiB"),
    ]
