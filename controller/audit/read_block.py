"""Reads one block's evidence: balances, supply and feeds at it and at the one before, and what moved in between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controller.audit.evidence import BlockEvidence, Missing, PriceSource, Round, Transfer, price_source
from controller.audit.header import Header
from controller.chain.abi import checksum, decode, encode
from controller.chain.client import Chain
from controller.chain.codec import feed_words, sequencer_word
from controller.chain.contract import Contract
from controller.chain.entries import Deposited, Withdrawn
from controller.chain.transport import RpcError
from controller.chain.wire import Log
from controller.errors import CodeMismatchError, InputError, RevertError
from controller.model import ZERO_ADDRESS, BlockRef, Mandate, Rebalance

UNREADABLE = (RevertError, RpcError, CodeMismatchError, InputError)
"""A read that this node cannot serve. A node that is gone raises another `NodeError`, which ends the audit."""

TRANSFER = bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
_BALANCE_OF, _TOTAL_SUPPLY = bytes.fromhex("70a08231"), bytes.fromhex("18160ddd")
_TRANSFER_TOPICS = 3

Priced = Rebalance | Deposited | Withdrawn
"""Entries that record the prices they were made at."""


@dataclass(frozen=True)
class BlockReader:
    """Reads for one vault under the mandates that are in force within one block."""

    chain: Chain
    vault: str
    mandates: Sequence[Mandate]

    def read(
        self, header: Header, priced: Sequence[Priced], receipts: Iterable[Log], *, with_prices: bool
    ) -> BlockEvidence | Missing:
        """`priced` are the entries that record prices, `receipts` the logs of those transactions of the block that hold
        an entry; `with_prices` says whether prices matter to any of them."""
        block = header.block
        # Reads pin a block by number and hash; the timestamp of the one before is never looked at.
        before = BlockRef(block.number - 1, header.parent_hash, 0)
        try:
            latest_before, latest_after = (self._latest(at) if with_prices else {} for at in (before, block))
            named = {key for latest in (latest_before, latest_after) for key in latest.items()}
            named |= {
                (asset.feed.source, round_id)
                for entry in priced
                for mandate in self.mandates
                for asset, round_id in zip(mandate.assets, entry.rounds, strict=False)
            }
            return BlockEvidence(
                held_before=self._held(before),
                held_after=self._held(block),
                supply_before=supply(self.chain, self.vault, before),
                supply_after=supply(self.chain, self.vault, block),
                transfers=self._transfers(block, receipts),
                latest_before=latest_before,
                latest_after=latest_after,
                rounds={(feed, number): self._round(feed, number, block) for feed, number in _numbered(named)},
                refusals=self._refusals(block) if priced else {},
            )
        except UNREADABLE as error:
            return Missing(error.message)

    def _held(self, block: BlockRef) -> dict[str, int]:
        data = _BALANCE_OF + encode(["address"], [self.vault])
        return {token: _number(self.chain.call(token, data, block)) for token in self._tokens()}

    def _latest(self, block: BlockRef) -> dict[str, int | Missing]:
        feeds = dict.fromkeys(asset.feed.source for mandate in self.mandates for asset in mandate.assets)
        return {feed: self._latest_of(feed, block) for feed in feeds}

    def _latest_of(self, feed: str, block: BlockRef) -> int | Missing:
        try:
            return int(Contract(self.chain, feed, "IAggregatorV3").read("latestRoundData", block=block)[0])
        except UNREADABLE as error:
            return Missing(error.message)

    def _round(self, feed: str, round_id: int, block: BlockRef) -> Round | Missing:
        try:
            contract = Contract(self.chain, feed, "IAggregatorV3")
            _, answer, _, updated_at, answered_in = contract.read("getRoundData", round_id, block=block)
        except UNREADABLE as error:
            return Missing(error.message)
        return Round(answer, updated_at, answered_in)

    def _refusals(self, block: BlockRef) -> dict[PriceSource, str | Missing]:
        """Of those oracles that look at more than the feeds: at a sequencer, or at a second source."""
        asking = (
            mandate
            for mandate in self.mandates
            if mandate.sequencer.feed != ZERO_ADDRESS or any(asset.feed.twap.window for asset in mandate.assets)
        )
        return {price_source(mandate): self._refusal(mandate, block) for mandate in asking}

    def _refusal(self, mandate: Mandate, block: BlockRef) -> str | Missing:
        oracle = Contract(self.chain, mandate.oracle, "IPriceOracle")
        try:
            oracle.read("prices", sequencer_word(mandate), feed_words(mandate), block=block)
        except RevertError as error:
            return error.name
        except UNREADABLE as error:
            return Missing(error.message)
        return ""

    def _transfers(self, block: BlockRef, receipts: Iterable[Log]) -> tuple[Transfer, ...]:
        logs = {log.index: log for log in self.chain.logs(self._addresses(), [TRANSFER], block.number, block)}
        logs |= {log.index: log for log in receipts}
        found = (self._transfer(logs[index]) for index in sorted(logs))
        return tuple(transfer for transfer in found if transfer is not None)

    def _tokens(self) -> list[str]:
        return list(dict.fromkeys(asset.token for mandate in self.mandates for asset in mandate.assets))

    def _addresses(self) -> list[str]:
        return [*self._tokens(), self.vault]

    def _transfer(self, log: Log) -> Transfer | None:
        if log.address not in self._addresses() or len(log.topics) != _TRANSFER_TOPICS or log.topics[0] != TRANSFER:
            return None
        sender, receiver = (checksum(topic[-20:]) for topic in log.topics[1:])
        if log.address != self.vault and self.vault not in (sender, receiver):
            return None
        return Transfer(log.address, sender, receiver, _number(log.data), log.transaction, log.index)


def supply(chain: Chain, vault: str, block: BlockRef) -> int:
    """{qShare}"""
    return _number(chain.call(vault, _TOTAL_SUPPLY, block))


def _numbered(named: Iterable[tuple[str, int | Missing]]) -> list[tuple[str, int]]:
    return sorted((feed, number) for feed, number in named if not isinstance(number, Missing))


def _number(data: bytes) -> int:
    return int(decode(["uint256"], data)[0])
