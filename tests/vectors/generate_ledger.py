"""Writes ledger.json: one vault's entries and the head after each, folded here by hand.

Run it again after a change and commit the result: ``python tests/vectors/generate_ledger.py``. It shares no code with
the two implementations that assert the vectors (contracts/Ledger.sol and controller/chain/entries.py), and hashes with
another library than the controller does.

Format: ``{"entries": [...]}``, one row on each line, in the order of the chain.
    an entry: kind; payload: hex; head: the 27 bytes after it, hex
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from Crypto.Hash import keccak
from dice import Dice

KINDS = 20
WORD = 32
HEAD = 27
SIZES = (0, 1, 31, 32, 33, 63, 64, 65, 135, 136, 137, 271, 272, 273, 1_024)
"""{byte} around the ends of words, and of the 136 bytes that Keccak-256 takes at once."""


def hashed(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


def after(head: bytes, seq: int, kind: int, payload: bytes) -> bytes:
    """abi.encode of bytes27, uint40, uint8 and bytes32: the first is padded at its end, numbers at their beginning."""
    words = head.ljust(WORD, b"\0") + seq.to_bytes(WORD, "big") + kind.to_bytes(WORD, "big") + hashed(payload)
    return hashed(words)[:HEAD]


def entries() -> Iterator[dict[str, object]]:
    dice, head = Dice(20_261_201), bytes(HEAD)
    sizes = [*SIZES, *(dice.below(600) for _ in range(85))]
    for seq, size in enumerate(sizes):
        kind = seq if seq < KINDS else dice.below(KINDS)
        payload = bytes(dice.below(256) for _ in range(size))
        head = after(head, seq, kind, payload)
        yield {"kind": kind, "payload": "0x" + payload.hex(), "head": "0x" + head.hex()}


def main() -> None:
    # one row on each line: easy to diff, and forge reads line by line
    rows = ",\n".join(json.dumps(row) for row in entries())
    Path(__file__).with_name("ledger.json").write_text('{"entries": [\n' + rows + "\n]}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
