"""evenkeel audit: a vault where no command is named, else a command."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from controller.cli.audit_bundle import bundle
from controller.cli.audit_export import write
from controller.cli.audit_quality import traded
from controller.cli.audit_targets import targets
from controller.cli.audit_vault import vault
from controller.cli.audit_verify import verify

DEFAULT = "vault"


class DefaultGroup(TyperGroup):
    """Whatever does not begin with a command's name, nor asks for help, belongs to the default one."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        named = args and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if named else [DEFAULT, *args])


app = typer.Typer(
    cls=DefaultGroup,
    help="Prove from chain data alone what happened to a vault: evenkeel audit [VAULT] [OPTIONS], "
    "which is short for evenkeel audit vault.",
    epilog="Exit codes: 0 nothing is wrong, 3 findings, 4 a level could not be reached.",
)
for each in (vault, bundle, verify, targets):
    app.command()(each)
app.command("export")(write)
app.command("quality")(traded)
