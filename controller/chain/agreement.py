"""Whether endpoints agree: which answers have to be the same, and what of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from controller.chain.transport import Call
from controller.chain.wire import Json, octets
from controller.errors import DisagreeingNodesError, RevertError
from controller.model import BlockRef

_BLOCK_AT: Final[Mapping[str, int]] = {
    "eth_call": 1,
    "eth_getBalance": 1,
    "eth_getCode": 1,
    "eth_getTransactionCount": 1,
    "eth_getStorageAt": 2,
    "eth_getBlockByNumber": 0,
}
"""Reads of state, and where they name their block."""
_LOG: Final = ("address", "topics", "data", "blockHash", "transactionHash", "logIndex")


def comparable(calls: Sequence[Call]) -> bool:
    """Whether every honest node must answer these alike: reads of state at a block that is named, not `latest`."""
    return all(_pinned(method, parameters) for method, parameters in calls)


def _pinned(method: str, parameters: Sequence[Any]) -> bool:
    if method in {"eth_getBlockByHash", "eth_getLogs"}:
        return True
    at = _BLOCK_AT.get(method)
    if at is None or len(parameters) <= at:
        return False
    return isinstance(parameters[at], Mapping) or str(parameters[at]).startswith("0x")


def require(calls: Sequence[Call], answers: Sequence[tuple[str, list[Json] | RevertError]]) -> None:
    """Raises `DisagreeingNodesError` unless all `answers` to `calls`, by endpoint, say the same."""
    (first, theirs), *others = answers
    for other, answer in others:
        said = zip(calls, _each(calls, theirs), _each(calls, answer), strict=True)
        for (method, _), mine, its in said:
            if mine != its:
                raise DisagreeingNodesError(
                    f"The nodes at {first} and {other} answer {method} differently at the same block.",
                    "No trade is made on it: find out which of them is wrong, and remove it from the network.",
                )


def require_hash(block: BlockRef, answer: Json) -> None:
    """Raises `DisagreeingNodesError` unless the block that endpoints agree on is `block`."""
    if not isinstance(answer, Mapping) or octets(answer.get("hash")) != block.hash:
        raise DisagreeingNodesError(
            f"The endpoints do not agree that block {block.number} is what was read.",
            "No trade is made on it: take a fresh snapshot at the next block.",
        )


def _each(calls: Sequence[Call], answers: list[Json] | RevertError) -> list[Any]:
    if isinstance(answers, RevertError):
        return [("revert", answers.name, answers.data)] * len(calls)
    return [_essence(method, answer) for (method, _), answer in zip(calls, answers, strict=True)]


def _essence(method: str, answer: Json) -> Any:
    """What clients of every make put alike."""
    if method.startswith("eth_getBlock"):
        return answer.get("hash") if isinstance(answer, Mapping) else None
    if method == "eth_getLogs" and isinstance(answer, list):
        return [[log.get(name) for name in _LOG] if isinstance(log, Mapping) else log for log in answer]
    return answer.lower() if isinstance(answer, str) else answer
