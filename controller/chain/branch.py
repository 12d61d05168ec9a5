"""The blocks that were seen last, and how a new head joins them: as the next one, after a gap, or on another branch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from controller.chain import wire
from controller.chain.client import Chain
from controller.chain.wire import Json
from controller.errors import NodeError
from controller.model import BlockRef

DEPTH: Final = 128
"""Blocks that are remembered, and the longest gap that is filled."""
_AT_ONCE: Final = 64
_BACK: Final = 8
"""Blocks that are asked for at once: forwards in a gap, backwards in search of a common ancestor."""


@dataclass(frozen=True, slots=True)
class Link:
    """A block and the hash of the one before it."""

    block: BlockRef
    parent: bytes


@dataclass(frozen=True, slots=True)
class Reorg:
    """Blocks that were seen are not part of the chain any more."""

    ancestor: BlockRef | None  # the newest one that still is; None when it is older than what is remembered
    dropped: tuple[BlockRef, ...]  # oldest first


@dataclass(frozen=True, slots=True)
class Joined:
    """What a new head adds."""

    blocks: tuple[BlockRef, ...]  # oldest first, the head last; the head alone after a gap longer than DEPTH
    reorg: Reorg | None = None


def link(answer: Json) -> Link:
    """Of a block as a node describes it."""
    return Link(wire.block_ref(answer), wire.octets(wire.field(answer, "parentHash")))


class Branch:
    """Of one chain."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._seen: dict[int, BlockRef] = {}  # by number, without gaps

    @property
    def newest(self) -> BlockRef | None:
        return self._seen[max(self._seen)] if self._seen else None

    def knows(self, block: BlockRef) -> bool:
        return self._seen.get(block.number) == block

    def join(self, head: Link, heard: Iterable[Link] = ()) -> Joined | None:
        """Takes in a new head; None when it is known already.

        Parameters
        ----------
        heard : blocks that came before it and need not be asked for.

        Raises
        ------
        NodeError
            When a block between is not to be had; nothing has changed then.
        """
        newest = self.newest
        if self.knows(head.block):
            return None
        if newest is None or head.block.number > newest.number + DEPTH:
            return self._anew(newest, head)
        path = self._path(newest, head, {one.block.hash: one for one in heard})
        kept = self._seen.get(path[0].block.number - 1)
        ancestor = kept if kept is not None and kept.hash == path[0].parent else None
        floor = ancestor.number if ancestor is not None else -1
        dropped = tuple(block for number, block in sorted(self._seen.items()) if number > floor)
        self._seen = {number: block for number, block in self._seen.items() if number <= floor}
        self._remember(one.block for one in path)
        return Joined(tuple(one.block for one in path), Reorg(ancestor, dropped) if dropped else None)

    def _anew(self, newest: BlockRef | None, head: Link) -> Joined:
        reorg = None
        if newest is not None and self._chain.block(newest.number) != newest:
            reorg = Reorg(None, tuple(self._seen.values()))
        self._seen = {}
        self._remember([head.block])
        return Joined((head.block,), reorg)

    def _remember(self, blocks: Iterable[BlockRef]) -> None:
        self._seen |= {block.number: block for block in blocks}
        for number in sorted(self._seen)[:-DEPTH]:
            del self._seen[number]

    def _path(self, newest: BlockRef, head: Link, heard: dict[bytes, Link]) -> list[Link]:
        """From the block after the common ancestor to `head`; from the oldest remembered number where there is none."""
        path = [head]
        oldest = min(self._seen)
        while (number := path[0].block.number - 1) >= oldest:
            kept = self._seen.get(number)
            if kept is not None and kept.hash == path[0].parent:
                break
            if path[0].parent not in heard:
                low = max(newest.number + 1, number - _AT_ONCE + 1) if number > newest.number else number - _BACK + 1
                heard |= {one.block.hash: one for one in self._fetched(max(low, oldest), number)}
            if path[0].parent not in heard:
                raise NodeError(f"Block {number} is on another branch already.", "Wait for the next head.")
            path.insert(0, heard[path[0].parent])
        return path

    def _fetched(self, low: int, high: int) -> list[Link]:
        calls = [("eth_getBlockByNumber", [hex(number), False]) for number in range(low, high + 1)]
        return [link(answer) for answer in self._chain.batch(calls) if answer is not None]
