"""One transaction of an owner: signed here, waited for. Plans go through `send`, which journals them."""

from __future__ import annotations

import time

from controller.chain.client import Chain
from controller.chain.wire import Receipt, word
from controller.errors import RevertError, SendError
from controller.execution.keys import Signer

_PATIENCE = 300.0  # {s} for one transaction to be mined
_POLL = 0.05  # {s}


def transact(chain: Chain, signer: Signer, to: str, data: bytes, confirmations: int = 1) -> Receipt:
    """Sends call data and waits until it is confirmed.

    Parameters
    ----------
    confirmations : blocks that must hold the transaction, its own included.

    Raises
    ------
    RevertError
        When the call would revert (nothing is sent then), or was mined and reverted.
    SendError
        When it is not confirmed in time.
    """
    head = chain.head()
    gas = chain.estimate(to, data, head, signer.address)
    fees = chain.fees(head)
    transaction = {
        "type": 2,
        "chainId": chain.chain_id,
        "nonce": chain.nonce(signer.address),
        "to": to,
        "value": 0,
        "data": data,
        # {gas} a quarter more than estimated: the state may differ when it is mined
        "gas": gas + gas // 4,
        "maxFeePerGas": 2 * fees.base + fees.tip,
        "maxPriorityFeePerGas": fees.tip,
    }
    return wait(chain, chain.send_raw(signer.sign(transaction)), confirmations)


def wait(chain: Chain, transaction: bytes, confirmations: int) -> Receipt:
    """The receipt of a transaction that succeeded."""
    until = time.monotonic() + _PATIENCE
    while True:
        receipt = chain.receipt(transaction)
        if receipt is not None and chain.head().number - receipt.block_number + 1 >= confirmations:
            break
        if time.monotonic() > until:
            raise SendError(
                f"The transaction {word(transaction)} is not confirmed after {_PATIENCE:.0f} seconds.",
                "It may still be mined: look it up before you send again.",
            )
        time.sleep(_POLL)
    if not receipt.succeeded:
        raise RevertError(
            "Unknown", {"transaction": word(transaction)}, hint="It was mined and reverted: the state has changed."
        )
    return receipt
