"""Reads proofs of balances and of the share's supply; which slot holds a balance is found out first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from controller.audit.evidence import BlockEvidence, Missing
from controller.audit.layouts import SOLADY_SUPPLY, Layout, balance_of, layouts
from controller.audit.read_block import UNREADABLE
from controller.audit.receipts import batch
from controller.chain import wire
from controller.chain.client import Chain
from controller.chain.transport import RpcError
from controller.chain.wire import Proof

_USUAL: Final = 12
"""Layouts that are tried first."""


@dataclass(frozen=True)
class ProofReader:
    """Reads for one vault. Blocks are named by number: what a proof shows, it shows against a known state root."""

    chain: Chain
    vault: str

    def layouts(self, tokens: Sequence[str], seen: Mapping[int, Mapping[str, int]]) -> dict[str, Layout | Missing]:
        """`seen` {qTok} are balances by block. A layout shows itself only where there is one: a token that the vault
        never held is left out, and that it did not is for the reconciliation to find."""
        held = {
            token: next(((number, inside[token]) for number, inside in seen.items() if inside.get(token)), None)
            for token in tokens
        }
        return {token: self._layout(token, *found) for token, found in held.items() if found is not None}

    def _layout(self, token: str, number: int, balance: int) -> Layout | Missing:
        left = layouts()
        try:
            for candidates in (list(islice(left, _USUAL)), list(left)):
                for layout, word in zip(candidates, self._words(token, candidates, number), strict=True):
                    if balance_of(word) == balance:
                        return layout
        except UNREADABLE as error:
            return Missing(error.message)
        return Missing("its storage has none of the layouts that this version knows")

    def _words(self, token: str, candidates: Sequence[Layout], number: int) -> list[int]:
        slots = [layout.slot(self.vault) for layout in candidates]
        return [proven.value for proven in self._asked([(number, token, slots)])[0].storage]

    def read(
        self, numbers: Iterable[int], found: Mapping[str, Layout | Missing]
    ) -> dict[int, dict[str, Proof | Missing]]:
        """A proof of every balance whose layout is known, and of the supply, at each of these blocks."""
        slots = {token: layout.slot(self.vault) for token, layout in found.items() if isinstance(layout, Layout)}
        slots[self.vault] = SOLADY_SUPPLY
        wanted = [(number, contract, [slot]) for number in sorted(set(numbers)) for contract, slot in slots.items()]
        proofs: dict[int, dict[str, Proof | Missing]] = {}
        try:
            answers: Sequence[Proof | Missing] = self._asked(wanted)
        except RpcError:
            answers = [self._one(*each) for each in wanted]  # it may lack some of the blocks only
        for (number, contract, _), answer in zip(wanted, answers, strict=True):
            proofs.setdefault(number, {})[contract] = answer
        return proofs

    def _one(self, number: int, contract: str, slots: Sequence[bytes]) -> Proof | Missing:
        try:
            return self._asked([(number, contract, slots)])[0]
        except UNREADABLE as error:
            return Missing(error.message)

    def _asked(self, wanted: Sequence[tuple[int, str, Sequence[bytes]]]) -> list[Proof]:
        asked = [[contract, [wire.word(slot) for slot in slots], hex(number)] for number, contract, slots in wanted]
        return [wire.proof(answer) for answer in batch(self.chain, "eth_getProof", asked)]


def balances(
    blocks: Mapping[int, BlockEvidence | Missing], ends: Mapping[str, tuple[int, int]] | Missing, last: int
) -> dict[int, Mapping[str, int]]:
    """{qTok} by block and token, wherever they were stated, the last block first."""
    closing = {} if isinstance(ends, Missing) else {token: closing for token, (_, closing) in ends.items()}
    known = {number: block.held_after for number, block in blocks.items() if isinstance(block, BlockEvidence)}
    return {last: closing, **known}
