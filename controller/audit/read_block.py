"""Reads one block's evidence: balances, supply and feeds at it and at the one before, and what moved in between."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from controller.audit.evidence import BlockEvidence, Missing, PriceSource, Round, Transfer, price_source
from controller.audit.header import Header
from controller.audit.transfers import TRANSFER, as_number, transfer_of
from controller.chain.abi import decode, encode
from controller.chain.artifacts import load
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

BALANCE_OF, TOTAL_SUPPLY = bytes.fromhex("70a08231"), bytes.fromhex("18160ddd")
_FEED = load("IAggregatorV3").abi.functions
_ROUND = _FEED["latestRoundData"].outputs

Priced = Rebalance | Deposited | Withdrawn
"""Entries that record the prices they were made at."""


@dataclass(frozen=True)
class BlockReader:
    """Reads for one vault under the mandates that are in force within one block."""

    chain: Chain
    vault: str
    mandates: Sequence[Mandate]
    others: Collection[str] = ()  # tokens besides the mandates' that moved in the block

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
            (held_before, supply_before), (held_after, supply_after) = (self._held(at) for at in (before, block))
            return BlockEvidence(
                held_before=held_before,
                held_after=held_after,
                supply_before=supply_before,
                supply_after=supply_after,
                transfers=self._transfers(block, receipts),
                latest_before=latest_before,
                latest_after=latest_after,
                rounds=self._rounds(_numbered(named), block),
                refusals=self._refusals(block) if priced else {},
            )
        except UNREADABLE as error:
            return Missing(error.message)

    def _held(self, block: BlockRef) -> tuple[dict[str, int], int]:
        """{qTok} by token, and the {qShare}."""
        data, tokens = BALANCE_OF + encode(["address"], [self.vault]), self._tokens()
        answers = self.chain.calls([*((token, data) for token in tokens), (self.vault, TOTAL_SUPPLY)], block)
        *held, supply = map(as_number, answers)
        return dict(zip(tokens, held, strict=True)), supply

    def _latest(self, block: BlockRef) -> dict[str, int | Missing]:
        feeds = list(dict.fromkeys(asset.feed.source for mandate in self.mandates for asset in mandate.assets))
        answers = self._of_feeds([(feed, _FEED["latestRoundData"].encode()) for feed in feeds], block)
        return {
            feed: answer if isinstance(answer, Missing) else int(answer[0])
            for feed, answer in zip(feeds, answers, strict=True)
        }

    def _rounds(self, named: Sequence[tuple[str, int]], block: BlockRef) -> dict[tuple[str, int], Round | Missing]:
        asked = [(feed, _FEED["getRoundData"].encode(round_id)) for feed, round_id in named]
        return {
            key: answer if isinstance(answer, Missing) else Round(answer[1], answer[3], answer[4])
            for key, answer in zip(named, self._of_feeds(asked, block), strict=True)
        }

    def _of_feeds(self, asked: Sequence[tuple[str, bytes]], block: BlockRef) -> list[tuple[int, ...] | Missing]:
        """What feeds answer: all in one round trip, one by one where one of them does not."""
        if not asked:
            return []
        try:
            return [decode(_ROUND, answer) for answer in self.chain.calls(asked, block)]
        except UNREADABLE as error:
            if len(asked) == 1:
                return [Missing(error.message)]
        return [answer for one in asked for answer in self._of_feeds([one], block)]

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
        found = (transfer_of(logs[index], self._addresses(), self.vault) for index in sorted(logs))
        return tuple(transfer for transfer in found if transfer is not None)

    def _tokens(self) -> list[str]:
        named = [asset.token for mandate in self.mandates for asset in mandate.assets]
        return list(dict.fromkeys([*named, *sorted(self.others)]))

    def _addresses(self) -> list[str]:
        return [*self._tokens(), self.vault]


def _numbered(named: Iterable[tuple[str, int | Missing]]) -> list[tuple[str, int]]:
    return sorted((feed, round_id) for feed, round_id in named if not isinstance(round_id, Missing))
