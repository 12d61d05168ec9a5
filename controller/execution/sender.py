"""What to do about a signed plan until its fate is final: a pure state machine, stepped by `send`.

Nothing is final before it is `confirmations` deep, so that no shorter reorg can undo a verdict: what a reorg removes is
pending again and the same bytes are sent again. Deadlines are the chain's time; `now` only paces the bumps.
Prior art: op-service/txmgr of Optimism, the driver of CoW Protocol.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from controller.chain.wire import Fees, word
from controller.execution.flight import (
    LEAST_BUMP,
    Action,
    Attempt,
    Broadcast,
    Fate,
    Finish,
    Flight,
    Mined,
    Policy,
    Reply,
    Sighting,
    Sign,
    Used,
    Verdict,
)
from controller.model import BlockRef, Plan

REFERENCE_BLOCKS: Final = 256
"""A plan whose reference block is older than this can never execute: the EVM has forgotten the hash."""
CANCEL_GAS: Final = 21_000
"""{gas} of a transaction that does nothing."""

Step = tuple[Flight, tuple[Action, ...]]


def advance(flight: Flight, sighting: Sighting, policy: Policy) -> Step:
    """The flight after a look, and what has to be done now."""
    known = flight.seen == sighting.head.hash
    flight = replace(flight, seen=sighting.head.hash)
    if not flight.attempts:
        return _finish(flight, Verdict(Fate.UNSENT, reason="no signed bytes were recorded, so none were sent"))
    if sighting.mined is not None:
        return _mined(replace(flight, lost_since=None), sighting, sighting.mined)
    if sighting.account_nonce > flight.nonce:
        return _spent(flight, sighting, policy)
    return _pending(replace(flight, lost_since=None), sighting, policy, known=known)


def heard(flight: Flight, hash_: bytes, reply: Reply, said: str) -> Flight:
    """The flight after a node's reply to an attempt.

    What a pool had once it may have for ever. A refusal is final only for bytes that nobody else can have got.
    """

    def updated(attempt: Attempt) -> Attempt:
        if attempt.hash != hash_ or attempt.reply is Reply.TAKEN:
            return attempt
        unclear = reply is Reply.REFUSED and attempt.reply not in {Reply.UNSENT, Reply.REFUSED}
        return replace(attempt, reply=Reply.UNKNOWN if unclear else reply, said=said)

    return replace(flight, attempts=tuple(updated(attempt) for attempt in flight.attempts))


def first_cap(gas: int, policy: Policy) -> int | None:
    """{wei/gas} that no attempt of a plan may exceed; None where nothing limits it yet."""
    limits = [policy.max_fee, None if policy.budget is None else policy.budget // gas]
    return min((limit for limit in limits if limit is not None), default=None)


def _finish(flight: Flight, verdict: Verdict) -> Step:
    return flight, (Finish(verdict),)


def _confirmed(block: int, sighting: Sighting) -> bool:
    return block <= sighting.settled.number


# ---- the nonce is used


def _mined(flight: Flight, sighting: Sighting, mined: Mined) -> Step:
    if not _confirmed(mined.block, sighting):
        return flight, ()
    attempt = next(attempt for attempt in flight.attempts if attempt.hash == mined.hash)
    if attempt.cancels:
        return _finish(flight, Verdict(Fate.CANCELLED, reason=flight.cancelling, paid=mined.paid))
    if mined.outcome is not None:
        return _finish(flight, Verdict(Fate.EXECUTED, mined.outcome, paid=mined.paid))
    return _finish(flight, Verdict(Fate.REVERTED, reason=str(mined.revert), revert=mined.revert, paid=mined.paid))


def _spent(flight: Flight, sighting: Sighting, policy: Policy) -> Step:
    """The account's nonce is used, and no receipt of ours is shown."""
    if sighting.settled_nonce <= flight.nonce:
        return flight, ()
    if sighting.used is not None:
        verdict = _by_ledger(flight, sighting, sighting.used)
        return (flight, ()) if verdict is None else _finish(flight, verdict)
    if flight.lost_since is None:
        return replace(flight, lost_since=sighting.now), ()
    if sighting.now - flight.lost_since < policy.lost_after:
        return flight, ()
    reason = f"account nonce {flight.nonce} was used by another transaction"
    return _finish(flight, Verdict(Fate.LOST, reason=reason))


def _by_ledger(flight: Flight, sighting: Sighting, used: Used) -> Verdict | None:
    if not _confirmed(used.block, sighting):
        return None
    if used.outcome is not None:
        return Verdict(Fate.EXECUTED, used.outcome)
    return Verdict(Fate.SUPERSEDED, reason=_superseded(flight, used))


def _superseded(flight: Flight, used: Used) -> str:
    return f"nonce {flight.plan.nonce} went to {word(used.plan_hash)}"


# ---- the nonce is not used


def _pending(flight: Flight, sighting: Sighting, policy: Policy, *, known: bool) -> Step:
    newest = flight.attempts[-1]
    if all(attempt.reply is Reply.REFUSED for attempt in flight.attempts):
        return _finish(flight, Verdict(Fate.REFUSED, reason=newest.said))
    again = _again(flight, known=known)
    # a nonce that lies ahead of the account's, after a reorg, cannot be cancelled either
    if not policy.signs or sighting.account_nonce < flight.nonce:
        verdict = _ended(flight, sighting)
        return (flight, again) if verdict is None else _finish(flight, verdict)
    if not newest.cancels and (why := flight.cancelling or _hopeless(flight, sighting)):
        return _cancel(flight, sighting, policy, why, again)
    forced = newest.reply is Reply.UNDERPRICED and not newest.forced
    if not forced and not _bump_due(newest, sighting, policy):
        return flight, again
    fees = _raised(newest, sighting.fees, policy, _cap(flight, policy, cancels=newest.cancels))
    if fees is not None:
        return flight, (Sign(*fees, newest.cancels, forced),)
    if newest.cancels:
        return flight, again
    return _cancel(flight, sighting, policy, f"its fee of {newest.max_fee} wei reached the limit", again)


def _cancel(flight: Flight, sighting: Sighting, policy: Policy, why: str, again: tuple[Broadcast, ...]) -> Step:
    fees = _raised(flight.attempts[-1], sighting.fees, policy, _cap(flight, policy, cancels=True))
    if fees is None:
        return flight, again
    return replace(flight, cancelling=why), (Sign(*fees, cancels=True),)


def _again(flight: Flight, *, known: bool) -> tuple[Broadcast, ...]:
    """The same bytes, once for each new head: a pool may have dropped them, or a reorg brought them back.

    The newest that a pool has taken goes first, so that it is there whether or not the pool takes the newest one.
    """
    newest = flight.attempts[-1]
    if known and newest.reply not in {Reply.UNSENT, Reply.UNKNOWN}:
        return ()
    taken = [attempt for attempt in flight.attempts[:-1] if attempt.reply is Reply.TAKEN][-1:]
    return tuple(Broadcast(attempt) for attempt in [*taken, newest])


def _hopeless(flight: Flight, sighting: Sighting) -> str:
    """Why the plan would not execute in the next block; empty when it would."""
    if sighting.used is not None:
        return _superseded(flight, sighting.used)
    return _too_old(flight.plan, sighting.head) or sighting.objection


def _too_old(plan: Plan, block: BlockRef) -> str:
    if block.timestamp >= plan.deadline:
        return f"the deadline {plan.deadline} has passed"
    if block.number >= plan.reference_block + REFERENCE_BLOCKS:
        return f"the reference block {plan.reference_block} is too old"
    return ""


def _ended(flight: Flight, sighting: Sighting) -> Verdict | None:
    """Set when the plan can never execute, on any branch that is as long as the confirmed one."""
    if sighting.used is not None:
        return _by_ledger(flight, sighting, sighting.used)
    reason = _too_old(flight.plan, sighting.settled)
    return Verdict(Fate.EXPIRED, reason=reason) if reason else None


# ---- fees


def _bump_due(newest: Attempt, sighting: Sighting, policy: Policy) -> bool:
    if newest.reply is Reply.REFUSED:
        return False
    # no block since then: the chain stands still, and no fee helps against that
    return sighting.now - newest.since >= policy.bump_every and sighting.head.number > newest.block


def _cap(flight: Flight, policy: Policy, *, cancels: bool) -> int:
    """{wei/gas} A cancellation may pass the gas ceiling: it must outbid the plan, and costs a fraction of it."""
    if cancels:
        return flight.budget // CANCEL_GAS
    cap = flight.budget // flight.gas
    return cap if policy.max_fee is None else min(cap, policy.max_fee)


def raised(fee: int, bps: int) -> int:
    """{wei/gas} `fee` and `bps` of it more, rounded up; at least one wei more."""
    return max(fee + 1, -(-fee * (10_000 + bps) // 10_000))


def _raised(newest: Attempt, fees: Fees, policy: Policy, cap: int) -> tuple[int, int] | None:
    """(max fee, tip) of the next attempt; None when the cap leaves no room for a bump that pools accept."""
    tip = max(raised(newest.tip, policy.bump), fees.tip)
    max_fee = min(max(raised(newest.max_fee, policy.bump), 2 * fees.base + tip), cap)
    # the tip never was above the fee, so what is left of it below the cap is a bump as well
    return (max_fee, min(tip, max_fee)) if max_fee >= raised(newest.max_fee, LEAST_BUMP) else None
