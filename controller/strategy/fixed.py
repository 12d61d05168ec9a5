"""The mandate's own targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.model import Snapshot

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class FixedTargets:
    """Prescribes what the mandate in force prescribes, at any time and whatever the prices."""

    def target(self, snapshot: Snapshot, past: pd.DataFrame | None) -> tuple[int, ...]:
        """{bps} of the snapshot's mandate; `past` is not looked at."""
        return snapshot.mandate.targets
