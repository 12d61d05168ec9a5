"""Snapshots of many vaults in one request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from weakref import WeakKeyDictionary

from controller.chain.artifacts import load
from controller.chain.client import Chain
from controller.chain.errors import decode_revert
from controller.chain.transport import NoAnswerError, RpcError
from controller.chain.views import snapshots_of
from controller.errors import CodeMismatchError, EvenkeelError, NodeError, NotFoundError, RevertError
from controller.model import BlockRef, Snapshot


@dataclass(frozen=True, slots=True)
class Reach:
    """How much an endpoint takes."""

    call: int = 100  # vaults in one call: its gas bounds them
    request: int = 500  # vaults in one batch of calls: time and the size of the answer bound them


MOST: Final = Reach()
"""100 vaults of 8 assets need nearly the 50,000,000 {gas} that geth allows a call; 500 answer 9 MB of JSON."""
GROW_AFTER: Final = 100
"""Full requests in a row after which twice as much is tried again: what was too much may have been a bad hour."""

_TOO_MUCH_GAS: Final = re.compile(r"out of gas|OOG|gas (required|limit|allowance)|exceeds.{0,20}gas", re.IGNORECASE)
_TOO_LARGE: Final = re.compile(
    r"too (large|big|long)|timed? ?out|timeout|aborted|(size|limit).{0,20}exceed", re.IGNORECASE
)
_PAYLOAD_TOO_LARGE: Final = 413
_STARVED: Final = frozenset({"GasTooLow", "VaultUnreadable", "Unknown"})
"""What the lens says of a vault that got too little gas; the last two also of an address that is no vault."""

Found = Snapshot | EvenkeelError


@dataclass(slots=True)
class _Record:
    reach: Reach = MOST
    full: int = 0  # requests of that size in a row


_RECORDS: Final[WeakKeyDictionary[Chain, dict[str, _Record]]] = WeakKeyDictionary()
"""By endpoint of a chain."""


def snapshots(chain: Chain, lens: str, vaults: Sequence[str], block: BlockRef) -> dict[str, Found]:
    """Every vault at `block`; what is wrong with one does not hide another.

    Raises
    ------
    NodeError
        When the node does not answer, or `block` is gone.
    CodeMismatchError
        When there is no lens at that address.
    """
    return {vault: _said(vault, one) for vault, one in _gather(chain, lens, vaults, block, len(vaults)).items()}


def snapshot(chain: Chain, lens: str, vault: str, block: BlockRef) -> Snapshot:
    """One vault at `block`; raises what is wrong with it."""
    found = snapshots(chain, lens, [vault], block)[vault]
    if isinstance(found, EvenkeelError):
        raise found
    return found


def _gather(chain: Chain, lens: str, vaults: Sequence[str], block: BlockRef, most: int) -> dict[str, Found]:
    """`most` in one call, where the endpoint takes as many."""
    found: dict[str, Found] = {}
    waiting = list(vaults)
    while waiting:
        record = _RECORDS.setdefault(chain, {}).setdefault(chain.serving, _Record())
        part = waiting[: record.reach.request]
        call = min(most, record.reach.call, len(part))
        try:
            got = _request(chain, lens, [part[at : at + call] for at in range(0, len(part), call)], block)
        except (RevertError, RpcError, NoAnswerError) as error:
            record.reach, record.full = _smaller(error, len(part), call, record.reach), 0
            continue
        waiting = waiting[len(part) :]
        _grow(record, len(part))
        starved = [vault for vault in part if _starved(got[vault])] if call > 1 else []
        if starved:
            again = _gather(chain, lens, starved, block, min(call // 2, len(starved)))
            if any(isinstance(one, Snapshot) for one in again.values()):
                record.reach, record.full = replace(record.reach, call=min(record.reach.call, call // 2)), 0
            got |= again
        found |= got
    return found


def _request(chain: Chain, lens: str, parts: Sequence[Sequence[str]], block: BlockRef) -> dict[str, Found]:
    """One round trip, a call for each of the `parts`."""
    function = load("IVaultLens").abi.functions["snapshots"]
    calls = [(lens, function.encode(part)) for part in parts]
    answers = chain.calls(calls, block) if len(calls) > 1 else [chain.call(lens, calls[0][1], block)]
    found: dict[str, Found] = {}
    for part, answer in zip(parts, answers, strict=True):
        try:
            views = list(snapshots_of(answer, part, chain.chain_id, block))
        except ValueError:
            raise CodeMismatchError(
                f"Nothing at {lens} answers as a lens on chain {chain.chain_id}.",
                "Check the address and the network.",
            ) from None
        read = (decode_revert(view) if isinstance(view, bytes) else view for view in views)
        found |= dict(zip(part, read, strict=True))
    return found


def _smaller(error: NodeError | RevertError, vaults: int, call: int, reach: Reach) -> Reach:
    """What to ask for after a request of so many `vaults` has failed; raises `error` when size is not why."""
    text = str(error)
    too_large = isinstance(error, NoAnswerError) and error.status == _PAYLOAD_TOO_LARGE
    if _TOO_MUCH_GAS.search(text) and call > 1:
        return replace(reach, call=call // 2)
    if (too_large or (isinstance(error, RpcError) and _TOO_LARGE.search(text))) and vaults > 1:
        return Reach(min(call, vaults // 2), vaults // 2)
    raise error


def _grow(record: _Record, vaults: int) -> None:
    if record.reach != MOST and vaults == record.reach.request:
        record.full += 1
    if record.full >= GROW_AFTER:
        larger = Reach(min(2 * record.reach.call, MOST.call), min(2 * record.reach.request, MOST.request))
        record.reach, record.full = larger, 0


def _starved(found: Found) -> bool:
    return isinstance(found, RevertError) and found.name in _STARVED


def _said(vault: str, found: Found) -> Found:
    if isinstance(found, RevertError) and found.name in {"VaultUnreadable", "Unknown"}:
        return NotFoundError(
            f"There is no vault at {vault}.", "Check the address and the network: evenkeel vault list."
        )
    return found
