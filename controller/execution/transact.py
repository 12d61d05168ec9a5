"""One transaction of an owner: signed here, waited for. Plans go through `send`, which journals them."""

from __future__ import annotations

import time

from eth_utils.crypto import keccak

from controller.chain.client import Chain
from controller.chain.transport import RpcError
from controller.chain.wire import Receipt, word
from controller.errors import NodeError, RevertError, SendError
from controller.execution.keys import Signer

_PATIENCE = 300.0  # {s} for one transaction to be mined
_POLL = 0.05  # {s}
_LOOK = "It may still be mined: look it up before you send again."


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
        When the account cannot pay for it, the node refuses it, or it is not confirmed in time.
    """
    head = chain.head()
    # {gas} a quarter more than estimated: the state may differ when it is mined
    gas = chain.estimate(to, data, head, signer.address) * 5 // 4
    fees = chain.fees(head)
    cap = 2 * fees.base + fees.tip
    held = chain.balance(signer.address, head)
    if held < gas * cap:
        raise SendError(f"The account {signer.address} holds {held} wei and may need {gas * cap}.", "Send it some.")
    transaction = {
        "type": 2,
        "chainId": chain.chain_id,
        "nonce": chain.nonce(signer.address),
        "to": to,
        "value": 0,
        "data": data,
        "gas": gas,
        "maxFeePerGas": cap,
        "maxPriorityFeePerGas": fees.tip,
    }
    raw = signer.sign(transaction)
    try:
        chain.send_raw(raw)
        return wait(chain, keccak(raw), confirmations)
    except RpcError as error:
        raise SendError(f"The node refused the transaction: {error.text}.", "Read it as the node's word.") from None
    except NodeError:
        raise SendError(f"The node went away with the transaction {word(keccak(raw))}.", _LOOK) from None


def wait(chain: Chain, transaction: bytes, confirmations: int) -> Receipt:
    """The receipt of a transaction that succeeded."""
    until = time.monotonic() + _PATIENCE
    while True:
        receipt = chain.receipt(transaction)
        if receipt is not None and chain.head().number - receipt.block_number + 1 >= confirmations:
            break
        if time.monotonic() > until:
            raise SendError(
                f"The transaction {word(transaction)} is not confirmed after {_PATIENCE:.0f} seconds.", _LOOK
            )
        time.sleep(_POLL)
    if not receipt.succeeded:
        raise RevertError(
            "Unknown", {"transaction": word(transaction)}, hint="It was mined and reverted: the state has changed."
        )
    return receipt
