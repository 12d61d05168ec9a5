"""The portfolio problems of OR-Library, as Beasley's files have them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from controller.strategy.protocol import FloatArray, Moments

DATA = Path(__file__).resolve().parents[1] / "data" / "orlib"


def problem(number: int) -> Moments:
    """Means, deviations and correlations of problem `number`."""
    numbers = (DATA / f"port{number}.txt").read_text().split()
    n = int(numbers[0])
    table = np.array(numbers[1 : 2 * n + 1], dtype=np.float64).reshape(n, 2)
    correlation = np.eye(n)
    for row, column, value in np.array(numbers[2 * n + 1 :], dtype=np.float64).reshape(-1, 3):
        correlation[int(row) - 1, int(column) - 1] = correlation[int(column) - 1, int(row) - 1] = value
    covariance = correlation * np.outer(table[:, 1], table[:, 1])
    return Moments(table[:, 0], covariance, np.empty((0, n)), 52.0)


def frontier(number: int) -> FloatArray:
    """(2000, 2) mean and variance of the unconstrained frontier, from the most return down."""
    return np.loadtxt(DATA / f"portef{number}.txt")
