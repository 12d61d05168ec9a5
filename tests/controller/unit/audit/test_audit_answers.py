"""L4: what feeds answered is what they published; a node that says otherwise is named even where the entry agrees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from audit_evidence import gather
from audit_pieces import DAY, address, answer_log
from audit_scene import Scene
from audit_world import World

from controller.audit.answers import ANSWER_UPDATED, check_answers, published, used
from controller.audit.evidence import BlockEvidence, Evidence, Round
from controller.audit.history import read_history
from controller.audit.judge import judge
from controller.audit.report import Level
from controller.chain.artifacts import load
from controller.chain.wire import Log
from controller.model import Entry, Kind


def _rebalanced() -> tuple[Evidence, Entry, str]:
    scene = Scene()
    scene.shock("13/10")
    scene.rebalance()
    evidence = scene.evidence()
    entry = next(each for each in evidence.entries if each.kind == Kind.REBALANCED)
    return evidence, entry, scene.vault.mandate.assets[0].feed.source


def _told(evidence: Evidence, entry: Entry, feed: str, answer: int) -> Evidence:
    """The node says that the feed's newest round was another one."""
    block = evidence.blocks[entry.block_number]
    assert isinstance(block, BlockEvidence)
    number = block.latest_after[feed]
    assert isinstance(number, int)
    said = block.rounds[feed, number]
    assert isinstance(said, Round)
    rounds = {**block.rounds, (feed, number): replace(said, answer=said.answer + answer)}
    return replace(evidence, blocks={**evidence.blocks, entry.block_number: replace(block, rounds=rounds)})


def test_topic__when_compared__then_is_that_of_the_bundled_feed() -> None:
    assert load("TestFeed").abi.events["AnswerUpdated"].topic == ANSWER_UPDATED


def test_answers__when_feeds_published_them__then_all_are_proven() -> None:
    evidence, _, _ = _rebalanced()
    report = judge(evidence)
    assert report.findings == ()
    assert "3 of 3 feed answers proven by their logs" in report.levels[4].detail


def test_answers__when_published_before_the_vault_was__then_are_the_nodes_word() -> None:
    scene = Scene()
    scene.do(scene.vault.deposit(address("alice"), address("bob"), scene.world.route(10**40)))
    assert "0 of 3 feed answers proven" in judge(scene.evidence()).levels[4].detail


def test_answers__when_the_node_says_another__then_the_feed_itself_contradicts() -> None:
    evidence, entry, feed = _rebalanced()
    lie = _told(evidence, entry, feed, 1)
    findings, _ = check_answers(lie, read_history(lie).decoded)
    assert [(finding.seq, finding.level) for finding in findings] == [(entry.seq, Level.L4)]
    assert f"of feed {feed} is said to be" in findings[0].what


def test_answers__when_receipts_do_not_hold__then_nothing_is_proven_by_them() -> None:
    evidence, entry, feed = _rebalanced()
    assert isinstance(evidence.receipt_lists, Mapping)
    spoilt = {number: packed[:-1] + b"\7" for number, packed in evidence.receipt_lists.items()}
    lie = _told(replace(evidence, receipt_lists=spoilt), entry, feed, 1)
    none = "0 of 3 feed answers proven by their logs, the others are the node's word"
    assert check_answers(lie, read_history(lie).decoded) == ([], none)
    for without in (replace(evidence, receipt_lists=None), replace(evidence, links=None)):
        assert check_answers(without, read_history(without).decoded)[0] == []


def test_used__when_a_life_is_long__then_names_every_round_of_every_entry_with_prices() -> None:
    world = World(4)
    evidence = gather(world)
    decoded = read_history(evidence).decoded
    found = used((item.entry, item.payload) for item in decoded)
    priced = {Kind.REBALANCED, Kind.DEPOSITED, Kind.WITHDRAWN}
    assert {entry.seq for entries in found.values() for entry in entries} == {
        entry.seq for entry in evidence.entries if entry.kind in priced
    }
    assert {feed for feed, _ in found} == {asset.feed.source for asset in world.vault.mandate.assets}


def test_published__when_a_log_is_another__then_is_nothing() -> None:
    where, topics, data = answer_log(address("feed"), 7, 300, DAY)
    log = Log(where, tuple(topics), data, 1, b"", b"", 0)
    assert published(log) == ((address("feed"), 7), (300, DAY))
    for other in (replace(log, topics=log.topics[:2]), replace(log, data=b""), replace(log, topics=log.topics[::-1])):
        assert published(other) is None
    minus = replace(log, topics=(log.topics[0], (2**256 - 5).to_bytes(32), log.topics[2]))
    assert published(minus) == ((address("feed"), 7), (-5, DAY))
