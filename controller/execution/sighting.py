"""One look at the chain: what it shows of a flight, by receipts, nonces and the ledger, never by one of them alone."""

from __future__ import annotations

from collections.abc import Iterable

from controller.chain import ledger
from controller.chain.client import Chain
from controller.chain.codec import plan_hash, plan_to_abi, status_from_abi
from controller.chain.contract import Contract
from controller.chain.entries import decode_entry
from controller.chain.wire import Fees, Receipt, word
from controller.errors import NodeError, RevertError
from controller.execution.flight import Flight, Mined, Paid, Policy, Sighting, Used
from controller.model import BlockRef, Entry, Kind, Outcome, Plan, Rebalance


def call_data(chain: Chain, vault: str, plan: Plan) -> bytes:
    return Contract(chain, vault, "IVault").encode("rebalance", plan_to_abi(plan))


def simulate(chain: Chain, vault: str, plan: Plan, sender: str, block: BlockRef | None = None) -> int:
    """{gas} that the plan takes in the block after `block`, or after the newest one.

    Raises
    ------
    RevertError
        Why the vault would refuse it.
    """
    at = chain.head() if block is None else block
    return chain.estimate(vault, call_data(chain, vault, plan), at, sender)


def look(chain: Chain, flight: Flight, policy: Policy, now: float) -> Sighting:
    """What the chain shows at its newest block.

    Raises
    ------
    NodeError
        When the node does not answer, or contradicts itself.
    """
    head = chain.head()
    deep = policy.confirmations - 1
    settled = chain.block(max(head.number - deep, 0)) if deep else head
    # In this order, so that what is mined meanwhile is never half seen: a plan that is refused because it has just been
    # executed shows a used nonce afterwards, and a used nonce shows its receipt.
    objection = "" if head.hash == flight.seen or flight.cancelling else _objection(chain, flight, head)
    vault_nonce = _nonce(chain, flight.vault, head)
    account_nonce = chain.mined_nonce(flight.sender, head)
    settled_nonce = chain.mined_nonce(flight.sender, settled) if deep else account_nonce
    mined = _mined(chain, flight, settled)
    moved = mined is None and vault_nonce > flight.plan.nonce
    pending = mined is None and account_nonce <= flight.nonce
    return Sighting(
        now=now,
        head=head,
        settled=settled,
        account_nonce=account_nonce,
        settled_nonce=settled_nonce,
        fees=chain.fees(head) if pending else Fees(0, 0),
        mined=mined,
        used=_used(chain, flight, head) if moved else None,
        objection=objection,
    )


def _objection(chain: Chain, flight: Flight, head: BlockRef) -> str:
    try:
        gas = simulate(chain, flight.vault, flight.plan, flight.sender, head)
    except RevertError as error:
        return error.message
    return f"It needs {gas} gas by now, and may take {flight.gas}." if gas > flight.gas else ""


def _nonce(chain: Chain, vault: str, block: BlockRef) -> int:
    """Of the vault's next plan."""
    return status_from_abi(Contract(chain, vault, "IVault").read("status", block=block)).nonce


def _mined(chain: Chain, flight: Flight, settled: BlockRef) -> Mined | None:
    for attempt in reversed(flight.attempts):
        receipt = chain.receipt(attempt.hash)
        if receipt is None:
            continue
        block = chain.block(receipt.block_number)
        if block.hash != receipt.block_hash:
            continue  # a reorg is under way
        paid = Paid(receipt.gas_used, receipt.gas_price, block.timestamp)
        if attempt.cancels or block.number > settled.number:
            return Mined(attempt.hash, block.number, paid)
        return _told(chain, flight, receipt, block, paid)
    return None


def _told(chain: Chain, flight: Flight, receipt: Receipt, block: BlockRef, paid: Paid) -> Mined:
    if not receipt.succeeded:
        return Mined(receipt.transaction, block.number, paid, revert=_why(chain, flight, receipt))
    found = _rebalance(flight, (ledger.entry_of_log(log) for log in receipt.logs))
    if _nonce(chain, flight.vault, block) <= flight.plan.nonce or found is None:
        raise NodeError(
            f"The node says that {word(receipt.transaction)} succeeded, but the vault has not moved.",
            "Compare with another endpoint; nothing more is sent for this vault until it is clear.",
        )
    outcome = Outcome(receipt.transaction, block, receipt.gas_used, receipt.gas_price, found[1])
    return Mined(receipt.transaction, block.number, paid, outcome)


def _used(chain: Chain, flight: Flight, head: BlockRef) -> Used:
    """The vault has moved on, but this node shows no receipt of ours: the ledger says who moved it."""
    address = Contract(chain, flight.vault, "IVault").read("ledger", block=head)
    found = _rebalance(flight, ledger.entries(chain, address, flight.vault, flight.plan.reference_block + 1, head))
    if found is None:
        raise NodeError(
            f"The vault {flight.vault} has moved past nonce {flight.plan.nonce}, but the node shows no entry for it.",
            "Its logs are incomplete: try another endpoint.",
        )
    entry, rebalance = found
    if rebalance.plan_hash != plan_hash(flight.plan):
        return Used(entry.block_number, rebalance.plan_hash)
    receipt = chain.receipt(entry.transaction)
    used, price = (receipt.gas_used, receipt.gas_price) if receipt is not None else (0, 0)
    outcome = Outcome(entry.transaction, chain.block(entry.block_number), used, price, rebalance)
    return Used(entry.block_number, rebalance.plan_hash, outcome)


def _rebalance(flight: Flight, entries: Iterable[Entry | None]) -> tuple[Entry, Rebalance] | None:
    """The REBALANCED entry of the vault that used the plan's nonce."""
    for entry in entries:
        if entry is None or entry.vault != flight.vault or entry.kind != Kind.REBALANCED:
            continue
        payload = decode_entry(entry)
        if isinstance(payload, Rebalance) and payload.nonce == flight.plan.nonce:
            return entry, payload
    return None


def _why(chain: Chain, flight: Flight, receipt: Receipt) -> RevertError:
    """The reason, by repeating it before its block, and where that does not revert, after it."""
    for number in (receipt.block_number - 1, receipt.block_number):
        try:
            simulate(chain, flight.vault, flight.plan, flight.sender, chain.block(number))
        except RevertError as error:
            return error
    return RevertError(
        "Unknown",
        {"transaction": word(receipt.transaction)},
        b"",
        "The block's other transactions decided it: plan anew.",
    )
