"""The pieces of a sweep on disk: Parquet files beside a manifest that says which sweep they belong to.

A piece is written whole or not at all, so that a sweep which was stopped goes on where it was.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from controller.backtest.sweep.work import Piece, Work
from controller.errors import InputError, MissingExtraError, StorageError
from controller.report.files import write_page

if TYPE_CHECKING:
    import pandas as pd

MANIFEST: Final = "manifest.json"


@dataclass(frozen=True, slots=True)
class Store:
    """A folder that holds one sweep."""

    folder: Path
    size: int  # configurations of a piece
    count: int  # configurations in all

    @classmethod
    def opened(cls, folder: Path, work: Work, size: int | None = None) -> Store:
        """The folder of this sweep, begun or gone on with.

        Raises
        ------
        InputError
            When it holds another sweep.
        """
        path = folder / MANIFEST
        said = {
            "fingerprint": work.fingerprint,
            "evenkeel": version("evenkeel"),
            "configurations": len(work.grid),
            "axes": {axis.name: list(axis.labels) for axis in work.grid.axes},
        }
        if path.exists():
            found = _manifest(path)
            if any(found.get(key) != value for key, value in said.items()):
                raise InputError(f"{folder} holds another sweep.", "Name another folder with --out, or remove it.")
            return cls(folder, int(found["piece"]), len(work.grid))
        chosen = size or work.size
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{folder} cannot be made: {error.strerror}.", "Name another folder.") from None
        write_page(path, json.dumps({**said, "piece": chosen}, indent=2) + "\n")
        return cls(folder, chosen, len(work.grid))

    def missing(self) -> list[int]:
        """First configurations of the pieces that are still to be done."""
        return [first for first in range(0, self.count, self.size) if not self._path(first).exists()]

    def write(self, work: Work, piece: Piece) -> None:
        """Raises `StorageError` where it cannot be written."""
        arrow, parquet = _pyarrow()
        from controller.backtest.compiled.runs import MEASURES

        numbers = range(piece.first, piece.first + len(piece.table))
        labels = [work.grid.labels(number) for number in numbers]
        columns: dict[str, Any] = {"configuration": np.array(numbers)}
        columns |= {axis.name: [each[axis.name] for each in labels] for axis in work.grid.axes}
        columns |= {name: piece.table[:, place] for place, name in enumerate(MEASURES)}
        columns["how"] = piece.how
        path = self._path(piece.first)
        beside = path.with_suffix(f".{os.getpid()}")
        try:
            parquet.write_table(arrow.table(columns), beside)
            beside.replace(path)
        except OSError as error:
            raise StorageError(f"{path} cannot be written: {error}.", "Free some space, then run it again.") from None
        finally:
            beside.unlink(missing_ok=True)

    def read(self) -> pd.DataFrame:
        """Every configuration that is done, in order."""
        import pandas as pd

        _pyarrow()
        return pd.concat(list(self._frames()), ignore_index=True)

    def _frames(self) -> Iterator[pd.DataFrame]:
        import pandas as pd

        for first in range(0, self.count, self.size):
            if self._path(first).exists():
                yield pd.read_parquet(self._path(first))

    def _path(self, first: int) -> Path:
        return self.folder / f"piece-{first:09d}.parquet"


def _manifest(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}.", "Remove the folder and begin again.") from None
    return found if isinstance(found, dict) else {}


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingExtraError("parquet", "pyarrow") from None
    return pyarrow, parquet
