"""Every way to falsify the evidence of a long history, one at a time, and what the audit has to name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import rlp
from audit_mutate import mutations
from audit_pieces import address

from controller.audit.evidence import BlockEvidence, Evidence, SelfView
from controller.audit.report import AuditReport
from controller.chain.entries import decode_entry, encode_payload
from controller.errors import InputError
from controller.model import Entry, Kind


@dataclass(frozen=True)
class Falsehood:
    """One lie, and where the audit has to find it."""

    family: str
    name: str
    tell: Callable[[], Evidence]
    blocks: frozenset[int]
    seqs: frozenset[int]

    def is_named(self, report: AuditReport) -> bool:
        """Whether the first finding, or one of its level, stands where the lie does."""
        return any(
            finding.seq in self.seqs if finding.seq is not None else finding.block in self.blocks
            for finding in report.wrong
        ) or any(finding.block in self.blocks for finding in report.wrong)


def falsehoods(evidence: Evidence) -> Iterator[Falsehood]:
    """All of them, in one order."""
    yield from _fields(evidence)
    yield from _payloads(evidence)
    yield from _order(evidence)
    yield from _headers(evidence)
    yield from _receipts(evidence)
    yield from _proof(evidence)
    yield from _transactions(evidence)
    yield from _sent(evidence)
    yield from _answers(evidence)


def _with(evidence: Evidence, place: int, entry: Entry) -> Evidence:
    return replace(evidence, entries=(*evidence.entries[:place], entry, *evidence.entries[place + 1 :]))


def _at(family: str, name: str, tell: Callable[[], Evidence], *entries: Entry, block: int | None = None) -> Falsehood:
    blocks = {entry.block_number for entry in entries} | ({block} if block is not None else set())
    return Falsehood(family, name, tell, frozenset(blocks), frozenset(entry.seq for entry in entries))


def _fields(evidence: Evidence) -> Iterator[Falsehood]:
    for place, entry in enumerate(evidence.entries):
        for where, altered in mutations(entry):
            yield _at("entry", f"{place}{where}", lambda p=place, e=altered: _with(evidence, p, e), entry, altered)


def _payloads(evidence: Evidence) -> Iterator[Falsehood]:
    """What an entry says, re-encoded: every field of every kind."""
    for place, entry in enumerate(evidence.entries):
        for where, said in mutations(decode_entry(entry)):
            try:
                raw = encode_payload(Kind(entry.kind), said)
            except (InputError, OverflowError, ValueError):
                continue  # what cannot be encoded cannot be told
            if raw != entry.payload:
                altered = replace(entry, payload=raw)
                name = f"{place} {Kind(entry.kind).name}{where}"
                yield _at("payload", name, lambda p=place, e=altered: _with(evidence, p, e), entry)


def _order(evidence: Evidence) -> Iterator[Falsehood]:
    entries = evidence.entries
    for place, entry in enumerate(entries):
        left, right = entries[:place], entries[place + 1 :]
        following = entries[min(place + 1, len(entries) - 1)]
        yield _at("dropped", str(place), lambda x=left, y=right: replace(evidence, entries=(*x, *y)), entry, following)
        yield _at(
            "doubled", str(place), lambda x=left, y=right, e=entry: replace(evidence, entries=(*x, e, e, *y)), entry
        )
        if place:
            swapped = (*entries[: place - 1], entry, entries[place - 1], *right)
            yield _at("swapped", str(place), lambda x=swapped: replace(evidence, entries=x), entries[place - 1], entry)
        moved = replace(entry, vault=address("another vault"))
        yield _at("moved", str(place), lambda p=place, e=moved: _with(evidence, p, e), entry)
        yield _at("truncated", f"to {place}", lambda x=left: replace(evidence, entries=x), entry)
        if place:
            yield _at(
                "truncated", f"from {place}", lambda y=entries[place:]: replace(evidence, entries=y), entries[0], entry
            )


def _headers(evidence: Evidence) -> Iterator[Falsehood]:
    assert isinstance(evidence.links, dict)
    used = {entry.block_number for entry in evidence.entries} | {evidence.block.number}
    for number, raw in evidence.links.items():
        fields = rlp.decode(raw)
        for index, field in enumerate(fields):
            altered = rlp.encode([*fields[:index], _flipped(field), *fields[index + 1 :]])
            links = {**evidence.links, number: altered}
            yield _at("link", f"{number} field {index}", lambda x=links: replace(evidence, links=x), block=number)
    for number in sorted(used):
        header = evidence.headers[number]
        for index, field in enumerate(header.fields):
            changed = (*header.fields[:index], _flipped(field), *header.fields[index + 1 :])
            headers = {**evidence.headers, number: replace(header, fields=changed)}
            name = f"{number} field {index}"
            yield _at("header", name, lambda x=headers: replace(evidence, headers=x), block=number)


def _receipts(evidence: Evidence) -> Iterator[Falsehood]:
    assert isinstance(evidence.receipt_lists, dict)
    for number, packed in evidence.receipt_lists.items():
        receipts = rlp.decode(packed)
        for place, receipt in enumerate(receipts):
            for at in (1, len(receipt) // 2, len(receipt) - 1):
                altered = receipt[:at] + bytes([receipt[at] ^ 1]) + receipt[at + 1 :]
                others = [*receipts[:place], altered, *receipts[place + 1 :]]
                lists = {**evidence.receipt_lists, number: rlp.encode(others)}
                name = f"{number} receipt {place} byte {at}"
                yield _at("receipt", name, lambda x=lists: replace(evidence, receipt_lists=x), block=number)


def _proof(evidence: Evidence) -> Iterator[Falsehood]:
    proof = evidence.proof
    last = evidence.block.number
    for which, node in enumerate(proof.nodes):  # type: ignore[union-attr] # a proof here
        for at in range(0, len(node), 5):
            nodes = list(proof.nodes)  # type: ignore[union-attr]
            nodes[which] = node[:at] + bytes([node[at] ^ 1]) + node[at + 1 :]
            altered = replace(proof, nodes=tuple(nodes))  # type: ignore[type-var]
            name = f"node {which} byte {at}"
            yield _at("proof", name, lambda x=altered: replace(evidence, proof=x), block=last)


def _transactions(evidence: Evidence) -> Iterator[Falsehood]:
    by_hash = {}
    for entry in evidence.entries:
        by_hash.setdefault(entry.transaction, []).append(entry)
    for transaction, entries in by_hash.items():
        receipt = evidence.receipts[transaction]
        for name, altered in (
            ("block", replace(receipt, block_hash=_flipped(receipt.block_hash))),
            ("entries", replace(receipt, entries=receipt.entries[:-1])),
        ):
            receipts = {**evidence.receipts, transaction: altered}
            yield _at("transaction", name, lambda x=receipts: replace(evidence, receipts=x), *entries)
        without = {key: value for key, value in evidence.receipts.items() if key != transaction}
        yield _at("transaction", "hidden", lambda x=without: replace(evidence, receipts=x), *entries)


def _sent(evidence: Evidence) -> Iterator[Falsehood]:
    """Who sent each transaction, to whom, with what, for how much, and the proof of it."""
    by_hash: dict[bytes, list[Entry]] = {}
    for entry in evidence.entries:
        by_hash.setdefault(entry.transaction, []).append(entry)
    for transaction, entries in by_hash.items():
        for where, call in mutations(evidence.calls[transaction]):
            calls = {**evidence.calls, transaction: call}
            yield _at("sent", f"call{where}", lambda x=calls: replace(evidence, calls=x), *entries)
        for name in ("gas_used", "gas_price"):
            receipt = evidence.receipts[transaction]
            altered = replace(receipt, **{name: getattr(receipt, name) + 1})
            receipts = {**evidence.receipts, transaction: altered}
            yield _at("sent", name, lambda x=receipts: replace(evidence, receipts=x), *entries)
        for where, proof in mutations(evidence.inclusions[transaction]):
            if not where.endswith("longer"):  # a node that nothing leads to is not looked at
                inclusions = {**evidence.inclusions, transaction: proof}
                yield _at("sent", f"proof{where}", lambda x=inclusions: replace(evidence, inclusions=x), *entries)


def _answers(evidence: Evidence) -> Iterator[Falsehood]:
    """What the node says of one block: balances, supply, transfers, and the vault's own word."""
    for number, block in evidence.blocks.items():
        if isinstance(block, BlockEvidence):
            for name, altered in _of_block(block):
                blocks = {**evidence.blocks, number: altered}
                yield _at("answer", f"{number} {name}", lambda x=blocks: replace(evidence, blocks=x), block=number)
    for number in sorted({entry.block_number for entry in evidence.entries}):
        view = evidence.views[number]
        if not isinstance(view, SelfView):
            continue
        for name in ("mandate", "owner", "pending_owner", "strategist", "guardian", "status", "supply"):
            for where, altered in mutations(getattr(view, name), name):
                views = {**evidence.views, number: replace(view, **{name: altered})}
                told = f"{number} view {where}"
                yield _at("answer", told, lambda x=views: replace(evidence, views=x), block=number)


def _of_block(block: BlockEvidence) -> Iterator[tuple[str, BlockEvidence]]:
    for token in block.held_after:
        yield "held before", replace(block, held_before={**block.held_before, token: block.held_before[token] + 1})
        yield "held after", replace(block, held_after={**block.held_after, token: block.held_after[token] + 1})
    for place, transfer in enumerate(block.transfers):
        others = block.transfers[:place], block.transfers[place + 1 :]
        altered = replace(transfer, amount=transfer.amount + 1)
        yield "transfer altered", replace(block, transfers=(*others[0], altered, *others[1]))
        yield "transfer hidden", replace(block, transfers=(*others[0], *others[1]))


def _flipped(raw: bytes) -> bytes:
    return raw[:-1] + bytes([raw[-1] ^ 1]) if raw else b"\1"
