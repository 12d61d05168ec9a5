"""L4: what feeds answered, against the very logs in which they published it.

Only a feed that publishes by itself can be proven so: an aggregator that a mandate names directly. What a proxy passes
on stays the node's word, because the storage of proxies, which says whom they ask, is not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Final

from controller.audit.evidence import BlockEvidence, Evidence, Missing
from controller.audit.header import header_from_rlp
from controller.audit.history import Decoded
from controller.audit.issues import ASK_ANOTHER_NODE
from controller.audit.receipt_trie import block_logs, receipts_root, unpack_receipts
from controller.audit.report import Finding, Level, Severity
from controller.chain.entries import Created, Deposited, MandateSet, Withdrawn
from controller.chain.wire import Log
from controller.errors import InputError
from controller.model import Entry, Mandate, Rebalance

ANSWER_UPDATED: Final = bytes.fromhex("0559884fd3a460db3073b7fc896cc77986f16e378210ded43186175bf646fc5f")
"""AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt)"""
_TOPICS: Final = 3

Answer = tuple[str, int]
"""A feed, and the id of one of its rounds."""


def used(said: Iterable[tuple[Entry, object]]) -> dict[Answer, list[Entry]]:
    """Every answer that an entry reckons with, with the entries that do; `said` are entries and their payloads."""
    mandate: Mandate | None = None
    found: dict[Answer, list[Entry]] = {}
    for entry, payload in said:
        if isinstance(payload, Created | MandateSet):
            mandate = payload.mandate
        if mandate is not None and isinstance(payload, Rebalance | Deposited | Withdrawn):
            for asset, number in zip(mandate.assets, payload.rounds, strict=False):
                found.setdefault((asset.feed.source, number), []).append(entry)
    return found


def published(log: Log) -> tuple[Answer, tuple[int, int]] | None:
    """Which answer a log publishes: what it is, and {s} when; None where it publishes none."""
    if len(log.topics) != _TOPICS or log.topics[0] != ANSWER_UPDATED or len(log.data) != 32:
        return None
    answer = int.from_bytes(log.topics[1], signed=True)
    return (log.address, int.from_bytes(log.topics[2])), (answer, int.from_bytes(log.data))


def check_answers(evidence: Evidence, decoded: Sequence[Decoded]) -> tuple[list[Finding], str]:
    """Every answer that was used and whose publication is proven; and how many of how many those are."""
    wanted = used((item.entry, item.payload) for item in decoded)
    proven = _proven(evidence) if wanted else {}
    findings = [
        finding
        for answer, entries in wanted.items()
        if answer in proven
        for entry in entries
        for finding in _check(evidence, entry, answer, proven[answer])
    ]
    count = len(wanted.keys() & proven.keys())
    word = "" if count == len(wanted) else ", the others are the node's word"
    return findings, f"{count} of {len(wanted)} feed answers proven by their logs{word}"


def _check(evidence: Evidence, entry: Entry, answer: Answer, said: tuple[int, int]) -> Iterator[Finding]:
    block = evidence.blocks.get(entry.block_number)
    told = block.rounds.get(answer) if isinstance(block, BlockEvidence) else None
    if told is None or isinstance(told, Missing) or (told.answer, told.updated_at) == said:
        return
    feed, number = answer
    what = (
        f"round {number} of feed {feed} is said to be {told.answer} at {told.updated_at}, "
        f"the feed published {said[0]} at {said[1]}"
    )
    yield Finding(Severity.WRONG, Level.L4, what, ASK_ANOTHER_NODE, entry.block_number, entry.seq, entry.transaction)


def _proven(evidence: Evidence) -> Mapping[Answer, tuple[int, int]]:
    """All that is published in receipts which the linked headers commit to."""
    lists, links = evidence.receipt_lists, evidence.links
    if lists is None or links is None or isinstance(lists, Missing) or isinstance(links, Missing):
        return {}
    found: dict[Answer, tuple[int, int]] = {}
    for number, packed in lists.items():
        raw = links.get(number)
        if raw is not None:
            found |= _inside(packed, raw)
    return found


@lru_cache(maxsize=4_096)
def _inside(packed: bytes, header: bytes) -> Mapping[Answer, tuple[int, int]]:
    """What one block publishes; nothing where its receipts do not hold, which L2 says."""
    try:
        receipts = unpack_receipts(packed)
        if receipts_root(receipts) != header_from_rlp(header).receipts_root:
            return {}
        return dict(filter(None, map(published, block_logs(receipts, 0, b""))))
    except InputError:
        return {}
