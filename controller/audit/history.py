"""L0: are the logs one whole, unbroken chain of readable entries, each where its block and receipt say it is?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from controller.audit.evidence import Evidence
from controller.audit.issues import ASK_ANOTHER_NODE, RECORD_IS_FALSE, START_EARLIER, show
from controller.audit.report import Finding, Level, Severity
from controller.chain.entries import NO_HEAD, Payload, decode_entry, entry_head
from controller.errors import InputError
from controller.model import Entry


@dataclass(frozen=True, slots=True)
class Decoded:
    """An entry whose place in the chain is right, and what it says."""

    entry: Entry
    payload: Payload


@dataclass(frozen=True)
class History:
    """The entries up to the first break; `finding` is that break, if there is one."""

    decoded: tuple[Decoded, ...]
    head: bytes  # 27 bytes, after the last of `decoded`
    finding: Finding | None


def follow(
    entries: Iterable[Entry],
    before: Callable[[int, Entry], Finding | None],
    behind: Callable[[Entry], Finding | None] = lambda entry: None,
) -> Iterator[Decoded | Finding]:
    """Fold entries one at a time, in memory for one of them, and end with the first that cannot stand where it stands.

    Parameters
    ----------
    before, behind : what else has to hold of an entry at its place, before and after its link is checked.
    """
    head = NO_HEAD
    for place, entry in enumerate(entries):
        finding = before(place, entry) or _link(head, entry) or behind(entry)
        if finding:
            yield finding
            return
        try:
            yield Decoded(entry, decode_entry(entry))
        except InputError as error:
            yield _finding(entry, f"cannot be read: {error.message}", RECORD_IS_FALSE)
            return
        head = entry.head


def in_sequence(vault: str) -> Callable[[int, Entry], Finding | None]:
    """For `follow`, where nothing but the entries is known: they are this vault's, and none is missing or doubled."""

    def check(place: int, entry: Entry) -> Finding | None:
        if entry.vault != vault:
            return _finding(entry, f"belongs to another vault, {entry.vault}")
        if entry.seq != place:
            return _finding(entry, f"is missing: entry {entry.seq} is in its place", seq=place)
        return None

    return check


def read_history(evidence: Evidence) -> History:
    """Fold the entries in the order of the logs, stopping at the first that cannot stand where it stands.

    Nothing behind a break is judged: its meaning rests on what is missing or altered there.
    """
    decoded: list[Decoded] = []
    for found in follow(
        evidence.entries,
        lambda place, _entry: _order(evidence, place),
        lambda entry: _block(evidence, entry) or _receipt(evidence, entry),
    ):
        if isinstance(found, Finding):
            return History(tuple(decoded), _head(decoded), found)
        decoded.append(found)
    return History(tuple(decoded), _head(decoded), None)


def _head(decoded: Sequence[Decoded]) -> bytes:
    return decoded[-1].entry.head if decoded else NO_HEAD


def _order(evidence: Evidence, place: int) -> Finding | None:
    entry = evidence.entries[place]
    if entry.vault != evidence.vault:
        return _finding(entry, f"belongs to another vault, {entry.vault}")
    if entry.seq > place:
        if any(other.seq == place for other in evidence.entries[place + 1 :]):
            return _finding(entry, f"comes after entry {entry.seq}: out of order", seq=place)
        hint = ASK_ANOTHER_NODE if place else START_EARLIER
        return _finding(entry, f"is missing: entry {entry.seq} is the next", hint, seq=place)
    if entry.seq < place:
        return _finding(entry, "appears twice")
    if entry.block_number > evidence.block.number:
        return _finding(entry, f"is later than the audited block {evidence.block.number}")
    if place:
        last = evidence.entries[place - 1]
        if (entry.block_number, entry.log_index) <= (last.block_number, last.log_index):
            return _finding(entry, f"is not later in the chain than entry {last.seq}")
    return None


def _link(head: bytes, entry: Entry) -> Finding | None:
    try:
        computed = entry_head(head, entry.seq, entry.kind, entry.payload)
    except InputError:
        return _finding(entry, f"is of kind {entry.kind}, which no ledger can hold")
    if computed == entry.head:
        return None
    return _finding(entry, f"is altered: its content hashes to head {show(computed)}, it states {show(entry.head)}")


def _block(evidence: Evidence, entry: Entry) -> Finding | None:
    header = evidence.headers.get(entry.block_number)
    if header is None or (header.block.number, header.block.hash) != (entry.block_number, entry.block_hash):
        return _finding(entry, f"is in block {show(entry.block_hash)}, which is not the chain's")
    if header.computed_hash() != header.block.hash and not header.unknown:
        return _finding(entry, f"is in a block whose header hashes to {show(header.computed_hash())}, not to its hash")
    return None


def _receipt(evidence: Evidence, entry: Entry) -> Finding | None:
    receipt = evidence.receipts.get(entry.transaction)
    if receipt is None or receipt.block_hash != entry.block_hash:
        return _finding(entry, "names a transaction that its block does not hold")
    if entry not in receipt.entries:
        return _finding(entry, "is not in the receipt of its transaction as the logs give it")
    return None


def _finding(entry: Entry, what: str, hint: str = ASK_ANOTHER_NODE, seq: int | None = None) -> Finding:
    seq = entry.seq if seq is None else seq
    return Finding(Severity.WRONG, Level.L0, f"entry {seq} {what}", hint, entry.block_number, seq, entry.transaction)
