"""L2: do the logs say all that the blocks commit to, and nothing else? A node can then neither hide nor invent one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from controller.audit.evidence import BlockEvidence, Evidence, Missing, Transfer
from controller.audit.issues import ASK_ANOTHER_NODE, show
from controller.audit.receipt_trie import block_logs, receipts_root, unpack_receipts
from controller.audit.report import Finding, Level, Severity
from controller.audit.transfers import transfer_of
from controller.chain import ledger as ledgers
from controller.chain.wire import Log
from controller.errors import EvenkeelError
from controller.model import Entry


def check_receipts(evidence: Evidence) -> list[Finding]:
    """Every block with an entry or a movement: its receipts against the root in its header, the entries and transfers
    against its receipts. Empty also where receipts were not asked for."""
    lists = evidence.receipt_lists
    if lists is None:
        return []
    if isinstance(lists, Missing):
        what = f"the receipts could not be read: {lists.reason}"
        return [Finding(Severity.UNCHECKED, Level.L2, what, ASK_ANOTHER_NODE, evidence.block.number)]
    entries: dict[int, list[Entry]] = {}
    for entry in evidence.entries:
        entries.setdefault(entry.block_number, []).append(entry)
    findings: list[Finding] = []
    for number in sorted({*entries, *evidence.blocks}):
        findings += _check_block(evidence, number, lists.get(number), entries.get(number, []))
    return findings


def _check_block(evidence: Evidence, number: int, packed: bytes | None, entries: Sequence[Entry]) -> Iterator[Finding]:
    header = evidence.headers.get(number)
    if packed is None or header is None:
        what = "the block's receipts" if header else "the block's header"
        yield Finding(Severity.UNCHECKED, Level.L2, f"the node did not give {what}", ASK_ANOTHER_NODE, number)
        return
    try:
        receipts = unpack_receipts(packed)
        root = receipts_root(receipts)
        logs = list(block_logs(receipts, number, header.stated_hash))
    except EvenkeelError as error:
        yield _wrong(number, error.message.rstrip("."))
        return
    if root != header.receipts_root:
        yield _wrong(
            number, f"the receipts come to the root {show(root)}, the block commits to {show(header.receipts_root)}"
        )
        return
    yield from _check_entries(evidence, number, logs, entries)
    block = evidence.blocks.get(number)
    if isinstance(block, BlockEvidence):
        yield from _check_transfers(evidence, number, logs, block)


def _check_entries(evidence: Evidence, number: int, logs: Iterable[Log], entries: Sequence[Entry]) -> Iterator[Finding]:
    found = (ledgers.entry_of_log(log) for log in logs if log.address == evidence.ledger)
    proven = {entry.log_index: entry for entry in found if entry is not None and entry.vault == evidence.vault}
    given = {entry.log_index: entry for entry in entries}
    for index in sorted({*proven, *given}):
        real, said = proven.get(index), given.get(index)
        if real is None and said is not None:
            yield _of_entry(said, f"entry {said.seq} is in the logs and not in the receipts that the block commits to")
        elif said is None and real is not None:
            yield _of_entry(real, f"entry {real.seq} is in the block's receipts, the logs leave it out")
        elif real is not None and said is not None and _content(real) != _content(said):
            yield _of_entry(said, f"entry {said.seq} is not what the block's receipts hold")


def _check_transfers(evidence: Evidence, number: int, logs: Iterable[Log], block: BlockEvidence) -> Iterator[Finding]:
    tokens = {*block.held_after, evidence.vault}
    found = (transfer_of(log, tokens, evidence.vault) for log in logs)
    proven = {transfer.log_index: transfer for transfer in found if transfer is not None}
    given = {transfer.log_index: transfer for transfer in block.transfers}
    for index in sorted({*proven, *given}):
        real, said = proven.get(index), given.get(index)
        if said is None and real is not None:
            yield _wrong(number, f"the logs leave out a transfer that the receipts hold: {_told(real)}")
        elif real is None and said is not None:
            yield _wrong(number, f"the logs invent a transfer: {_told(said)}")
        elif real is not None and said is not None and _told(real) != _told(said):
            yield _wrong(number, f"the logs alter a transfer: {_told(said)}, the receipts hold {_told(real)}")


def _content(entry: Entry) -> tuple[object, ...]:
    return entry.vault, entry.seq, entry.kind, entry.head, entry.payload


def _told(transfer: Transfer) -> str:
    return f"{transfer.amount} of {transfer.token} from {transfer.sender} to {transfer.receiver}"


def _of_entry(entry: Entry, what: str) -> Finding:
    return Finding(Severity.WRONG, Level.L2, what, ASK_ANOTHER_NODE, entry.block_number, entry.seq, entry.transaction)


def _wrong(number: int, what: str) -> Finding:
    return Finding(Severity.WRONG, Level.L2, what, ASK_ANOTHER_NODE, number)
