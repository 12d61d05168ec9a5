"""What the vault held just before one entry, from the block before and the transfers in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from controller.audit.evidence import BlockEvidence, Transfer
from controller.audit.issues import Issue
from controller.model import Entry, Mandate


@dataclass(frozen=True, slots=True)
class Window:
    """One entry's own stretch of its block."""

    held: tuple[int, ...]  # {qTok} just before it
    own: tuple[Transfer, ...]  # of its transaction, since the entry before


def window(block: BlockEvidence, mandate: Mandate, vault: str, entry: Entry, earlier: Sequence[Entry]) -> Window:
    """`earlier` are the vault's entries of the same block before `entry`."""
    start = max((other.log_index for other in earlier if other.transaction == entry.transaction), default=-1)
    own: list[Transfer] = []
    before: list[Transfer] = []
    for transfer in block.transfers:
        if transfer.log_index >= entry.log_index:
            break
        (own if transfer.transaction == entry.transaction and transfer.log_index > start else before).append(transfer)
    begun = [block.held_before[asset.token] for asset in mandate.assets]
    held = tuple(map(sum, zip(begun, net(before, mandate, vault), strict=True)))
    return Window(held, tuple(own))


def net(transfers: Sequence[Transfer], mandate: Mandate, vault: str) -> tuple[int, ...]:
    """{qTok} into the vault less out of it, one for each asset."""
    flow = _flow(transfers, vault)
    return tuple(flow[asset.token] for asset in mandate.assets)


def check_moved(moved: Sequence[int], recorded: Sequence[int], mandate: Mandate) -> Iterator[Issue]:
    """The entry's amounts against the Transfer logs of its transaction."""
    for asset, chain, entry in zip(mandate.assets, moved, recorded, strict=True):
        if chain != entry:
            yield Issue(
                f"the vault's {asset.token} changed by {chain} in the transaction's logs, by {entry} in the entry"
            )


def check_block(block: BlockEvidence, vault: str) -> Iterator[Issue]:
    """The balances of two blocks against all transfers between them. Nothing is plugged."""
    flow = _flow(block.transfers, vault)
    for token, before in block.held_before.items():
        moved, after = flow[token], block.held_after[token]
        if before + moved != after:
            yield Issue(
                f"UNRECONCILED: the vault held {before} of {token} at the block before, its transfers come to "
                f"{moved}, it holds {after}: {after - before - moved} are without a transfer"
            )


def _flow(transfers: Sequence[Transfer], vault: str) -> Counter[str]:
    """{qTok} into the vault less out of it, by token."""
    flow: Counter[str] = Counter()
    for transfer in transfers:
        flow[transfer.token] += transfer.amount * ((transfer.receiver == vault) - (transfer.sender == vault))
    return flow
