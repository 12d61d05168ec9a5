"""Idle decisions replayed: was it right, at that block, to do nothing?"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence

from eth_utils.crypto import keccak

from controller.audit.evidence import Evidence, Missing
from controller.audit.history import Decoded
from controller.audit.journal import JournalLine
from controller.audit.rebalances import snapshot_of
from controller.audit.reconcile import Statement, statements
from controller.audit.report import Finding, Level, Severity
from controller.audit.state import State
from controller.documents import read_document
from controller.model import Price, Reason, TickRecord
from controller.planning import due, path, rules

States = Sequence[tuple[int, State]]
"""(block, state after it) in order."""

BEFORE_PLANNING = frozenset(due.REASONS.values())
"""Reasons that the vault's own rule gives; the others come while a plan is sought, where one is due."""
_HINT = "Find out what the keeper saw then: its node may have lied to it, or somebody changed the program."


def ticks(lines: Sequence[JournalLine], vault: str) -> Iterator[tuple[int, TickRecord]]:
    """(seq, tick) of a vault, from its own ticks and from those over a fleet."""
    for line in lines:
        if line.kind == "TICK" and line.vault == vault:
            yield line.seq, read_document(TickRecord, line.read())
        elif line.kind == "FLEET":
            listed = (read_document(TickRecord, said) for said in line.read()["listed"])
            yield from ((line.seq, tick) for tick in listed if tick.vault == vault)


def tick_blocks(lines: Sequence[JournalLine], vault: str, last: int) -> list[int]:
    """The numbers of the blocks, up to `last`, that ticks of the vault saw; none where a record cannot be read, which
    is for `check_idle` to say."""
    try:
        return sorted({tick.block.number for _, tick in ticks(lines, vault) if tick.block.number <= last})
    except (AttributeError, KeyError, TypeError, ValueError):
        return []


def check_idle(
    evidence: Evidence, lines: Sequence[JournalLine], decoded: Sequence[Decoded], states: States
) -> Iterator[Finding]:
    """Every tick's view of vault and feeds against the chain's, and its answer against the vault's rule."""
    accounts = statements(evidence, decoded)
    numbers = [number for number, _ in states]
    try:
        found = list(ticks(lines, evidence.vault))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"a tick of the journal cannot be read: {error!r}"
        yield Finding(Severity.WRONG, Level.L5, what, _HINT, evidence.block.number)
        return
    for seq, tick in found:
        place = bisect_right(numbers, tick.block.number)
        if not place or tick.block.number > evidence.block.number or not tick.balances:
            continue  # before the vault was, behind what is audited, or a tick that could not read the vault
        state = states[place - 1][1]
        for what in _differences(evidence, tick, state, accounts):
            text = f"tick {seq} of the journal: {what}"
            yield Finding(Severity.WRONG, Level.L5, text, _HINT, tick.block.number)


def _differences(evidence: Evidence, tick: TickRecord, state: State, accounts: Sequence[Statement]) -> Iterator[str]:
    block = tick.block
    linked = _linked(evidence, block.number)
    if linked is not None and linked != block.hash:
        yield f"it saw a block that is not the chain's, 0x{block.hash.hex()}"
        return
    held = _held(accounts, block.number)
    tokens = [asset.token for asset in state.mandate.assets]
    said = evidence.tick_prices.get(block.number)
    for name, recorded, chain in (
        ("balances", tick.balances, tuple(held[token] for token in tokens) if held else tick.balances),
        ("supply", tick.supply, state.supply),
        ("targets", tick.targets, path.targets_at(state.mandate.path, block.timestamp)),
        ("prices", tick.prices, said if isinstance(said, tuple) and all(tick.prices) else tick.prices),
    ):
        if recorded != chain:
            yield f"{name} are {recorded} in it, {chain} on the chain"
    if len(tick.prices) == len(tokens) == len(tick.balances):
        yield from _decision(tick, state)


def _decision(tick: TickRecord, state: State) -> Iterator[str]:
    values = rules.values(tick.balances, tick.prices)
    total = sum(values) if all(tick.prices) else 0
    drift = rules.largest_drift(values, tick.targets) if total else 0
    if (tick.value, tick.drift) != (total, drift):
        yield f"value and drift are {tick.value} and {tick.drift} in it, what it saw comes to {total} and {drift}"
    if tick.reason is None:
        return
    prices = tuple(Price(price, 0, 0) for price in tick.prices)
    snapshot = snapshot_of(state, prices, tick.balances, tick.block.timestamp)
    idle = due.why_not(snapshot, tick.block.timestamp + 1)  # a plan executes in a later block
    answer = None if idle is None else idle.reason
    if tick.reason in BEFORE_PLANNING:
        if answer is not tick.reason and not _is_price_trouble(tick, answer):
            rule = answer.value if answer else "that a rebalance was due"
            yield f"it says {tick.reason.value}, the vault's rule says {rule}"
    elif answer is not None:
        yield f"it says {tick.reason.value} of a plan, the vault's rule says {answer.value}"


def _is_price_trouble(tick: TickRecord, answer: Reason | None) -> bool:
    """Where a price was unusable, a tick records what it has of them, and why there was none is the oracle's to say."""
    return tick.reason is Reason.PRICE_UNUSABLE and (answer is not Reason.PAUSED)


def _held(accounts: Sequence[Statement], block: int) -> Mapping[str, int]:
    """{qTok} by token at the end of a block."""
    return {
        account.token: account.opening + sum(line.amount for line in account.lines if line.block <= block)
        for account in accounts
    }


def _linked(evidence: Evidence, number: int) -> bytes | None:
    links = evidence.links
    raw = None if links is None or isinstance(links, Missing) else links.get(number)
    return None if raw is None else bytes(keccak(raw))
