"""What the chain says is judged too: headers, proofs, balances, transfers, prices, plans; what is missing is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from fractions import Fraction
from typing import Any

import pytest
from audit_evidence import gather
from audit_pieces import MANDATE, MANDATE_FILE, ZERO, address
from audit_scene import Scene
from audit_vault import Transaction, call_data
from audit_world import World
from eth_utils import keccak

from controller.audit.evidence import BlockEvidence, Call, Evidence, Missing, SelfView
from controller.audit.judge import judge
from controller.audit.report import AuditReport, Level, Reach
from controller.errors import FindingError, UncheckedError
from controller.model import Entry, Kind, Plan, Power, Trade


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    return gather(World(7))


def _entry(evidence: Evidence, kind: Kind, nth: int = -1) -> Entry:
    return [entry for entry in evidence.entries if entry.kind == kind][nth]


def _block(evidence: Evidence, entry: Entry, **changes: Any) -> Evidence:
    before = evidence.blocks[entry.block_number]
    assert isinstance(before, BlockEvidence)
    return replace(evidence, blocks={**evidence.blocks, entry.block_number: replace(before, **changes)})


def _call(evidence: Evidence, entry: Entry, **changes: Any) -> Evidence:
    return replace(
        evidence, calls={**evidence.calls, entry.transaction: replace(evidence.calls[entry.transaction], **changes)}
    )


def _wrong_at(report: AuditReport, entry: Entry, *words: str) -> None:
    assert report.wrong
    assert (report.wrong[0].block, report.wrong[0].seq, report.wrong[0].transaction) == (
        entry.block_number,
        entry.seq,
        entry.transaction,
    )
    text = " ".join(finding.what for finding in report.wrong)
    assert all(word in text for word in words), text
    error = report.error()
    assert isinstance(error, FindingError)
    assert error.hint


def _of_block(evidence: Evidence, entry: Entry) -> BlockEvidence:
    found = evidence.blocks[entry.block_number]
    assert isinstance(found, BlockEvidence)
    return found


@pytest.mark.parametrize("kind", [Kind.REBALANCED, Kind.MINTED, Kind.REDEEMED, Kind.DEPOSITED, Kind.WITHDRAWN])
@pytest.mark.parametrize("asset", [0, 1, 2])
def test_judge__when_a_balance_is_altered__then_names_the_entry_of_its_block(
    evidence: Evidence, kind: Kind, asset: int
) -> None:
    entry = _entry(evidence, kind)
    for name in ("held_before", "held_after"):
        held = getattr(_of_block(evidence, entry), name)
        token = MANDATE.assets[asset].token
        report = judge(_block(evidence, entry, **{name: {**held, token: held[token] + 10**6}}))
        assert "UNRECONCILED" in " ".join(finding.what for finding in report.wrong)
        assert report.wrong[0].block == entry.block_number


def test_judge__when_a_transfer_is_altered_dropped_or_doubled__then_the_block_is_named(evidence: Evidence) -> None:
    entry = _entry(evidence, Kind.REBALANCED)
    transfers = _of_block(evidence, entry).transfers
    place = next(place for place, transfer in enumerate(transfers) if transfer.transaction == entry.transaction)
    altered = replace(transfers[place], amount=transfers[place].amount + 1)
    for others in (
        (*transfers[:place], altered, *transfers[place + 1 :]),
        (*transfers[:place], *transfers[place + 1 :]),
        (*transfers[: place + 1], *transfers[place:]),
    ):
        _wrong_at(judge(_block(evidence, entry, transfers=others)), entry, "in the transaction's logs", "UNRECONCILED")


def test_judge__when_a_feed_answers_otherwise__then_the_rebalance_is_named(evidence: Evidence) -> None:
    entry = _entry(evidence, Kind.REBALANCED)
    rounds = _of_block(evidence, entry).rounds
    feed = MANDATE.assets[0].feed.source
    latest = _of_block(evidence, entry).latest_after[feed]
    assert isinstance(latest, int)
    key = feed, latest
    for change, words in (
        ({"answer": 7}, "outside"),
        ({"answer": rounds[key].answer + 1}, "the price is recorded as"),  # type: ignore[union-attr]
        ({"updated_at": 1_500_000_000}, "the heartbeat is"),
        ({"updated_at": 2_500_000_000}, "the heartbeat is"),
        ({"updated_at": 0}, "not complete"),
        ({"answered_in": latest - 1}, "not complete"),
    ):
        altered = {**rounds, key: replace(rounds[key], **change)}  # type: ignore[type-var, arg-type] # a Round
        _wrong_at(judge(_block(evidence, entry, rounds=altered)), entry, words)


def _alone(evidence: Evidence) -> Entry:
    """A rebalance that has its block for itself."""
    blocks = [entry.block_number for entry in evidence.entries]
    alone = [entry for entry in evidence.entries if blocks.count(entry.block_number) == 1]
    return next(entry for entry in alone if entry.kind == Kind.REBALANCED)


def test_judge__when_the_round_was_not_the_feeds_latest__then_the_rebalance_is_named(evidence: Evidence) -> None:
    entry = _alone(evidence)
    latest = _of_block(evidence, entry).latest_after
    ahead = {feed: round_id + 1 for feed, round_id in latest.items() if isinstance(round_id, int)}
    _wrong_at(judge(_block(evidence, entry, latest_before=ahead, latest_after=ahead)), entry, "the feed's latest was")


@pytest.mark.parametrize("what", ["latest_after", "rounds"])
def test_judge__when_a_feed_gives_no_answer__then_the_prices_are_unchecked_by_name(
    evidence: Evidence, what: str
) -> None:
    entry = _alone(evidence)
    nothing = dict.fromkeys(getattr(_of_block(evidence, entry), what), Missing("no such method"))
    report = judge(_block(evidence, entry, **{what: nothing}))
    assert report.ok
    assert {finding.seq for finding in report.unchecked} == {entry.seq}
    assert len(report.unchecked) == len(MANDATE.assets)
    assert "no such method" in report.unchecked[0].what
    assert not report.reached(Level.L4)


def _other_plans(plan: Plan) -> Mapping[str, Plan]:
    first: Trade = plan.trades[0]
    return {
        "nonce": replace(plan, nonce=plan.nonce + 1),
        "deadline": replace(plan, deadline=1),
        "refers to block": replace(plan, reference_block=plan.reference_block + 300),
        "reference block": replace(plan, reference_hash=b"\1" * 32),
        "journal's head": replace(plan, journal_head=b"\1" * 32),
        "number of trades": replace(plan, trades=plan.trades[:-1]),
        "amount in": replace(plan, trades=(replace(first, amount_in=1), *plan.trades[1:])),
        "the plan's floor": replace(plan, trades=(replace(first, min_out=2**120), *plan.trades[1:])),
        "the plan's hash": replace(plan, trades=(replace(first, route=b""), *plan.trades[1:])),
    }


def test_judge__when_the_plan_in_the_transaction_is_another__then_each_difference_is_said(evidence: Evidence) -> None:
    entry = _entry(evidence, Kind.REBALANCED)
    plan = evidence.calls[entry.transaction].plan
    assert plan is not None
    for words, other in _other_plans(plan).items():
        _wrong_at(judge(_call(evidence, entry, plan=other)), entry, words, "the plan's hash")
    _wrong_at(judge(_call(evidence, entry, sender=address("thief"))), entry, "the keeper is recorded as")


def test_judge__when_the_node_lacks_a_transaction_or_the_plans_block__then_it_is_wrong() -> None:
    scene = Scene()
    scene.shock("140/100")
    scene.world.close()
    fills = scene.world.fills(Fraction(97, 100), 10)
    number = scene.world.number - 1
    scene.do(scene.vault.rebalance(fills, (number, scene.world.headers()[number].stated_hash)))
    evidence = scene.evidence()
    assert judge(evidence).findings == ()
    entry = _entry(evidence, Kind.REBALANCED)
    calls = {key: call for key, call in evidence.calls.items() if key != entry.transaction}
    _wrong_at(judge(replace(evidence, calls=calls)), entry, "the node does not have the transaction")
    headers = {key: header for key, header in evidence.headers.items() if key != number}
    _wrong_at(judge(replace(evidence, headers=headers)), entry, f"the plan's reference block {number}")


def test_judge__when_another_contract_called_the_vault__then_the_plan_is_unchecked_by_name(evidence: Evidence) -> None:
    entry = _entry(evidence, Kind.REBALANCED)
    calls = {**evidence.calls, entry.transaction: Call(address("someone"), address("multicall"), None)}
    report = judge(replace(evidence, calls=calls, inclusions=None))
    assert report.ok
    assert [(finding.seq, finding.level) for finding in report.findings] == [(entry.seq, Level.L4)]
    assert "the plan" in report.findings[0].what
    assert not report.reached(Level.L4)
    assert report.error() is None
    assert isinstance(report.error([Level.L4]), UncheckedError)


def _in_one_transaction(world: World) -> Evidence:
    """Several flows in one transaction of another contract, right after a rebalance."""
    world.wait(10_000)
    world.rebalance_block(Fraction(6, 10))
    number = world.number
    done = [*world.flows(), *world.flows()]
    call = Call(address("someone"), address("multicall"), None)
    world.close(Transaction(call, [log for transaction in done for log in transaction.logs]))
    world.close()
    assert world.number == number + 2
    return gather(world)


def test_judge__when_several_entries_share_a_transaction__then_each_is_replayed_from_the_one_before() -> None:
    for seed in range(20):
        assert judge(_in_one_transaction(World(seed))).findings == ()


def test_judge__when_another_contract_gave_tokens_first__then_the_entry_is_unchecked_and_never_wrong() -> None:
    scene = Scene()
    gift = (scene.vault.mandate.assets[0].token, address("multicall"), scene.vault.address, 10**18)
    scene.vault.held[gift[0]] += gift[-1]
    flow = scene.vault.mint(address("alice"), address("bob"), 10**20)
    scene.do(Transaction(Call(address("someone"), address("multicall"), None), [gift, *flow.logs]))
    report = scene.report()
    assert report.ok
    assert [finding.level for finding in report.unchecked] == [Level.L4]
    assert "another contract called the vault" in report.unchecked[0].what


def test_judge__when_the_node_has_no_old_state__then_each_entry_is_unchecked_by_name(evidence: Evidence) -> None:
    entry = _entry(evidence, Kind.REBALANCED)
    report = judge(replace(evidence, blocks={**evidence.blocks, entry.block_number: Missing("missing trie node")}))
    assert report.ok
    assert entry.seq in {finding.seq for finding in report.unchecked}
    assert "missing trie node" in report.unchecked[0].what
    assert "missing trie node" in report.verdict()


def test_judge__when_the_header_is_altered__then_it_is_wrong(evidence: Evidence) -> None:
    for number, seq in ((evidence.block.number, None), (_entry(evidence, Kind.REBALANCED).block_number, True)):
        header = evidence.headers[number]
        for place, item in enumerate(header.fields):
            fields = (*header.fields[:place], item + b"\1", *header.fields[place + 1 :])
            report = judge(replace(evidence, headers={**evidence.headers, number: replace(header, fields=fields)}))
            assert report.wrong[0].block == number
            assert (report.wrong[0].seq is not None) is bool(seq)


def test_judge__when_the_header_has_fields_of_a_later_fork__then_the_proof_is_unchecked(evidence: Evidence) -> None:
    header = replace(evidence.headers[evidence.block.number], unknown=("blockAccessListHash",), fields=(b"",) * 17)
    report = judge(replace(evidence, headers={**evidence.headers, evidence.block.number: header}))
    assert report.ok
    assert not report.reached(Level.L3)
    assert "blockAccessListHash" in report.unchecked[0].what


def test_judge__when_the_node_gives_no_proof__then_the_level_is_not_reached(evidence: Evidence) -> None:
    report = judge(replace(evidence, proof=Missing("method not found")))
    assert report.ok
    assert report.error() is None
    assert isinstance(report.error([Level.L3]), UncheckedError)
    assert {result.level: result.reach for result in report.levels}[Level.L3] is Reach.UNCHECKED


def test_judge__when_the_vault_says_otherwise_at_the_end__then_it_is_wrong(evidence: Evidence) -> None:
    view = evidence.views[evidence.block.number]
    assert isinstance(view, SelfView)
    status = view.status
    others: dict[str, SelfView] = {
        name: replace(view, **{name: value})  # type: ignore[arg-type] # by name
        for name, value in (("owner", address("thief")), ("strategist", ZERO), ("guardian", ZERO), ("supply", 1))
    }
    for each in fields(status):
        value = getattr(status, each.name)
        other = (Power.ROLES,) if each.name == "renounced" else not value if each.name == "paused" else value + 1
        altered = replace(status, **{each.name: other})  # type: ignore[arg-type] # by name
        others[each.name.replace("_", " ")] = replace(view, status=altered)
    for words, other_view in others.items():
        report = judge(replace(evidence, views={**evidence.views, evidence.block.number: other_view}))
        assert f"the vault's {words} is recorded as" in report.wrong[0].what
        assert report.wrong[0].block == evidence.block.number


def test_judge__when_the_vault_says_otherwise_of_a_keeper_or_a_call__then_it_is_wrong() -> None:
    scene = Scene()
    call = call_data("setGuardian", address("other"))
    scene.do(scene.vault.submit(call))
    evidence = scene.evidence()
    view = evidence.views[evidence.block.number]
    assert isinstance(view, SelfView)
    for altered, words in (
        (replace(view, keepers={scene.vault.keeper: False}), f"keeper {scene.vault.keeper} is recorded as True"),
        (replace(view, executable_at={keccak(call): 1}), f"when the call 0x{keccak(call).hex()} can be made"),
    ):
        report = judge(replace(evidence, views={**evidence.views, evidence.block.number: altered}))
        assert words in report.wrong[0].what


def test_judge__when_the_vaults_own_word_is_missing__then_the_block_is_unchecked(evidence: Evidence) -> None:
    entry = _entry(evidence, Kind.REBALANCED)
    report = judge(replace(evidence, views={**evidence.views, entry.block_number: Missing("missing trie node")}))
    assert report.ok
    assert [finding.block for finding in report.unchecked] == [entry.block_number]
    assert not report.reached(Level.L4)


def test_judge__when_the_mandate_file_is_another__then_it_is_wrong(evidence: Evidence) -> None:
    assert judge(replace(evidence, mandate_file=None)).ok
    _wrong_at(judge(replace(evidence, mandate_file=MANDATE_FILE + b"\n")), evidence.entries[0], "the mandate file")


def test_to_json__when_rendered__then_holds_plain_values_only(evidence: Evidence) -> None:
    plain = judge(evidence).to_json()
    assert plain["ok"] is True
    assert plain["head"] == "0x" + evidence.entries[-1].head.hex()
