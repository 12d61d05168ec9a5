"""evenkeel tax rule"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from controller.cli import options, tax_options
from controller.cli.output import print_json
from controller.cli.taxing import method_of
from controller.errors import UsageError
from controller.tax.standing import ORDERS, StandingRule


def rule(
    vault: options.Vault = None,
    method: Annotated[str, typer.Option(help="fifo, lifo, hifo, lofo or least-tax.")] = "fifo",
    *,
    node: tax_options.Node,
    as_json: options.AsJson = False,
) -> None:
    """Print a standing lot rule: which lots every later sale takes.

    Keep it in a file as it is and put its hash on chain before the sales that it is for:
    evenkeel tax rule --method hifo > rule.json, then evenkeel vault declare rule.json --broadcast.
    """
    chosen = method_of(method)
    if chosen not in ORDERS:
        raise UsageError(f"{method} cannot stand as an order.", f"Take {', '.join(one.value for one in ORDERS)}.")
    standing = StandingRule(node.open().vault(vault), chosen)
    if as_json:
        print_json({"file": standing.canonical().decode(), "hash": "0x" + standing.statement.hex()})
        return
    sys.stdout.write(standing.canonical().decode())
