"""Every move of a vault's targets, decided again by the strategy that is said to have decided it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.chain.entries import TargetsSet, decode_entry
from controller.errors import InputError
from controller.model import Entry, Kind, Snapshot
from controller.planning.proposing import propose
from controller.strategy.protocol import Strategy

if TYPE_CHECKING:
    import pandas as pd

BEFORE = 3
"""Blocks before the one of the entry that may have been decided on: a transaction waits for a block or two."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One TARGETS_SET entry, judged."""

    seq: int
    block: int
    recorded: tuple[int, ...]  # {bps}
    decided: tuple[int, ...] | None  # {bps} of the strategy at the block before; None where it would have moved nothing
    matches: bool
    detail: str

    def to_json(self) -> dict[str, object]:
        return {
            "seq": self.seq,
            "block": self.block,
            "recorded": list(self.recorded),
            "decided": None if self.decided is None else list(self.decided),
            "matches": self.matches,
            "detail": self.detail,
        }


def replay(
    entries: Iterable[Entry],
    snapshot_at: Callable[[int], Snapshot],
    strategy: Strategy,
    past: Callable[[Snapshot], pd.DataFrame | None],
) -> Iterator[Replayed]:
    """Judges what moved the targets.

    Parameters
    ----------
    entries : of one vault's ledger.
    snapshot_at : the vault at a block by number; needs a node that keeps old states.
    past : prices before a snapshot's block, as whoever decided had them.

    Returns
    -------
    One verdict for each TARGETS_SET entry: it matches when the strategy, asked at one of the few blocks before it,
    moves the targets to exactly the same weights.
    """
    for entry, payload in ((entry, decode_entry(entry)) for entry in entries if entry.kind == Kind.TARGETS_SET):
        if not isinstance(payload, TargetsSet):
            continue
        recorded = payload.path[-1].weights
        answers = []
        for back in range(1, BEFORE + 1):
            answers.append(_decided(snapshot_at(entry.block_number - back), strategy, past))
            if answers[-1][0] == recorded:
                break
        decided, detail = answers[-1] if answers[-1][0] == recorded else answers[0]
        yield Replayed(entry.seq, entry.block_number, recorded, decided, decided == recorded, detail)


def _decided(
    snapshot: Snapshot, strategy: Strategy, past: Callable[[Snapshot], pd.DataFrame | None]
) -> tuple[tuple[int, ...] | None, str]:
    try:
        move = propose(snapshot, strategy.target(snapshot, past(snapshot)))
    except InputError as error:
        return None, str(error)
    if move is None:
        return None, "the strategy would have moved nothing"
    return move.targets, "a step towards its weights" if not move.is_whole else "its weights"
