"""What loosens a vault waits: each such entry against the call that was announced for it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from eth_utils.crypto import keccak

from controller.audit import change
from controller.audit.issues import RECORD_IS_FALSE, Issue, differs, show
from controller.chain.artifacts import load
from controller.chain.codec import mandate_from_abi
from controller.chain.entries import (
    GuardianSet,
    KeeperSet,
    MandateSet,
    Payload,
    Renounced,
    Revoked,
    StrategistSet,
    Submitted,
)
from controller.errors import InputError
from controller.model import ZERO_ADDRESS, Power

if TYPE_CHECKING:
    from controller.audit.evidence import Call
    from controller.audit.state import State

SUBMISSION_LIFE = 14 * 86_400
"""{s} after its timelock in which an announced call can be made (contracts/VaultAdmin.sol)."""


def loosens(state: State, payload: Payload) -> bool:
    """Whether what an entry says had to be announced."""
    match payload:
        case KeeperSet(_, allowed):
            return allowed
        case StrategistSet(strategist):
            return strategist != ZERO_ADDRESS
        case GuardianSet():
            return True
        case Renounced(power):
            return power is Power.PAUSE
        case MandateSet(mandate):
            return not change.is_tightening(state.mandate, mandate)
    return False


def announcement(state: State, payload: Payload, call: Call | None) -> bytes | None:
    """The hash of the announced call that an entry used up: the transaction's own where it called the vault itself,
    else the oldest that would have done the same. None when the entry needs none, or there is none."""
    if not loosens(state, payload):
        return None
    fitting = [key for key, said in state.announced.items() if _effect(said.call) == payload]
    own = call.data_hash if call is not None else b""
    return own if own in fitting else min(fitting, key=lambda key: state.announced[key].executable_at, default=None)


def check(state: State, payload: Payload, call: Call | None, timestamp: int) -> Iterator[Issue]:
    """Whether an entry waited as it had to, and whether what it announces or revokes can be."""
    match payload:
        case Submitted(data, executable_at):
            yield from _check_submitted(state, keccak(data), executable_at, timestamp)
        case Revoked(_, call_hash) if call_hash not in state.announced:
            yield Issue(f"the call {show(call_hash)} was revoked, which is not announced", RECORD_IS_FALSE)
    if not loosens(state, payload):
        return
    used = announcement(state, payload, call)
    if used is None:
        yield Issue("it loosens the vault and was never announced", RECORD_IS_FALSE)
        return
    at = state.announced[used].executable_at
    if timestamp < at:
        yield Issue(f"it loosens the vault before its timelock: announced for {at}, made at {timestamp}")
    if timestamp > at + SUBMISSION_LIFE:
        yield Issue(f"its announcement had expired: made at {timestamp}, possible until {at + SUBMISSION_LIFE}")


def _check_submitted(state: State, call_hash: bytes, executable_at: int, timestamp: int) -> Iterator[Issue]:
    known = state.announced.get(call_hash)
    if known is not None and timestamp <= known.executable_at + SUBMISSION_LIFE:
        yield Issue(f"the call {show(call_hash)} was announced again while it waits", RECORD_IS_FALSE)
    if executable_at != timestamp + state.mandate.timelock:
        yield differs("when the call can be made", executable_at, timestamp + state.mandate.timelock)


@lru_cache(maxsize=1024)
def _effect(call: bytes) -> Payload | None:
    """What a call that loosens writes into the ledger; None where it is no such call, or cannot be read."""
    functions = {item.selector: item for item in load("IVault").abi.functions.values()}
    item = functions.get(call[:4])
    if item is None:
        return None
    try:
        given = item.decode_arguments(call[4:])
        match item.name:
            case "setKeeper":
                return KeeperSet(given["keeper"], given["allowed"])
            case "setStrategist":
                return StrategistSet(*given.values())
            case "setGuardian":
                return GuardianSet(*given.values())
            case "renounce":
                return Renounced(Power(given["power"]))
            case "setMandate":
                return MandateSet(mandate_from_abi(given["mandate_"]))
    except (InputError, ValueError):
        return None
    return None
