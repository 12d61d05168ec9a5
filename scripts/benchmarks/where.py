"""Where the gas of one transaction goes, from the node's own trace of it, step by step and exact to the last unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from controller.chain.client import Chain
from controller.chain.dev import GAS_LIMIT
from controller.chain.wire import Receipt, word

TRACER = """{
  data: [],
  step: function(log) {
    var address = toHex(log.contract.getAddress());
    this.data.push([log.op.toString(), log.getGas(), log.getDepth(), address, log.getRefund()]);
  },
  fault: function() {},
  result: function() { return this.data; }
}"""
CALLS = {"CALL", "STATICCALL", "DELEGATECALL", "EXTCODESIZE"}
"""Whoever of them touches an account first pays for opening it."""
STATE = {"SLOAD", "SSTORE"}
REFUND_PART = 5
"""At most one part in 5 of what was used is given back (EIP-3529)."""


def spent(chain: Chain, receipt: Receipt, names: Mapping[str, str], split: str) -> dict[str, int]:
    """{gas} by part; the parts add up to the receipt's total.

    Parameters
    ----------
    names : part by contract address.
    split : the part that is told apart further: its own state, its calls to others, the rest.
    """
    steps = chain.request("debug_traceTransaction", word(receipt.transaction), {"tracer": TRACER})
    parts: Counter[str] = Counter()
    for (op, _, _, address, _), cost in zip(
        steps, _costs([(gas, depth) for _, gas, depth, _, _ in steps]), strict=True
    ):
        name = names[address.lower()]
        if name == split:
            name = f"{split}.calls" if op in CALLS else f"{split}.state" if op in STATE else f"{split}.computing"
        parts[name] += cost
    parts["transaction"] = GAS_LIMIT - steps[0][1]
    used = sum(parts.values())
    parts["refund"] = -min(steps[-1][4], used // REFUND_PART)
    if sum(parts.values()) != receipt.gas_used:
        raise AssertionError(f"the trace adds up to {sum(parts.values())}, the receipt says {receipt.gas_used}")
    return dict(parts)


def _costs(steps: list[tuple[int, int]]) -> list[int]:
    """{gas} of each step itself, what the frames below it took left out.

    The last step of a frame counts as free: what little its return data costs shows up at its caller.
    """
    costs = [0] * len(steps)
    open_calls: list[int] = []
    for i, (gas, depth) in enumerate(steps[:-1]):
        next_gas, next_depth = steps[i + 1]
        if next_depth > depth:
            open_calls.append(i)
        elif next_depth == depth:
            costs[i] = gas - next_gas
        else:
            caller = open_calls.pop()
            costs[caller] = steps[caller][0] - next_gas - sum(costs[caller + 1 : i + 1])
    return costs
