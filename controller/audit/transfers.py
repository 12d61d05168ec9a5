"""ERC-20 Transfer logs of a vault's tokens and of its share."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from controller.audit.evidence import Transfer
from controller.chain.abi import checksum, decode
from controller.chain.wire import Log
from controller.errors import InputError

TRANSFER: Final = bytes.fromhex("ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")
_TOPICS: Final = 3


def transfer_of(log: Log, tokens: Collection[str], vault: str) -> Transfer | None:
    """The transfer that a log tells of: of one of `tokens` from or to the vault, or of the vault's own share; None when
    it is another one, or none."""
    if log.address not in tokens or len(log.topics) != _TOPICS or log.topics[0] != TRANSFER:
        return None
    sender, receiver = (checksum(topic[-20:]) for topic in log.topics[1:])
    if log.address != vault and vault not in (sender, receiver):
        return None
    try:
        amount = as_number(log.data)
    except InputError:
        return None  # a log of that name that states no amount moves nothing by it
    return Transfer(log.address, sender, receiver, amount, log.transaction, log.index)


def as_number(data: bytes) -> int:
    """Of a call that returns one."""
    return int(decode(["uint256"], data)[0])
