"""What the entries so far say of a vault: who holds which role, the mandate in force, shares, nonce, pause."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from controller.audit.evidence import FinalState
from controller.audit.issues import RECORD_IS_FALSE, Issue, differs
from controller.chain.entries import (
    Created,
    GuardianSet,
    KeeperSet,
    Minted,
    OwnerProposed,
    OwnerSet,
    Paused,
    Payload,
    Redeemed,
    Unpaused,
)
from controller.model import Mandate, Rebalance
from controller.units import BPS

ZERO_ADDRESS = "0x" + "00" * 20
MIN_ASSETS, MAX_ASSETS = 2, 16


@dataclass(frozen=True)
class State:
    """The vault between two entries."""

    mandate: Mandate
    owner: str
    pending_owner: str
    guardian: str
    keepers: frozenset[str]
    paused: bool = False
    supply: int = 0  # {qShare}
    nonce: int = 0
    last_rebalance: int = 0  # {s}


def created(payload: Created) -> State:
    roles = payload.roles
    return State(payload.mandate, roles.owner, ZERO_ADDRESS, roles.guardian, frozenset(roles.keepers))


def advance(state: State, payload: Payload, timestamp: int) -> State:
    """The state after an entry of a block of that `timestamp` {s}."""
    match payload:
        case Minted():
            return replace(state, supply=state.supply + payload.shares)
        case Redeemed():
            return replace(state, supply=state.supply - payload.shares)
        case Rebalance():
            return replace(state, nonce=state.nonce + 1, last_rebalance=timestamp)
        case Paused() | Unpaused():
            return replace(state, paused=isinstance(payload, Paused))
        case KeeperSet(keeper, allowed):
            return replace(state, keepers=state.keepers | {keeper} if allowed else state.keepers - {keeper})
        case GuardianSet(guardian):
            return replace(state, guardian=guardian)
        case OwnerProposed(pending_owner):
            return replace(state, pending_owner=pending_owner)
        case OwnerSet(owner):
            return replace(state, owner=owner, pending_owner=ZERO_ADDRESS)
        case Created():
            return created(payload)


def check_created(payload: Created) -> Iterator[Issue]:
    """A mandate that no vault may start with."""
    mandate = payload.mandate
    if not MIN_ASSETS <= len(mandate.assets) <= MAX_ASSETS:
        yield Issue(f"the mandate has {len(mandate.assets)} assets", RECORD_IS_FALSE)
    if sum(mandate.targets) != BPS:
        yield Issue(f"the mandate's targets sum to {sum(mandate.targets)}, not {BPS}", RECORD_IS_FALSE)
    if len({asset.token for asset in mandate.assets}) != len(mandate.assets):
        yield Issue("the mandate names a token twice", RECORD_IS_FALSE)
    if mandate.destination >= mandate.band:
        yield Issue(f"the destination {mandate.destination} is not below the band {mandate.band}", RECORD_IS_FALSE)


def check_role(state: State, payload: Payload) -> Iterator[Issue]:
    """Whether the entry's actor may do what the entry says; silent for kinds that name no actor."""
    match payload:
        case Created():
            yield Issue("the vault is created a second time", RECORD_IS_FALSE)
        case Paused(by) if by not in (state.owner, state.guardian):
            yield Issue(f"{by} paused the vault, which is neither owner nor guardian", RECORD_IS_FALSE)
        case Unpaused(by) if by != state.owner:
            yield Issue(f"{by} unpaused the vault, which is not its owner {state.owner}", RECORD_IS_FALSE)
        case OwnerSet(owner) if owner != state.pending_owner:
            yield Issue(f"{owner} became owner, proposed was {state.pending_owner}", RECORD_IS_FALSE)
        case Minted() if state.paused:
            yield Issue("shares were minted while the vault was paused", RECORD_IS_FALSE)
        case Rebalance() if state.paused:
            yield Issue("the vault was rebalanced while it was paused", RECORD_IS_FALSE)
        case Rebalance() if payload.keeper not in state.keepers:
            yield Issue(f"{payload.keeper} rebalanced, which is not a keeper", RECORD_IS_FALSE)


def check_final(state: State, final: FinalState) -> Iterator[Issue]:
    """The entries' last word against the vault's own."""
    for name in ("mandate", "owner", "pending_owner", "guardian", "nonce", "last_rebalance", "paused", "supply"):
        recorded, chain = getattr(state, name), getattr(final, name)
        if recorded != chain:
            yield differs(f"the vault's {name.replace('_', ' ')}", recorded, chain)
    for keeper, allowed in final.keepers.items():
        if allowed != (keeper in state.keepers):
            yield differs(f"keeper {keeper}", keeper in state.keepers, allowed)
