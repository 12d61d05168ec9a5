"""How much of the best configuration of a sweep is luck: the probability that it was chosen by chance, and what
choosing it without knowing the future would have earned.

The deflated Sharpe ratio of a sweep is `strategy.statistics.deflated_of`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from controller.errors import InputError, MissingExtraError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

PARTS: Final = 16
"""Parts of the history of which every half is tried, 12,870 ways; the number of the method's authors."""
CELLS: Final = 2**22
"""Ratios that are worked out at once: 32 MiB of floats."""


@dataclass(frozen=True, slots=True)
class Overfitting:
    """What became of the configuration that was best in one half of the history, in the other half, over all halves."""

    probability: float  # {1} that it is not above the median there
    loss: float  # {1} part of the halves in which it lost money there
    slope: float  # {1} of its ratio there against its ratio here, by least squares; below zero it was fitted to noise
    halves: int  # ways to split that were tried


def probability_of_overfitting(returns: FloatArray, parts: int = PARTS) -> Overfitting:
    """By combinatorially symmetric cross-validation (Bailey, Borwein, Lopez de Prado and Zhu, Journal of Computational
    Finance 2017), ranked by the Sharpe ratio.

    Parameters
    ----------
    returns : (T, n) {1/period} of n configurations over the same periods.
    parts : an even number; the first T mod `parts` periods are left out, so that parts are of one length.

    Raises
    ------
    InputError
        For fewer than two configurations, parts of fewer than two periods, an odd number of parts, or no numbers.
    """
    _require_matrix(returns)
    if parts < 2 or parts % 2 or len(returns) < 2 * parts:
        raise InputError(
            f"{len(returns)} periods do not make {parts} parts of at least two.",
            "Give an even number of parts, or a longer history.",
        )
    length = len(returns) // parts
    blocks = returns[len(returns) - parts * length :].reshape(parts, length, -1)
    sums, squares = blocks.sum(1), (blocks**2).sum(1)
    here, there, ranks, earned = (np.concatenate(each) for each in zip(*_halves(sums, squares, length), strict=True))
    # logit of the rank at most zero: not above the median
    return Overfitting(
        probability=float(np.mean(ranks <= 0.5)),
        loss=float(np.mean(earned < 0.0)),
        slope=_slope(here, there),
        halves=len(ranks),
    )


def _halves(sums: FloatArray, squares: FloatArray, length: int) -> Iterator[tuple[FloatArray, ...]]:
    """For every half of the parts: the best ratio in it, the same configuration's ratio in the other half, its rank
    {1} among all there, and its mean return there."""
    parts, n = sums.shape
    size = length * parts // 2
    every, at_once = combinations(range(parts), parts // 2), max(CELLS // n, 1)
    while chosen := list(islice(every, at_once)):
        inside = np.zeros((len(chosen), parts))
        inside[np.arange(len(chosen))[:, None], chosen] = 1.0
        here = _ratios(inside @ sums, inside @ squares, size)
        there = _ratios((1.0 - inside) @ sums, (1.0 - inside) @ squares, size)
        best = here.argmax(axis=1)
        rows = np.arange(len(chosen))
        found = there[rows, best]
        below, equal = (there < found[:, None]).sum(1), (there == found[:, None]).sum(1)
        yield here[rows, best], found, (below + (equal + 1) / 2) / (n + 1), ((1.0 - inside) @ sums)[rows, best] / size


def _ratios(total: FloatArray, square: FloatArray, size: int) -> FloatArray:
    """Sharpe ratios from sums and sums of squares; zero of what never changes."""
    mean = total / size
    variance = np.maximum(square / size - mean**2, 0.0)
    moves = variance > 1e-24
    found: FloatArray = np.where(moves, mean / np.sqrt(np.where(moves, variance, 1.0)), 0.0)
    return found


def _slope(x: FloatArray, y: FloatArray) -> float:
    centred = x - x.mean()
    spread = float(centred @ centred)
    return float(centred @ y) / spread if spread > 0.0 else 0.0


# ---- choosing without knowing the future


@dataclass(frozen=True, eq=False)
class Chosen:
    """What it earns to hold, in every test part, the configuration that was best in its training part."""

    returns: FloatArray  # (T',) {1/period} of the test parts, one after the other
    choices: IntArray  # the configuration that was held in each test part


def walked_forward(returns: FloatArray, train: int, test: int, *, gap: int = 0) -> Chosen:
    """Always the configuration of the largest Sharpe ratio of the last `train` periods, for the next `test` periods.

    Parameters
    ----------
    returns : (T, n) {1/period}
    gap : periods between the two that belong to neither, as many as what is decided looks ahead.
    """
    _require_matrix(returns)
    splitter = _skfolio().WalkForward(test_size=test, train_size=train, purged_size=gap, reduce_test=True)
    return _joined(returns, [(held, _best(returns[seen])) for seen, held in _splits(splitter, returns)])


def combined(
    returns: FloatArray, *, folds: int = 10, held_out: int = 2, gap: int = 0, embargo: int = 0
) -> tuple[Chosen, ...]:
    """The same with every `held_out` of the folds as the test: as many histories as these can be put together to
    (combinatorial purged cross-validation: Lopez de Prado, Advances in Financial Machine Learning, 2018, chapter 12).

    Parameters
    ----------
    returns : (T, n) {1/period}
    gap, embargo : periods that training leaves out before and after, and after each test.
    """
    _require_matrix(returns)
    splitter = _skfolio().CombinatorialPurgedCV(
        n_folds=folds, n_test_folds=held_out, purged_size=gap, embargo_size=embargo
    )
    paths: dict[int, list[tuple[IntArray, int]]] = {}
    for (seen, tests), path_of in zip(_splits(splitter, returns), splitter.get_path_ids(), strict=True):
        best = _best(returns[seen])
        for test, path in zip(tests, path_of, strict=True):
            paths.setdefault(int(path), []).append((test, best))
    return tuple(
        _joined(returns, sorted(each, key=lambda piece: int(piece[0][0]))) for _, each in sorted(paths.items())
    )


def _joined(returns: FloatArray, pieces: Sequence[tuple[IntArray, int]]) -> Chosen:
    return Chosen(
        np.concatenate([returns[test, best] for test, best in pieces]), np.array([best for _, best in pieces], np.int64)
    )


def _best(returns: FloatArray) -> int:
    return int(_ratios(returns.sum(0), (returns**2).sum(0), len(returns)).argmax())


def _splits(splitter: Any, returns: FloatArray) -> list[tuple[IntArray, Any]]:
    try:
        return list(splitter.split(returns))
    except ValueError as error:
        raise InputError(
            f"{len(returns)} periods cannot be split so: {error}", "Give a longer history, or shorter parts."
        ) from None


def _skfolio() -> Any:
    try:
        from skfolio import model_selection
    except ImportError:
        raise MissingExtraError("research", "skfolio") from None
    return model_selection


def _require_matrix(returns: FloatArray) -> None:
    if returns.ndim != 2 or returns.shape[1] < 2 or not np.isfinite(returns).all():
        raise InputError(
            f"Returns of shape {returns.shape} are not those of two configurations or more, all finite numbers.",
            "One row for each period, one column for each configuration.",
        )
