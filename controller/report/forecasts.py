"""What `evenkeel forecast` shows: forecasts beside what needs none, also when they lose."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from controller.strategy.forecast.judge import Judgement, Line

EVIDENCE = 0.95
"""{1} deflated Sharpe ratio from which on luck is no explanation any more."""


def judgement_table(found: Judgement) -> Table:
    """One row for each way of investing, costs paid."""
    table = Table(title="Walked forward, costs paid", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1))
    table.add_column("", no_wrap=True)
    headings = (
        "growth\na year",
        "vola-\ntility",
        "Sharpe\nratio",
        "largest\nfall",
        "sold\na year",
        "Sharpe above\nequal weights",
    )
    for heading in (*headings, "deflated\nSharpe"):
        table.add_column(heading, justify="right")
    for line in found.lines:
        table.add_row(escape(line.name), *_cells(line))
    return table


def _cells(line: Line) -> tuple[str, ...]:
    return (
        f"{line.growth:.2%}",
        f"{line.volatility:.2%}",
        f"{line.sharpe:.2f}",
        f"{line.fall:.1%}",
        f"{line.turnover:.0%}",
        f"{line.active:.2f}",
        "" if line.deflated is None else f"{line.deflated:.1%}",
    )


def verdict(found: Judgement) -> str:
    """One sentence that says who won, and whether that may have been luck."""
    winner = found.winner()
    if winner is None:
        return f"No forecast was worth it: the best of {found.trials} lost to equal weights or to no trade after costs."
    deflated = winner.deflated or 0.0
    luck = "luck is no explanation" if deflated >= EVIDENCE else "that may be luck"
    return (
        f"{winner.name} did better than equal weights and no trade; against the best of {found.trials} trials without "
        f"skill that holds with a probability of {deflated:.1%}: {luck}."
    )


def judgement_document(found: Judgement) -> dict[str, object]:
    """For `--json`; units stand in the names."""
    winner = found.winner()
    return {
        "trials": found.trials,
        "winner": winner.name if winner else None,
        "verdict": verdict(found),
        "lines": [
            {
                "name": line.name,
                "growth_per_year": line.growth,
                "volatility_per_year": line.volatility,
                "sharpe_annual": line.sharpe,
                "largest_fall": line.fall,
                "turnover_per_year": line.turnover,
                "active_sharpe_annual": line.active,
                "deflated_sharpe": line.deflated,
                "rank_correlation": line.correlation,
            }
            for line in found.lines
        ],
    }
