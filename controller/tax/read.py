"""A vault's ledger for its owner's books: whole, in order, with the times, gas and prices that its entries leave
out."""

from __future__ import annotations

from collections.abc import Callable

from controller.audit.movements import read_entries
from controller.chain import codec, wire
from controller.chain.client import Chain
from controller.chain.contract import Contract
from controller.chain.entries import Created, MandateSet, Minted, Payload, Redeemed
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
    read = read_entries(chain, ledger, vault, from_block=first, to_block=last)
    steps: list[Step] = []
    mandate: Mandate | None = None
    seen: set[bytes] = set()
    for done, item in enumerate(read.decoded, start=1):
        entry, payload, paid = item.entry, item.payload, read.paid[item.entry.transaction]
        if isinstance(payload, Created | MandateSet):
            mandate = payload.mandate
        block = BlockRef(entry.block_number, entry.block_hash, read.times[entry.block_number])
        prices, why_not = _prices(chain, mandate, payload, block)
        gas = 0 if entry.transaction in seen else paid.gas_used * paid.gas_price
        seen.add(entry.transaction)
        transaction = wire.word(entry.transaction)
        steps.append(Step(entry.seq, block.timestamp, transaction, payload, paid.payer, gas, prices, why_not))
        progress(done, len(read.decoded))
    return steps


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
