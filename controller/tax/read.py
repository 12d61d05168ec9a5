"""A vault's ledger for its owner's books: whole, in order, with the times, gas and prices that its entries leave
out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from controller.audit.receipts import batch, read_receipts
from controller.chain import codec, wire
from controller.chain import ledger as ledgers
from controller.chain.abi import checksum
from controller.chain.client import Chain
from controller.chain.contract import Contract
from controller.chain.entries import Created, MandateSet, Minted, Payload, Redeemed, decode_entry
from controller.errors import CodeMismatchError, RevertError
from controller.model import BlockRef, Mandate
from controller.tax.ledger import Step

Progress = Callable[[int, int], None]
"""Called with how many entries are read, and of how many."""


def read_steps(
    chain: Chain, ledger: str, vault: str, first: int, last: BlockRef, progress: Progress = lambda done, total: None
) -> list[Step]:
    """Every entry up to a block.

    Raises
    ------
    IncompleteLogsError
        When the logs do not lead to the head that the ledger keeps.
    """
    entries = ledgers.every_entry(chain, ledger, vault, first, last)
    transactions = list(dict.fromkeys(entry.transaction for entry in entries))
    receipts = read_receipts(chain, transactions)
    senders = _senders(chain, transactions)
    blocks = _blocks(chain, sorted({entry.block_number for entry in entries}))
    steps: list[Step] = []
    mandate: Mandate | None = None
    seen: set[bytes] = set()
    for done, entry in enumerate(entries, start=1):
        payload, receipt = decode_entry(entry), receipts[entry.transaction]
        if isinstance(payload, Created | MandateSet):
            mandate = payload.mandate
        prices, why_not = _prices(chain, mandate, payload, blocks[entry.block_number])
        gas = 0 if entry.transaction in seen else receipt.gas_used * receipt.gas_price
        seen.add(entry.transaction)
        time, sender = blocks[entry.block_number].timestamp, senders[entry.transaction]
        transaction = wire.word(entry.transaction)
        steps.append(Step(entry.seq, time, transaction, payload, sender, gas, prices, why_not))
        progress(done, len(entries))
    return steps


def _senders(chain: Chain, transactions: Sequence[bytes]) -> dict[bytes, str]:
    answers = batch(chain, "eth_getTransactionByHash", [[wire.word(transaction)] for transaction in transactions])
    return {
        transaction: checksum(wire.octets(wire.field(answer, "from")))
        for transaction, answer in zip(transactions, answers, strict=True)
    }


def _blocks(chain: Chain, numbers: Sequence[int]) -> Mapping[int, BlockRef]:
    answers = batch(chain, "eth_getBlockByNumber", [[hex(number), False] for number in numbers])
    return {number: wire.block_ref(answer) for number, answer in zip(numbers, answers, strict=True)}


def _prices(chain: Chain, mandate: Mandate | None, payload: Payload, block: BlockRef) -> tuple[tuple[int, ...], str]:
    """D36{quote/qTok} of the assets at the end of the block, for entries that carry none themselves; or why not."""
    if mandate is None or not isinstance(payload, Minted | Redeemed):
        return (), ""
    oracle = Contract(chain, mandate.oracle, "IPriceOracle")
    try:
        answer = oracle.read("prices", codec.sequencer_word(mandate), codec.feed_words(mandate), block=block)
    except (RevertError, CodeMismatchError) as error:
        return (), error.message
    return tuple(answer[0]), ""
