"""evenkeel audit VAULT"""

from __future__ import annotations

from typing import Annotated

import typer

from controller.audit.report import Level
from controller.audit.vault import audit_vault
from controller.cli import auditing, options
from controller.cli.auditing import desk, exit_code, level_of, progress, show
from controller.cli.output import print_json
from controller.cli.session import Session
from controller.config.files import read_file


def vault(
    vault: options.Vault = None,
    every: Annotated[bool, typer.Option("--all", help="Every vault of the deployed factory.")] = False,
    level: auditing.DepthOption = "L4",
    require: Annotated[
        list[str] | None, typer.Option(help="Level that must be reached; repeatable. Default: all up to --level.")
    ] = None,
    trusted_block: auditing.TrustedOption = None,
    mandate_file: auditing.MandateOption = None,
    journal: auditing.JournalOption = None,
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
    """Prove from chain data alone what happened to a vault. Needs no key and signs nothing.

    Exit code 0 when nothing is wrong, 3 with findings, 4 when a required level was not reached.
    """
    depth = Level.L5 if journal else level_of(level)
    demanded = [level_of(name) for name in require] if require else [each for each in Level if depth.includes(each)]
    session = Session.open(network, url, networks, deployments, rpc)
    with desk(session, from_block, to_block, trusted_block, cache) as at:
        vaults = session.vaults(at.last) if every else [session.vault(vault)]
        reports = []
        for place, address in enumerate(vaults, start=1):
            with progress(f"Auditing {place} of {len(vaults)}" if every else "Auditing") as told:
                report = audit_vault(
                    at.chain,
                    session.address("Ledger"),
                    address,
                    from_block=at.first,
                    to_block=at.last,
                    mandate_file=None if mandate_file is None else read_file(mandate_file),
                    depth=depth,
                    trusted=at.trusted,
                    journal=journal,
                    progress=told,
                )
            reports.append(report)
            if not as_json:
                show(report)
    if as_json:
        print_json([report.to_json() for report in reports] if every else reports[0].to_json())
    return exit_code(reports, demanded)
