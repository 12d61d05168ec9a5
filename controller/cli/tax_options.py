"""Options that the tax commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Jurisdiction = Annotated[str, typer.Option("--jurisdiction", "-j", help="us, uk or de.")]
MethodName = Annotated[
    str | None,
    typer.Option(
        "--method",
        help="fifo, lifo, hifo, lofo, specific, average, section-104 or least-tax. Default: the jurisdiction's own.",
        show_default=False,
    ),
]
Owners = Annotated[
    list[str] | None,
    typer.Option(
        "--owner", help="An account of the owner; repeatable. Default: the vault's owner.", show_default=False
    ),
]
Lots = Annotated[
    Path | None,
    typer.Option("--lots", help="CSV of lots from before: asset,wallet,date,quantity,cost.", show_default=False),
]
Prices = Annotated[
    Path | None,
    typer.Option("--prices", help="CSV of the coin's prices, to count gas: asset,date,price.", show_default=False),
]
Exchange = Annotated[
    Path | None,
    typer.Option("--exchange", help="CSV of exchange rates: currency,date,rate (for one USD).", show_default=False),
]
Rules = Annotated[
    list[Path] | None,
    typer.Option("--rule", help="A standing lot rule that was declared on chain; repeatable.", show_default=False),
]
Zone = Annotated[str, typer.Option("--zone", help="Time zone whose days count, Europe/Berlin.")]
RatesText = Annotated[
    str | None,
    typer.Option("--rates", help="Short and long-term tax rate, for least-tax: 37%,20%.", show_default=False),
]
Securities = Annotated[
    list[str] | None,
    typer.Option(
        "--security", help="Symbol of a tokenised security: wash sales count; repeatable.", show_default=False
    ),
]
WashFrom = Annotated[
    str | None,
    typer.Option("--wash-sales-from", help="Day from which wash sales count for all assets.", show_default=False),
]
