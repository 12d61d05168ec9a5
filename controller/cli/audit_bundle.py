"""evenkeel audit bundle"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controller.audit.bundle import write_bundle
from controller.audit.journal import read_journal
from controller.audit.judge import judge
from controller.audit.read import Asked, Source, gather
from controller.audit.report import Level
from controller.cli import auditing, options
from controller.cli.auditing import desk, exit_code, level_of, progress
from controller.cli.output import out, print_json
from controller.cli.session import Session, signer
from controller.config.files import read_file
from controller.errors import SigningKeyError
from controller.execution.keys import LocalSigner


def bundle(
    vault: options.Vault = None,
    path: Annotated[Path, typer.Option("--out", "-o", help="Where the bundle goes.")] = Path("evidence.jsonl"),
    level: auditing.DepthOption = "L4",
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
    keystore: options.Keystore = None,
    passphrase_file: options.PassphraseFile = None,
    dev_account: options.DevAccount = None,
    as_json: options.AsJson = False,
) -> int:
    """Write all that an audit looks at into one file, which `evenkeel audit verify` judges again offline.

    Signed by the key, if there is one; exit codes as `evenkeel audit`.
    """
    session = Session.open(network, url, networks, deployments, rpc)
    key = signer(session, keystore, passphrase_file, dev_account)
    if key is not None and not isinstance(key, LocalSigner):
        raise SigningKeyError("This signer signs transactions only.", "Sign with a keystore, or without a key.")
    depth = Level.L5 if journal else level_of(level)
    with desk(session, from_block, to_block, trusted_block, cache) as at, progress("Gathering") as told:
        source = Source(at.chain, session.address("Ledger"), session.vault(vault))
        file = None if mandate_file is None else read_file(mandate_file)
        lines = None if journal is None else read_journal(journal)
        evidence = gather(source, Asked(at.first, at.last, file, depth, at.trusted, lines), told)
    report = judge(evidence)
    head = write_bundle(path, evidence, None if key is None else lambda head: (key.address, key.sign_message(head)))
    if as_json:
        named = {"bundle": str(path), "head": "0x" + head.hex(), "signer": key.address if key else None}
        print_json({**named, "audit": report.to_json()})
    else:
        out.print(f"Bundle: {path}, head 0x{head.hex()}, {f'signed by {key.address}' if key else 'not signed'}")
        out.print(report.verdict(), soft_wrap=True, markup=False)
    return exit_code([report], [each for each in Level if depth.includes(each)])
