"""L5: the keeper's journal against the chain, both ways: every plan found or explained, every trade with its intent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak

from controller.audit.evidence import Evidence, Missing
from controller.audit.history import Decoded
from controller.audit.idle import States, check_idle
from controller.audit.issues import show
from controller.audit.journal import JournalLine, first_bad
from controller.audit.report import Finding, Level, Severity
from controller.chain.codec import decode_plan, plan_hash
from controller.errors import InputError
from controller.model import Entry, Rebalance

_JOURNAL = "Keep this journal as it is, and compare it with the keeper's backups."
_RESUME = "Run the keeper once, it closes what it left open; then audit again."
EXECUTED = "EXECUTED"


@dataclass(frozen=True, slots=True)
class _Intent:
    """One intent of the vault, and what came of it."""

    line: JournalLine
    plan: bytes  # hash of the plan
    chain_id: int
    signed: Mapping[bytes, bytes]  # raw bytes by transaction
    fate: str | None  # None while it is open
    transaction: bytes | None  # that executed it, as the journal says
    executed_in: int  # block, likewise; zero where it was not


def check_journal(evidence: Evidence, decoded: Sequence[Decoded], states: States) -> list[Finding]:
    """Everything that journal and chain can say of each other; nothing behind a break of the journal's own chain."""
    lines = evidence.journal
    if lines is None:
        return []
    if isinstance(lines, Missing):
        return [_finding(evidence, f"the journal could not be read: {lines.reason}", unchecked=True)]
    bad = first_bad(lines)
    if bad is not None:
        return [_finding(evidence, bad[1])]
    done = {item.payload.plan_hash: item for item in decoded if isinstance(item.payload, Rebalance)}
    try:
        intents = list(_intents(evidence.vault, lines))
    except (KeyError, TypeError, ValueError, InputError) as error:
        return [_finding(evidence, f"a record of the journal cannot be read: {error!r}")]
    findings = [finding for intent in intents for finding in _check_intent(evidence, intent, done)]
    findings += _check_trades(evidence, lines, intents, done)
    return [*findings, *check_idle(evidence, lines, decoded, states)]


def _intents(vault: str, lines: Sequence[JournalLine]) -> Iterator[_Intent]:
    behind: dict[int, list[JournalLine]] = {}
    for line in lines:
        if line.intent is not None:
            behind.setdefault(line.intent, []).append(line)
    for line in lines:
        if line.kind != "INTENT" or line.vault != vault:
            continue
        body, rest = line.read(), behind.get(line.seq, [])
        signed = {_octets(said["transaction"]): _octets(said["raw"]) for said in _bodies(rest, "SIGNED")}
        outcome = next(_bodies(rest, "OUTCOME"), None)
        executed = outcome["outcome"] if outcome else None
        yield _Intent(
            line=line,
            plan=plan_hash(decode_plan(_octets(body["plan"]))),
            chain_id=int(body["chain_id"]),
            signed=signed,
            fate=outcome["fate"] if outcome else None,
            transaction=_octets(executed["transaction"]) if executed else None,
            executed_in=int(executed["block"]["number"]) if executed else 0,
        )


def _check_intent(evidence: Evidence, intent: _Intent, done: Mapping[bytes, Decoded]) -> Iterator[Finding]:
    seq, item = intent.line.seq, done.get(intent.plan)
    if intent.chain_id != evidence.chain_id:
        what = f"intent {seq} of the journal is for chain {intent.chain_id}, this is chain {evidence.chain_id}"
        yield _finding(evidence, what)
    for transaction, raw in intent.signed.items():
        if bytes(keccak(raw)) != transaction:
            what = f"intent {seq} of the journal names transaction {show(transaction)} for bytes that are another"
            yield _finding(evidence, what)
    if intent.fate is None and item is not None:
        what = f"intent {seq} of the journal is open, the ledger has it"
        yield _finding(evidence, what, item.entry, unchecked=True, hint=_RESUME)
    elif intent.fate == EXECUTED and item is None and intent.executed_in <= evidence.block.number:
        yield _finding(evidence, f"intent {seq} of the journal was executed, as it says; the ledger does not have it")
    elif intent.fate == EXECUTED and item is not None:
        if intent.transaction != item.entry.transaction:
            said = show(intent.transaction or b"")
            yield _finding(evidence, f"intent {seq} of the journal was executed by {said}, as it says", item.entry)
        if item.entry.transaction not in intent.signed:
            yield _finding(evidence, f"intent {seq} of the journal was executed and never signed", item.entry)
    elif intent.fate is not None and item is not None:
        what = f"intent {seq} of the journal is {intent.fate.lower()}, as it says; the ledger has it executed"
        yield _finding(evidence, what, item.entry)


def _check_trades(
    evidence: Evidence, lines: Sequence[JournalLine], intents: Sequence[_Intent], done: Mapping[bytes, Decoded]
) -> Iterator[Finding]:
    """Every rebalance has its intent, written behind the head that it anchors."""
    heads = {bytes(32): -1, **{line.hash: line.seq for line in lines}}
    known = {intent.plan: intent for intent in intents}
    for plan, item in done.items():
        entry, payload = item.entry, item.payload
        if not isinstance(payload, Rebalance):
            continue
        anchored = heads.get(payload.journal_head)
        if anchored is None:
            what = f"the rebalance anchors the head {show(payload.journal_head)}, which the journal never had"
            yield _finding(evidence, what, entry)
        if plan not in known:
            yield _finding(evidence, "the rebalance has no intent in the journal", entry)
        elif anchored is not None and anchored >= known[plan].line.seq:
            what = f"the rebalance anchors record {anchored}, its intent is {known[plan].line.seq}, before it"
            yield _finding(evidence, what, entry)


def reached(evidence: Evidence) -> str:
    """For the level's line."""
    lines = evidence.journal
    if lines is None or isinstance(lines, Missing):
        return ""
    head = show(lines[-1].hash) if lines else "none"
    return f"{len(lines)} journal records chained to head {head}, intents, trades and idle decisions matched"


def _bodies(lines: Sequence[JournalLine], kind: str) -> Iterator[Any]:
    return (line.read() for line in lines if line.kind == kind)


def _octets(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _finding(
    evidence: Evidence, what: str, entry: Entry | None = None, *, unchecked: bool = False, hint: str = _JOURNAL
) -> Finding:
    severity = Severity.UNCHECKED if unchecked else Severity.WRONG
    if entry is None:
        return Finding(severity, Level.L5, what, hint, evidence.block.number)
    return Finding(severity, Level.L5, what, hint, entry.block_number, entry.seq, entry.transaction)
