"""evenkeel audit verify"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controller.audit.bundle import read_bundle, trusting
from controller.audit.judge import judge
from controller.audit.report import Level
from controller.cli import auditing, options
from controller.cli.auditing import exit_code, hash_of, show
from controller.cli.output import out, print_json


def verify(
    path: Annotated[Path, typer.Argument(metavar="BUNDLE", help="File that `evenkeel audit bundle` wrote.")],
    trusted_block: auditing.TrustedOption = None,
    by: Annotated[str | None, typer.Option("--signer", help="Address that must have signed it.")] = None,
    as_json: options.AsJson = False,
) -> int:
    """Judge an evidence bundle again, without a node or a network: every hash, root, proof and rule.

    A byte that was altered is named. Exit code 0 when nothing is wrong, 3 with findings, 4 when a level that was asked
    for was not reached.
    """
    found = read_bundle(path, by)
    evidence = trusting(found, hash_of(trusted_block))
    report = judge(evidence)
    if as_json:
        named = {"lines": found.lines, "head": "0x" + found.head.hex(), "signer": found.signer, "tool": found.tool}
        print_json({**named, "audit": report.to_json()})
    else:
        who = f"signed by {found.signer}" if found.signer else "not signed"
        out.print(f"Bundle of evenkeel {found.tool}: {found.lines} lines whole and unaltered, {who}.", soft_wrap=True)
        show(report)
    return exit_code([report], [each for each in Level if evidence.depth.includes(each)])
