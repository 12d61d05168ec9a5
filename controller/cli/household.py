"""evenkeel household"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from controller.cli import options
from controller.cli.households import read_view
from controller.cli.output import out, print_json
from controller.cli.session import Session
from controller.config.household_file import TEMPLATE
from controller.errors import UsageError
from controller.units import show_value, to_decimal
from controller.wealth.household import Advice, View


def household(
    file: Annotated[
        Path | None, typer.Argument(help="The household file, which stays on this machine.", show_default=False)
    ] = None,
    template: Annotated[bool, typer.Option("--template", help="Print a household file to start from.")] = False,
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> None:
    """Show everything in one view: vaults, wallets, other accounts, debts, what will come and go, and the vault targets
    that make the whole match the household's, given what lies elsewhere.

    Reads the chain and local files; writes and sends nothing.
    """
    if template:
        sys.stdout.write(TEMPLATE)
        return
    if file is None:
        raise UsageError("Name the household file.", "Print one to start from: evenkeel household --template.")
    found = read_view(Session.open(network, url, networks, deployments), file)
    print_json(_document(found)) if as_json else _show(found)


def _document(found: View) -> dict[str, object]:
    """Amounts are D36{quote}, weights {bps}."""
    return {
        "net_worth": str(found.net_worth),
        "assets": str(found.assets),
        "debts": {debt.name: str(debt.value) for debt in found.debts},
        "coming_year": str(found.coming),
        "positions": [
            {"where": one.where, "asset": one.asset, "group": one.group, "value": str(one.value)}
            for one in found.positions
        ],
        "groups": [
            {"group": one.group, "value": str(one.value), "weight": float(one.weight), "target_bps": one.target}
            for one in found.shares
        ],
        "advice": [
            {
                "vault": one.vault,
                "targets_now_bps": dict(zip(one.assets, one.now, strict=True)),
                "targets_bps": dict(zip(one.assets, one.targets, strict=True)),
                "feasible": not one.reasons,
                "reasons": list(one.reasons),
            }
            for one in found.advice
        ],
    }


def _show(found: View) -> None:
    places = Table(title="What there is", title_justify="left")
    for heading in ("where", "asset", "group", "value"):
        places.add_column(heading, justify="right" if heading == "value" else "left")
    for one in found.positions:
        places.add_row(escape(one.where), escape(one.asset), escape(one.group), show_value(one.value))
    out.print(places)
    whole = Table(title="The whole", title_justify="left")
    for heading in ("group", "value", "weight", "target"):
        whole.add_column(heading, justify="left" if heading == "group" else "right")
    for share in found.shares:
        whole.add_row(
            escape(share.group),
            show_value(share.value),
            f"{float(share.weight):.2%}",
            f"{to_decimal(share.target, 2)}%",
        )
    out.print(whole)
    for debt in found.debts:
        out.print(f"owed, {debt.name}: {show_value(debt.value)}", markup=False, soft_wrap=True)
    for each in found.scheduled:
        words = f"{each.name}: {show_value(each.amount)}, {len(each.times)} times in the coming year"
        out.print(words, markup=False, soft_wrap=True)
    out.print(f"Net worth {show_value(found.net_worth)}; the coming year brings {show_value(found.coming)}.")
    for advice in found.advice:
        out.print(_words(advice), markup=False, soft_wrap=True)


def _words(advice: Advice) -> str:
    targets = ", ".join(
        f"{asset} {to_decimal(now, 2)}% then {to_decimal(then, 2)}%"
        for asset, now, then in zip(advice.assets, advice.now, advice.targets, strict=True)
    )
    if not advice.reasons:
        return f"Targets of {advice.vault} that make the whole match: {targets}."
    return f"The whole cannot match: {'; '.join(advice.reasons)}. The nearest targets of {advice.vault}: {targets}."
