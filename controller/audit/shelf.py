"""Bytes by number, in a file that nobody else sees: what an audit has gathered may be more than memory holds."""

from __future__ import annotations

import tempfile
import weakref
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from typing import Final

_IN_MEMORY: Final = 2**23
"""{bytes} up to which no file is made."""


class Shelf(Mapping[int, bytes]):
    """Written in ascending order of the numbers, read in any. In memory are 24 bytes for each."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY, prefix="evenkeel-audit-")  # noqa: SIM115 - see below
        weakref.finalize(self, self._file.close)
        self._numbers, self._starts = array("Q"), array("Q", [0])

    def __repr__(self) -> str:
        return f"Shelf({len(self)} of {self._starts[-1]} bytes)"

    def put(self, number: int, raw: bytes) -> None:
        """Raises `ValueError` where `number` does not come behind those that are there."""
        if self._numbers and number <= self._numbers[-1]:
            raise ValueError(f"{number} comes after {self._numbers[-1]}")
        self._file.seek(self._starts[-1])
        self._file.write(raw)
        self._numbers.append(number)
        self._starts.append(self._starts[-1] + len(raw))

    def __getitem__(self, number: int) -> bytes:
        place = bisect_left(self._numbers, number)
        if place == len(self._numbers) or self._numbers[place] != number:
            raise KeyError(number)
        self._file.seek(self._starts[place])
        return self._file.read(self._starts[place + 1] - self._starts[place])

    def __iter__(self) -> Iterator[int]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)
