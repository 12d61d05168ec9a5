"""The rows of bench/results.json."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

COMMAND = "make bench"


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement, ours beside a peer's of the same run. None where there is nothing to put beside."""

    id: str
    ours: float | None
    unit: str
    peer: str | None = None
    theirs: float | None = None

    def as_dict(self) -> dict[str, Any]:
        comparable = self.ours is not None and self.theirs
        ratio = round(self.ours / self.theirs, 4) if comparable else None  # type: ignore[operator]
        return {**asdict(self), "ratio": ratio, "command": COMMAND}


def write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")


def read(path: Path) -> Any:
    return json.loads(path.read_text())
