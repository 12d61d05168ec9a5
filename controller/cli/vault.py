"""evenkeel vault"""

from __future__ import annotations

import typer

from controller.cli.vault_create import create
from controller.cli.vault_declare import declare
from controller.cli.vault_deposit import deposit
from controller.cli.vault_due import due
from controller.cli.vault_execute import execute
from controller.cli.vault_fees import fees
from controller.cli.vault_history import history
from controller.cli.vault_list import list_
from controller.cli.vault_pending import pending
from controller.cli.vault_renounce import renounce
from controller.cli.vault_revoke import revoke
from controller.cli.vault_set_mandate import set_mandate
from controller.cli.vault_set_role import set_role
from controller.cli.vault_targets import targets
from controller.cli.vault_template import template
from controller.cli.vault_withdraw import withdraw

app = typer.Typer(no_args_is_help=True, help="Create vaults and list them, pay in and out, and change their rules.")
for command in (template, create, due, deposit, withdraw, fees, targets, history, pending, execute, revoke, renounce):
    app.command()(command)
app.command()(declare)
app.command("list")(list_)
app.command("set-mandate")(set_mandate)
app.command("set-role")(set_role)
