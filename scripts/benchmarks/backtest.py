"""Backtests beside vectorbt and bt: 20 stocks, 33 years of days, equal weights, bands, 10 bps, in the same run."""

from __future__ import annotations

import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.rows import Row
from controller.backtest.engine import Setting
from controller.backtest.moments import Moment, moments_of
from controller.backtest.paper import Proportional
from controller.backtest.sweep.grid import Axis, grid
from controller.backtest.sweep.work import Work
from controller.model import (
    ZERO_ADDRESS,
    Asset,
    Destination,
    Feed,
    Fees,
    Knot,
    Limits,
    Mandate,
    Period,
    Scope,
    Sequencer,
    Trigger,
    TriggerKind,
)  # fmt: skip
from controller.units import BPS

VALUE = 10**6 * 10**36
COST = 20  # {bps} of a trade: peers charge 10 for the sale and 10 for the purchase
BAND = 500  # {bps}
BATCH = 50
"""Configurations that vectorbt runs at once; more of them do not fit the memory of a small machine."""
LARGE = 100_000
REPEATS = 5


def measure() -> Iterator[Row]:
    """Seconds of one path and of 1,000 configurations, each with its measures; memory of 100,000; a second core."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield from _measure()


def _measure() -> Iterator[Row]:
    from benchmarks import backtest_peers as peers

    prices = stocks()
    work = bands(prices, [BAND])
    work.piece(0, 1)
    ours = _best(lambda: work.piece(0, 1))
    peers.measured(peers.by_vectorbt(prices, COST / 2 / BPS, bands=[BAND / BPS]))
    theirs = _best(lambda: peers.measured(peers.by_vectorbt(prices, COST / 2 / BPS, bands=[BAND / BPS])))
    slow = _best(lambda: peers.by_bt(prices, COST / 2 / BPS, band=BAND / BPS).run(), 1)
    yield Row("backtest.path.band", round(ours, 6), "s", "vectorbt", round(theirs, 4))
    yield Row("backtest.path.band.bt", round(ours, 6), "s", "bt", round(slow, 2))
    many = [100 + place for place in range(1_000)]
    work = bands(prices, many)
    one = _best(lambda: work.piece(0, 1_000), 2)
    both = _best(lambda: _halves(work), 2)
    some = [band / BPS for band in many[:: len(many) // BATCH]]
    took = _best(lambda: peers.measured(peers.by_vectorbt(prices, COST / 2 / BPS, bands=some)), 1)
    scaled = took * len(many) / BATCH
    yield Row("backtest.sweep.1000", round(min(one, both), 4), "s", f"vectorbt ({BATCH}, scaled up)", round(scaled, 1))
    yield Row("backtest.sweep.1000.one_core", round(one, 4), "s")
    yield Row("backtest.sweep.cores", round(one / both, 2), "times as fast on two")
    yield Row(
        "backtest.sweep.100000.memory", _memory(LARGE), "MiB", f"{LARGE // 100:,} configurations", _memory(LARGE // 100)
    )


def _best(call: Callable[[], object], repeats: int = REPEATS) -> float:
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return min(times)


def _halves(work: Work) -> None:
    half = len(work.grid) // 2
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda first: work.piece(first, half), (0, half)))


def _memory(count: int) -> float:
    """{MiB} at most, of a process of its own that sweeps so many configurations into a folder."""
    code = f"from benchmarks import backtest; backtest.swept({count})"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def swept(count: int) -> None:
    """Prints the peak of this process in MiB; `getrusage` would give that of the process which started it."""
    import tempfile

    from controller.backtest.sweep.engines import sweep
    from controller.backtest.sweep.store import Store

    prices = stocks().iloc[-500:, :4]
    work = bands(prices, [100 + place for place in range(count // 100)], costs=100)
    with tempfile.TemporaryDirectory() as folder:
        sweep(work, Store.opened(Path(folder), work), jobs=1)
    status = Path("/proc/self/status").read_text()
    print(round(int(status.partition("VmHWM:")[2].split()[0]) / 1024, 1))


def stocks() -> pd.DataFrame:
    """skfolio's 20 stocks of the S&P 500, daily, 1990 to 2022."""
    from skfolio.datasets import load_sp500_dataset

    return load_sp500_dataset()


def bands(prices: pd.DataFrame, widths: list[int], costs: int = 1) -> Work:
    """A sweep over bands {bps}, and over so many costs."""
    mandate, moments = equal(prices)
    axes = [
        Axis("band", tuple(map(str, widths)), tuple(widths)),
        Axis("cost", tuple(map(str, range(COST, COST + costs))), tuple(range(COST, COST + costs))),
    ]
    return Work(grid(Setting(mandate, Proportional(COST)), axes), tuple(moments), VALUE)


def equal(prices: pd.DataFrame) -> tuple[Mandate, list[Moment]]:
    """Equal weights of all columns, back to target whole, with limits that do not bind."""
    count = prices.shape[1]
    mandate = Mandate(
        name="Equal", symbol="EQ", file_hash=bytes(32), oracle=ZERO_ADDRESS, sequencer=Sequencer(),
        trigger=Trigger(TriggerKind.THRESHOLD, BAND, 0, Period.DAY, 0, 0, 0),
        destination=Destination(0, 0, Scope.BOOK, 0),
        limits=Limits(BPS // 2, BPS, 10**6, 10**6, 86_400, 100 * 10**18, 4 * count, 0, 0),
        fees=Fees(), spread=0, timelock=0, venues=(ZERO_ADDRESS,),
        assets=tuple(
            Asset(f"0x{place + 1:040x}", 18, 0, BPS, Feed(ZERO_ADDRESS, 86_400, 8, 50, 1, 2**127))
            for place in range(count)
        ),
        path=(Knot(0, (BPS // count,) * count),),
    )  # fmt: skip
    answers = np.round(prices.to_numpy() * 10**8).astype(np.int64)
    times = [int(day.timestamp()) for day in prices.index]
    return mandate, moments_of(mandate, times, [[int(answer) for answer in row] for row in answers])
