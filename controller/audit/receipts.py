"""Receipts by transaction, with the places of their logs in the block, whatever the node counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from controller.chain import wire
from controller.chain.client import Chain
from controller.chain.wire import Receipt
from controller.errors import DisagreeingNodesError

_BATCH = 100


def read_receipts(chain: Chain, transactions: Sequence[bytes]) -> dict[bytes, Receipt]:
    """Those that the node has. Ganache 7.9.2 counts a receipt's logs from its own first one, which is put right.

    Raises
    ------
    DisagreeingNodesError
        When it answers twice and differently.
    """
    found = _receipts(chain, transactions)
    if not chain.client.lower().startswith("ganache"):
        return found
    numbers = sorted({receipt.block_number for receipt in found.values()})
    blocks = batch(chain, "eth_getBlockByNumber", [[hex(number), False] for number in numbers])
    for block in blocks:
        first = 0
        inside = [wire.octets(transaction) for transaction in wire.field(block, "transactions")]
        for transaction, receipt in _receipts(chain, inside).items():
            if transaction in found:
                if receipt != found[transaction]:
                    raise DisagreeingNodesError(
                        f"The node gives two different receipts of the transaction {wire.word(transaction)}.",
                        "It cannot be audited with: use another endpoint.",
                    )
                found[transaction] = _moved(receipt, first)
            first += len(receipt.logs)
    return found


def batch(chain: Chain, method: str, parameters: Sequence[Sequence[object]]) -> list[wire.Json]:
    """Answers in the order of `parameters`, in as many round trips as it takes."""
    answers: list[wire.Json] = []
    for start in range(0, len(parameters), _BATCH):
        answers += chain.batch([(method, inner) for inner in parameters[start : start + _BATCH]])
    return answers


def _receipts(chain: Chain, transactions: Sequence[bytes]) -> dict[bytes, Receipt]:
    answers = batch(chain, "eth_getTransactionReceipt", [[wire.word(transaction)] for transaction in transactions])
    return {
        transaction: wire.receipt(answer) for transaction, answer in zip(transactions, answers, strict=True) if answer
    }


def _moved(receipt: Receipt, first: int) -> Receipt:
    return replace(receipt, logs=tuple(replace(log, index=first + place) for place, log in enumerate(receipt.logs)))
