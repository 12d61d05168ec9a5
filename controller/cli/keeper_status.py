"""evenkeel keeper status"""

from __future__ import annotations

import os
import time

from rich.table import Table

from controller.cli import options
from controller.cli.keeping import opened_journal
from controller.cli.output import out, print_json
from controller.config import keeper_file
from controller.execution.documents import from_document
from controller.execution.journal import Record, RecordKind
from controller.keeper.fleet import FleetRecord
from controller.keeper.spending import Spending
from controller.keeper.standing import Standing, after
from controller.units import to_decimal


def status(
    config: options.RequiredKeeperFile,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> None:
    """Where the keeper stands, by its journal: last tick, pauses, breakers, spending, and what is on its way."""
    file = keeper_file.load(config, os.environ, networks)
    standing = Standing(file.trips, Spending(file.daily_spend))
    last: FleetRecord | None = None
    seen: dict[str, str] = {}
    fates: dict[str, int] = {}
    with opened_journal(config, networks, deployments) as journal:
        for record in journal.since(-1):
            standing = after(standing, record)
            if record.kind is RecordKind.FLEET:
                last = from_document(FleetRecord, record.body)
                seen = {} if last.complete else seen
                seen |= {each.vault: each.detail or each.error for each in last.listed}
            elif record.kind is RecordKind.OUTCOME:
                fates[record.body["fate"]] = fates.get(record.body["fate"], 0) + 1
        open_ = journal.open_intents()
    document = _document(standing, last, seen, fates, open_)
    print_json(document) if as_json else out.print(_table(document))


def _document(
    standing: Standing, last: FleetRecord | None, seen: dict[str, str], fates: dict[str, int], open_: list[Record]
) -> dict[str, object]:
    now = last.block.timestamp if last else int(time.time())
    budget = standing.spending.budget
    return {
        "paused": standing.paused,
        "fleet_breaker_open": standing.fleet_open,
        "vault_breakers_open": sorted(standing.open),
        "failures": dict(standing.failures),
        "last_tick": None if last is None else {"block": last.block.number, "timestamp": now, "vaults": last.vaults},
        "vaults": seen,
        "on_the_way": {record.vault: record.seq for record in open_},
        "outcomes": fates,
        "spend_left_wei": None if budget is None else str(standing.spending.room(now)),
    }


def _table(document: dict[str, object]) -> Table:
    table = Table(title="Keeper", title_justify="left", show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in document.items():
        table.add_row(name.replace("_", " "), _words(name, value))
    return table


def _words(name: str, value: object) -> str:
    if name == "spend_left_wei" and value is not None:
        return f"{to_decimal(int(str(value)), 18):f} of the coin"
    if isinstance(value, dict):
        return "\n".join(f"{key}: {inner}" for key, inner in value.items()) or "none"
    if isinstance(value, list):
        return "\n".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "[red]yes[/red]" if value else "no"
    return str(value) if value else "no"
