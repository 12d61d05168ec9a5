"""Simulate, record, then send. A plan executes at most once, whatever is killed and whenever.

The order is INTENT, SIGNED, broadcast, BROADCAST, OUTCOME; each replacement adds a SIGNED and its BROADCAST. Bytes that
a node may have are in the journal first, and only recorded bytes are ever sent again; the vault's nonce makes a second
execution impossible on chain. What to do, and when, is decided by `sender`; here it is done.

An account has one flight at a time, and its nonce is the one that is mined: what else waits in the pools for a later
nonce never stands in the way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from controller.chain.client import Chain
from controller.chain.wire import word
from controller.errors import NodeError, RevertError, SendError, SigningKeyError, StorageError
from controller.execution.desk import Clock, Desk, prepared, require_free, worst_case
from controller.execution.flight import USUAL, Fate, Flight, Policy, Verdict
from controller.execution.flight_records import intent_body, read_flight
from controller.execution.journal import Journal, RecordKind
from controller.execution.keys import Signer
from controller.execution.sender import advance
from controller.execution.sighting import look, simulate
from controller.model import Outcome, Plan

__all__ = ["failure", "launch", "recover", "resume", "simulate", "step", "submit", "worst_case"]

_FIRST_PAUSE = 0.002  # {s}, doubled up to `_LONGEST_PAUSE`
_LONGEST_PAUSE = 2.0  # {s}


# ---- without waiting


def launch(
    chain: Chain,
    signer: Signer,
    journal: Journal,
    vault: str,
    plan: Plan,
    *,
    gas: int | None = None,
    policy: Policy = USUAL,
    clock: Clock = time.monotonic,
) -> Flight:
    """Record a plan, sign it and broadcast it.

    Parameters
    ----------
    gas : {gas} from an earlier `simulate`; None simulates here.

    Raises
    ------
    RevertError
        When the vault refuses the plan.
    SendError
        When the account or the vault has an open intent, gas costs too much, or the account cannot pay for it.
    SigningKeyError
        When it cannot be signed: nothing is sent then.
    StorageError
        When the journal cannot be written. Nothing is sent that is not in it; `resume` finds what is.
    """
    desk = Desk(chain, signer, journal, policy, clock)
    require_free(journal, vault, signer.address)
    head = chain.head()
    estimate = simulate(chain, vault, plan, signer.address, head) if gas is None else gas
    flight, sign = prepared(desk, signer.address, vault, plan, estimate, head)
    intent = journal.append(RecordKind.INTENT, vault, intent_body(chain.chain_id, flight))
    flight = replace(flight, intent=intent.seq)
    try:
        return desk.sign(signer, flight, sign, head.number)
    except SigningKeyError as error:
        desk.close(flight, Verdict(Fate.UNSENT, reason=error.message))
        raise


def step(
    chain: Chain,
    signer: Signer | None,
    journal: Journal,
    flight: Flight,
    *,
    policy: Policy = USUAL,
    clock: Clock = time.monotonic,
) -> Flight | Verdict:
    """One look at the chain and what follows from it. Does not wait: called again at each new block.

    Parameters
    ----------
    signer : None leaves out what needs a signature: recorded bytes are sent again, and nothing is replaced.

    Returns
    -------
    The flight as it is now, or how it ended, which is in the journal then.

    Raises
    ------
    NodeError, SigningKeyError
        When node or signer do not do their part: `flight` stays good for the next call.
    StorageError
        When the journal cannot be written: only `resume` knows then what has been signed.
    """
    desk = Desk(chain, signer, journal, policy, clock)
    if signer is None:
        desk = replace(desk, policy=replace(desk.policy, signs=False))
    sighting = look(chain, flight, desk.policy, clock())
    after, actions = advance(flight, sighting, desk.policy)
    for action in actions:
        done = desk.do(after, action, sighting.head.number)
        if isinstance(done, Verdict):
            return done
        after = done
    return after


def resume(
    chain: Chain, journal: Journal, vault: str | None = None, *, clock: Clock = time.monotonic
) -> tuple[Flight, ...]:
    """What an earlier process left open, of one vault or of all, from the journal alone; `step` goes on with it.

    Raises
    ------
    StorageError
        When the journal cannot be read, or belongs to another chain.
    """
    intents = journal.open_intents(vault)
    for intent in intents:
        if intent.body["chain_id"] != chain.chain_id:
            raise StorageError(
                f"The journal has an open intent for chain {intent.body['chain_id']}, this is chain {chain.chain_id}.",
                "Use one journal for one chain.",
            )
    block = chain.head().number if intents else 0
    return tuple(
        read_flight(intent, journal.records(intent=intent.seq), since=clock(), block=block) for intent in intents
    )


# ---- waiting


def submit(
    chain: Chain,
    signer: Signer,
    journal: Journal,
    vault: str,
    plan: Plan,
    *,
    gas: int | None = None,
    confirmations: int = 1,
    timeout: float = 120.0,
    max_fee: int | None = None,
    clock: Clock = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Execute a plan and wait for it, after whatever is still open of this vault.

    Parameters
    ----------
    gas : {gas} from an earlier `simulate`; None simulates here.
    confirmations : blocks that must hold the transaction, its own included.
    timeout : {s} to wait for them.
    max_fee : {wei/gas} above which nothing is sent; None takes what the chain asks.

    Raises
    ------
    RevertError
        When the vault refuses the plan, simulated or mined.
    SendError
        When it cannot be sent, is not confirmed in time, or ended otherwise than executed.
    SigningKeyError
        When it cannot be signed.
    StorageError
        When the journal cannot be written: nothing is sent then.
    """
    desk = Desk(chain, signer, journal, Policy(confirmations, max_fee=max_fee), clock)
    if _recover(desk, vault, timeout, sleep):
        raise SendError("An earlier plan of this vault turned out to be executed.", "Plan again from a fresh snapshot.")
    flight = launch(chain, signer, journal, vault, plan, gas=gas, policy=desk.policy, clock=clock)
    verdict = _wait(desk, flight, timeout, sleep)
    if verdict.outcome is not None:
        return verdict.outcome
    raise failure(verdict)


def failure(verdict: Verdict) -> RevertError | SendError:
    """Why a plan that is not executed is not."""
    return verdict.revert or SendError(
        f"The plan was not executed: {verdict.fate.value} ({verdict.reason}).", "Plan again."
    )


def recover(
    chain: Chain,
    journal: Journal,
    vault: str,
    *,
    signer: Signer | None = None,
    confirmations: int = 1,
    timeout: float = 120.0,
    clock: Clock = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Outcome, ...]:
    """Close what a killed run left open: find out what became of it, else send the same bytes again and wait.

    Parameters
    ----------
    signer : replaces at higher fees and cancels; None sends the recorded bytes and nothing else.

    Returns
    -------
    The outcomes of the plans that turned out to be executed, usually none.

    Raises
    ------
    SendError
        When one is still open after `timeout`.
    """
    return _recover(Desk(chain, signer, journal, Policy(confirmations), clock), vault, timeout, sleep)


def _recover(desk: Desk, vault: str, timeout: float, sleep: Callable[[float], None]) -> tuple[Outcome, ...]:
    flights = resume(desk.chain, desk.journal, vault, clock=desk.clock)
    verdicts = [_wait(desk, flight, timeout, sleep) for flight in flights]
    return tuple(verdict.outcome for verdict in verdicts if verdict.outcome is not None)


def _wait(desk: Desk, flight: Flight, timeout: float, sleep: Callable[[float], None]) -> Verdict:
    """Steps until the fate is final."""
    until = desk.clock() + timeout
    pause = _FIRST_PAUSE
    while True:
        trouble: NodeError | SigningKeyError | None = None
        try:
            after = step(desk.chain, desk.signer, desk.journal, flight, policy=desk.policy, clock=desk.clock)
        except (NodeError, SigningKeyError) as error:
            after, trouble = flight, error
        if isinstance(after, Verdict):
            return after
        flight = after
        if desk.clock() >= until:
            raise trouble or SendError(
                f"The transaction {word(flight.attempts[-1].hash)} is not confirmed after {timeout:g} seconds.",
                "It may still be mined: the next run looks for it first and sends the same bytes again.",
            )
        sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
