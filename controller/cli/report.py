"""evenkeel report"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controller.audit.vault import audit_vault
from controller.cli import options
from controller.cli.output import out, print_json
from controller.cli.session import Session
from controller.cli.verdict import page_verdict
from controller.keeper import history
from controller.report.console import summary_table
from controller.report.metrics import summarise
from controller.report.page import write_report
from controller.report.wording import Words
from controller.tick import read_snapshot


def report(
    vault: options.Vault = None,
    page: Annotated[Path, typer.Option("--out", help="Where the page goes.")] = Path("report.html"),
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    journal: options.JournalPath = None,
    as_json: options.AsJson = False,
) -> None:
    """Draw what the keeper's journal knows of a vault: report.html, one page that loads nothing."""
    session = Session.open(network, url, networks, deployments)
    address, block = session.vault(vault), session.chain.head()
    mandate = read_snapshot(session.chain, session.address("VaultLens"), address, block).mandate
    with session.journal(journal) as records:
        ticks = history.ticks(records.since(-1), address)
    summary = summarise(ticks, mandate)
    words = Words(tuple(session.symbol(asset.token) for asset in mandate.assets))
    audited = audit_vault(
        session.chain, session.address("Ledger"), address, from_block=session.ledger_start, to_block=block
    )
    write_report(page, ticks, mandate, summary, words=words, verdict=page_verdict(audited))
    if as_json:
        print_json({"summary": summary.as_dict(), "audit": audited.to_json(), "report": str(page.resolve())})
        return
    out.print(summary_table(summary, words))
    out.print(f"Audit: {audited.verdict()}", soft_wrap=True)
    out.print(f"Report: {page.resolve()}", soft_wrap=True)
