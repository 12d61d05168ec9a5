"""Whether who did something may do it, and whether it could be done at all then."""

from __future__ import annotations

from collections.abc import Iterator

from eth_utils.crypto import keccak

from controller.audit import change
from controller.audit.evidence import Call
from controller.audit.issues import RECORD_IS_FALSE, Issue, show
from controller.audit.state import State
from controller.chain.artifacts import load
from controller.chain.entries import (
    Created,
    Declared,
    Deposited,
    GuardianSet,
    KeeperSet,
    MandateSet,
    Minted,
    OwnerProposed,
    OwnerSet,
    Paused,
    Payload,
    Renounced,
    Revoked,
    StrategistSet,
    Submitted,
    TargetsSet,
    Unpaused,
    Withdrawn,
)
from controller.model import ZERO_ADDRESS, Power, Rebalance

OWNERS = KeeperSet | GuardianSet | StrategistSet | OwnerProposed | MandateSet | Submitted | Renounced | Declared
"""What only the owner does, and the entry does not say who did."""

STOPPED = {
    Minted: "shares were minted",
    Deposited: "tokens were deposited",
    Withdrawn: "tokens were withdrawn",
    Rebalance: "trades were made",
}
"""What a pause stops."""


def check(state: State, payload: Payload, call: Call | None, vault: str) -> Iterator[Issue]:
    """Roles, powers that were given up, and the pause; silent for kinds that name no actor and need no power."""
    if state.paused and type(payload) in STOPPED:
        yield Issue(f"{STOPPED[type(payload)]} while the vault was paused", RECORD_IS_FALSE)
    yield from _check_actor(state, payload, call, vault)
    for power in sorted(_powers(state, payload) & state.renounced):
        yield Issue(f"the power over {power.name} was used, which had been given up for good", RECORD_IS_FALSE)


def _check_actor(state: State, payload: Payload, call: Call | None, vault: str) -> Iterator[Issue]:
    match payload:
        case Created():
            yield Issue("the vault is created a second time", RECORD_IS_FALSE)
        case Paused(by) | Revoked(by) if by not in (state.owner, state.guardian):
            what = "paused the vault" if isinstance(payload, Paused) else "revoked a call"
            yield Issue(f"{by} {what}, which is neither owner nor guardian", RECORD_IS_FALSE)
        case Unpaused(by) if by != state.owner:
            yield Issue(f"{by} unpaused the vault, which is not its owner {state.owner}", RECORD_IS_FALSE)
        case OwnerSet(owner) if owner != state.pending_owner or owner == ZERO_ADDRESS:
            yield Issue(f"{owner} became owner, proposed was {state.pending_owner}", RECORD_IS_FALSE)
        case TargetsSet(by) if by != state.strategist:
            yield Issue(f"{by} moved the targets, which is not the strategist {state.strategist}", RECORD_IS_FALSE)
        case Rebalance() if payload.keeper not in state.keepers:
            yield Issue(f"{payload.keeper} rebalanced, which is not a keeper", RECORD_IS_FALSE)
    if call is None or call.to != vault:
        return
    if isinstance(payload, OWNERS) and call.sender != state.owner:
        yield Issue(f"{call.sender} did what only the owner {state.owner} does", RECORD_IS_FALSE)
    # The vault keeps nothing of a statement: the transaction alone says what it was.
    if isinstance(payload, Declared) and call.data_hash != _hash_of_declaring(payload):
        yield Issue(f"the transaction did not declare {show(payload.statement)}", RECORD_IS_FALSE)


def _hash_of_declaring(payload: Declared) -> bytes:
    return bytes(keccak(load("IVault").abi.functions["declare"].encode(payload.statement)))


def _powers(state: State, payload: Payload) -> set[Power]:
    """The powers that an entry uses."""
    match payload:
        case MandateSet(mandate):
            moved = not change.is_same_path(state.mandate, mandate)
            return {Power.MANDATE, Power.TARGETS} if moved else {Power.MANDATE}
        case TargetsSet():
            return {Power.TARGETS}
        case KeeperSet(_, True):
            return {Power.ROLES}
        case GuardianSet(who) | StrategistSet(who) if who != ZERO_ADDRESS:
            return {Power.ROLES}
        case Paused():
            return {Power.PAUSE}
        case Renounced(power):
            return {power}
    return set()
