"""evenkeel doctor"""

from __future__ import annotations

import os

from rich.markup import escape
from rich.table import Table

from controller.cli import options
from controller.cli.examination import Check, examine
from controller.cli.keeper_examination import examine_keeper
from controller.cli.output import out, print_json
from controller.cli.session import Session, signer
from controller.config import keeper_file
from controller.errors import CodeMismatchError


def doctor(
    vault: options.Vault = None,
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    journal: options.JournalPath = None,
    keystore: options.Keystore = None,
    passphrase_file: options.PassphraseFile = None,
    dev_account: options.DevAccount = None,
    config: options.KeeperFile = None,
    as_json: options.AsJson = False,
) -> int:
    """Check everything that a keeper depends on, and report all of it at once.

    With --config it is the keeper of that file: its endpoints, vaults, accounts, journal and alerts.
    Exit code 0 when all is well, 78 when something is not.
    """
    if config is not None:
        checks = examine_keeper(keeper_file.load(config, os.environ, networks), deployments)
    else:
        session = Session.open(network, url, networks, deployments)
        checks = examine(session, vault, journal, signer(session, keystore, passphrase_file, dev_account))
    healthy = all(check.well for check in checks)
    if as_json:
        print_json({"healthy": healthy, "checks": [vars(check) for check in checks]})
    else:
        out.print(_table(checks))
    return 0 if healthy else CodeMismatchError.exit_code


def _table(checks: list[Check]) -> Table:
    table = Table(title="Examination", title_justify="left")
    for heading in ("what", "", "found", "what to do"):
        table.add_column(heading, overflow="fold")
    for check in checks:
        table.add_row(
            check.what,
            "[green]ok[/green]" if check.well else "[red]bad[/red]",
            escape(check.found),
            escape(check.remedy),
        )
    return table
