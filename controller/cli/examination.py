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
from controller.errors import EvenkeelError, InputError, Mistake
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


Part = tuple[str, Callable[[], Iterator[Check]]]
"""What is looked at, and what finds it."""


def examine(session: Session, vault: str | None, journal: Path | None, signer: Signer | None) -> list[Check]:
    """Every check, in the order in which trouble usually arises."""
    block = session.chain.head()
    return examined(
        ("node", lambda: _node(session, block)),
        ("contracts", lambda: contracts(session, block)),
        ("vault", lambda: _vault(session, vault, block, signer)),
        ("signing account", lambda: _account(session, block, signer)),
        ("journal", lambda: _journal(session, journal)),
    )


def examined(*parts: Part) -> list[Check]:
    """What each named part finds; the error that one ends with is a finding as well."""
    checks: list[Check] = []
    for name, part in parts:
        try:
            for check in part():
                checks.append(check)  # noqa: PERF402 - what was found before an error counts
        except InputError as error:
            wrong = error.mistakes or (Mistake("", error.message),)
            checks += [Check(name, False, str(each).removeprefix(": "), error.hint) for each in wrong]
        except EvenkeelError as error:
            checks.append(Check(name, False, error.message, error.hint))
    return checks


def _node(session: Session, block: BlockRef) -> Iterator[Check]:
    yield Check("node", True, f"{session.chain.client}, chain {session.chain.chain_id}, block {block.number}")
    yield clock(block, CLOCK_SKEW)


def clock(block: BlockRef, most: float) -> Check:
    """Whether the newest block is more than `most` {s} ahead of this machine's clock."""
    ahead = block.timestamp - int(time.time())
    found = f"newest block {-ahead} s ago" if ahead <= 0 else f"newest block {ahead} s in the future"
    return Check("clock", ahead <= most, found, "" if ahead <= most else "Set this machine's clock.")


def contracts(session: Session, block: BlockRef) -> Iterator[Check]:
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
        found = f"{journal}, {journal.count} records" if bad is None else bad.what
        yield Check("journal", bad is None, found, "" if bad is None else "Restore it from a copy.")
    yield disk(path.parent if path else Path.cwd())


def disk(directory: Path) -> Check:
    """Whether a journal in `directory` can grow."""
    existing = next(place for place in (directory.absolute(), *directory.absolute().parents) if place.exists())
    free = shutil.disk_usage(existing).free
    enough = free > LEAST_DISK
    return Check("disk", enough, f"{free // 2**20} MiB free", "" if enough else "Free some space.")
