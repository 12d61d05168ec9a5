"""L4: every entry judged against the state that the entries before it left, and against the chain around its block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from controller.audit import fees, flows, mandates, prices, rebalances, roles, timelock
from controller.audit.evidence import BlockEvidence, Call, Evidence, Missing
from controller.audit.history import Decoded
from controller.audit.issues import READ_THE_TRACE, RECORD_IS_FALSE, Issue, unchecked
from controller.audit.plans import check_plan
from controller.audit.report import Finding, Level
from controller.audit.state import Moment, State, advance, created
from controller.audit.view import check_view
from controller.audit.window import Window, check_block, check_moved, net, window
from controller.chain.entries import (
    Created,
    Deposited,
    FeesTaken,
    MandateSet,
    Minted,
    Payload,
    Redeemed,
    TargetsSet,
    Withdrawn,
)
from controller.model import BlockRef, Entry, Mandate, Rebalance
from controller.planning import rules

Moving = Minted | Redeemed | Deposited | Withdrawn | FeesTaken | Rebalance
"""Entries that change what the vault holds or how many shares there are."""


@dataclass(frozen=True)
class Case:
    """One entry, and all that it is judged by."""

    evidence: Evidence
    state: State  # before it
    entry: Entry
    payload: Payload
    behind: Payload | None  # the next entry of the same transaction
    is_last_known: bool  # whether more entries of its block are not known

    @property
    def timestamp(self) -> int:
        return self.evidence.headers[self.entry.block_number].block.timestamp

    @property
    def call(self) -> Call | None:
        return self.evidence.calls.get(self.entry.transaction)

    @property
    def sender(self) -> str | None:
        """Who called the vault; None when another contract did."""
        call = self.call
        return call.sender if call is not None and call.to == self.evidence.vault else None


def replay(
    evidence: Evidence,
    decoded: Sequence[Decoded],
    open_block: int | None,
    whole: bool,
    states: list[tuple[int, State]] | None = None,
) -> list[Finding]:
    """Judge the entries in order.

    Parameters
    ----------
    open_block : number of the first block of which not all entries are known; nothing behind it is judged.
    whole : whether these are proven to be the vault's whole life, so that its end can be held against the vault's own
        state.
    states : gets every block with an entry and the state after it, where it is given.
    """
    findings: list[Finding] = []
    state: State | None = None
    for number, group in groupby(decoded, key=lambda item: item.entry.block_number):
        if open_block is not None and number > open_block:
            break
        state = _replay_block(evidence, state, list(group), findings, complete=number != open_block)
        if state is None:
            return findings
        if states is not None:
            states.append((number, state))
    if whole and state is not None:
        findings += [_vault_finding(evidence, issue) for issue in _check_view(evidence, state, evidence.block)]
    return findings


def _replay_block(
    evidence: Evidence, state: State | None, items: Sequence[Decoded], findings: list[Finding], complete: bool
) -> State | None:
    """The state after the block; None when nothing behind it can be judged, because the vault's life does not begin
    with its creation, or because its mandate is none."""
    block = evidence.blocks.get(items[0].entry.block_number)
    before = state
    for place, item in enumerate(items):
        entry, payload = item.entry, item.payload
        if state is None:
            if not isinstance(payload, Created):
                findings.append(_finding(entry, Issue("the first entry is not the vault's creation", RECORD_IS_FALSE)))
                return None
            wrong = list(mandates.check_sound(payload, evidence.vault))
            findings += [_finding(entry, issue) for issue in wrong]
            if wrong:
                return None
            state = before = created(payload, evidence.headers[entry.block_number].block.timestamp)
            continue
        is_last_known = not complete and place == len(items) - 1
        case = Case(evidence, state, entry, payload, _behind(items, place), is_last_known)
        own = _window(case, block, [other.entry for other in items[:place]])
        issues = [*_check_record(case), *_check_against_chain(case, block, own)]
        findings += [_finding(entry, issue) for issue in issues]
        if isinstance(payload, MandateSet | TargetsSet) and mandates.is_unsound(state, payload, evidence.vault):
            return None
        state = advance(state, payload, Moment(case.timestamp, case.call, own.held if own else None))
    if complete and before is not None and state is not None:
        last = items[-1].entry
        if isinstance(block, BlockEvidence):
            findings += [_finding(last, issue) for issue in _check_block(evidence, block, before, state)]
        at = evidence.headers[last.block_number].block
        findings += [_finding(last, issue) for issue in _check_view(evidence, state, at)]
    return state


def _behind(items: Sequence[Decoded], place: int) -> Payload | None:
    following = items[place + 1] if place + 1 < len(items) else None
    same = following is not None and following.entry.transaction == items[place].entry.transaction
    return following.payload if same and following is not None else None


def _check_record(case: Case) -> Iterator[Issue]:
    """What the entries alone tell."""
    state, payload, vault = case.state, case.payload, case.evidence.vault
    yield from roles.check(state, payload, case.call, vault)
    yield from timelock.check(state, payload, case.call, case.timestamp)
    if isinstance(payload, MandateSet):
        yield from mandates.check_sound(payload, vault)
        yield from fees.check_taken(state, case.timestamp, None)
    elif isinstance(payload, TargetsSet):
        yield from mandates.check_targets(state, payload, case.timestamp, vault)


def _window(case: Case, block: BlockEvidence | Missing | None, earlier: Sequence[Entry]) -> Window | None:
    """None where the block was not read."""
    if not isinstance(block, BlockEvidence):
        return None
    return window(block, case.state.mandate, case.evidence.vault, case.entry, earlier)


def _check_against_chain(case: Case, block: BlockEvidence | Missing | None, own: Window | None) -> Iterator[Issue]:
    mandate, payload, vault = case.state.mandate, case.payload, case.evidence.vault
    if not isinstance(payload, Moving | MandateSet):
        return
    if not isinstance(payload, Rebalance | FeesTaken | MandateSet) and len(payload.amounts) != len(mandate.assets):
        yield Issue(f"{len(payload.amounts)} amounts are recorded for {len(mandate.assets)} assets", RECORD_IS_FALSE)
        return
    if own is None or not isinstance(block, BlockEvidence):
        reason = block.reason if isinstance(block, Missing) else "it was not read"
        yield unchecked(f"the entry could not be held against the chain at the block before: {reason}")
        return
    if isinstance(payload, MandateSet):
        yield from mandates.check_dropped(case.state, payload, own.held, block)
        return
    if not isinstance(payload, FeesTaken):
        strays = list(check_moved(net(own.own, mandate, vault), _recorded_moves(mandate, payload), mandate))
        if strays and case.sender is None:
            # The contract that called may have sent tokens just before: what the vault held at the entry is not known.
            what = f"another contract called the vault and moved more than the entry says: {strays[0].what}"
            yield unchecked(what, READ_THE_TRACE)
            return
        yield from strays
    yield from _check_moving(case, payload, block, own)


def _check_moving(case: Case, payload: Moving, block: BlockEvidence, own: Window) -> Iterator[Issue]:
    state, timestamp, vault = case.state, case.timestamp, case.evidence.vault
    if isinstance(payload, Rebalance | Deposited | Withdrawn):
        yield from prices.check(state.mandate, payload, block, timestamp)
        if not prices.are_usable(state.mandate, payload):
            return
    if isinstance(payload, Rebalance):
        plan = case.call.plan if case.sender is not None and case.call is not None else None
        part = None if plan is None else plan.part
        yield from rebalances.check_rebalance(state, payload, own.held, timestamp, part)
        headers = case.evidence.headers
        yield from check_plan(payload, case.call, vault, headers[case.entry.block_number], headers)
        return
    if isinstance(payload, Deposited | Withdrawn):
        yield from flows.check_at_prices(state, payload, own.held, timestamp)
    elif isinstance(payload, FeesTaken):
        in_kind = isinstance(case.behind, Minted | Redeemed | MandateSet) or case.is_last_known
        # A fee moves no token: what its transaction moved until then, the vault held already.
        held = tuple(map(sum, zip(own.held, net(own.own, state.mandate, vault), strict=True)))
        totals = _totals(case, block, held)
        yield from fees.check(state, payload, timestamp, totals, in_kind=in_kind)
    else:
        yield from flows.check_in_kind(state, payload, own.held, timestamp)
    yield from flows.check_parties(state, payload, own.own, case.sender, vault)


def _totals(case: Case, block: BlockEvidence, held: Sequence[int]) -> tuple[int, int] | None:
    """D36{quote} the least and the most that the vault can have been worth when it took fees: at the prices of the flow
    behind them, else at those that the feeds had within the block."""
    assets = case.state.mandate.assets
    if isinstance(case.behind, Deposited | Withdrawn) and len(case.behind.prices) == len(assets):
        total = sum(rules.values(held, case.behind.prices))
        return total, total
    found = [prices.bounds(asset, block) for asset in assets]
    known = [price for price in found if not isinstance(price, Missing)]
    if len(known) < len(found):
        return None
    low, high = ([price[end] for price in known] for end in (0, 1))
    return sum(rules.values(held, low)), sum(rules.values(held, high))


def _recorded_moves(mandate: Mandate, payload: flows.InKind | flows.AtPrices | Rebalance) -> tuple[int, ...]:
    """{qTok} that the entry says went into the vault, net."""
    if isinstance(payload, Rebalance):
        return rebalances.recorded_moves(mandate, payload.fills)
    come = isinstance(payload, Minted | Deposited)
    return payload.amounts if come else tuple(-amount for amount in payload.amounts)


def _check_block(evidence: Evidence, block: BlockEvidence, before: State, after: State) -> Iterator[Issue]:
    for when, recorded, chain in (
        ("before", before.supply, block.supply_before),
        ("after", after.supply, block.supply_after),
    ):
        if recorded != chain:
            yield Issue(f"the entries come to {recorded} shares {when} the block, the vault had {chain}")
    yield from check_block(block, evidence.vault)


def _check_view(evidence: Evidence, state: State, block: BlockRef) -> Iterator[Issue]:
    view = evidence.views.get(block.number, Missing("it was not read"))
    if isinstance(view, Missing):
        yield unchecked(f"the vault's own word at the block could not be read: {view.reason}")
    else:
        yield from check_view(state, view, block.timestamp)


def _finding(entry: Entry, issue: Issue) -> Finding:
    return Finding(issue.severity, Level.L4, issue.what, issue.hint, entry.block_number, entry.seq, entry.transaction)


def _vault_finding(evidence: Evidence, issue: Issue) -> Finding:
    return Finding(issue.severity, Level.L4, issue.what, issue.hint, evidence.block.number)
