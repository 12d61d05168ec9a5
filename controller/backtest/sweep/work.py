"""What a sweep does, in pieces that any process can do alone and that give the same answer wherever they are done."""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from controller.backtest.engine import Setting, run
from controller.backtest.fast import Track
from controller.backtest.moments import Moment
from controller.backtest.sweep.grid import Grid
from controller.errors import InputError
from controller.model import TickRecord
from controller.planning.aftermath import lost, sold
from controller.units import VALUE_DECIMALS

if TYPE_CHECKING:
    import pandas as pd

FloatArray = npt.NDArray[np.float64]
DONE: Final = 0
BY_ENGINE: Final = 1
IMPOSSIBLE: Final = 2
"""How a configuration was done."""
COMPILED: Final = 1_024
"""Configurations of a piece that compiled code does."""
ENGINE: Final = 8
"""And of one where strategies or pools decide."""


@dataclass(frozen=True)
class Piece:
    """Measures of the configurations from `first` on."""

    first: int
    how: npt.NDArray[np.int64]  # (C,)
    table: FloatArray  # (C, 13), columns as `compiled.runs.MEASURES`; nan where it is impossible


@dataclass(frozen=True)
class Work:
    """A whole sweep, before it is done."""

    grid: Grid
    moments: tuple[Moment, ...]
    value: int  # D36{quote} that each vault starts with
    past: pd.DataFrame | None = None  # {quote/tok} what strategies see

    @cached_property
    def track(self) -> Track:
        """The history made ready, once in a process."""
        return Track.of(self.grid.base.mandate, self.moments)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "track"}

    @cached_property
    def fingerprint(self) -> str:
        """Of everything that the answer depends on."""
        said = repr((self.grid.axes, self.grid.base, self.value))
        digest = sha256(re.sub(" at 0x[0-9a-f]+", "", said).encode())  # where an object lies says nothing
        for moment in self.moments:
            digest.update(repr(moment).encode())
        if self.past is not None:
            digest.update(self.past.to_numpy(dtype=float).tobytes())
        return digest.hexdigest()

    @property
    def size(self) -> int:
        """Configurations of a piece."""
        first = next(s for s in map(self.grid.setting, range(len(self.grid))) if s is not None)
        return ENGINE if self.track.refusals(first) else COMPILED

    def piece(self, first: int, count: int) -> Piece:
        """The configurations from `first` on, compiled where they can be."""
        numbers = range(first, min(first + count, len(self.grid)))
        settings = [self.grid.setting(number) for number in numbers]
        how = np.array([IMPOSSIBLE if setting is None else BY_ENGINE for setting in settings])
        table = np.full((len(numbers), self._columns), np.nan)
        fast = [
            place for place, setting in enumerate(settings) if setting is not None and not self.track.refusals(setting)
        ]
        if fast:
            found = self.track.measure([s for place in fast if (s := settings[place]) is not None], self.value)
            table[fast], how[fast] = found.table, np.where(found.done, DONE, BY_ENGINE)
        for place, setting in enumerate(settings):
            if setting is not None and how[place] == BY_ENGINE:
                table[place] = self._measured(setting)
        return Piece(first, how, table)

    def values(self, number: int) -> FloatArray:
        """(T,) {quote} of one configuration before the trades of each moment."""
        setting = self.grid.setting(number)
        if setting is None:
            raise InputError(f"No vault can have configuration {number}.", "Choose another.")
        if not self.track.refusals(setting) and self.track.measure([setting], self.value).done[0]:
            return self.track.run(setting, self.value).values
        return _values(self._run(setting))

    @property
    def _columns(self) -> int:
        from controller.backtest.compiled.runs import MEASURES

        return len(MEASURES)

    def _run(self, setting: Setting) -> list[TickRecord]:
        # a market and a strategy may remember
        return run(deepcopy(setting), self.moments, self.value, past=self.past)

    def _measured(self, setting: Setting) -> FloatArray:
        from controller.backtest.compiled.runs import measure_one

        ticks, found = self._run(setting), np.empty(self._columns)
        done = [(tick.outcome.rebalance, tick.value) for tick in ticks if tick.outcome]
        counts = np.array([len(done), sum(len(each.fills) for each, _ in done)])
        parts = [(lost(each.fills, each.prices) / total, sold(each.fills, each.prices) / total) for each, total in done]
        sums = np.array(parts).reshape(-1, 2).sum(axis=0)
        measure_one(_values(ticks), self.track.years, sums, counts, found)
        return found


def _values(ticks: Sequence[TickRecord]) -> FloatArray:
    """(T,) {quote} of the shares there were at first."""
    return np.array([tick.value * ticks[0].supply / tick.supply / 10**VALUE_DECIMALS for tick in ticks])
