"""evenkeel audit"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from controller.audit.report import AuditReport, Level, Reach
from controller.audit.vault import audit_vault
from controller.cli import options
from controller.cli.output import err, out, print_json
from controller.cli.session import Session, read_file
from controller.cli.strategies import Decided, show_replayed
from controller.cli.verdict import DEMANDED
from controller.errors import FindingError, UsageError
from controller.model import BlockRef

COLOURS = {Reach.REACHED: "green", Reach.FAILED: "red", Reach.UNCHECKED: "yellow", Reach.NOT_ATTEMPTED: "dim"}


def audit(
    vault: options.Vault = None,
    mandate_file: Annotated[Path | None, typer.Option("--mandate", help="The file that the owner signed off.")] = None,
    to_block: Annotated[int | None, typer.Option(min=0, help="Last block to audit. Default: the newest.")] = None,
    strategy: options.StrategyFile = None,
    history: options.History = None,
    require: Annotated[
        list[str] | None, typer.Option(help="Level that must be reached; repeatable. Default: L0, L3 and L4.")
    ] = None,
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> int:
    """Prove from chain data alone what happened to a vault. Needs no key and signs nothing.

    With --strategy every move of the targets is decided again by that file; one that it does not decide is a finding.
    Exit code 0 when nothing is wrong, 3 with findings, 4 when a required level was not reached.
    """
    unknown = [level for level in require or () if level not in Level.__members__]
    if unknown:
        raise UsageError(f"Unknown level: {', '.join(unknown)}.", f"Levels: {', '.join(Level.__members__)}.")
    session = Session.open(network, url, networks, deployments)
    block = _last_block(session, to_block)
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task("Auditing", total=None)
        report = audit_vault(
            session.chain,
            session.address("Ledger"),
            session.vault(vault),
            from_block=session.ledger_start,
            to_block=block,
            mandate_file=None if mandate_file is None else read_file(mandate_file),
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    replayed = () if strategy is None else Decided.by(session, strategy, history).replayed(report.vault, block)
    if as_json:
        told = {} if strategy is None else {"targets": [each.to_json() for each in replayed]}
        print_json({**report.to_json(), **told})
    else:
        show(report)
        show_replayed(replayed)
    if any(not each.matches for each in replayed):
        return FindingError.exit_code
    error = report.error([Level[level] for level in require] if require else DEMANDED)
    return 0 if error is None else error.exit_code


def _last_block(session: Session, wanted: int | None) -> BlockRef:
    head = session.chain.head()
    if wanted is None:
        return head
    if not session.ledger_start <= wanted <= head.number:
        raise UsageError(
            f"There is nothing to audit up to block {wanted}.",
            f"The ledger was deployed in block {session.ledger_start}, the newest block is {head.number}.",
        )
    return session.chain.block(wanted)


def show(report: AuditReport) -> None:
    """An audit for people: the levels, the findings, the verdict."""
    table = Table(title=f"Audit of {report.vault}", title_justify="left")
    for heading in ("level", "what", "reached", "detail"):
        table.add_column(heading)
    for result in report.levels:
        reached = f"[{COLOURS[result.reach]}]{result.reach.value}[/]"
        table.add_row(result.level.name, result.level.value, reached, escape(result.detail))
    out.print(table)
    for finding in report.findings:
        out.print(f"[red]{finding.severity.value}[/red] {escape(str(finding))}", soft_wrap=True)
        out.print(f"  [dim]{escape(finding.hint)}[/dim]", soft_wrap=True)
    out.print(report.verdict(), soft_wrap=True, markup=False)
