"""What `evenkeel advise` shows: a table, a picture, and lines for a mandate."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from controller.report.axes import axis_for
from controller.report.figure import Plane, Series, figure
from controller.strategy.advise import Advice
from controller.strategy.drifting import Outcome
from controller.units import BPS


def advice_table(advice: Advice) -> Table:
    """The alternatives and, last, the proposal. Costs and risk in {bps/year} of the vault's value, drift in %."""
    table = Table(title="Expected of each rule", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1))
    table.caption = (
        "drift: the largest of any asset, on average, and what it stays below on 95 days of 100; risk: what this risk "
        "aversion would pay for not drifting; bps/yr: of the vault's value, a year"
    )
    table.caption_justify = "left"
    table.add_column("rule", no_wrap=True)
    for heading in ("times\na year", "cost\nbps/yr", "drift\nmean", "drift\n95%"):
        table.add_column(heading, justify="right")
    for heading in ("risk\nbps/yr", "both\nbps/yr"):
        table.add_column(heading, justify="right")
    for outcome in advice.alternatives:
        table.add_row(escape(outcome.rule.name), *_cells(outcome))
    table.add_section()
    table.add_row(*(f"[bold]{cell}[/bold]" for cell in (escape(advice.proposed.rule.name), *_cells(advice.proposed))))
    return table


def _cells(outcome: Outcome) -> tuple[str, ...]:
    return (
        f"{outcome.rebalances:,.2f}",
        f"{outcome.cost * BPS:,.2f}",
        f"{outcome.drift:.2%}",
        f"{outcome.worst:.2%}",
        f"{outcome.risk * BPS:,.2f}",
        f"{outcome.total * BPS:,.2f}",
    )


def mandate_lines(advice: Advice) -> str:
    """TOML to paste into a mandate file in the place of its two tables."""
    return (
        f'[trigger]\nkind = "threshold"\nband = "{advice.band} bps"\n\n'
        f'[destination]\ndrift = "{advice.destination} bps"\n'
    )


def advice_picture(advice: Advice) -> str:
    """SVG of the cost against the drift of every rule: what is nearer to the lower left corner is better at both."""
    everything = [*advice.tried, *advice.alternatives, advice.proposed]
    plane = Plane(
        axis_for([0.0, *(outcome.drift * 100 for outcome in everything)]),
        axis_for([0.0, *(outcome.cost * BPS for outcome in everything)]),
        "mean drift, % of the vault's value",
        "cost of trading, bps a year",
    )
    return figure(
        "Drift that is left and what it costs to have no more",
        plane,
        [
            Series("bands that were tried", [_at(outcome) for outcome in advice.tried], dots=True),
            Series(
                "alternatives",
                [_at(outcome) for outcome in advice.alternatives],
                dots=True,
                names=[outcome.rule.name for outcome in advice.alternatives],
            ),
            Series("proposed", [_at(advice.proposed)], dots=True),
        ],
    )


def _at(outcome: Outcome) -> tuple[float, float]:
    return outcome.drift * 100, outcome.cost * BPS


def advice_document(advice: Advice) -> dict[str, object]:
    """For `--json`; units stand in the names."""
    return {
        "band_bps": advice.band,
        "destination_bps": advice.destination,
        "proposed": _document(advice.proposed),
        "alternatives": [_document(outcome) for outcome in advice.alternatives],
        "tried": [_document(outcome) for outcome in advice.tried],
        "closed_form": {
            "band_bps": advice.closed_form.band * BPS,
            "destination_bps": advice.closed_form.destination * BPS,
        },
        "mandate_lines": mandate_lines(advice),
    }


def _document(outcome: Outcome) -> dict[str, object]:
    return {
        "rule": outcome.rule.name,
        "rebalances_per_year": outcome.rebalances,
        "turnover_percent_per_year": outcome.turnover * 100,
        "cost_bps_per_year": outcome.cost * BPS,
        "mean_drift_percent": outcome.drift * 100,
        "drift_95_percent": outcome.worst * 100,
        "risk_bps_per_year": outcome.risk * BPS,
        "total_bps_per_year": outcome.total * BPS,
    }
