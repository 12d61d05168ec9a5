"""What the lens answers, decoded by hand: a keeper of a thousand vaults spends most of its time here.

A mandate rarely changes, prices and targets are the same in many vaults: each is decoded once for the same bytes. Of
the rest, words are read where `abi.encode` puts them (contracts/interfaces/IVaultLens.sol). Anything that is not where
it should be is a `ValueError`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from controller.chain.abi import decode
from controller.chain.codec import MANDATE, WORD, mandate_from_abi
from controller.chain.errors import name_revert
from controller.errors import InputError
from controller.model import BlockRef, Cause, Due, Mandate, Power, Price, Snapshot, Status

_FAILURE: Final = 1
_REGISTERED: Final = 2
_STATUS: Final = 3
_SUPPLY: Final = 14
_HEAD: Final = 15
_COUNT: Final = 16
_MANDATE: Final = 17
_TARGETS: Final = 18
_BALANCES: Final = 19
_PRICES: Final = 20
_DUE: Final = 21
_VIEW_WORDS: Final = 22
"""Words of a view's head; status lies in it, lists and bytes by their offset from its start."""
_DUE_WORDS: Final = 10
_PRICE_WORDS: Final = 4
_HEAD_BYTES: Final = 27
_SIGN: Final = 1 << 255


def snapshots_of(
    data: bytes, vaults: Sequence[str], chain_id: int, block: BlockRef
) -> Iterator[Snapshot | InputError | bytes]:
    """What `IVaultLens.snapshots(vaults)` returned.

    Yields
    ------
    For each vault a snapshot, what makes it unreadable, or the revert data of a read that failed.
    """
    start = _at(data, 0)
    (count,) = _words(data, start, 1)
    if count != len(vaults):
        raise ValueError(f"{count} views for {len(vaults)} vaults")
    start += WORD
    offsets = _words(data, start, count)
    ends = [*offsets[1:], len(data) - start][:count]
    for vault, begin, end in zip(vaults, offsets, ends, strict=True):
        view = data[start + begin : start + end]
        try:
            failure = _bytes(view, _at(view, _FAILURE))
            yield failure or _snapshot(view, vault, chain_id, block)
        except (ValueError, InputError) as error:
            yield InputError(f"The vault {vault} answers with what cannot be read: {error}")


def _snapshot(view: bytes, vault: str, chain_id: int, block: BlockRef) -> Snapshot:
    head = _words(view, 0, _VIEW_WORDS)
    mandate, targets, balances, prices, due = head[_MANDATE:_VIEW_WORDS]
    if not mandate < targets < balances < prices < due:
        raise ValueError("parts in another order")
    return Snapshot(
        chain_id=chain_id,
        block=block,
        vault=vault,
        registered=bool(head[_REGISTERED]),
        supply=head[_SUPPLY],
        ledger_head=view[_HEAD * WORD : _HEAD * WORD + _HEAD_BYTES],
        ledger_count=head[_COUNT],
        mandate=_mandate(view[mandate:targets]),
        targets=_targets(view[targets:balances]),
        status=_status(head[_STATUS:_SUPPLY]),
        due=_due(view[due:]),
        balances=_list(view, balances),
        prices=_prices(view[prices:due]),
    )


@lru_cache(maxsize=8_192)
def _mandate(data: bytes) -> Mandate:
    return mandate_from_abi(decode([MANDATE], WORD.to_bytes(WORD) + data)[0])


@lru_cache(maxsize=8_192)
def _targets(data: bytes) -> tuple[int, ...]:
    return _list(data, 0)


@lru_cache(maxsize=8_192)
def _prices(data: bytes) -> tuple[Price, ...]:
    (count,) = _words(data, 0, 1)
    found = []
    for offset in _words(data, WORD, count):
        price = data[WORD + offset :]
        value, round_id, updated_at, failure = _words(price, 0, _PRICE_WORDS)
        found.append(Price(value, round_id, updated_at, _name(_bytes(price, failure))))
    return tuple(found)


def _status(words: tuple[int, ...]) -> Status:
    *stored, bitmap = words
    nonce, last, until, breaches, paused, loss, turnover, change, fee, mark = stored
    renounced = tuple(power for power in Power if bitmap >> power & 1) if bitmap else ()
    return Status(nonce, last, until, breaches, bool(paused), loss, turnover, change, fee, mark, renounced)


def _due(data: bytes) -> Due:
    due, cause, when, breaches, drift, relative, turnover, total, moves, failure = _words(data, 0, _DUE_WORDS)
    signed = tuple([move - 2 * _SIGN if move >= _SIGN else move for move in _list(data, moves)])
    reason = _name(_bytes(data, failure))
    return Due(bool(due), Cause(cause), when, breaches, drift, relative, turnover, total, signed, reason)


def _name(failure: bytes) -> str:
    """A reason in words, empty where there is none."""
    return name_revert(failure) if failure else ""


# ---- words


def _at(data: bytes, index: int) -> int:
    """The offset that stands in a word."""
    return _words(data, index * WORD, 1)[0]


def _words(data: bytes, at: int, count: int) -> tuple[int, ...]:
    end = at + count * WORD
    if end > len(data):
        raise ValueError(f"{len(data)} bytes end before word {end // WORD}")
    read = int.from_bytes
    return tuple([read(data[i : i + WORD]) for i in range(at, end, WORD)])


def _list(data: bytes, at: int) -> tuple[int, ...]:
    """Words after their number."""
    return _words(data, at + WORD, _words(data, at, 1)[0])


def _bytes(data: bytes, at: int) -> bytes:
    """Bytes after their length."""
    (length,) = _words(data, at, 1)
    found = data[at + WORD : at + WORD + length]
    if len(found) != length:
        raise ValueError(f"{len(data)} bytes end before the {length} that begin at {at + WORD}")
    return found
