"""From evidence to a report. Pure: the same evidence always gives the same report."""

from __future__ import annotations

from eth_utils.crypto import keccak

from controller.audit.answers import check_answers
from controller.audit.attempts import check_journal
from controller.audit.attempts import reached as journal_reached
from controller.audit.evidence import Evidence, Missing
from controller.audit.header import Header
from controller.audit.hidden import check_receipts
from controller.audit.history import History, read_history
from controller.audit.holdings import check_holdings, proven
from controller.audit.issues import ASK_ANOTHER_NODE, NEEDS_ARCHIVE, show
from controller.audit.links import check_links
from controller.audit.links import reached as links_reached
from controller.audit.proof import ProofRejectedError, proven_slot
from controller.audit.reconcile import check_reconciled
from controller.audit.replay import replay
from controller.audit.report import AuditReport, Finding, Level, LevelResult, Reach, Severity
from controller.audit.sent import check_transactions, proven_transactions
from controller.audit.state import State
from controller.chain.entries import Created, Deposited, Minted, Redeemed, Withdrawn
from controller.chain.ledger import storage_slot, unpack_slot
from controller.model import Rebalance


def judge(evidence: Evidence) -> AuditReport:
    """Judge everything; the first wrong thing of the chain comes first, what is unchecked comes last."""
    history = read_history(evidence)
    link = [history.finding] if history.finding else []
    stated = _check_stated(evidence, history)
    linked, hidden = check_links(evidence), [*check_receipts(evidence), *check_transactions(evidence)]
    proof = _check_proof(evidence, history) if evidence.depth.includes(Level.L3) else []
    held = check_holdings(evidence)
    whole = not link and not stated and not any(finding.severity is Severity.WRONG for finding in proof)
    replayed = _check_file(evidence, history)
    states: list[tuple[int, State]] | None = None if evidence.journal is None else []
    if evidence.depth.includes(Level.L4):
        replayed = replay(evidence, history.decoded, _open_block(history, stated), whole, states) + replayed
        replayed += check_reconciled(evidence, history.decoded) if whole else []
    answered, answers = check_answers(evidence, history.decoded) if evidence.depth.includes(Level.L4) else ([], "")
    replayed += answered
    kept = check_journal(evidence, history.decoded, states or []) if whole else []
    by_level = [*link, *stated], linked, hidden, [*proof, *held], replayed, kept
    findings = [finding for found in by_level for finding in found]
    payloads = [item.payload for item in history.decoded]
    return AuditReport(
        chain_id=evidence.chain_id,
        vault=evidence.vault,
        ledger=evidence.ledger,
        block=evidence.block,
        head=history.head,
        entries=len(evidence.entries),
        flows=sum(isinstance(payload, Minted | Redeemed | Deposited | Withdrawn) for payload in payloads),
        rebalances=sum(isinstance(payload, Rebalance) for payload in payloads),
        blocks=len({entry.block_number for entry in evidence.entries}),
        levels=_levels(
            evidence, ([*link, *stated], linked, hidden, [*proof, *held], replayed, kept), answers, broken=bool(link)
        ),
        findings=tuple(sorted(findings, key=_first_wrong_first)),
    )


def _check_stated(evidence: Evidence, history: History) -> list[Finding]:
    """The ledger's own word after each block with entries: names the block where a rewritten history leaves it."""
    ends = {item.entry.block_number: item.entry for item in history.decoded}
    if history.finding and ends:
        ends.popitem()  # what broke may belong to the last block
    for number, entry in ends.items():
        stated = evidence.chain_after.get(number)
        if stated and stated != (entry.head, entry.seq + 1):
            what = (
                f"the logs come to {entry.seq + 1} entries with head {show(entry.head)}, "
                f"the ledger held {stated[1]} with head {show(stated[0])} after the block"
            )
            seq = entry.seq if stated[1] == entry.seq + 1 else min(entry.seq + 1, stated[1])
            return [Finding(Severity.WRONG, Level.L0, what, ASK_ANOTHER_NODE, number, seq, entry.transaction)]
    return []


def _open_block(history: History, stated: list[Finding]) -> int | None:
    """The first block of which not all entries are known, None when there is none."""
    if stated:
        return stated[0].block
    return history.decoded[-1].entry.block_number if history.finding and history.decoded else None


def _check_proof(evidence: Evidence, history: History) -> list[Finding]:
    """L3: the entries' last head and count against the ledger's slot, proven down from the audited block's hash."""
    header = evidence.headers.get(evidence.block.number)
    if header is None:
        return [_at_end(evidence, "the node does not have the audited block")]
    wrong = _check_header(evidence, header)
    if wrong:
        return [wrong]
    if isinstance(evidence.proof, Missing):
        return [
            _at_end(
                evidence, f"the ledger's head is not proven: {evidence.proof.reason}", NEEDS_ARCHIVE, unchecked=True
            )
        ]
    try:
        account = bytes.fromhex(evidence.ledger[2:])
        packed = proven_slot(header.state_root, account, storage_slot(evidence.vault), evidence.proof)
    except ProofRejectedError as error:
        return [_at_end(evidence, error.message.rstrip("."))]
    head, count = unpack_slot(packed)
    if history.finding or (head, count) == (history.head, len(evidence.entries)):
        return []
    return [_end_differs(evidence, history, head, count)]


def _check_header(evidence: Evidence, header: Header) -> Finding | None:
    computed = header.computed_hash()
    if computed == evidence.block.hash and header.block == evidence.block:
        return None
    if header.unknown:
        fields = ", ".join(header.unknown)
        what = f"the header has fields that this audit does not know ({fields}), so its hash is not recomputed"
        return _at_end(evidence, what, "Use a newer version.", unchecked=True)
    return _at_end(evidence, f"the header hashes to {show(computed)}, the audited block is {show(evidence.block.hash)}")


def _end_differs(evidence: Evidence, history: History, head: bytes, count: int) -> Finding:
    given = len(evidence.entries)
    if given < count:
        return _at_end(evidence, f"the ledger holds {count} entries, the logs give {given}", seq=given)
    if given > count:
        return _at_end(evidence, f"the ledger holds {count} entries, the logs invent {given - count} more", seq=count)
    return _at_end(evidence, f"the proven head is {show(head)}, the entries come to {show(history.head)}")


def _check_file(evidence: Evidence, history: History) -> list[Finding]:
    """The mandate file that someone signed off against the hash in the CREATED entry."""
    if evidence.mandate_file is None or not history.decoded:
        return []
    entry, payload = history.decoded[0].entry, history.decoded[0].payload
    if not isinstance(payload, Created) or payload.mandate.file_hash == bytes(keccak(evidence.mandate_file)):
        return []
    what = (
        f"the mandate file hashes to {show(bytes(keccak(evidence.mandate_file)))}, "
        f"the vault was created with {show(payload.mandate.file_hash)}"
    )
    hint = "Audit with the file that the owner signed off, byte for byte."
    return [Finding(Severity.WRONG, Level.L4, what, hint, entry.block_number, entry.seq, entry.transaction)]


def _at_end(
    evidence: Evidence, what: str, hint: str = ASK_ANOTHER_NODE, seq: int | None = None, unchecked: bool = False
) -> Finding:
    severity = Severity.UNCHECKED if unchecked else Severity.WRONG
    return Finding(severity, Level.L3, what, hint, evidence.block.number, seq)


def _first_wrong_first(finding: Finding) -> tuple[bool, int, float]:
    return finding.severity is Severity.UNCHECKED, finding.block, float("inf") if finding.seq is None else finding.seq


def _levels(
    evidence: Evidence, findings: tuple[list[Finding], ...], answers: str, *, broken: bool
) -> tuple[LevelResult, ...]:
    """`findings` are those of the levels from L0 on, `answers` how much of what feeds said is proven."""
    behind = "entries behind the first break are not judged" if broken else ""
    attempted = {
        Level.L0: ("", "every entry read, hash chain recomputed"),
        Level.L1: ("", links_reached(evidence)),
        Level.L2: ("", _committed(evidence)),
        Level.L3: (behind, f"head, count and {proven(evidence)} balances and supplies proven by storage"),
        Level.L4: (behind, f"every flow, fee, change and rebalance judged again; {answers}"),
        Level.L5: (behind, journal_reached(evidence)),
    }
    left_out = {Level.L1} if evidence.links is None else set()
    left_out |= {Level.L2} if evidence.receipt_lists is None else set()
    left_out |= {Level.L5} if evidence.journal is None else set()
    results = []
    for (level, (unreachable, reached)), found in zip(attempted.items(), findings, strict=True):
        if level in left_out or not evidence.depth.includes(level):
            reason = "no journal was given" if level is Level.L5 else "not asked for"
            results.append(LevelResult(level, Reach.NOT_ATTEMPTED, reason))
        else:
            results.append(_level(level, found, unreachable, reached))
    return tuple(results)


def _committed(evidence: Evidence) -> str:
    """What L2 held against the blocks' roots."""
    used = len({*evidence.blocks, *(entry.block_number for entry in evidence.entries)})
    sent = proven_transactions(evidence)
    return f"receipts roots of {used} blocks recomputed, their logs compared; {sent} transactions proven"


def _level(level: Level, findings: list[Finding], unreachable: str, reached: str) -> LevelResult:
    if any(finding.severity is Severity.WRONG for finding in findings):
        return LevelResult(level, Reach.FAILED, findings[0].what)
    if findings or unreachable:
        return LevelResult(level, Reach.UNCHECKED, findings[0].what if findings else unreachable)
    return LevelResult(level, Reach.REACHED, reached)
