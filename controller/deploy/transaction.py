"""One creating transaction that survives being interrupted: noted first, then sent, then waited for."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address

from controller.chain import wire
from controller.chain.artifacts import Artifact
from controller.chain.client import Chain
from controller.deploy.creation import code_matches, create_address
from controller.deploy.records import code_hash, write_json
from controller.deploy.sender import Sender, Transaction
from controller.errors import RevertError, SendError
from controller.model import BlockRef

_PATIENCE = 300.0  # {s} for one transaction to be mined
_POLL = 0.2  # {s}
_GAS_MARGIN = 20  # one part in 20 above the estimate


@dataclass(frozen=True, slots=True)
class Creation:
    """A contract to be created, and the file that notes it while it is under way."""

    artifact: Artifact
    code: bytes  # creation code with arguments
    pending: Path


@dataclass(frozen=True, slots=True)
class Created:
    address: str
    transaction: bytes
    block: BlockRef
    gas_used: int  # {gas}


def create(chain: Chain, sender: Sender, creation: Creation, confirmations: int) -> Created:
    """Sends the creation and waits until it stands.

    Raises
    ------
    RevertError
        When the constructor reverts.
    SendError
        When it is not mined in time.
    """
    head = chain.head()
    nonce = chain.nonce(sender.address)
    transaction = _transaction(chain, sender, creation, nonce, head)
    raw, known = sender.prepare(transaction)
    note = {
        "address": create_address(sender.address, nonce),
        "sender": sender.address,
        "nonce": nonce,
        "fromBlock": head.number,
        "initCodeHash": code_hash(creation.code),
        "transactionHash": wire.word(known) if known else "",
    }
    write_json(creation.pending, note)
    sent = sender.send(chain, transaction, raw)
    write_json(creation.pending, {**note, "transactionHash": wire.word(sent)})
    return _wait(chain, sent, confirmations)


def adopt(chain: Chain, creation: Creation, confirmations: int) -> Created | None:
    """What an interrupted run has sent for this very creation; None when nothing of it is on its way.

    An address follows from sender and nonce, so that sending again with the same nonce creates at most one contract,
    whichever of the two transactions is mined.
    """
    try:
        note = json.loads(creation.pending.read_text())
    except FileNotFoundError:
        return None
    if note["initCodeHash"] != code_hash(creation.code):
        return None
    sent = note["transactionHash"]
    if sent and chain.request("eth_getTransactionByHash", sent) is not None:
        return _wait(chain, wire.octets(sent), confirmations)
    head = _settled(chain, creation, note)
    return None if head is None else _wait(chain, _mined(chain, note, head), confirmations)


def _settled(chain: Chain, creation: Creation, note: dict[str, Any]) -> BlockRef | None:
    """A block that has the noted contract; None when no transaction, or another one, took its number.

    A node that has taken the transaction may not have mined it yet, and one that is mining may show the new number at
    its old head: that another transaction took the number counts when it is seen twice.
    """
    deadline = time.monotonic() + _PATIENCE
    taken = False
    while True:
        head = chain.head()
        if code_matches(creation.artifact, chain.code(note["address"], head)):
            return head
        if taken or chain.nonce(note["sender"]) <= note["nonce"]:
            return None
        taken = chain.mined_nonce(note["sender"], head) > note["nonce"]
        if time.monotonic() > deadline:
            raise SendError(
                f"A transaction of {note['sender']} with number {note['nonce']} is not mined after {_PATIENCE:.0f} s.",
                "Run the same command again: it goes on waiting for it.",
            )
        time.sleep(_POLL)


def _transaction(chain: Chain, sender: Sender, creation: Creation, nonce: int, head: BlockRef) -> Transaction:
    data = wire.word(creation.code)
    estimate = wire.quantity(chain.request("eth_estimateGas", {"from": sender.address, "data": data}))
    fees = chain.fees(head)
    return {
        "type": 2,
        "chainId": chain.chain_id,
        "nonce": nonce,
        "data": data,
        "value": 0,
        "gas": estimate + estimate // _GAS_MARGIN,
        "maxFeePerGas": 2 * fees.base + fees.tip,
        "maxPriorityFeePerGas": fees.tip,
    }


def _wait(chain: Chain, transaction: bytes, confirmations: int) -> Created:
    deadline = time.monotonic() + _PATIENCE
    while True:
        receipt = chain.receipt(transaction)
        if receipt is not None and not receipt.succeeded:
            raise RevertError("Unknown", {"transaction": wire.word(transaction)}, hint="The constructor failed.")
        if receipt is not None and chain.head().number >= receipt.block_number + confirmations:
            if receipt.contract is None:
                raise SendError(f"Transaction {wire.word(transaction)} created no contract.", "Deploy again.")
            block = chain.block(receipt.block_number)
            return Created(receipt.contract, transaction, block, receipt.gas_used)
        if time.monotonic() > deadline:
            raise SendError(
                f"Transaction {wire.word(transaction)} is not confirmed after {_PATIENCE:.0f} seconds.",
                "Run the same command again: it goes on waiting for it.",
            )
        time.sleep(_POLL)


def _mined(chain: Chain, note: dict[str, Any], head: BlockRef) -> bytes:
    """Hash of the noted sender's transaction with the noted nonce, which is known to be mined."""
    sent = wire.octets(note["transactionHash"])
    if sent and chain.receipt(sent) is not None:
        return sent
    for number in range(note["fromBlock"], head.number + 1):
        block = chain.request("eth_getBlockByNumber", hex(number), True)
        for transaction in wire.field(block, "transactions"):
            same = to_checksum_address(transaction["from"]) == note["sender"]
            if same and wire.quantity(transaction["nonce"]) == note["nonce"]:
                return wire.octets(transaction["hash"])
    raise SendError(
        f"The transaction that created {note['address']} cannot be found after block {note['fromBlock']}.",
        "Ask a node that keeps all blocks since.",
    )
