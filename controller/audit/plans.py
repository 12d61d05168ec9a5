"""A REBALANCED entry against the plan that its transaction carried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from controller.audit.evidence import Call
from controller.audit.header import Header
from controller.audit.issues import READ_THE_TRACE, Issue, differs, unchecked
from controller.chain.artifacts import load
from controller.chain.codec import decode_plan, plan_hash
from controller.errors import InputError
from controller.model import Plan, Rebalance

REFERENCE_DEPTH = 256  # blocks that the EVM can name the hash of


def called_plan(data: bytes) -> Plan | None:
    """The plan of a call; None when it is not `rebalance(plan)`."""
    if data[:4] != load("IVault").abi.functions["rebalance"].selector:
        return None
    try:
        return decode_plan(data[4:])
    except InputError:
        return None


def check_plan(
    entry: Rebalance, call: Call | None, vault: str, header: Header, headers: Mapping[int, Header]
) -> Iterator[Issue]:
    """The plan's hash covers all of it; what it promised is then held against what was done."""
    if call is None:
        yield Issue("the node does not have the transaction")
        return
    if call.to != vault or call.plan is None:
        yield unchecked(f"the plan: the transaction calls {call.to}, not the vault", READ_THE_TRACE)
        return
    plan = call.plan
    if plan_hash(plan) != entry.plan_hash:
        yield differs("the plan's hash", entry.plan_hash, plan_hash(plan))
    for name, recorded, chain in (
        ("the keeper", entry.keeper, call.sender),
        ("the nonce", entry.nonce, plan.nonce),
        ("the journal's head", entry.journal_head, plan.journal_head),
        ("the number of trades", len(entry.fills), len(plan.trades)),
    ):
        if recorded != chain:
            yield differs(name, recorded, chain)
    if header.block.timestamp > plan.deadline:
        yield Issue(f"the plan's deadline was {plan.deadline}, the block is of {header.block.timestamp}")
    yield from _check_reference(plan, header, headers)
    yield from _check_trades(entry, plan)


def _check_reference(plan: Plan, header: Header, headers: Mapping[int, Header]) -> Iterator[Issue]:
    if not 0 < header.block.number - plan.reference_block <= REFERENCE_DEPTH:
        yield Issue(f"the plan refers to block {plan.reference_block} from block {header.block.number}")
        return
    if plan.reference_block == header.block.number - 1:
        chain = header.parent_hash
    else:
        reference = headers.get(plan.reference_block)
        if reference is None:
            yield Issue(f"the node does not have the plan's reference block {plan.reference_block}")
            return
        chain = reference.computed_hash()
    if chain != plan.reference_hash:
        yield differs(f"the hash of the plan's reference block {plan.reference_block}", plan.reference_hash, chain)


def _check_trades(entry: Rebalance, plan: Plan) -> Iterator[Issue]:
    for number, (fill, trade) in enumerate(zip(entry.fills, plan.trades, strict=False)):
        done = (fill.sell, fill.buy, fill.venue, fill.amount_in)
        planned = (trade.sell, trade.buy, trade.venue, trade.amount_in)
        if done != planned:
            yield differs(f"trade {number} (sell, buy, venue, amount in)", done, planned)
        if fill.amount_out < trade.min_out:
            yield Issue(f"trade {number} brought {fill.amount_out}, the plan's floor is {trade.min_out}")
