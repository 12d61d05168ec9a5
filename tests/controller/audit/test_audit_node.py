"""F-13, F-29 on real nodes: an honest life is OK; a node that lies about any part of it is found out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import deepcopy
from typing import Any

import pytest
from audit_life import FILE, Lie, Life, on_anvil

from controller.audit import AuditReport, Level, Reach, audit_vault, timelock
from controller.audit.movements import GasPaid, movements, read_movements
from controller.audit.read import Asked, Source, gather
from controller.audit.transfers import TRANSFER
from controller.chain.artifacts import load
from controller.chain.client import Chain
from controller.chain.contract import Contract
from controller.chain.errors import decode_revert
from controller.chain.ledger import entries
from controller.chain.transport import RpcError
from controller.errors import FindingError, NodeError, NotFoundError, UncheckedError
from controller.model import Entry, Kind

ENTRY = "0x" + load("ILedger").abi.events["Entry"].topic.hex()
DEMANDED = (Level.L0, Level.L1, Level.L2, Level.L3, Level.L4)


def _entries(life: Life) -> list[Entry]:
    return entries(Chain(life.node.url), life.ledger, life.vault, 0, life.to_block)


def _last(life: Life, kind: Kind) -> Entry:
    return [entry for entry in _entries(life) if entry.kind == kind][-1]


def _named(report: AuditReport, entry: Entry) -> None:
    assert not report.ok
    finding = report.wrong[0]
    assert (finding.seq, finding.block) == (entry.seq, entry.block_number), str(finding)
    assert isinstance(report.error(), FindingError)


def _flip(text: str, place: int = -1) -> str:
    """Hex with one digit changed."""
    digits = list(text)
    digits[place] = "1" if digits[place] == "0" else "0"
    return "".join(digits)


def _is_entry(log: Any, entry: Entry) -> bool:
    return bool(log["topics"][0] == ENTRY) and int(log["topics"][2], 16) == entry.seq


def _about_logs(alter: Callable[[list[Any]], list[Any]]) -> Lie:
    """Lies in `eth_getLogs` alone, about entries alone."""
    return _about(load("ILedger").abi.events["Entry"].topic, alter)


def _about(topic: bytes, alter: Callable[[list[Any]], list[Any]]) -> Lie:
    def lie(method: str, parameters: Sequence[Any], answer: Any) -> Any:
        asked = method == "eth_getLogs" and parameters[0]["topics"][0] == "0x" + topic.hex()
        return alter(deepcopy(answer)) if asked else answer

    return lie


def test_audit__when_the_node_is_honest__then_says_ok_with_counts(life: Life) -> None:
    report = life.audit()
    assert report.findings == ()
    assert report.error(DEMANDED) is None
    assert {entry.kind for entry in _entries(life)} == set(Kind)
    assert report.rebalances >= 3
    assert report.blocks < report.entries == len(_entries(life))
    assert report.verdict() == (
        f"OK: {report.entries} entries in {report.blocks} blocks, {report.rebalances} rebalances, "
        f"{report.flows} flows, up to block {life.to_block.number}; reached L0, L1, L2, L3, L4"
    )


@on_anvil
def test_audit__when_any_block_is_the_audited_one__then_its_part_of_the_history_is_ok(life: Life) -> None:
    chain = Chain(life.node.url)
    for entry in _entries(life)[:: len(_entries(life)) // 4]:
        assert life.audit(to_block=chain.block(entry.block_number)).findings == ()


@on_anvil
@pytest.mark.parametrize("kind", list(Kind))
def test_audit__when_the_logs_alter_an_entry__then_it_is_named(life: Life, kind: Kind) -> None:
    entry = _last(life, kind)

    def altering(place: int) -> Lie:
        def alter(logs: list[Any]) -> list[Any]:
            for log in logs:
                if _is_entry(log, entry):
                    log["data"] = _flip(log["data"], place)
            return logs

        return _about_logs(alter)

    size = 2 * (len(entry.payload) + 3 * 32)
    for place in (2, 2 + 53, size - 2 * 32, size):  # head, its last digit, inside the payload, near its end
        _named(life.audit(altering(place)), entry)


@on_anvil
@pytest.mark.parametrize("kind", list(Kind))
def test_audit__when_the_logs_drop_or_double_an_entry__then_it_is_named(life: Life, kind: Kind) -> None:
    entry = _last(life, kind)
    dropped = life.audit(_about_logs(lambda logs: [log for log in logs if not _is_entry(log, entry)]))
    doubled = life.audit(_about_logs(lambda logs: logs + [log for log in logs if _is_entry(log, entry)]))
    assert dropped.wrong[0].seq == entry.seq
    _named(doubled, entry)


def test_audit__when_the_logs_swap_two_entries__then_the_first_is_named(life: Life) -> None:
    first, second = _last(life, Kind.PAUSED), _last(life, Kind.REBALANCED)

    def swap(logs: list[Any]) -> list[Any]:
        one, other = (next(log for log in logs if _is_entry(log, entry)) for entry in (first, second))
        for key in ("data", "topics"):
            one[key], other[key] = other[key], one[key]
        return logs

    assert life.audit(_about_logs(swap)).wrong[0].seq == first.seq


def test_audit__when_the_logs_are_truncated__then_the_first_missing_entry_is_named(life: Life) -> None:
    report = life.audit(_about_logs(lambda logs: logs[: len(logs) // 2]))
    assert report.wrong[0].seq == len(_entries(life)) // 2
    assert not life.audit(_about_logs(lambda logs: logs[1:])).ok


def _call_lie(to: str, selector: str, block: str, answer_word: int) -> Lie:
    """Adds one to a word of what a call at one block returns."""

    def lie(method: str, parameters: Sequence[Any], answer: Any) -> Any:
        if method != "eth_call" or parameters[0]["to"] != to or not parameters[0]["data"].startswith(selector):
            return answer
        pin = parameters[1]
        if (pin["blockHash"] if isinstance(pin, dict) else pin) != block:
            return answer
        start = 2 + 64 * answer_word
        word = int(answer[start : start + 64], 16) + 1
        return answer[:start] + f"{word:064x}" + answer[start + 64 :]

    return lie


def _pin(life: Life, number: int) -> str:
    return hex(number) if life.node.engine == "ganache" else "0x" + Chain(life.node.url).block(number).hash.hex()


@on_anvil
@pytest.mark.parametrize("kind", [Kind.MINTED, Kind.REDEEMED, Kind.REBALANCED, Kind.DEPOSITED, Kind.WITHDRAWN])
def test_audit__when_the_node_alters_a_balance__then_the_block_is_named(life: Life, kind: Kind) -> None:
    entry = _last(life, kind)
    token = life.tokens[0]
    for number in (entry.block_number - 1, entry.block_number):
        report = life.audit(_call_lie(token, "0x70a08231", _pin(life, number), 0))
        assert report.wrong[0].block in (number, entry.block_number)  # the one before may hold an entry too
        assert any("UNRECONCILED" in finding.what for finding in report.wrong)


@on_anvil
def test_audit__when_the_node_alters_a_feeds_answer__then_the_rebalance_is_named(life: Life) -> None:
    entry = _last(life, Kind.REBALANCED)
    for feed in life.feeds:
        report = life.audit(_call_lie(feed, "0x9a6fc8f5", _pin(life, entry.block_number), 1))
        _named(report, entry)
        assert "the price" in report.wrong[0].what


@on_anvil
@pytest.mark.parametrize(
    ("kind", "name", "word", "what"),
    [
        (Kind.REBALANCED, "status", 5, "loss used"),
        (Kind.REBALANCED, "status", 6, "turnover used"),
        (Kind.REBALANCED, "status", 2, "open until"),
        (Kind.FEES_TAKEN, "status", 9, "high water mark"),
        (Kind.TARGETS_SET, "status", 7, "last target change"),
        (Kind.RENOUNCED, "status", 10, "renounced"),
        (Kind.STRATEGIST_SET, "strategist", 0, "strategist"),
        (Kind.MANDATE_SET, "mandate", 3, "mandate"),
    ],
)
def test_audit__when_the_node_alters_what_the_vault_says__then_the_block_is_named(
    life: Life, kind: Kind, name: str, word: int, what: str
) -> None:
    entry = _last(life, kind)
    selector = "0x" + load("IVault").abi.functions[name].selector.hex()
    report = life.audit(_call_lie(life.vault, selector, _pin(life, entry.block_number), word))
    assert report.wrong[0].block == entry.block_number
    assert f"the vault's {what} is recorded as" in report.wrong[0].what


@on_anvil
def test_audit__when_the_sequencer_was_down__then_the_rebalance_is_named(life: Life) -> None:
    entry = _last(life, Kind.REBALANCED)
    pin, selector = _pin(life, entry.block_number), load("IPriceOracle").abi.functions["prices"].selector
    down = decode_revert(load("IPriceOracle").abi.errors["SequencerDown"].selector + bytes(32))

    def lie(method: str, parameters: Sequence[Any], answer: Any) -> Any:
        if method == "eth_call" and parameters[0]["data"].startswith("0x" + selector.hex()):
            at = parameters[1]
            if (at["blockHash"] if isinstance(at, dict) else at) == pin:
                raise down
        return answer

    report = life.audit(lie)
    _named(report, entry)
    assert "refuses at that block: SequencerDown" in report.wrong[0].what


@on_anvil
def test_submission_life__when_asked__then_is_the_vaults(life: Life) -> None:
    vault = Contract(Chain(life.node.url), life.vault, "Vault")
    assert vault.read("SUBMISSION_LIFE", block=life.to_block) == timelock.SUBMISSION_LIFE


def test_audit__when_the_node_alters_a_transfer__then_the_entry_is_named(life: Life) -> None:
    entry = _last(life, Kind.REBALANCED)

    def lie(method: str, parameters: Sequence[Any], answer: Any) -> Any:
        if method == "eth_getTransactionReceipt" and parameters[0] == "0x" + entry.transaction.hex():
            answer = deepcopy(answer)
            sent = [log for log in answer["logs"] if log["topics"][0] == "0x" + TRANSFER.hex()]
            next(log for log in sent if log["address"].lower() == life.tokens[0].lower())["data"] = "0x" + "1" * 64
        return answer

    report = life.audit(lie)
    _named(report, entry)
    assert "in the transaction's logs" in report.wrong[0].what


def test_audit__when_the_node_alters_the_plan__then_the_rebalance_is_named(life: Life) -> None:
    entry = _last(life, Kind.REBALANCED)

    def lie(method: str, parameters: Sequence[Any], answer: Any) -> Any:
        if method == "eth_getTransactionByHash" and parameters[0] == "0x" + entry.transaction.hex():
            return {**answer, "input": _flip(answer["input"], 2 + 8 + 64 + 64 * 5 - 1)}  # the journal's head
        return answer

    report = life.audit(lie)
    _named(report, entry)
    assert [finding.level for finding in report.wrong[:3]] == [Level.L2, Level.L2, Level.L4]
    assert "the transaction's data's hash is" in report.wrong[0].what
    assert "the plan's hash" in report.wrong[2].what


def _header_lie(number: int, key: str) -> Lie:
    def lie(method: str, parameters: Sequence[Any], answer: Any) -> Any:
        if method != "eth_getBlockByNumber" or parameters[0] != hex(number):
            return answer
        return {**answer, key: answer[key] + "11" if key == "extraData" else _flip(answer[key])}

    return lie


@on_anvil
@pytest.mark.parametrize("key", ["stateRoot", "timestamp", "parentHash", "receiptsRoot", "extraData"])
def test_audit__when_the_node_alters_a_header__then_the_block_is_named(life: Life, key: str) -> None:
    for number in (life.to_block.number, _last(life, Kind.REBALANCED).block_number):
        assert life.audit(_header_lie(number, key)).wrong[0].block == number


def test_audit__when_the_node_alters_the_hash_of_a_block__then_the_block_is_named(life: Life) -> None:
    entry = _last(life, Kind.REBALANCED)
    _named(life.audit(_header_lie(entry.block_number, "hash")), entry)
    with pytest.raises(NodeError, match=f"Block {life.to_block.number} is not part of the chain"):
        life.audit(_header_lie(life.to_block.number, "hash"))


def test_audit__when_a_byte_of_the_proof_is_flipped__then_the_proof_is_wrong(life: Life) -> None:
    def lie(method: str, parameters: Sequence[Any], answer: Any) -> Any:
        if method != "eth_getProof":
            return answer
        answer = deepcopy(answer)
        answer["storageProof"][0]["proof"][-1] = _flip(answer["storageProof"][0]["proof"][-1])
        return answer

    report = life.audit(lie)
    assert {result.level: result.reach for result in report.levels}[Level.L3] is Reach.FAILED
    assert {finding.level for finding in report.wrong} == {Level.L3}
    assert report.wrong[-1].block == life.to_block.number


@on_anvil
def test_audit__when_the_node_gives_no_proof__then_only_a_demand_for_it_fails(life: Life) -> None:
    def lie(method: str, parameters: Sequence[Any], answer: Any) -> Any:
        if method == "eth_getProof":
            raise RpcError(method, -32601, "method not found")
        return answer

    report = life.audit(lie)
    assert report.ok
    assert report.error() is None
    assert isinstance(report.error(DEMANDED), UncheckedError)


@on_anvil
def test_audit__when_the_node_forgot_old_state__then_the_entries_are_unchecked_by_name(life: Life) -> None:
    entry = _last(life, Kind.REBALANCED)
    pin = _pin(life, entry.block_number - 1)

    def lie(method: str, parameters: Sequence[Any], answer: Any) -> Any:
        if method == "eth_call" and parameters[1] in (pin, {"blockHash": pin, "requireCanonical": True}):
            raise RpcError(method, -32000, "missing trie node")
        return answer

    report = life.audit(lie)
    assert report.ok
    assert [finding.seq for finding in report.unchecked] == [entry.seq]
    assert not report.reached(Level.L4)


@on_anvil
def test_audit__when_the_node_goes_away__then_it_is_a_node_error(life: Life) -> None:
    def lie(method: str, parameters: Sequence[Any], answer: Any) -> Any:
        if method == "eth_getTransactionReceipt":
            raise NodeError("The node cannot be reached.", "Start it.")
        return answer

    with pytest.raises(NodeError, match="cannot be reached"):
        life.audit(lie)


@on_anvil
def test_audit__when_the_vault_does_not_exist__then_says_so(life: Life) -> None:
    chain = Chain(life.node.url)
    with pytest.raises(NotFoundError):
        audit_vault(chain, life.ledger, life.ledger, from_block=0, to_block=life.to_block)


def test_movements__when_read_from_a_node__then_are_those_of_the_audited_evidence(life: Life) -> None:
    chain = Chain(life.node.url, life.node.chain_id)
    found = read_movements(chain, life.ledger, life.vault, from_block=0, to_block=life.to_block)
    source = Source(chain, life.ledger, life.vault)
    assert found == movements(gather(source, Asked(0, life.to_block), lambda done, total: None))
    assert len({one.at.transaction for one in found if isinstance(one, GasPaid) and one.paid > 0}) == len(
        {entry.transaction for entry in _entries(life)}
    )


def test_audit__when_the_node_hides_a_log_everywhere__then_the_blocks_receipts_tell(life: Life) -> None:
    entry = _last(life, Kind.MINTED)

    def hides(method: str, parameters: Sequence[Any], answer: Any) -> Any:
        if method in ("eth_getBlockReceipts", "eth_getTransactionReceipt") and answer:
            answer = deepcopy(answer)
            for receipt in answer if isinstance(answer, list) else [answer]:
                receipt["logs"] = [log for log in receipt["logs"] if not _is_entry(log, entry)]
        return [log for log in answer if not _is_entry(log, entry)] if method == "eth_getLogs" else answer

    report = life.audit(hides)
    hidden = [finding for finding in report.wrong if finding.level is Level.L2]
    assert [finding.block for finding in hidden] == [entry.block_number]
    assert "the block commits to" in hidden[0].what


@on_anvil
def test_audit__when_the_node_hides_a_donation__then_the_balance_is_unreconciled(life: Life) -> None:
    donated = "0x" + (12_345).to_bytes(32).hex()
    report = life.audit(_about(TRANSFER, lambda logs: [log for log in logs if log["data"] != donated]))
    assert any("UNRECONCILED" in finding.what and "12345 between" in finding.what for finding in report.wrong)


@on_anvil
def test_audit__when_a_parent_is_altered__then_the_link_is_named(life: Life) -> None:
    number = life.to_block.number - 3
    report = life.audit(_header_lie(number, "stateRoot"))
    assert (report.wrong[0].level, report.wrong[0].block) == (Level.L1, number)


def test_audit__when_a_block_is_trusted__then_it_is_what_everything_hangs_on(life: Life) -> None:
    chain = Chain(life.node.url, life.node.chain_id)
    before = chain.block(life.to_block.number - 1)
    report = audit_vault(
        chain, life.ledger, life.vault, from_block=0, to_block=before, trusted=life.to_block.hash, mandate_file=FILE
    )
    assert report.findings == ()
    assert "linked to the trusted block 0x" + life.to_block.hash.hex() in report.levels[1].detail
    with pytest.raises(UncheckedError, match="does not have the trusted block"):
        audit_vault(chain, life.ledger, life.vault, from_block=0, to_block=before, trusted=b"\1" * 32)


def test_audit__when_less_is_asked_for__then_the_rest_is_not_attempted(life: Life) -> None:
    chain = Chain(life.node.url, life.node.chain_id)
    for depth in list(Level)[:-1]:
        report = audit_vault(
            chain, life.ledger, life.vault, from_block=0, to_block=life.to_block, mandate_file=FILE, depth=depth
        )
        assert report.findings == ()
        assert [report.reached(level) for level in Level] == [depth.includes(level) for level in Level]


@on_anvil
def test_audit__when_it_starts_too_late__then_says_to_start_earlier(life: Life) -> None:
    first = _entries(life)[0].block_number + 1
    report = audit_vault(Chain(life.node.url), life.ledger, life.vault, from_block=first, to_block=life.to_block)
    assert report.wrong[0].seq == 0
    assert "created" in report.wrong[0].hint
