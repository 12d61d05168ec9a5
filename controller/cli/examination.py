"""What `evenkeel doctor` looks at. One trouble never hides another."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from controller.chain.contract import Contract
from controller.cli.session import Session
from controller.deploy import drift
from controller.deploy.vaults import require_clone
from controller.errors import EvenkeelError
from controller.execution.keys import Signer
from controller.model import BlockRef
from controller.tick import read_snapshot
from controller.units import to_decimal

LEAST_DISK = 100 * 2**20
"""Bytes that a journal should find free."""
CLOCK_SKEW = 120
"""{s} by which the newest block of a live chain may lie in the future."""


@dataclass(frozen=True)
class Check:
    what: str
    well: bool
    found: str
    remedy: str = ""


def examine(session: Session, vault: str | None, journal: Path | None, signer: Signer | None) -> list[Check]:
    """Every check, in the order in which trouble usually arises."""
    block = session.chain.head()
    parts: tuple[tuple[str, Callable[[], Iterator[Check]]], ...] = (
        ("node", lambda: _node(session, block)),
        ("contracts", lambda: _contracts(session, block)),
        ("vault", lambda: _vault(session, vault, block, signer)),
        ("signing account", lambda: _account(session, block, signer)),
        ("journal", lambda: _journal(session, journal)),
    )
    checks: list[Check] = []
    for name, part in parts:
        try:
            checks += part()
        except EvenkeelError as error:
            checks.append(Check(name, False, error.message, error.hint))
    return checks


def _node(session: Session, block: BlockRef) -> Iterator[Check]:
    yield Check("node", True, f"{session.chain.client}, chain {session.chain.chain_id}, block {block.number}")
    ahead = block.timestamp - int(time.time())
    yield Check(
        "clock",
        ahead <= CLOCK_SKEW,
        f"newest block {-ahead} s ago" if ahead <= 0 else f"newest block {ahead} s in the future",
        "" if ahead <= CLOCK_SKEW else "Set this machine's clock.",
    )


def _contracts(session: Session, block: BlockRef) -> Iterator[Check]:
    differences = drift.check(session.chain, session.directory, block)
    for difference in differences:
        yield Check("contracts", False, str(difference), "Check the node's address, or deploy again.")
    if not differences:
        deployed = session.address("VaultFactory")
        yield Check("contracts", True, f"code as recorded in {session.directory}, factory {deployed}")


def _vault(session: Session, vault: str | None, block: BlockRef, signer: Signer | None) -> Iterator[Check]:
    snapshot = read_snapshot(session.chain, session.address("VaultLens"), session.vault(vault), block)
    require_clone(session.chain, snapshot.vault, session.address("Vault"), block)
    paused = snapshot.status.paused
    yield Check(
        "vault",
        not paused,
        f"{snapshot.mandate.name}, {snapshot.vault}{', paused' if paused else ''}",
        "The owner can unpause it." if paused else "",
    )
    for asset, price in zip(snapshot.mandate.assets, snapshot.prices, strict=True):
        what = f"feed {session.symbol(asset.token)}"
        age = f"{block.timestamp - price.updated_at} s old, heartbeat {asset.feed.heartbeat} s"
        yield Check(what, not price.failure, price.failure or age, "Wait for its next round." if price.failure else "")
    if signer is not None:
        is_keeper = Contract(session.chain, snapshot.vault, "IVault").read("isKeeper", signer.address, block=block)
        remedy = "" if is_keeper else "The owner can make it one."
        yield Check("keeper role", is_keeper, f"{signer.address} {'is' if is_keeper else 'is not'} a keeper", remedy)


def _account(session: Session, block: BlockRef, signer: Signer | None) -> Iterator[Check]:
    if signer is None:
        yield Check("signing account", True, "none: every command is a dry run")
        return
    balance = session.chain.balance(signer.address, block)
    found = f"{signer.address} holds {to_decimal(balance, 18):f} of the chain's coin"
    yield Check("signing account", balance > 0, found, "" if balance else "Send it some for gas.")


def _journal(session: Session, path: Path | None) -> Iterator[Check]:
    with session.journal(path) as journal:
        bad = journal.verify()
        found = f"{journal}, {len(journal.records())} records" if bad is None else bad.what
        yield Check("journal", bad is None, found, "" if bad is None else "Restore it from a copy.")
    free = shutil.disk_usage(path.parent if path else Path.cwd()).free
    yield Check("disk", free > LEAST_DISK, f"{free // 2**20} MiB free", "" if free > LEAST_DISK else "Free some space.")
