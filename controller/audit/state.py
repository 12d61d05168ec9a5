"""What the entries so far say of a vault: the mandate in force, who holds which role, what is announced, shares, fees,
budgets, the open rebalance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from eth_utils.crypto import keccak

from controller.audit import timelock
from controller.audit.evidence import Call
from controller.chain.entries import (
    Created,
    Deposited,
    FeesTaken,
    GuardianSet,
    KeeperSet,
    MandateSet,
    Minted,
    OwnerProposed,
    OwnerSet,
    Paused,
    Payload,
    Redeemed,
    Renounced,
    Revoked,
    StrategistSet,
    Submitted,
    TargetsSet,
    Unpaused,
    Withdrawn,
)
from controller.model import ZERO_ADDRESS, Mandate, Power, Rebalance, Status
from controller.planning import path, rules, triggers
from controller.planning.budget import Bucket


@dataclass(frozen=True)
class State:
    """The vault between two entries."""

    mandate: Mandate  # with the path as the strategist set it last
    owner: str
    pending_owner: str
    strategist: str
    guardian: str
    keepers: frozenset[str]
    renounced: frozenset[Power] = frozenset()
    announced: Mapping[bytes, Submitted] = field(default_factory=dict)  # by call hash, neither made nor revoked
    paused: bool = False
    supply: int = 0  # {qShare}
    nonce: int = 0
    last_rebalance: int = 0  # {s}
    open_until: int = 0  # {s}
    breaches: int | None = 0  # bitmap, of the open rebalance; None: the holdings that it was opened at are not known
    loss_level: int = 0  # D14{1} of the loss budget, at the last rebalance
    turnover_level: int = 0  # D14{1}
    last_target_change: int = 0  # {s}
    last_fee: int = 0  # {s}
    high_water_mark: int = 0  # D36{quote/share}

    def buckets(self, time: int) -> tuple[Bucket, Bucket]:
        """Loss and turnover budget at `time` {s}."""
        limits, elapsed = self.mandate.limits, time - self.last_rebalance
        loss = Bucket(self.loss_level, limits.loss_budget, limits.budget_window)
        turnover = Bucket(self.turnover_level, limits.turnover_budget, limits.budget_window)
        return loss.after(elapsed), turnover.after(elapsed)

    def status(self, time: int) -> Status:
        """What the vault says of itself at `time` {s}; without the breaches where they are not known."""
        loss, turnover = self.buckets(time)
        return Status(
            nonce=self.nonce,
            last_rebalance=self.last_rebalance,
            open_until=self.open_until,
            breaches=self.breaches or 0,
            paused=self.paused,
            loss_used=loss.level,
            turnover_used=turnover.level,
            last_target_change=self.last_target_change,
            last_fee=self.last_fee,
            high_water_mark=self.high_water_mark,
            renounced=tuple(sorted(self.renounced)),
        )


@dataclass(frozen=True, slots=True)
class Moment:
    """What an entry does not say about itself."""

    timestamp: int  # {s}
    call: Call | None = None  # of its transaction
    held: tuple[int, ...] | None = None  # {qTok} just before it, where that is known


def created(payload: Created, timestamp: int) -> State:
    roles = payload.roles
    return State(
        payload.mandate,
        roles.owner,
        ZERO_ADDRESS,
        roles.strategist,
        roles.guardian,
        frozenset(roles.keepers),
        last_fee=timestamp,
    )


def advance(state: State, payload: Payload, moment: Moment) -> State:
    """The state after an entry."""
    if isinstance(payload, Minted | Redeemed | Deposited | Withdrawn | FeesTaken):
        return _with_shares(state, payload, moment.timestamp)
    if isinstance(payload, Rebalance):
        return _rebalanced(state, payload, moment)
    return _administered(state, payload, moment)


def _with_shares(state: State, payload: Minted | Redeemed | Deposited | Withdrawn | FeesTaken, timestamp: int) -> State:
    if state.mandate.fees.management:
        # Also where what is owed rounds to nothing.
        state = replace(state, last_fee=timestamp)
    if isinstance(payload, FeesTaken):
        minted = payload.management_shares + payload.performance_shares
        return replace(state, supply=state.supply + minted, high_water_mark=payload.high_water_mark)
    come = isinstance(payload, Minted | Deposited)
    return replace(state, supply=state.supply + (payload.shares if come else -payload.shares))


def _rebalanced(state: State, payload: Rebalance, moment: Moment) -> State:
    time = moment.timestamp
    goes_on = time <= state.open_until
    loss, turnover = state.buckets(time)
    lost, sold = _used(payload)
    until = (state.open_until if goes_on else time + state.mandate.destination.window) if payload.open else 0
    return replace(
        state,
        nonce=state.nonce + 1,
        last_rebalance=time,
        open_until=until,
        breaches=_breaches(state, payload, moment) if payload.open else 0,
        loss_level=loss.used(lost, payload.value_before or 1),
        turnover_level=turnover.used(sold, payload.value_before or 1),
    )


def _used(payload: Rebalance) -> tuple[int, int]:
    """D36{quote} that the trades lost and sold, as recorded."""
    prices = payload.prices
    known = [fill for fill in payload.fills if max(fill.sell, fill.buy) < len(prices)]
    sold = [fill.amount_in * prices[fill.sell] for fill in known]
    bought = [fill.amount_out * prices[fill.buy] for fill in known]
    return sum(max(out - into, 0) for out, into in zip(sold, bought, strict=True)), sum(sold)


def _breaches(state: State, payload: Rebalance, moment: Moment) -> int | None:
    """Bitmap of the assets that a rebalance which stays open is about."""
    time, mandate = moment.timestamp, state.mandate
    if moment.held is None or state.breaches is None or len(payload.prices) != len(moment.held):
        return None
    worth = rules.values(moment.held, payload.prices)
    found = triggers.assess(mandate, worth, path.targets_at(mandate.path, time), state.last_rebalance, time)[1]
    return found | state.breaches if time <= state.open_until else found


def _administered(state: State, payload: Payload, moment: Moment) -> State:
    used = timelock.announcement(state, payload, moment.call)
    if used is not None:
        state = _without(state, used)
    match payload:
        case Paused() | Unpaused():
            return replace(state, paused=isinstance(payload, Paused))
        case Submitted(call):
            return replace(state, announced={**state.announced, keccak(call): payload})
        case Revoked(_, call_hash):
            return _without(state, call_hash)
        case Renounced(power):
            return replace(state, renounced=state.renounced | {power})
        case TargetsSet(_, moved):
            return replace(state, mandate=replace(state.mandate, path=moved), last_target_change=moment.timestamp)
        case MandateSet(mandate):
            return replace(state, mandate=mandate, last_fee=moment.timestamp, open_until=0, breaches=0)
        case Created():
            return created(payload, moment.timestamp)
    return _with_role(state, payload)


def _with_role(state: State, payload: Payload) -> State:
    match payload:
        case KeeperSet(keeper, allowed):
            return replace(state, keepers=state.keepers | {keeper} if allowed else state.keepers - {keeper})
        case GuardianSet(guardian):
            return replace(state, guardian=guardian)
        case StrategistSet(strategist):
            return replace(state, strategist=strategist)
        case OwnerProposed(pending_owner):
            return replace(state, pending_owner=pending_owner)
        case OwnerSet(owner):
            return replace(state, owner=owner, pending_owner=ZERO_ADDRESS)
    return state


def _without(state: State, call_hash: bytes) -> State:
    """The announcement is used up, or revoked."""
    return replace(state, announced={key: said for key, said in state.announced.items() if key != call_hash})
