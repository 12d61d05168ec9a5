"""What Python calls: one function for one mandate and for many, so that it is compiled once."""

from __future__ import annotations

from typing import Final

import numpy as np

from controller.backtest.compiled.book import Integers, Reals, Rules
from controller.backtest.compiled.jit import compiled, entry
from controller.backtest.compiled.walk import Log, Path, Vault, prescribed, walk
from controller.backtest.compiled.wide import WORDS, Words, load

MEASURES: Final = (
    "return",  # {1/year}
    "volatility",  # {1/year**0.5}
    "sharpe",
    "sortino",
    "drawdown",  # {1}
    "calmar",
    "skew",
    "kurtosis",
    "turnover",  # {1/year} sold, in parts of the value at the time
    "cost",  # {1/year} lost in trades, likewise
    "rebalances",
    "trades",
    "value",  # {quote} at the end
)
"""Columns of `found`, as `performance.measures` defines those that both have; skew and kurtosis are of returns, the
latter 3 for a normal distribution."""
RULES: Final = len(Rules._fields)


@entry
def run_many(
    rules: Integers,
    smallest: Words,
    targets: Integers,
    calendars: Integers,
    starts: Integers,
    balances: Words,
    path: Path,
    years: float,
    log: Log,
    values: Reals,
    answers: Integers,
    found: Reals,
) -> None:
    """Fills `answers` (C,) as `walk` answers, `found` (C, 13), and leaves the last run in `balances`, `log`, `values`.

    Parameters
    ----------
    rules : (C, 15)
    smallest : (C, 4) D36{quote} of a trade.
    targets : (C, n) {bps}
    calendars : (C,) row of `starts` of each.
    starts : (K, T) {s} of the period of each moment.
    balances : (C, n, 4) {qTok} to begin with.
    years : {year} from the first moment to the last.
    """
    returns = np.empty(len(path.now) - 1)
    for run in range(len(rules)):
        for place in range(2):
            log.counts[place], log.sums[place] = 0, 0.0
        times, levels = np.zeros(1, np.int64), np.zeros(2, np.int64)
        vault = Vault(balances[run], np.zeros(targets.shape[1]), times, levels)
        mandate = prescribed(_rules(rules[run]), load(smallest, run), targets[run], starts[calendars[run]])
        answers[run] = walk(mandate, path, vault, log, values)
        if answers[run] == 0:
            _measure(values, returns, years, log, found[run])


@entry
def measure_one(values: Reals, years: float, sums: Reals, counts: Integers, found: Reals) -> None:
    """The same measures of a run of the engine: `values` (T,) {quote}, `sums` and `counts` as in `Log`."""
    nothing = np.zeros((0, WORDS), np.uint64)
    log = Log(np.zeros((0, 3), np.int64), nothing, np.zeros(0, np.int64), counts, sums)
    _measure(values, np.empty(len(values) - 1), years, log, found)


@compiled
def _rules(row: Integers) -> Rules:
    return Rules(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        row[7],
        row[8],
        row[9],
        row[10],
        row[11],
        row[12],
        row[13],
        row[14],
    )


@compiled
def _measure(values: Reals, returns: Reals, years: float, log: Log, found: Reals) -> None:
    count = len(returns)
    per_year = count / years
    for place in range(count):
        returns[place] = values[place + 1] / values[place] - 1.0
    mean = returns.sum() / count
    second, third, fourth, below, top, drawdown = 0.0, 0.0, 0.0, 0.0, values[0], 0.0
    for place in range(count):
        off = returns[place] - mean
        square = off * off
        second, third, fourth = second + square, third + square * off, fourth + square * square
        below += square if off < 0.0 else 0.0
        top = max(top, values[place + 1])
        drawdown = max(drawdown, 1.0 - values[place + 1] / top)
    deviation = (second / (count - 1)) ** 0.5
    growth = np.exp(np.log(values[count] / values[0]) / years) - 1.0
    found[0], found[1], found[4] = growth, deviation * per_year**0.5, drawdown
    found[2] = mean / deviation * per_year**0.5
    found[3] = mean / (below / (count - 1)) ** 0.5 * per_year**0.5
    found[5] = growth / drawdown
    found[6] = third / count / (second / count) ** 1.5
    found[7] = fourth / count / (second / count) ** 2
    found[8], found[9] = log.sums[1] / years, log.sums[0] / years
    found[10], found[11], found[12] = log.counts[0], log.counts[1], values[count]
