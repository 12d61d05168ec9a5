"""Options that the tax commands share."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from controller.cli import options
from controller.cli.session import Session
from controller.cli.taxing import Asked, Files
from controller.config import profile_file
from controller.strategy.profile import TaxHints
from controller.tax.laws import US, code_of_residence

Jurisdiction = Annotated[
    str | None,
    typer.Option(
        "--jurisdiction", "-j", help="us, uk or de. Default: the profile's residence, else us.", show_default=False
    ),
]
MethodName = Annotated[
    str | None,
    typer.Option(
        "--method",
        help="fifo, lifo, hifo, lofo, specific, average, section-104 or least-tax. Default: the profile's, "
        "else the jurisdiction's own.",
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
Choices = Annotated[
    Path | None,
    typer.Option(
        "--choices",
        help="CSV of lots for --method specific: disposal,lot,quantity (ids of the JSON).",
        show_default=False,
    ),
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
ProfileFile = Annotated[
    Path | None,
    typer.Option(
        "--profile", help="Profile whose tax hints count: residence, method, what is kept.", show_default=False
    ),
]


@dataclass(frozen=True)
class Node:
    """Where the chain is read."""

    network: options.Network = options.DEFAULT_NETWORK
    url: options.Url = None
    networks: options.Networks = None
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS

    def open(self) -> Session:
        return Session.open(self.network, self.url, self.networks, self.deployments)


@dataclass(frozen=True)
class Given:
    """Whose lots, by which law and rules."""

    vault: options.Vault = None
    rates: RatesText = None
    jurisdiction: Jurisdiction = None
    method: MethodName = None
    owner: Owners = None
    lots: Lots = None
    prices: Prices = None
    rule: Rules = None
    zone: Zone = "UTC"
    security: Securities = None
    wash_sales_from: WashFrom = None
    profile: ProfileFile = None

    def asked(self, year: int | None = None) -> Asked:
        """What is said here, and where it says nothing what the profile says.

        Raises
        ------
        InputError, UsageError
            When the profile has mistakes, or lives where no law is known here.
        """
        hints = TaxHints() if self.profile is None else profile_file.load(self.profile).tax
        return Asked(
            year,
            self.jurisdiction or (code_of_residence(hints.residence) if hints.residence else US),
            self.method or hints.method or None,
            self.zone,
            self.rates,
            tuple(self.security or ()),
            self.wash_sales_from,
            dict(hints.keep),
        )

    def files(self, exchange: Path | None = None, choices: Path | None = None) -> Files:
        return Files(self.lots, self.prices, exchange, tuple(self.rule or ()), choices)
