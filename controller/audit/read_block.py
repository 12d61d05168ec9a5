"""Reads one block's evidence: balances, supply and feeds at it and at the one before, and what moved in between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controller.audit.evidence import BlockEvidence, Missing, Round, Transfer
from controller.audit.header import Header
from controller.chain.abi import checksum, decode, encode
from controller.chain.client import Chain
from controller.chain.contract import Contract
from controller.chain.transport import RpcError
from controller.chain.wire import Log
from controller.errors import CodeMismatchError, InputError, RevertError
from controller.model import BlockRef, Mandate, Rebalance

UNREADABLE = (RevertError, RpcError, CodeMismatchError, InputError)
"""A read that this node cannot serve. A node that is gone raises another `NodeError`, which ends the audit."""

TRANSFER = bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
_BALANCE_OF, _TOTAL_SUPPLY = bytes.fromhex("70a08231"), bytes.fromhex("18160ddd")
_TRANSFER_TOPICS = 3


@dataclass(frozen=True)
class BlockReader:
    """Reads for one vault under one mandate."""

    chain: Chain
    vault: str
    mandate: Mandate

    def read(self, header: Header, rebalances: Sequence[Rebalance], receipts: Iterable[Log]) -> BlockEvidence | Missing:
        """`receipts` are the logs of those transactions of the block that hold an entry."""
        block = header.block
        # Reads pin a block by number and hash; the timestamp of the one before is never looked at.
        before = BlockRef(block.number - 1, header.parent_hash, 0)
        try:
            return BlockEvidence(
                held_before=self._held(before),
                held_after=self._held(block),
                supply_before=supply(self.chain, self.vault, before),
                supply_after=supply(self.chain, self.vault, block),
                transfers=self._transfers(block, receipts),
                latest_before=self._latest(before) if rebalances else (),
                latest_after=self._latest(block) if rebalances else (),
                rounds=self._rounds(block, rebalances),
            )
        except UNREADABLE as error:
            return Missing(error.message)

    def _held(self, block: BlockRef) -> tuple[int, ...]:
        data = _BALANCE_OF + encode(["address"], [self.vault])
        return tuple(_number(self.chain.call(asset.token, data, block)) for asset in self.mandate.assets)

    def _latest(self, block: BlockRef) -> tuple[int, ...]:
        return tuple(self._feed(index).read("latestRoundData", block=block)[0] for index in self._indices())

    def _rounds(self, block: BlockRef, rebalances: Sequence[Rebalance]) -> dict[tuple[int, int], Round | Missing]:
        named = {key for entry in rebalances for key in zip(self._indices(), entry.rounds, strict=False)}
        return {key: self._round(*key, block) for key in sorted(named)}

    def _round(self, index: int, round_id: int, block: BlockRef) -> Round | Missing:
        try:
            _, answer, _, updated_at, answered_in = self._feed(index).read("getRoundData", round_id, block=block)
        except UNREADABLE as error:
            return Missing(error.message)
        return Round(answer, updated_at, answered_in)

    def _feed(self, index: int) -> Contract:
        return Contract(self.chain, self.mandate.assets[index].feed.source, "IAggregatorV3")

    def _indices(self) -> range:
        return range(len(self.mandate.assets))

    def _transfers(self, block: BlockRef, receipts: Iterable[Log]) -> tuple[Transfer, ...]:
        logs = {log.index: log for log in self.chain.logs(self._addresses(), [TRANSFER], block.number, block)}
        logs |= {log.index: log for log in receipts}
        found = (self._transfer(logs[index]) for index in sorted(logs))
        return tuple(transfer for transfer in found if transfer is not None)

    def _addresses(self) -> list[str]:
        return [*(asset.token for asset in self.mandate.assets), self.vault]

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


def _number(data: bytes) -> int:
    return int(decode(["uint256"], data)[0])
