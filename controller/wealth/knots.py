"""A target path in the words of a mandate file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from controller.model import Knot
from controller.units import to_decimal


def as_mandate_path(path: Sequence[Knot], tokens: Sequence[str]) -> str:
    """The path as a mandate file has it: it stands in the place of every weight."""
    tables = []
    for knot in path:
        day = datetime.fromtimestamp(knot.time, UTC)
        weights = ", ".join(
            f'{token} = "{to_decimal(weight, 2)}%"' for token, weight in zip(tokens, knot.weights, strict=True)
        )
        tables.append(f"[[path]]\ntime = {day:%Y-%m-%dT%H:%M:%SZ}\nweights = {{{weights}}}\n")
    return "\n".join(tables)
