"""`report.html`: one self-contained page that loads nothing. Its pictures are SVG; a small script reads them out."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby
from pathlib import Path

from controller.errors import InputError, MissingExtraError
from controller.model import Mandate, TickRecord
from controller.report.charts import Pictures, pictures
from controller.report.files import part, rendered, write_page
from controller.report.metrics import Execution, Summary, executions
from controller.report.wording import (
    Row,
    Words,
    amount,
    bps,
    cause,
    mandate_words,
    moment,
    percent,
    period,
    plural,
    rate,
    sections,
)
from controller.units import show_value

MOST_LISTED = 2_000
"""Rebalances in the list of trades; of more, the newest."""


class Finding(Enum):
    """How the audit of the run ended."""

    OK = "ok"
    WRONG = "wrong"
    UNCHECKED = "unchecked"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the audit said, in its own words."""

    finding: Finding
    text: str
    details: tuple[str, ...] = ()


NO_AUDIT = Verdict(Finding.NOT_RUN, "Not audited")


@dataclass(frozen=True, slots=True)
class TradeRow:
    """One executed trade in words."""

    sold: str
    bought: str
    value: str
    rate: str
    oracle_rate: str
    against: str
    better: bool


@dataclass(frozen=True, slots=True)
class RebalanceRows:
    """The trades of one rebalance, and what they share."""

    when: str
    cause: str
    block: str
    gas: str
    transaction: str
    trades: tuple[TradeRow, ...]


def write_report(
    path: Path,
    ticks: Sequence[TickRecord],
    mandate: Mandate,
    summary: Summary,
    *,
    words: Words,
    verdict: Verdict = NO_AUDIT,
) -> None:
    """Writes the page whole or not at all.

    Raises
    ------
    MissingExtraError
        When jinja2 is not installed.
    StorageError
        When the file cannot be written; an older one is then untouched.
    """
    write_page(path, render(ticks, mandate, summary, words=words, verdict=verdict))


def render(
    ticks: Sequence[TickRecord],
    mandate: Mandate,
    summary: Summary,
    *,
    words: Words,
    verdict: Verdict = NO_AUDIT,
) -> str:
    """The page as text.

    Parameters
    ----------
    ticks, mandate : those that `summary` was made of.

    Raises
    ------
    MissingExtraError
        When jinja2 is not installed.
    InputError
        When there is not one symbol for each asset.
    """
    try:
        from markupsafe import Markup
    except ImportError as error:
        raise MissingExtraError("report", "jinja2") from error
    if len(words.symbols) != len(mandate.assets):
        raise InputError(f"{len(words.symbols)} symbols are given for the {len(mandate.assets)} assets of the mandate.")
    script = part("page.js")
    drawn = pictures(ticks, mandate, summary, words)
    trades = executions(ticks)
    return rendered(
        "page.html",
        script=Markup(script),  # noqa: S704 a file of this package
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        mandate=mandate,
        sentences=mandate_words(mandate, words),
        summary=summary,
        period=period(summary, words),
        cards=_cards(summary, words),
        sections=sections(summary, words),
        verdict=verdict,
        pictures=drawn,
        readouts=_readouts(drawn),
        rebalances=list(_rebalance_rows(trades, mandate, words, summary))[-MOST_LISTED:],
        words=words,
    )


def _readouts(drawn: Pictures) -> dict[str, object]:
    """What the script reads out: the place and date of each tick, and the values of each legend line in page order."""
    lines = [line for chart in drawn.charts for panel in chart.panels for line in panel.legend if line.values]
    return {
        "at": [round(place, 5) for place in drawn.at],
        "when": drawn.when,
        "labels": [line.label for line in lines],
        "values": [line.values for line in lines],
    }


def _cards(summary: Summary, words: Words) -> tuple[Row, ...]:
    """The four numbers that a reader wants first."""
    value = "-" if summary.vault_value is None else f"{show_value(summary.vault_value, 0)} {words.quote}"
    apart = percent(summary.against_frictionless, sign=True)
    return (
        Row("Final value", value, f"{percent(summary.growth, 1, sign=True)} for each share"),
        Row("Against buy-and-hold", percent(summary.against_hold, sign=True), f"{apart} against frictionless"),
        Row(
            "Cost of trading", bps(summary.cost_of_traded), f"of what was sold; turnover {percent(summary.turnover, 0)}"
        ),
        Row(
            "Rebalances",
            f"{summary.rebalances:,}",
            f"of {plural(summary.ticks, 'tick')}, {summary.idle_ticks:,} correctly idle",
        ),
    )


def _rebalance_rows(
    trades: Sequence[Execution], mandate: Mandate, words: Words, summary: Summary
) -> Iterator[RebalanceRows]:
    for outcome, group in groupby(trades, key=lambda trade: trade.outcome):
        yield RebalanceRows(
            when=moment(outcome.block.timestamp, summary, words),
            cause=cause(outcome.rebalance),
            block=f"{outcome.block.number:,}",
            gas=f"{outcome.gas_used:,}",
            transaction=f"0x{outcome.transaction.hex()}",
            trades=tuple(_trade_row(trade, mandate, words) for trade in group),
        )


def _trade_row(trade: Execution, mandate: Mandate, words: Words) -> TradeRow:
    fill, prices = trade.fill, trade.outcome.rebalance.prices
    sell, buy = (mandate.assets[asset].decimals for asset in (fill.sell, fill.buy))
    # whole tokens bought for one token sold at the oracle's prices: price of sell / price of buy
    return TradeRow(
        sold=f"{amount(fill.amount_in, sell)} {words.symbols[fill.sell]}",
        bought=f"{amount(fill.amount_out, buy)} {words.symbols[fill.buy]}",
        value=show_value(trade.sold),
        rate=rate(fill.amount_in, sell, fill.amount_out, buy),
        oracle_rate=rate(prices[fill.buy], sell, prices[fill.sell], buy),
        against=bps(trade.against_oracle, sign=True),
        better=trade.against_oracle > 0,
    )
