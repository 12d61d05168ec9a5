"""evenkeel audit export"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from controller.audit.books import Books
from controller.audit.export import FORMS, export
from controller.audit.judge import judge
from controller.audit.read import Asked, Source, gather
from controller.audit.returns import Returns, returns
from controller.cli import auditing, options
from controller.cli.auditing import desk, exit_code, progress
from controller.cli.output import out, print_json
from controller.cli.session import Session
from controller.cli.verdict import DEMANDED


def write(
    vault: options.Vault = None,
    form: Annotated[str, typer.Option("--form", help=f"One of: {', '.join(FORMS)}.")] = "csv",
    folder: Annotated[Path, typer.Option("--out", "-o", help="Folder that the files go into.")] = Path("export"),
    trusted_block: auditing.TrustedOption = None,
    from_block: auditing.FromOption = None,
    to_block: auditing.ToOption = None,
    rpc: auditing.RpcOption = None,
    cache: auditing.CacheOption = None,
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> int:
    """Write a vault's trades, flows, values per share and costs into files, audited first; amounts are exact.

    Exit codes as `evenkeel audit`.
    """
    session = Session.open(network, url, networks, deployments, rpc)
    with desk(session, from_block, to_block, trusted_block, cache) as at, progress("Gathering") as told:
        source = Source(at.chain, session.address("Ledger"), session.vault(vault))
        evidence = gather(source, Asked(at.first, at.last, trusted=at.trusted), told)
    report = judge(evidence)
    books = Books.of(evidence, session.symbol)
    paths = export(books, form, folder)
    earned = returns(books.movements)
    if as_json:
        known = earned and {
            "time_weighted": str(earned.time_weighted),
            "time_weighted_yearly": earned.time_weighted_yearly,
            "money_weighted_yearly": earned.money_weighted_yearly,
            "estimated_flows": earned.estimated,
        }
        print_json({"files": [str(path) for path in paths], "returns": known, "audit": report.to_json()})
    else:
        for path in paths:
            out.print(f"Written: {path}")
        for line in _told(earned) if earned else ():
            out.print(line, soft_wrap=True)
        out.print(report.verdict(), soft_wrap=True, markup=False)
    return exit_code([report], DEMANDED)


def _told(earned: Returns) -> Iterator[str]:
    yield f"Time-weighted return: {float(earned.time_weighted):.4%}, of a share, all costs in it."
    rate = earned.money_weighted_yearly
    told = "no rate solves it" if rate is None else f"{rate:.4%} a year"
    yield f"Money-weighted return: {told}, of all holders; {earned.estimated} flows at the last known value of a share."
