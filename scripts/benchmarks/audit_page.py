"""The section of docs/BENCHMARKS.md about the audit, from the rows alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Rows = Mapping[str, Mapping[str, Any]]
Table = tuple[Sequence[str], list[tuple[str, ...]]]

LEVELS = ("l0", "l1", "l2", "l3", "l4")
HEAD = """
## The audit

The replay of macro history from 2000 on a local anvil, audited up to each level: entries a second, reading included and
without it, and how often the node is asked.

"""
GROWTH = """
L0 over a made-up chain of entries that is never in memory as a whole, beside eth_abi.decode and keccak256 of the same
bytes, which decodes and hashes and checks nothing; beyond 100,000 entries its time for each is taken to stay the same.

"""
LONGER = """
A vault on a local anvil into and out of which shares come and go, 20 flows in a block, audited at several
lengths of its life. All of L4 is in memory, and so is what a bundle holds; L0 alone is not.

"""
RECEIPTS = """
L2 rebuilds the receipts tries of {ours:,.0f} blocks a second and compares every log; the bare roots alone are
{theirs:,.0f} blocks a second.
"""


def section(rows: Rows) -> tuple[str | Table, ...] | None:
    """Text and tables in turn; None where nothing of it was measured yet."""
    if "audit.l0" not in rows:
        return None
    return (
        HEAD,
        (("level", "entries/s", "judged/s", "requests/entry"), list(_levels(rows))),
        GROWTH,
        (("entries", "ours/s", "bare/s", "ratio of the time", "MB more"), list(_growth(rows))),
        RECEIPTS.format(**rows["audit.l2.blocks"]),
        LONGER,
        (("entries", "L2 entries/s", "L2 requests/entry", "L4 entries/s", "L4 requests/entry"), list(_longer(rows))),
    )


def _levels(rows: Rows) -> Iterable[tuple[str, ...]]:
    for level in LEVELS:
        names = f"audit.{level}", f"audit.{level}.judged", f"audit.{level}.requests"
        yield f"`{names[0]}`", *(f"{rows[name]['ours']:,g}" for name in names)


def _growth(rows: Rows) -> Iterable[tuple[str, ...]]:
    sizes = sorted(int(name.split(".")[2]) for name in rows if name.startswith("audit.l0.") and name[9:].isdigit())
    for size in sizes:
        row, memory = rows[f"audit.l0.{size}"], rows[f"audit.l0.{size}.memory"]
        slower = row["theirs"] / row["ours"]
        yield f"{size:,}", f"{row['ours']:,g}", f"{row['theirs']:,g}", f"{slower:.2f}", f"{memory['ours']:g}"


def _longer(rows: Rows) -> Iterable[tuple[str, ...]]:
    begin = "audit.l2.grown."
    lengths = sorted(
        int(name[len(begin) :]) for name in rows if name.startswith(begin) and name[len(begin) :].isdigit()
    )
    for length in lengths:
        names = [f"audit.{level}.grown.{length}{what}" for level in ("l2", "l4") for what in ("", ".requests")]
        yield f"{length:,}", *(f"{rows[name]['ours']:,g}" for name in names)
