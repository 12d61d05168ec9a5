"""L4: every entry judged against the state that the entries before it left, flows and rebalances against the chain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from controller.audit import flows, rebalances
from controller.audit.evidence import BlockEvidence, Evidence, Missing
from controller.audit.history import Decoded
from controller.audit.issues import READ_THE_TRACE, RECORD_IS_FALSE, Issue, unchecked
from controller.audit.plans import check_plan
from controller.audit.report import Finding, Level
from controller.audit.state import State, advance, check_created, check_final, check_role, created
from controller.audit.window import check_block, check_moved, net, window
from controller.chain.entries import Created, Minted, Redeemed
from controller.model import Entry, Mandate, Rebalance


def replay(evidence: Evidence, decoded: Sequence[Decoded], open_block: int | None, whole: bool) -> list[Finding]:
    """Judge the entries in order.

    Parameters
    ----------
    open_block : number of the first block of which not all entries are known; nothing behind it is judged.
    whole : whether these are proven to be the vault's whole life, so that its end can be held against the vault's own
        state.
    """
    findings: list[Finding] = []
    state: State | None = None
    for number, group in groupby(decoded, key=lambda item: item.entry.block_number):
        if open_block is not None and number > open_block:
            break
        state = _replay_block(evidence, state, list(group), findings, complete=number != open_block)
        if state is None:
            return findings
    if whole and state is not None:
        findings += [_vault_finding(evidence, issue) for issue in _check_end(evidence, state)]
    return findings


def _replay_block(
    evidence: Evidence, state: State | None, items: Sequence[Decoded], findings: list[Finding], complete: bool
) -> State | None:
    """The state after the block; None when the vault's life does not begin with its creation."""
    block = evidence.blocks.get(items[0].entry.block_number)
    before = state
    for place, item in enumerate(items):
        entry, payload = item.entry, item.payload
        if state is None:
            if not isinstance(payload, Created):
                findings.append(_finding(entry, Issue("the first entry is not the vault's creation", RECORD_IS_FALSE)))
                return None
            findings += [_finding(entry, issue) for issue in check_created(payload)]
            state = before = created(payload)
            continue
        findings += [_finding(entry, issue) for issue in check_role(state, payload)]
        if isinstance(payload, Minted | Redeemed | Rebalance):
            earlier = [other.entry for other in items[:place]]
            issues = _check_against_chain(evidence, state, entry, payload, block, earlier)
            findings += [_finding(entry, issue) for issue in issues]
        state = advance(state, payload, evidence.headers[entry.block_number].block.timestamp)
    if complete and isinstance(block, BlockEvidence) and before is not None and state is not None:
        last = items[-1].entry
        findings += [_finding(last, issue) for issue in _check_block(evidence, block, before, state)]
    return state


def _check_against_chain(
    evidence: Evidence,
    state: State,
    entry: Entry,
    payload: Minted | Redeemed | Rebalance,
    block: BlockEvidence | Missing | None,
    earlier: Sequence[Entry],
) -> Iterator[Issue]:
    mandate = state.mandate
    if isinstance(payload, Minted | Redeemed) and len(payload.amounts) != len(mandate.assets):
        yield Issue(f"{len(payload.amounts)} amounts are recorded for {len(mandate.assets)} assets", RECORD_IS_FALSE)
        return
    if not isinstance(block, BlockEvidence):
        reason = block.reason if block else "it was not read"
        yield unchecked(f"the entry could not be held against the chain at the block before: {reason}")
        return
    before = window(block, mandate, evidence.vault, entry, earlier)
    call = evidence.calls.get(entry.transaction)
    sender = call.sender if call is not None and call.to == evidence.vault else None
    strays = list(check_moved(net(before.own, mandate, evidence.vault), _recorded_moves(mandate, payload), mandate))
    if strays and sender is None:
        # The contract that called may have sent tokens just before: what the vault held at the entry is not known.
        what = f"another contract called the vault and moved more than the entry says: {strays[0].what}"
        yield unchecked(what, READ_THE_TRACE)
        return
    yield from strays
    if isinstance(payload, Rebalance):
        header = evidence.headers[entry.block_number]
        yield from rebalances.check_rebalance(state, payload, before.held, block, header.block.timestamp)
        yield from check_plan(payload, call, evidence.vault, header, evidence.headers)
    else:
        yield from flows.check_flow(state, payload, before.held)
        yield from flows.check_parties(state, payload, before.own, sender, evidence.vault)


def _recorded_moves(mandate: Mandate, payload: Minted | Redeemed | Rebalance) -> tuple[int, ...]:
    """{qTok} that the entry says went into the vault, net."""
    if isinstance(payload, Rebalance):
        return rebalances.recorded_moves(mandate, payload.fills)
    return payload.amounts if isinstance(payload, Minted) else tuple(-amount for amount in payload.amounts)


def _check_block(evidence: Evidence, block: BlockEvidence, before: State, after: State) -> Iterator[Issue]:
    for when, recorded, chain in (
        ("before", before.supply, block.supply_before),
        ("after", after.supply, block.supply_after),
    ):
        if recorded != chain:
            yield Issue(f"the entries come to {recorded} shares {when} the block, the vault had {chain}")
    yield from check_block(block, after.mandate, evidence.vault)


def _check_end(evidence: Evidence, state: State) -> Iterator[Issue]:
    if isinstance(evidence.final, Missing):
        yield unchecked(f"the vault's state at the audited block could not be read: {evidence.final.reason}")
    else:
        yield from check_final(state, evidence.final)


def _finding(entry: Entry, issue: Issue) -> Finding:
    return Finding(issue.severity, Level.L4, issue.what, issue.hint, entry.block_number, entry.seq, entry.transaction)


def _vault_finding(evidence: Evidence, issue: Issue) -> Finding:
    return Finding(issue.severity, Level.L4, issue.what, issue.hint, evidence.block.number)
