"""What becomes of a signed plan: told by its receipt and by the vault's own nonce, never by one of them alone."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from controller.chain import ledger
from controller.chain.client import Chain
from controller.chain.codec import decode_plan, encode_plan, plan_hash, plan_to_abi, status_from_abi
from controller.chain.contract import Contract
from controller.chain.entries import decode_entry
from controller.chain.wire import Receipt, word
from controller.errors import NodeError, RevertError, SendError
from controller.execution.journal import Record
from controller.model import BlockRef, Entry, Kind, Outcome, Plan, Rebalance

REFERENCE_BLOCKS: Final = 256
"""A plan whose reference block is older than this can never execute: the EVM has forgotten the hash."""
LOST_SECONDS: Final = 1.0
"""While anvil mines, it shows the account's new nonce at the block before: a loss counts when it stays."""


class Fate(Enum):
    EXECUTED = "executed"
    REVERTED = "mined and reverted"
    SUPERSEDED = "another plan took the vault's nonce"
    LOST = "another transaction took the account's nonce"
    EXPIRED = "too old to execute any more"
    UNSENT = "never signed"
    REFUSED = "refused by the node"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an intent ended; none of these can change into an execution afterwards."""

    fate: Fate
    outcome: Outcome | None = None  # with EXECUTED
    reason: str = ""
    revert: RevertError | None = None  # with REVERTED


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, on whose clock."""

    timeout: float  # {s}
    confirmations: int = 1
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    first_pause: float = 0.002  # {s}, doubled up to `longest_pause`
    longest_pause: float = 2.0  # {s}


@dataclass(frozen=True, slots=True)
class Sending:
    """One signed plan."""

    intent: int  # seq of its INTENT
    vault: str
    plan: Plan
    sender: str
    nonce: int  # of the sender's account
    transaction: bytes  # its hash
    raw: bytes

    @classmethod
    def of(cls, intent: Record, signed: Record) -> Sending:
        """From the journal."""
        return cls(
            intent=intent.seq,
            vault=intent.vault,
            plan=decode_plan(_octets(intent.body["plan"])),
            sender=intent.body["sender"],
            nonce=signed.body["nonce"],
            transaction=_octets(signed.body["transaction"]),
            raw=_octets(signed.body["raw"]),
        )


def intent_body(chain_id: int, plan: Plan, sender: str, gas: int) -> dict[str, Any]:
    return {
        "chain_id": chain_id,
        "plan": word(encode_plan(plan)),
        "plan_hash": word(plan_hash(plan)),
        "reference_block": plan.reference_block,
        "reference_hash": word(plan.reference_hash),
        "sender": sender,
        "gas": gas,
    }


def _octets(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def wait(chain: Chain, sending: Sending, patience: Patience) -> Verdict:
    """Until the fate is final.

    Raises
    ------
    SendError
        When time is up and the transaction can still be mined; it stays open in the journal.
    NodeError
        When time is up and the node has stopped answering.
    """
    until = patience.clock() + patience.timeout
    pause = patience.first_pause
    lost_since: float | None = None
    while True:
        trouble: NodeError | None = None
        try:
            verdict = look(chain, sending, patience.confirmations)
        except NodeError as error:
            verdict, trouble = None, error
        if verdict is not None and verdict.fate is not Fate.LOST:
            return verdict
        if verdict is None:
            lost_since = None
        elif lost_since is None:
            lost_since = patience.clock()
        elif patience.clock() - lost_since >= LOST_SECONDS:
            return verdict
        if patience.clock() >= until:
            raise trouble or SendError(
                f"The transaction {word(sending.transaction)} is not confirmed after {patience.timeout:g} seconds.",
                "It may still be mined: the next run looks for it first and sends the same bytes again.",
            )
        patience.sleep(pause)
        pause = min(pause * 2, patience.longest_pause)


def look(chain: Chain, sending: Sending, confirmations: int) -> Verdict | None:
    """What has become of it as far as the chain shows now; None while anything can still happen."""
    head = chain.head()
    vault_nonce = _nonce(chain, sending.vault, head)
    account_nonce = chain.mined_nonce(sending.sender, head)
    # asked last: what is mined up to `head` has its receipt by now
    receipt = chain.receipt(sending.transaction)
    if receipt is not None:
        return _by_receipt(chain, sending, receipt, confirmations)
    if vault_nonce > sending.plan.nonce:
        return _by_ledger(chain, sending, head, confirmations)
    if account_nonce > sending.nonce:
        return Verdict(Fate.LOST, reason=f"account nonce {sending.nonce} was used by another transaction")
    if head.timestamp >= sending.plan.deadline:
        return Verdict(Fate.EXPIRED, reason=f"the deadline {sending.plan.deadline} has passed")
    if head.number >= sending.plan.reference_block + REFERENCE_BLOCKS:
        return Verdict(Fate.EXPIRED, reason=f"the reference block {sending.plan.reference_block} is too old")
    return None


def _nonce(chain: Chain, vault: str, block: BlockRef) -> int:
    """Of the vault's next plan."""
    return status_from_abi(Contract(chain, vault, "IVault").read("status", block=block)).nonce


def _by_receipt(chain: Chain, sending: Sending, receipt: Receipt, confirmations: int) -> Verdict | None:
    if chain.head().number - receipt.block_number + 1 < confirmations:
        return None
    block = chain.block(receipt.block_number)
    if block.hash != receipt.block_hash:
        return None  # a reorg is under way
    if not receipt.succeeded:
        revert = _why(chain, sending, receipt)
        return Verdict(Fate.REVERTED, reason=str(revert), revert=revert)
    vault_nonce = _nonce(chain, sending.vault, block)
    found = _rebalance(sending, (ledger.entry_of_log(log) for log in receipt.logs))
    if vault_nonce <= sending.plan.nonce or found is None:
        raise NodeError(
            f"The node says that {word(sending.transaction)} succeeded, but the vault has not moved.",
            "Compare with another endpoint; nothing more is sent for this vault until it is clear.",
        )
    return Verdict(Fate.EXECUTED, Outcome(receipt.transaction, block, receipt.gas_used, receipt.gas_price, found[1]))


def _by_ledger(chain: Chain, sending: Sending, head: BlockRef, confirmations: int) -> Verdict | None:
    # the vault has moved on, but this node shows no receipt of ours: the ledger says who moved it
    address = Contract(chain, sending.vault, "IVault").read("ledger", block=head)
    entries = ledger.entries(chain, address, sending.vault, sending.plan.reference_block + 1, head)
    found = _rebalance(sending, entries)
    if found is None:
        raise NodeError(
            f"The vault {sending.vault} has moved past nonce {sending.plan.nonce}, but the node shows no entry for it.",
            "Its logs are incomplete: try another endpoint.",
        )
    entry, rebalance = found
    if head.number - entry.block_number + 1 < confirmations:
        return None
    if rebalance.plan_hash != plan_hash(sending.plan):
        return Verdict(Fate.SUPERSEDED, reason=f"nonce {sending.plan.nonce} went to {word(rebalance.plan_hash)}")
    receipt = chain.receipt(entry.transaction)
    used, price = (receipt.gas_used, receipt.gas_price) if receipt is not None else (0, 0)
    return Verdict(Fate.EXECUTED, Outcome(entry.transaction, chain.block(entry.block_number), used, price, rebalance))


def _rebalance(sending: Sending, entries: Iterable[Entry | None]) -> tuple[Entry, Rebalance] | None:
    """The REBALANCED entry of the vault that used the plan's nonce."""
    for entry in entries:
        if entry is None or entry.vault != sending.vault or entry.kind != Kind.REBALANCED:
            continue
        payload = decode_entry(entry)
        if isinstance(payload, Rebalance) and payload.nonce == sending.plan.nonce:
            return entry, payload
    return None


def _why(chain: Chain, sending: Sending, receipt: Receipt) -> RevertError:
    """The reason, by repeating it on the block before; what stood before it in its own block is not repeated."""
    data = Contract(chain, sending.vault, "IVault").encode("rebalance", plan_to_abi(sending.plan))
    try:
        chain.estimate(sending.vault, data, chain.block(receipt.block_number - 1), sending.sender)
    except RevertError as error:
        return error
    return RevertError(
        "Unknown",
        {"transaction": word(receipt.transaction)},
        b"",
        "The block's other transactions decided it: plan anew.",
    )
