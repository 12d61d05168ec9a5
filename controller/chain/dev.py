"""What only development nodes do: set the clock, mine on demand, sign for their own funded accounts."""

from __future__ import annotations

import time
from typing import Final

from controller.chain.client import Chain
from controller.chain.wire import Receipt, octets, word
from controller.errors import InputError, NodeError, RevertError, SendError

GAS_LIMIT: Final = 15_000_000
"""{gas} of a development transaction: enough for any deployment, and no estimate is needed."""
_WAIT_SECONDS: Final = 30.0


def set_next_timestamp(chain: Chain, timestamp: int) -> None:
    """Make `timestamp` {s} exactly that of the next block. Only for nodes in simulated time.

    Raises
    ------
    InputError
        When it is not after the newest block.
    NodeError
        When the node does not let its clock be set.
    """
    newest = chain.head().timestamp
    if timestamp <= newest:
        raise InputError(f"The next block cannot be at {timestamp}: the newest is at {newest}.")
    client = chain.client.lower()
    if client.startswith("anvil"):
        chain.request("evm_setNextBlockTimestamp", timestamp)
    elif client.startswith("ganache"):
        # it adds its fixed increment of one second to the time that is set
        chain.request("evm_setTime", (timestamp - 1) * 1_000)
    else:
        raise NodeError(f"The node ({chain.client}) does not let its clock be set.", "Use anvil or ganache.")


def mine(chain: Chain) -> None:
    """Mine one block now, on a node of ours."""
    chain.request("evm_mine")


def transact(chain: Chain, sender: str, to: str | None, data: bytes = b"", value: int = 0) -> Receipt:
    """Send from an unlocked account and wait for the receipt; `to` None deploys.

    Raises
    ------
    RevertError
        When it was mined and reverted, with the decoded error.
    SendError
        When it is not mined in time.
    """
    transaction = {"from": sender, "data": word(data), "value": hex(value), "gas": hex(GAS_LIMIT)}
    if to is not None:
        transaction["to"] = to
    hash_ = octets(chain.request("eth_sendTransaction", transaction))
    until = time.monotonic() + _WAIT_SECONDS
    while (receipt := chain.receipt(hash_)) is None:  # anvil mines a moment after it has answered
        if time.monotonic() > until:
            raise SendError(f"The transaction {word(hash_)} is not mined.", "Is the node mining? See --block-time.")
        time.sleep(0.001)
    if not receipt.succeeded:
        chain.pinned("eth_call", [transaction], chain.block(receipt.block_number - 1))
        raise RevertError("Unknown", {"transaction": word(hash_)}, b"", "It does not revert when it is repeated.")
    return receipt


def deploy(chain: Chain, sender: str, code: bytes) -> str:
    """The address of a new contract; `code` is its creation code with the encoded constructor arguments."""
    receipt = transact(chain, sender, None, code)
    if receipt.contract is None:
        raise NodeError("The node's receipt of a deployment names no contract.", "Use anvil or ganache.")
    return receipt.contract
