"""L3: what the vault held, and how many shares there were, proven by storage: at last and around each rebalance."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from controller.audit.evidence import BlockEvidence, Evidence, Missing
from controller.audit.header import header_from_rlp
from controller.audit.issues import ASK_ANOTHER_NODE, NEEDS_ARCHIVE
from controller.audit.layouts import SOLADY_SUPPLY, balance_of
from controller.audit.proof import ProofRejectedError, proven_slot
from controller.audit.report import Finding, Level, Severity
from controller.chain.wire import Proof
from controller.errors import InputError


@dataclass(frozen=True, slots=True)
class _Claim:
    """What was stated of one number of the chain."""

    block: int
    contract: str  # whose storage it is in
    what: str
    value: int
    slot: bytes
    is_balance: bool


def check_holdings(evidence: Evidence) -> list[Finding]:
    """Each number that the node stated at a block with proofs, against the proofs. Empty also where there are none."""
    proofs = evidence.holdings
    if proofs is None:
        return []
    if isinstance(proofs, Missing):
        return [_finding(evidence.block.number, f"balances are not proven: {proofs.reason}", unchecked=True)]
    findings = [
        _finding(evidence.block.number, f"balances of {token} are not proven: {layout.reason}", unchecked=True)
        for token, layout in evidence.layouts.items()
        if isinstance(layout, Missing)
    ]
    roots: dict[int, bytes | Missing] = {}
    for claim in _claims(evidence, proofs):
        if claim.block not in roots:
            roots[claim.block] = _state_root(evidence, claim.block)
        findings += _check(claim, roots[claim.block], proofs[claim.block][claim.contract])
    return findings


def proven(evidence: Evidence) -> int:
    """How many numbers there are proofs of."""
    proofs = evidence.holdings
    return 0 if proofs is None or isinstance(proofs, Missing) else len(list(_claims(evidence, proofs)))


def _claims(evidence: Evidence, proofs: Mapping[int, Mapping[str, Proof | Missing]]) -> Iterator[_Claim]:
    slots = {
        token: layout.slot(evidence.vault)
        for token, layout in evidence.layouts.items()
        if not isinstance(layout, Missing)
    }
    for number, inside in proofs.items():
        held, supply = _stated(evidence, number)
        for contract in inside:
            if contract == evidence.vault and supply is not None:
                yield _Claim(number, contract, "the share's supply", supply, SOLADY_SUPPLY, is_balance=False)
            elif contract in slots and contract in held:
                what = f"the vault's balance of {contract}"
                yield _Claim(number, contract, what, held[contract], slots[contract], is_balance=True)


def _stated(evidence: Evidence, number: int) -> tuple[Mapping[str, int], int | None]:
    """{qTok} by token and {qShare} at the end of a block, as the node states them."""
    after, before = evidence.blocks.get(number), evidence.blocks.get(number + 1)
    if isinstance(after, BlockEvidence):
        return after.held_after, after.supply_after
    if isinstance(before, BlockEvidence):
        return before.held_before, before.supply_before
    ends = evidence.ends if number == evidence.block.number else None
    closing = {} if ends is None or isinstance(ends, Missing) else {token: last for token, (_, last) in ends.items()}
    view = evidence.views.get(number)
    return closing, None if view is None or isinstance(view, Missing) else view.supply


def _state_root(evidence: Evidence, number: int) -> bytes | Missing:
    links = evidence.links
    raw = None if links is None or isinstance(links, Missing) else links.get(number)
    header = evidence.headers.get(number)
    try:
        if raw is not None:
            return header_from_rlp(raw).state_root
    except InputError as error:
        return Missing(error.message)
    return header.state_root if header is not None else Missing("the block's header is not known")


def _check(claim: _Claim, root: bytes | Missing, proof: Proof | Missing) -> Iterator[Finding]:
    if isinstance(root, Missing) or isinstance(proof, Missing):
        reason = root.reason if isinstance(root, Missing) else proof.reason  # type: ignore[union-attr] # one of both is
        yield _finding(claim.block, f"{claim.what} is not proven: {reason}", unchecked=True)
        return
    try:
        word = proven_slot(root, bytes.fromhex(claim.contract[2:]), claim.slot, proof)
    except ProofRejectedError as error:
        yield _finding(claim.block, f"{claim.what}: {error.message.rstrip('.')}")
        return
    value = balance_of(word) if claim.is_balance else word
    if value != claim.value:
        yield _finding(claim.block, f"{claim.what} is stated as {claim.value}, the proven storage holds {value}")


def _finding(block: int, what: str, *, unchecked: bool = False) -> Finding:
    severity, hint = (Severity.UNCHECKED, NEEDS_ARCHIVE) if unchecked else (Severity.WRONG, ASK_ANOTHER_NODE)
    return Finding(severity, Level.L3, what, hint, block)
