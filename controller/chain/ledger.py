"""The ledger's entries as the chain's logs give them, and where its storage proves them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from eth_utils.crypto import keccak

from controller.chain.abi import decode, encode
from controller.chain.artifacts import load
from controller.chain.client import Chain
from controller.chain.contract import Contract
from controller.chain.entries import HEAD_BYTES, NO_HEAD, entry_head
from controller.chain.wire import Log
from controller.errors import IncompleteLogsError, InputError, NodeError
from controller.model import BlockRef, Entry

CHAINS_SLOT: Final = 0
"""Slot of the ledger's only mapping, vault => head and count; a test compares it with the compiler's layout."""


def storage_slot(vault: str) -> bytes:
    """Where the ledger keeps a vault's head (upper 27 bytes) and count (lower 5)."""
    return keccak(encode(["address", "uint256"], [vault, CHAINS_SLOT]))


def unpack_slot(value: int) -> tuple[bytes, int]:
    """(head, count) of that slot."""
    raw = value.to_bytes(32, "big")
    return raw[:HEAD_BYTES], int.from_bytes(raw[HEAD_BYTES:], "big")


def head(chain: Chain, ledger: str, vault: str, block: BlockRef) -> tuple[bytes, int]:
    """(head, count) of a vault's chain at a block."""
    found, count = Contract(chain, ledger, "ILedger").read("chain", vault, block=block)
    return found, count


def _topic() -> bytes:
    return load("ILedger").abi.events["Entry"].topic


def entry_of_log(log: Log) -> Entry | None:
    """The entry that a log carries; None when it is another event."""
    if len(log.topics) != 4 or log.topics[0] != _topic():
        return None
    try:
        vault = str(decode(["address"], log.topics[1])[0])
        found, payload = decode([f"bytes{HEAD_BYTES}", "bytes"], log.data)
    except InputError:
        raise NodeError(
            f"The node sent an unreadable entry in block {log.block_number}, log {log.index}.", "Try another endpoint."
        ) from None
    return Entry(
        vault=vault,
        seq=int.from_bytes(log.topics[2], "big"),
        kind=int.from_bytes(log.topics[3], "big"),
        head=found,
        payload=payload,
        block_number=log.block_number,
        block_hash=log.block_hash,
        transaction=log.transaction,
        log_index=log.index,
    )


def entries(chain: Chain, ledger: str, vault: str, first: int, last: BlockRef, chunk: int = 5_000) -> list[Entry]:
    """A vault's entries from block `first` up to `last`, in chain order and exactly as the node sent them: whether they
    are complete and genuine is for the caller to judge."""
    topics: Sequence[bytes] = [_topic(), encode(["address"], [vault])]
    found = (entry_of_log(log) for log in chain.logs(ledger, topics, first, last, chunk))
    return [entry for entry in found if entry is not None]


def every_entry(
    chain: Chain,
    ledger: str,
    vault: str,
    first: int,
    last: BlockRef,
    before: tuple[bytes, int] = (NO_HEAD, 0),
    chunk: int = 5_000,
) -> list[Entry]:
    """As `entries`, held against the head and count that the ledger keeps at `last`.

    Parameters
    ----------
    before : head and count at the end of the block before `first`; none, where `first` is as old as the ledger.

    Raises
    ------
    IncompleteLogsError
        When no endpoint's logs lead from `before` to what the ledger keeps.
    """

    def read() -> list[Entry]:
        found = entries(chain, ledger, vault, first, last, chunk)
        _require_whole(chain, found, before, head(chain, ledger, vault, last))
        return found

    return chain.insist(read)


def _require_whole(chain: Chain, found: Sequence[Entry], before: tuple[bytes, int], after: tuple[bytes, int]) -> None:
    at, count = before
    for entry in found:
        at, count = entry_head(at, count, entry.kind, entry.payload), count + 1
    if (at, count) != after:
        raise IncompleteLogsError(
            f"The {count} entries in the logs of the node at {chain.serving} are not the ledger's {after[1]}.",
            "Use an endpoint that serves all logs.",
        )
