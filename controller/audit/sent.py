"""L2: is each transaction with an entry the one that its block commits to? Who sent it, with what, for how much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import rlp
from eth_utils.crypto import keccak

from controller.audit.evidence import Evidence, Inclusion, Missing
from controller.audit.header import Header
from controller.audit.issues import ASK_ANOTHER_NODE, show
from controller.audit.plans import called_plan
from controller.audit.proof import ProofRejectedError, looked_up
from controller.audit.receipt_trie import costs, unpack_receipts
from controller.audit.report import Finding, Level, Severity
from controller.audit.transaction_trie import Sent, read_transaction
from controller.errors import InputError
from controller.model import Entry


def check_transactions(evidence: Evidence) -> list[Finding]:
    """Each of them; those of blocks whose header or receipts do not hold are left to `check_receipts`. Empty also where
    inclusions were not asked for."""
    inside: dict[bytes, list[Entry]] = {}
    for entry in evidence.entries:
        inside.setdefault(entry.transaction, []).append(entry)
    if evidence.inclusions is None:
        return []
    return [finding for each, entries in inside.items() for finding in _check(evidence, each, entries)]


def proven_transactions(evidence: Evidence) -> int:
    """How many there are proofs of."""
    return sum(isinstance(each, Inclusion) for each in (evidence.inclusions or {}).values())


def _check(evidence: Evidence, transaction: bytes, entries: Sequence[Entry]) -> Iterator[Finding]:
    first = entries[0]
    header = evidence.headers.get(first.block_number)
    if header is None or header.unknown or header.computed_hash() != header.stated_hash:
        return
    proof = (evidence.inclusions or {}).get(transaction, Missing("the node did not give it"))
    if isinstance(proof, Missing):
        what = f"sender and content of the transaction are the node's word: {proof.reason.rstrip('.')}"
        yield _finding(first, what, Severity.UNCHECKED)
        return
    try:
        raw = looked_up(header.transactions_root, bytes(rlp.encode(proof.index)), proof.nodes, "transaction's")
    except ProofRejectedError as error:
        yield _finding(first, error.message.rstrip("."))
        return
    if bytes(keccak(raw)) != transaction:
        yield _finding(first, f"the block has another transaction at place {proof.index}: {show(bytes(keccak(raw)))}")
        return
    try:
        sent = read_transaction(raw)
    except InputError as error:
        yield _finding(first, error.message.rstrip("."), Severity.UNCHECKED)
        return
    yield from _check_call(evidence, first, sent)
    yield from _check_receipt(evidence, header, proof.index, sent, entries)


def _check_call(evidence: Evidence, entry: Entry, sent: Sent) -> Iterator[Finding]:
    call = evidence.calls.get(entry.transaction)
    if call is None:
        yield _finding(entry, "the node does not have the transaction, the block commits to it")
        return
    for name, told, proven in (
        ("sender", call.sender, sent.sender),
        ("receiver", call.to, sent.to),
        ("data's hash", call.data_hash, bytes(keccak(sent.data))),
    ):
        if told != proven:
            yield _finding(entry, f"the transaction's {name} is {show(told)}, the block commits to {show(proven)}")
    if call.plan != called_plan(sent.data):
        yield _finding(entry, "the plan is not the one in the data that the block commits to")


def _check_receipt(
    evidence: Evidence, header: Header, index: int, sent: Sent, entries: Sequence[Entry]
) -> Iterator[Finding]:
    """What it paid, and that the entries are its own: the receipts are in the same order as the transactions."""
    lists, first = evidence.receipt_lists, entries[0]
    packed = None if lists is None or isinstance(lists, Missing) else lists.get(first.block_number)
    if packed is None:
        return
    try:
        gas, logs = _costs(packed, index)
    except InputError:
        return  # `check_receipts` says so
    for entry in entries:
        if entry.log_index not in logs:
            yield _finding(entry, f"entry {entry.seq} is in another transaction's receipt than the logs say")
    receipt = evidence.receipts.get(first.transaction)
    if receipt is not None and receipt.gas_used != gas:
        yield _finding(first, f"the receipt says {receipt.gas_used} gas, the block commits to {gas}")
    if receipt is not None and receipt.gas_price not in (prices := sent.prices(header.base_fee)):
        what = f"the receipt says {receipt.gas_price} wei of gas price, the transaction comes to "
        yield _finding(first, what + " or ".join(map(str, sorted(prices))))


@lru_cache(maxsize=256)
def _costs(packed: bytes, index: int) -> tuple[int, range]:
    return costs(unpack_receipts(packed), index)


def _finding(entry: Entry, what: str, severity: Severity = Severity.WRONG) -> Finding:
    return Finding(severity, Level.L2, what, ASK_ANOTHER_NODE, entry.block_number, entry.seq, entry.transaction)
