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
CALLS = ("CALL", "STATICCALL", "DELEGATECALL", "EXTCODESIZE", "EXTCODEHASH", "EXTCODECOPY", "BALANCE")
"""Whoever of them touches an account first pays for opening it."""
MEMORY = ("MLOAD", "MSTORE", "MSTORE8", "MSIZE", "CALLDATACOPY", "CODECOPY", "RETURNDATACOPY")
ARITHMETIC = (
    *("ADD", "SUB", "MUL", "DIV", "SDIV", "MOD", "SMOD", "ADDMOD", "MULMOD", "EXP", "SIGNEXTEND"),
    *("LT", "GT", "SLT", "SGT", "EQ", "ISZERO", "AND", "OR", "XOR", "NOT", "BYTE", "SHL", "SHR", "SAR"),
)
GROUPS = {
    **dict.fromkeys(("SLOAD", "SSTORE"), "storage"),
    **dict.fromkeys(CALLS, "accounts"),
    **{f"LOG{topics}": "logs" for topics in range(5)},
    **dict.fromkeys(("KECCAK256", "SHA3"), "hashing"),
    **dict.fromkeys(MEMORY, "memory"),
    **dict.fromkeys(ARITHMETIC, "arithmetic"),
    **dict.fromkeys(("JUMP", "JUMPI", "JUMPDEST"), "jumps"),
    **dict.fromkeys(("POP", *(f"{kind}{n}" for kind in ("PUSH", "DUP", "SWAP") for n in range(33))), "stack"),
}
"""What is in none of them asks for its surroundings: the call's data, its sender, the time."""
REFUND_PART = 5
"""At most one part in 5 of what was used is given back (EIP-3529)."""


def spent(chain: Chain, receipt: Receipt, names: Mapping[str, str]) -> dict[tuple[str, str], int]:
    """{gas} by part and group of opcodes, which add up to the receipt's total.

    Parameters
    ----------
    names : part by contract address.
    """
    steps = chain.request("debug_traceTransaction", word(receipt.transaction), {"tracer": TRACER})
    found: Counter[tuple[str, str]] = Counter()
    costs = _costs([(gas, depth) for _, gas, depth, _, _ in steps])
    for (op, _, _, address, _), cost in zip(steps, costs, strict=True):
        found[names[address.lower()], GROUPS.get(op, "context")] += cost
    begun = GAS_LIMIT - steps[0][1]
    refund = -min(steps[-1][4], (sum(found.values()) + begun) // REFUND_PART)
    found["transaction", "transaction"], found["refund", "refund"] = begun, refund
    if sum(found.values()) != receipt.gas_used:
        raise AssertionError(f"the trace adds up to {sum(found.values())}, the receipt says {receipt.gas_used}")
    return {place: gas for place, gas in found.items() if gas}


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
