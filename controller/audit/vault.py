"""The audit of one vault: gather, then judge."""

from __future__ import annotations

from controller.audit.journal import read_journal
from controller.audit.judge import judge
from controller.audit.read import Asked, Progress, Source, gather
from controller.audit.report import AuditReport, Level
from controller.chain import ledger as ledgers
from controller.chain.client import Chain
from controller.errors import NotFoundError
from controller.model import BlockRef


def audit_vault(
    chain: Chain,
    ledger: str,
    vault: str,
    *,
    from_block: int,
    to_block: BlockRef,
    mandate_file: bytes | None = None,
    depth: Level = Level.L4,
    trusted: bytes = b"",
    journal: str | None = None,
    progress: Progress = lambda done, total: None,
) -> AuditReport:
    """Prove from chain data alone what happened to a vault.

    Parameters
    ----------
    chain : any node with the state of old blocks; it is not trusted, only read.
    ledger, vault : checksummed addresses.
    from_block : at or before the vault's creation, e.g. the ledger's deployment.
    to_block : the audited block; its hash is what everything proven rests on.
    mandate_file : the bytes that the owner signed off, if they are to be compared.
    depth : the deepest level that is attempted.
    trusted : hash of a block at or behind `to_block` that is known to be of the chain; without one, the node's word for
        `to_block` is taken.
    journal : where the keeper's journal is, for L5: a SQLite file, or an address of SQLAlchemy's.
    progress : called with blocks read and blocks in all.

    Raises
    ------
    NotFoundError
        When the ledger knows no such vault at that block.
    UncheckedError
        When the node does not have the trusted block, or the journal cannot be read.
    NodeError
        When the node goes away, or does not have `to_block`.
    """
    lines = None if journal is None else read_journal(journal)
    asked = Asked(from_block, to_block, mandate_file, depth, trusted, lines)
    evidence = gather(Source(chain, ledger, vault), asked, progress)
    if not evidence.entries and ledgers.head(chain, ledger, vault, to_block)[1] == 0:
        raise NotFoundError(
            f"The ledger {ledger} has no entry of {vault} up to block {to_block.number}.",
            "Check the vault's address and the network: evenkeel vault list.",
        )
    return judge(evidence)
