"""Simulate, record, then send. A plan executes at most once, whatever is killed and whenever.

The order is INTENT, SIGNED, broadcast, BROADCAST, OUTCOME. Bytes that a node may have are in the journal first, and are
the only ones that are ever sent again for their intent; the vault's nonce makes a second execution impossible on chain.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, Final

from eth_utils.crypto import keccak

from controller.chain.client import Chain
from controller.chain.codec import plan_to_abi
from controller.chain.contract import Contract
from controller.chain.transport import RpcError
from controller.chain.wire import word
from controller.errors import Retry, SendError, StorageError
from controller.execution.documents import to_document
from controller.execution.journal import Journal, Record, RecordKind
from controller.execution.keys import Signer
from controller.execution.settle import Fate, Patience, Sending, Verdict, intent_body, look, wait
from controller.model import BlockRef, Outcome, Plan

_KNOWN: Final = re.compile(
    r"already.?known|already.?imported|known.?transaction|already in (the )?(mem)?pool|already.?exists", re.IGNORECASE
)
_NONCE_USED: Final = re.compile(
    r"nonce.{0,20}too.?low|nonce.?too.?low|correct nonce|old.?nonce|lower.*nonce", re.IGNORECASE
)


def simulate(chain: Chain, vault: str, plan: Plan, sender: str, block: BlockRef | None = None) -> int:
    """{gas} that the plan takes in the block after `block`, or after the newest one.

    Raises
    ------
    RevertError
        Why the vault would refuse it.
    """
    at = chain.head() if block is None else block
    return chain.estimate(vault, _call_data(chain, vault, plan), at, sender)


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
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Execute a plan and wait for it.

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
    StorageError
        When the journal cannot be written: nothing is sent then.
    """
    patience = Patience(timeout, confirmations, clock, sleep)
    if _recover(chain, journal, vault, patience):
        error = SendError(
            "An earlier plan of this vault turned out to be executed.", "Plan again from a fresh snapshot."
        )
        raise error
    head = chain.head()
    estimate = simulate(chain, vault, plan, signer.address, head) if gas is None else gas
    sending = _sign(
        chain, signer, journal, vault, plan, _transaction(chain, signer, vault, plan, estimate, head, max_fee)
    )
    _broadcast_first(chain, journal, sending)
    verdict = wait(chain, sending, patience)
    _close(journal, sending.intent, vault, verdict)
    if verdict.outcome is not None:
        return verdict.outcome
    raise verdict.revert or _unexecuted(verdict)


def recover(
    chain: Chain,
    journal: Journal,
    vault: str,
    *,
    confirmations: int = 1,
    timeout: float = 120.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Outcome, ...]:
    """Close what a killed run left open: find out what became of it, else send the same bytes again and wait.

    Returns
    -------
    The outcomes of the plans that turned out to be executed, usually none.

    Raises
    ------
    SendError
        When one is still open after `timeout`, or the node refuses its bytes.
    """
    return _recover(chain, journal, vault, Patience(timeout, confirmations, clock, sleep))


def _recover(chain: Chain, journal: Journal, vault: str, patience: Patience) -> tuple[Outcome, ...]:
    outcomes = []
    for intent in journal.open_intents(vault):
        verdict = _resume(chain, journal, intent, patience)
        _close(journal, intent.seq, vault, verdict)
        if verdict.outcome is not None:
            outcomes.append(verdict.outcome)
    return tuple(outcomes)


def _resume(chain: Chain, journal: Journal, intent: Record, patience: Patience) -> Verdict:
    if intent.body["chain_id"] != chain.chain_id:
        raise StorageError(
            f"The journal has an open intent for chain {intent.body['chain_id']}, this is chain {chain.chain_id}.",
            "Use one journal for one chain.",
        )
    signed = journal.records(intent=intent.seq, kind=RecordKind.SIGNED)
    if not signed:
        return Verdict(Fate.UNSENT, reason="no signed bytes were recorded, so none were sent")
    sending = Sending.of(intent, signed[-1])
    verdict = look(chain, sending, patience.confirmations)
    if verdict is not None:
        return verdict if verdict.fate is not Fate.LOST else wait(chain, sending, patience)
    if chain.receipt(sending.transaction) is None:
        try:
            _broadcast(chain, journal, sending)
        except RpcError as error:
            raise SendError(
                f"The node refuses to take {word(sending.transaction)} again: {error.text}.",
                "It stays open until it is mined or its plan expires.",
            ) from None
    return wait(chain, sending, patience)


def _call_data(chain: Chain, vault: str, plan: Plan) -> bytes:
    return Contract(chain, vault, "IVault").encode("rebalance", plan_to_abi(plan))


def _transaction(
    chain: Chain, signer: Signer, vault: str, plan: Plan, gas: int, head: BlockRef, max_fee: int | None
) -> dict[str, Any]:
    fees = chain.fees(head)
    least = fees.base + fees.tip
    if max_fee is not None and least > max_fee:
        raise SendError(f"The chain asks {least} wei for gas, the limit is {max_fee}.", "Wait, or raise the limit.")
    # {wei/gas} twice the base fee stays enough for six full blocks of the steepest rise
    cap = 2 * fees.base + fees.tip
    cap = cap if max_fee is None else min(cap, max_fee)
    # {gas} a quarter more than estimated: the state may differ when it is mined
    limit = gas + gas // 4
    balance = chain.balance(signer.address, head)
    if balance < limit * cap:
        error = SendError(
            f"The account {signer.address} holds {balance} wei and may need {limit * cap}.", "Send it some ether."
        )
        error.retry = Retry.NEVER
        raise error
    return {
        "type": 2,
        "chainId": chain.chain_id,
        "nonce": chain.nonce(signer.address),
        "to": vault,
        "value": 0,
        "data": _call_data(chain, vault, plan),
        "gas": limit,
        "maxFeePerGas": cap,
        "maxPriorityFeePerGas": min(fees.tip, cap),
    }


def _sign(
    chain: Chain, signer: Signer, journal: Journal, vault: str, plan: Plan, transaction: dict[str, Any]
) -> Sending:
    body = intent_body(chain.chain_id, plan, signer.address, transaction["gas"])
    intent = journal.append(RecordKind.INTENT, vault, body)
    raw = signer.sign(transaction)
    hash_ = keccak(raw)
    body = {
        "raw": word(raw),
        "transaction": word(hash_),
        "nonce": transaction["nonce"],
        "max_fee": to_document(transaction["maxFeePerGas"]),
        "tip": to_document(transaction["maxPriorityFeePerGas"]),
    }
    journal.append(RecordKind.SIGNED, vault, body, intent.seq)
    return Sending(intent.seq, vault, plan, signer.address, transaction["nonce"], hash_, raw)


def _broadcast_first(chain: Chain, journal: Journal, sending: Sending) -> None:
    try:
        _broadcast(chain, journal, sending)
    except RpcError as error:
        # nobody has these bytes but the node that has just refused them
        _close(journal, sending.intent, sending.vault, Verdict(Fate.REFUSED, reason=error.text))
        raise SendError(f"The node refused the transaction: {error.text}.", "Read it as the node's word.") from None


def _broadcast(chain: Chain, journal: Journal, sending: Sending) -> None:
    """Hand the bytes to the node. That it knows them already, or that their nonce is used, is for `wait` to judge."""
    try:
        chain.send_raw(sending.raw)
    except RpcError as error:
        if _NONCE_USED.search(error.text):
            return
        if not _KNOWN.search(error.text):
            raise
    journal.append(RecordKind.BROADCAST, sending.vault, {"transaction": word(sending.transaction)}, sending.intent)


def _close(journal: Journal, intent: int, vault: str, verdict: Verdict) -> None:
    body = {"fate": verdict.fate.name, "reason": verdict.reason, "outcome": to_document(verdict.outcome)}
    journal.append(RecordKind.OUTCOME, vault, body, intent)


def _unexecuted(verdict: Verdict) -> SendError:
    return SendError(f"The plan was not executed: {verdict.fate.value} ({verdict.reason}).", "Plan again.")
