"""Snapshots of many vaults in one call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from controller.chain.client import Chain
from controller.chain.codec import due_from_abi, mandate_from_abi, status_from_abi
from controller.chain.contract import Contract
from controller.chain.errors import decode_revert, name_revert
from controller.errors import EvenkeelError, InputError, NotFoundError, RevertError
from controller.model import BlockRef, Price, Snapshot

VAULTS_PER_CALL: Final = 100
"""A vault of 3 assets takes about 70,000 {gas}: well inside what nodes allow a call (geth: 50,000,000)."""


def snapshots(chain: Chain, lens: str, vaults: Sequence[str], block: BlockRef) -> dict[str, Snapshot | EvenkeelError]:
    """Every vault at `block`; what is wrong with one does not hide another.

    Raises
    ------
    NodeError
        When the node does not answer, or `block` is gone.
    CodeMismatchError
        When there is no lens at that address.
    """
    contract = Contract(chain, lens, "IVaultLens")
    found: dict[str, Snapshot | EvenkeelError] = {}
    for start in range(0, len(vaults), VAULTS_PER_CALL):
        part = list(vaults[start : start + VAULTS_PER_CALL])
        views = contract.read("snapshots", part, block=block)
        found |= {vault: _snapshot(chain.chain_id, block, vault, view) for vault, view in zip(part, views, strict=True)}
    return found


def snapshot(chain: Chain, lens: str, vault: str, block: BlockRef) -> Snapshot:
    """One vault at `block`; raises what is wrong with it."""
    found = snapshots(chain, lens, [vault], block)[vault]
    if isinstance(found, EvenkeelError):
        raise found
    return found


def _snapshot(chain_id: int, block: BlockRef, vault: str, view: tuple[Any, ...]) -> Snapshot | EvenkeelError:
    _, failure, registered, status, supply, head, count, mandate, targets, balances, prices, due = view
    if failure:
        return _failure(vault, failure)
    try:
        return Snapshot(
            chain_id=chain_id,
            block=block,
            vault=vault,
            registered=registered,
            supply=supply,
            ledger_head=head,
            ledger_count=count,
            mandate=mandate_from_abi(mandate),
            targets=tuple(targets),
            status=status_from_abi(status),
            due=due_from_abi(due, _name(due[-1])),
            balances=tuple(balances),
            prices=tuple(_price(price) for price in prices),
        )
    except ValueError as error:
        return InputError(f"The vault {vault} answers with a mandate that cannot be read: {error}")


def _price(view: tuple[int, int, int, bytes]) -> Price:
    value, round_id, updated_at, failure = view
    return Price(value, round_id, updated_at, _name(failure))


def _name(failure: bytes) -> str:
    """A reason in words, empty where there is none."""
    return name_revert(failure) if failure else ""


def _failure(vault: str, data: bytes) -> EvenkeelError:
    error = decode_revert(data)
    if error.name in {"VaultUnreadable", "Unknown"}:
        return NotFoundError(
            f"There is no vault at {vault}.", "Check the address and the network: evenkeel vault list."
        )
    return RevertError(error.name, error.arguments, data, error.hint)
