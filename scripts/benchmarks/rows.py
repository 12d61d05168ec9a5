"""The rows of bench/results.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
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


def replaced(
    rows: Sequence[Mapping[str, Any]], prefixes: tuple[str, ...], new: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """`rows` with the `new` ones in the place of those whose ids begin so; at the end where there were none."""
    place = next((at for at, row in enumerate(rows) if row["id"].startswith(prefixes)), len(rows))
    others = [[row for row in part if not row["id"].startswith(prefixes)] for part in (rows[:place], rows[place:])]
    return [*others[0], *new, *others[1]]


def write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n")


def read(path: Path) -> Any:
    return json.loads(path.read_text())
