"""The summary of a run on the console."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Table

from controller.report.metrics import Summary
from controller.report.wording import Words, period, sections


def summary_table(summary: Summary, words: Words) -> Table:
    """All sections under each other: what, how much, and what it means."""
    table = Table(title=f"The run, {escape(period(summary, words))}", title_justify="left", show_header=False)
    table.add_column("what")
    table.add_column("how much", justify="right", style="bold")
    table.add_column("meaning", style="dim")
    for section in sections(summary, words):
        for row in section.rows:
            table.add_row(escape(row.label), escape(row.shown), escape(row.note))
        table.add_section()
    return table
