"""L1: is every block that was used an ancestor of the one block that the auditor trusts?"""

from __future__ import annotations

from eth_utils.crypto import keccak

from controller.audit.evidence import Evidence, Missing
from controller.audit.header import header_from_rlp
from controller.audit.issues import ASK_ANOTHER_NODE, show
from controller.audit.report import Finding, Level, Severity
from controller.errors import InputError

ON_ITS_WORD = "the node's own word for the newest block was taken: name one that you trust with --trusted-block"


def trusted_hash(evidence: Evidence) -> bytes:
    """What everything hangs on."""
    return evidence.trusted or evidence.block.hash


def check_links(evidence: Evidence) -> list[Finding]:
    """Walk from the trusted block to the first one used, each header hashed from its own bytes and compared with what
    its child names; ends at the first that does not fit. Empty also where links were not asked for."""
    links = evidence.links
    if links is None:
        return []
    if isinstance(links, Missing):
        return [_finding(evidence.block.number, f"the headers could not be read: {links.reason}", unchecked=True)]
    top = max(links, default=evidence.block.number)
    expected, named_by = trusted_hash(evidence), "the trusted block is"
    used = {number: header.stated_hash for number, header in evidence.headers.items()}
    used.setdefault(evidence.block.number, evidence.block.hash)
    if max(used) > top:
        return [_finding(max(used), f"the block is newer than the trusted block {top}")]
    for number in range(top, min(used) - 1, -1):
        raw = links.get(number)
        if raw is None:
            return [_finding(number, "the node does not have the block's header", unchecked=True)]
        computed = bytes(keccak(raw))
        if computed != expected:
            return [_finding(number, f"the header hashes to {show(computed)}, {named_by} {show(expected)}")]
        if used.get(number, computed) != computed:
            what = f"the node gave the block the hash {show(used[number])}, the chain to the trusted block has"
            return [_finding(number, f"{what} {show(computed)}")]
        try:
            header = header_from_rlp(raw)
        except InputError as error:
            return [_finding(number, error.message.rstrip("."))]
        if header.block.number != number:
            return [_finding(number, f"the header is that of block {header.block.number}")]
        expected, named_by = header.parent_hash, f"block {number} names as its parent"
    return []


def reached(evidence: Evidence) -> str:
    """What was linked to what, for the level's line."""
    links = evidence.links
    count = len(links) if links is not None and not isinstance(links, Missing) else 0
    word = f"{count} headers hashed and linked to the trusted block {show(trusted_hash(evidence))}"
    return word if evidence.trusted else f"{count} headers hashed and linked; {ON_ITS_WORD}"


def _finding(block: int, what: str, *, unchecked: bool = False) -> Finding:
    severity = Severity.UNCHECKED if unchecked else Severity.WRONG
    return Finding(severity, Level.L1, what, ASK_ANOTHER_NODE, block)
