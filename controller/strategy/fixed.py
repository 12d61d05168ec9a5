"""The mandate's own targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.model import Snapshot

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class FixedTargets:
    """Prescribes what the path of the mandate in force prescribes, whatever the prices."""

    def target(self, snapshot: Snapshot, past: pd.DataFrame | None) -> tuple[int, ...]:
        """{bps} of the mandate at the block of the snapshot; `past` is not looked at."""
        return snapshot.targets
