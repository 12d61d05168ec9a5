"""Every token's account: opening + in - out = closing, over every block with a movement. Nothing is ever plugged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from controller.audit.evidence import BlockEvidence, Evidence, Missing, Transfer
from controller.audit.history import Decoded
from controller.audit.issues import NEEDS_ARCHIVE, READ_THE_TRACE
from controller.audit.report import Finding, Level, Severity
from controller.audit.window import check_block
from controller.chain.entries import Deposited, Minted, Redeemed, Withdrawn
from controller.model import Entry, Kind, Rebalance

MOVING = Minted | Redeemed | Deposited | Withdrawn | Rebalance
"""Entries that tokens move with."""
DONATION = "donation"
"""What came without an entry: nobody got a share for it."""
UNEXPLAINED = "left without an entry"


@dataclass(frozen=True, slots=True)
class Line:
    """One movement of one token."""

    block: int
    transaction: bytes
    log_index: int
    other: str  # where it came from or went to
    amount: int  # {qTok} negative where it went
    what: str  # the kind of the entry that it belongs to, or what it is without one
    seq: int | None  # of that entry


@dataclass(frozen=True)
class Statement:
    """The account of one token."""

    token: str
    opening: int  # {qTok} at the block before the first entry
    closing: int  # {qTok} at the audited block
    lines: tuple[Line, ...]

    @property
    def came(self) -> int:
        """{qTok}"""
        return sum(line.amount for line in self.lines if line.amount > 0)

    @property
    def went(self) -> int:
        """{qTok}"""
        return -sum(line.amount for line in self.lines if line.amount < 0)

    @property
    def unreconciled(self) -> int:
        """{qTok} that the vault holds beyond what its movements come to; zero where all is explained."""
        return self.closing - self.opening - self.came + self.went


def statements(evidence: Evidence, decoded: Sequence[Decoded]) -> tuple[Statement, ...]:
    """One for each token that any mandate named; none where the ends could not be read."""
    ends = evidence.ends
    if ends is None or isinstance(ends, Missing):
        return ()
    entries: dict[bytes, list[Entry]] = {}
    for item in decoded:
        if isinstance(item.payload, MOVING):
            entries.setdefault(item.entry.transaction, []).append(item.entry)
    lines: dict[str, list[Line]] = {token: [] for token in ends}
    for number, block in sorted(evidence.blocks.items()):
        for transfer in block.transfers if isinstance(block, BlockEvidence) else ():
            if transfer.token in lines and transfer.sender != transfer.receiver:
                lines[transfer.token].append(_line(number, transfer, evidence.vault, entries))
    return tuple(Statement(token, *ends[token], tuple(found)) for token, found in lines.items())


def check_reconciled(evidence: Evidence, decoded: Sequence[Decoded]) -> list[Finding]:
    """What the accounts do not explain."""
    last = evidence.block.number
    if evidence.ends is None:
        return []
    if isinstance(evidence.ends, Missing):
        what = f"the balances before the first entry and at last could not be read: {evidence.ends.reason}"
        return [Finding(Severity.UNCHECKED, Level.L4, what, NEEDS_ARCHIVE, last)]
    written = {item.entry.block_number for item in decoded}
    findings = []
    for number, block in evidence.blocks.items():
        if number in written:
            continue  # the replay has looked at it
        if isinstance(block, Missing):
            what = f"tokens moved in the block, and it could not be read: {block.reason}"
            findings.append(Finding(Severity.UNCHECKED, Level.L4, what, NEEDS_ARCHIVE, number))
        else:
            findings += [
                Finding(Severity.WRONG, Level.L4, i.what, i.hint, number) for i in check_block(block, evidence.vault)
            ]
    all_read = all(isinstance(block, BlockEvidence) for block in evidence.blocks.values())
    for statement in statements(evidence, decoded):
        findings += _unexplained(statement)
        findings += _unreconciled(evidence, statement) if all_read else []
    return findings


def _line(number: int, transfer: Transfer, vault: str, entries: Mapping[bytes, Sequence[Entry]]) -> Line:
    comes = transfer.receiver == vault
    behind = (entry for entry in entries.get(transfer.transaction, ()) if entry.log_index > transfer.log_index)
    entry = next(behind, None)
    what = (DONATION if comes else UNEXPLAINED) if entry is None else Kind(entry.kind).name
    other, amount = (transfer.sender, transfer.amount) if comes else (transfer.receiver, -transfer.amount)
    seq = None if entry is None else entry.seq
    return Line(number, transfer.transaction, transfer.log_index, other, amount, what, seq)


def _unexplained(statement: Statement) -> Iterator[Finding]:
    for line in statement.lines:
        if line.what == UNEXPLAINED:
            what = f"{-line.amount} of {statement.token} went to {line.other} without an entry"
            yield Finding(Severity.WRONG, Level.L4, what, READ_THE_TRACE, line.block, transaction=line.transaction)


def _unreconciled(evidence: Evidence, statement: Statement) -> Iterator[Finding]:
    if not statement.unreconciled:
        return
    gaps = list(_gaps(evidence, statement))
    candidates = "; ".join(f"{amount} between blocks {first} and {then}" for first, then, amount in gaps)
    what = (
        f"UNRECONCILED: {statement.token} opened with {statement.opening}, {statement.came} came and {statement.went} "
        f"went, it closes with {statement.closing}: {statement.unreconciled} are without a transfer; candidates: "
        f"{candidates or 'a block above whose own balances differ'}"
    )
    hint = "A token that changes balances without a Transfer, or a node that left logs out: ask another node."
    block = gaps[0][1] if gaps else evidence.block.number
    yield Finding(Severity.WRONG, Level.L4, what, hint, block)


def _gaps(evidence: Evidence, statement: Statement) -> Iterator[tuple[int, int, int]]:
    """(block, block, {qTok}) where a balance changed between two blocks that were looked at."""
    token, blocks = statement.token, evidence.blocks
    known = [
        (number, block.held_before[token], block.held_after[token])
        for number, block in sorted(blocks.items())
        if isinstance(block, BlockEvidence) and token in block.held_after
    ]
    begun = min((number for number, _, _ in known), default=evidence.block.number)
    ends = [(begun - 1, statement.opening, statement.opening), *known]
    ends.append((evidence.block.number, statement.closing, statement.closing))
    for (first, _, after), (then, before, _) in pairwise(ends):
        if after != before:
            yield first, then, before - after
