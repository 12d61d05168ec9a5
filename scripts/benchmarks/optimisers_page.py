"""The page's section about optimisers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_HEAD = """
## Optimisers

Seconds of one solution on the same returns, the best of several calls (of one where it takes over a second); every
library in its usual call, which for some of them includes estimating what they solve with. A row's ratio is against the
fastest of them.

"""
_ROWS = {
    "qp.n10": "min 1/2 w'Cw - r'w, 10 assets",
    "qp.n50": "50 assets",
    "qp.n100": "100 assets",
    "qp.n500": "500 assets",
    "qp.n1000": "1,000 assets",
    "max_sharpe.n500": "maximum Sharpe, 500 assets",
    "risk_parity.n500": "risk parity, 500 assets",
    "hrp.n500": "hierarchical risk parity, 500 assets",
}


def section(rows: Mapping[str, Mapping[str, Any]]) -> tuple[str, tuple[Sequence[str], Sequence[Sequence[str]]]] | None:
    """Its words, and its table; None where optimisers have not been measured."""
    if "qp.n10" not in rows:
        return None
    lines = [
        (f"`{name}` {what}", f"{row['ours']:.3g}", f"{row['theirs']:.3g}", f"1/{1 / row['ratio']:,.0f}", row["peer"])
        for name, what in _ROWS.items()
        if (row := rows.get(name))
    ]
    return _HEAD, (("", "ours, s", "fastest, s", "ratio", "which, and the others"), lines)
