"""The section of docs/BENCHMARKS.md about backtests, from the rows alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Rows = Mapping[str, Mapping[str, Any]]
Table = tuple[Sequence[str], list[tuple[str, ...]]]

HEAD = """
## Backtests and sweeps

20 stocks over 8,313 days (skfolio's, 1990 to 2022), equal weights, back to target at a band, 10 bps on either side of a
trade, with the usual measures of each run. Ours decides in the keeper's integers; peers in floating point.

"""
TEXTS = {
    "backtest.path.band": "one path, a band of 5%",
    "backtest.path.band.bt": "the same path",
    "backtest.sweep.1000": "1,000 bands, both cores",
}
REST = """
On one core the 1,000 take {one} s; two cores are {cores} times as fast. 100,000 configurations (4 assets, 60 days)
need {memory} MiB at most, with pieces written as they are done, 1,000 need {few} MiB.
"""


def section(rows: Rows) -> tuple[str, Table, str] | None:
    """None where nothing of it was measured yet."""
    if "backtest.sweep.1000" not in rows:
        return None
    lines = [_line(text, rows[name]) for name, text in TEXTS.items()]
    memory = rows["backtest.sweep.100000.memory"]
    rest = REST.format(
        one=rows["backtest.sweep.1000.one_core"]["ours"],
        cores=rows["backtest.sweep.cores"]["ours"],
        memory=memory["ours"],
        few=memory["theirs"],
    )
    return HEAD, (("", "ours, s", "peer", "theirs, s", "times as fast"), lines), rest


def _line(text: str, row: Mapping[str, Any]) -> tuple[str, ...]:
    return text, f"{row['ours']}", str(row["peer"]), f"{row['theirs']}", f"{row['theirs'] / row['ours']:,.0f}"
