"""evenkeel tax"""

from __future__ import annotations

import typer

from controller.cli.option_groups import gathered
from controller.cli.tax_check import check
from controller.cli.tax_harvest import harvest
from controller.cli.tax_lots import lots
from controller.cli.tax_plan import plan
from controller.cli.tax_report import report
from controller.cli.tax_rule import rule

app = typer.Typer(
    no_args_is_help=True,
    help="Lots, gains and reports of a vault's owner, from its ledger. Signs nothing; no tax advice.",
)
for command in (report, lots, plan, harvest, rule, check):
    app.command()(gathered(command))
