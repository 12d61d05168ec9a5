"""L1 and L2: a header that is not the chain's, a log that the block does not commit to, are each found by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import rlp
from audit_evidence import gather
from audit_pieces import trie_root
from audit_world import World

from controller.audit.evidence import BlockEvidence, Evidence, Missing
from controller.audit.judge import judge
from controller.audit.receipt_trie import block_logs, encode_receipt, receipts_root
from controller.audit.report import AuditReport, Level, Reach
from controller.model import Kind


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return gather(World(7))


def _reach(report: AuditReport, level: Level) -> Reach:
    return next(result.reach for result in report.levels if result.level is level)


def _first(report: AuditReport, level: Level) -> Any:
    assert _reach(report, level) is Reach.FAILED
    return next(finding for finding in report.wrong if finding.level is level)


def test_links__when_any_header_is_altered_or_missing__then_its_block_is_named(evidence: Evidence) -> None:
    assert isinstance(evidence.links, dict)
    for number, raw in evidence.links.items():
        for byte in range(0, len(raw), 97):
            altered = raw[:byte] + bytes([raw[byte] ^ 4]) + raw[byte + 1 :]
            found = _first(judge(replace(evidence, links={**evidence.links, number: altered})), Level.L1)
            assert found.block == number
        left = {key: value for key, value in evidence.links.items() if key != number}
        report = judge(replace(evidence, links=left))
        if number != evidence.block.number:
            assert _reach(report, Level.L1) is Reach.UNCHECKED


def test_links__when_another_block_is_trusted__then_the_newest_header_is_named(evidence: Evidence) -> None:
    found = _first(judge(replace(evidence, trusted=b"\7" * 32)), Level.L1)
    assert found.block == evidence.block.number
    assert "the trusted block is 0x0707" in found.what
    assert judge(replace(evidence, trusted=evidence.block.hash)).findings == ()


def test_links__when_no_block_is_trusted__then_it_is_said(evidence: Evidence) -> None:
    line = next(result for result in judge(evidence).levels if result.level is Level.L1)
    assert "own word" in line.detail
    line = next(
        result for result in judge(replace(evidence, trusted=evidence.block.hash)).levels if result.level is Level.L1
    )
    assert "to the trusted block 0x" in line.detail


def test_links__when_they_could_not_be_read__then_unchecked(evidence: Evidence) -> None:
    report = judge(replace(evidence, links=Missing("it was switched off")))
    assert report.ok
    assert _reach(report, Level.L1) is Reach.UNCHECKED


def _altered(evidence: Evidence, number: int, alter: Callable[[list[bytes]], list[bytes]]) -> Evidence:
    assert isinstance(evidence.receipt_lists, dict)
    receipts = rlp.decode(evidence.receipt_lists[number])
    return replace(evidence, receipt_lists={**evidence.receipt_lists, number: rlp.encode(alter(receipts))})


def test_receipts__when_any_is_altered_dropped_or_doubled__then_its_block_is_named(evidence: Evidence) -> None:
    for number in {entry.block_number for entry in evidence.entries}:
        for alter in (
            lambda receipts: [receipts[0][:-1] + bytes([receipts[0][-1] ^ 1]), *receipts[1:]],
            lambda receipts: receipts[1:],
            lambda receipts: [*receipts, receipts[-1]],
        ):
            assert _first(judge(_altered(evidence, number, alter)), Level.L2).block == number


def test_receipts__when_the_logs_hide_an_entry_at_the_end__then_it_is_named(evidence: Evidence) -> None:
    last = evidence.entries[-1]
    report = judge(replace(evidence, entries=evidence.entries[:-1]))
    found = _first(report, Level.L2) if last.block_number in evidence.blocks else report.wrong[0]
    assert found.seq == last.seq


def test_receipts__when_a_transfer_is_hidden_invented_or_altered__then_its_block_is_named(evidence: Evidence) -> None:
    entry = next(entry for entry in evidence.entries if entry.kind == Kind.MINTED)
    block = evidence.blocks[entry.block_number]
    assert isinstance(block, BlockEvidence)
    first = block.transfers[0]
    for transfers, word in (
        (block.transfers[1:], "leave out"),
        ((replace(first, amount=first.amount + 1), *block.transfers[1:]), "alter"),
        ((*block.transfers, replace(first, log_index=999)), "invent"),
    ):
        blocks = {**evidence.blocks, entry.block_number: replace(block, transfers=transfers)}
        found = _first(judge(replace(evidence, blocks=blocks)), Level.L2)
        assert (found.block, word in found.what) == (entry.block_number, True)


def test_receipts__when_a_block_lacks_them__then_unchecked_by_name(evidence: Evidence) -> None:
    report = judge(replace(evidence, receipt_lists={}))
    assert report.ok
    assert _reach(report, Level.L2) is Reach.UNCHECKED
    report = judge(replace(evidence, receipt_lists=Missing("it was switched off")))
    assert _reach(report, Level.L2) is Reach.UNCHECKED


def test_receipts_root__when_there_are_none__then_is_the_empty_trie() -> None:
    # the root that every block without a transaction has (Yellow Paper, KECCAK(RLP(())))
    assert receipts_root([]).hex() == "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"


def test_encode_receipt__when_it_is_a_published_one__then_is_its_consensus_encoding() -> None:
    # EIP-2718 and EIP-658: type || rlp([status, cumulativeGasUsed, bloom, logs])
    answer = {
        "type": "0x2", "status": "0x1", "cumulativeGasUsed": "0x5208", "logsBloom": "0x" + "00" * 256,
        "logs": [{"address": "0x" + "11" * 20, "topics": ["0x" + "22" * 32], "data": "0x33"}],
    }  # fmt: skip
    raw = encode_receipt(answer)
    assert raw[0] == 2
    assert rlp.decode(raw[1:]) == [b"\1", b"\x52\x08", bytes(256), [[b"\x11" * 20, [b"\x22" * 32], b"\x33"]]]
    legacy = encode_receipt({**answer, "type": "0x0"})
    assert legacy == raw[1:]
    before_byzantium = encode_receipt({**answer, "type": None, "status": None, "root": "0x" + "44" * 32})
    assert rlp.decode(before_byzantium)[0] == b"\x44" * 32
    deposit = encode_receipt({**answer, "type": "0x7e", "depositNonce": "0x5", "depositReceiptVersion": "0x1"})
    assert rlp.decode(deposit[1:])[4:] == [b"\5", b"\1"]
    logs = list(block_logs([raw, legacy], 9, b"\5" * 32))
    assert [(log.index, log.data) for log in logs] == [(0, b"\x33"), (1, b"\x33")]
    assert receipts_root([raw] * 200) == trie_root([raw] * 200)
