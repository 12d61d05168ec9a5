"""What `sender` decides, done: signed, recorded, broadcast, closed, in this order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from eth_utils.crypto import keccak

from controller.chain.client import Chain
from controller.chain.transport import RpcError
from controller.chain.wire import Fees
from controller.errors import NodeError, Retry, RevertError, SendError, SigningKeyError
from controller.execution.flight import Action, Attempt, Broadcast, Finish, Flight, Policy, Reply, Sign, Verdict
from controller.execution.flight_records import broadcast_body, outcome_body, signed_body
from controller.execution.journal import Journal, RecordKind
from controller.execution.keys import Signer
from controller.execution.replies import reply_of
from controller.execution.sender import CANCEL_GAS, first_cap, heard
from controller.execution.sighting import call_data
from controller.model import BlockRef, Plan

Clock = Callable[[], float]
"""{s} from any origin; only ever forward."""
FIRST_BUDGET: Final = 10
"""Times what the first attempt may cost, where the policy names no budget."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a flight is handled with."""

    chain: Chain
    signer: Signer | None
    journal: Journal
    policy: Policy
    clock: Clock

    def do(self, flight: Flight, action: Action, block: int) -> Flight | Verdict:
        """The flight after an action, or how it ended. `block` is the number of the head."""
        if isinstance(action, Finish):
            self.close(flight, action.verdict)
            return action.verdict
        if isinstance(action, Broadcast):
            return self._broadcast(flight, action.attempt)
        if self.signer is None:
            raise TypeError("a policy that signs needs a signer")
        try:
            return self.sign(self.signer, flight, action, block)
        except SigningKeyError:
            # what is in the pools already is all that there is
            self._broadcast(flight, flight.attempts[-1])
            raise

    def sign(self, signer: Signer, flight: Flight, action: Sign, block: int) -> Flight:
        raw = signer.sign(self._transaction(flight, action))
        attempt = Attempt(
            hash=keccak(raw),
            raw=raw,
            max_fee=action.max_fee,
            tip=action.tip,
            cancels=action.cancels,
            forced=action.forced,
            since=self.clock(),
            block=block,
        )
        self.journal.append(RecordKind.SIGNED, flight.vault, signed_body(flight, attempt), flight.intent)
        return self._broadcast(replace(flight, attempts=(*flight.attempts, attempt)), attempt)

    def close(self, flight: Flight, verdict: Verdict) -> None:
        self.journal.append(RecordKind.OUTCOME, flight.vault, outcome_body(verdict), flight.intent)

    def _transaction(self, flight: Flight, action: Sign) -> dict[str, Any]:
        return {
            "type": 2,
            "chainId": self.chain.chain_id,
            "nonce": flight.nonce,
            "to": flight.sender if action.cancels else flight.vault,
            "value": 0,
            "data": b"" if action.cancels else call_data(self.chain, flight.vault, flight.plan),
            "gas": CANCEL_GAS if action.cancels else flight.gas,
            "maxFeePerGas": action.max_fee,
            "maxPriorityFeePerGas": action.tip,
        }

    def _broadcast(self, flight: Flight, attempt: Attempt) -> Flight:
        reply, said = _offered(self.chain, attempt.raw)
        if reply is Reply.TAKEN and attempt.reply is not Reply.TAKEN:
            self.journal.append(RecordKind.BROADCAST, flight.vault, broadcast_body(attempt), flight.intent)
        return heard(flight, attempt.hash, reply, said)


def _offered(chain: Chain, raw: bytes) -> tuple[Reply, str]:
    try:
        chain.send_raw(raw)
    except RpcError as error:
        return reply_of(error.text), error.text
    except (NodeError, RevertError) as error:
        return Reply.UNKNOWN, error.message
    return Reply.TAKEN, ""


# ---- before the first attempt


def require_free(journal: Journal, vault: str, sender: str) -> None:
    """Raises `SendError` when the account or the vault has an open intent."""
    open_ = journal.open_intents()
    busy = next((each for each in open_ if each.vault == vault or each.body.get("sender") == sender), None)
    if busy is not None:
        raise SendError(
            f"The intent {busy.seq} of the vault {busy.vault} is still open.",
            "One account has one transaction on its way, and one vault one plan: resume it first.",
        )


def gas_limit(estimate: int) -> int:
    """{gas} a quarter more than estimated: the state may differ when it is mined."""
    return estimate + estimate // 4


def worst_case(estimate: int, fees: Fees, policy: Policy) -> int:
    """{wei} that a flight may cost at most, replacements included, of a plan of `estimate` {gas} launched at `fees`."""
    if policy.budget is not None:
        return policy.budget
    gas = gas_limit(estimate)
    return FIRST_BUDGET * gas * _first_fee(gas, fees, policy)


def _first_fee(gas: int, fees: Fees, policy: Policy) -> int:
    """{wei/gas} twice the base fee stays enough for six full blocks of the steepest rise."""
    limit = first_cap(gas, policy)
    wanted = 2 * fees.base + fees.tip
    return wanted if limit is None else min(wanted, limit)


def prepared(desk: Desk, sender: str, vault: str, plan: Plan, estimate: int, head: BlockRef) -> tuple[Flight, Sign]:
    """The flight before it is recorded, and its first attempt; raises `SendError` when it costs too much."""
    gas = gas_limit(estimate)
    fees = desk.chain.fees(head)
    limit = first_cap(gas, desk.policy)
    least = fees.base + fees.tip
    if limit is not None and least > limit:
        raise SendError(f"The chain asks {least} wei for gas, the limit is {limit}.", "Wait, or raise the limit.")
    max_fee = _first_fee(gas, fees, desk.policy)
    balance = desk.chain.balance(sender, head)
    if balance < gas * max_fee:
        error = SendError(
            f"The account {sender} holds {balance} wei and may need {gas * max_fee}.", "Send it some ether."
        )
        error.retry = Retry.NEVER
        raise error
    budget = worst_case(estimate, fees, desk.policy)
    nonce = desk.chain.mined_nonce(sender, head)
    flight = Flight(-1, vault, plan, sender, nonce, gas, budget, seen=head.hash)
    return flight, Sign(max_fee, min(fees.tip, max_fee), cancels=False)
