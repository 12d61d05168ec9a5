"""The section of docs/BENCHMARKS.md about taxes and goals, from the rows alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Rows = Mapping[str, Mapping[str, Any]]
Table = tuple[Sequence[str], list[tuple[str, ...]]]

HEAD = """
## Lots, taxes and goals

Fills of one asset in 18 decimals, booked in exact rationals by each method, {s}. beancount books the same purchases and
sales, one a day, its parser included.

"""
LEAST = """
The least tax of ten sales at once, gains and losses netted: exact, beside HiGHS in floats on one half of the same.

"""
GOALS = """
With every loss held against purchases within 30 days (wash sales), first in, first out, one fill a day: {wash}. Three
goals over thirty years, 20,000 futures month by month: {seconds} s.
"""


def section(rows: Rows) -> tuple[str, Table, str, Table, str] | None:
    """Text and tables in turn; None where nothing of it was measured yet."""
    booked = [name for name in rows if name.startswith("tax.book.")]
    if not booked:
        return None
    fills = sorted({int(name.rpartition(".")[2]) for name in booked})
    heading = ("method", *(f"{count:,} fills" for count in fills), "beancount, 1,000", "ratio")
    goal = next(row["ours"] for name, row in rows.items() if name.startswith("goal.simulate."))
    wash = ", ".join(
        f"{int(name.rpartition('.')[2]):,} fills in {row['ours']:g} s"
        for name, row in rows.items()
        if name.startswith("tax.wash.")
    )
    return (
        HEAD,
        (heading, list(_methods(rows, booked, fills))),
        LEAST,
        (("lots", "ours", "HiGHS", "ratio"), list(_least(rows))),
        GOALS.format(seconds=goal, wash=wash),
    )


def _methods(rows: Rows, booked: Sequence[str], fills: Sequence[int]) -> Iterable[tuple[str, ...]]:
    for method in dict.fromkeys(name.split(".")[2] for name in booked):
        peer = rows[f"tax.book.{method}.{fills[0]}"]
        beside = ("", "") if peer["theirs"] is None else (f"{peer['theirs']:g}", f"{peer['ratio']:g}")
        yield method, *(f"{rows[f'tax.book.{method}.{count}']['ours']:g}" for count in fills), *beside


def _least(rows: Rows) -> Iterable[tuple[str, ...]]:
    for name, row in rows.items():
        if name.startswith("tax.least."):
            assets, _, lots = name.removeprefix("tax.least.").partition("x")
            yield f"{assets} x {int(lots):,}", f"{row['ours']:g}", f"{row['theirs']:g}", f"{row['ratio']:g}"
