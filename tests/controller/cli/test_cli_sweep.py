"""`evenkeel sweep`: on one machine, and on a real cluster of which a process dies in the middle."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pandas as pd
import pytest
from command import PATIENCE, Here

AXES = ("--axis", "band=2%,5%", "--axis", "destination=0%,1%,3%")
SWEEP = ("sweep", "mandate.toml", "macro", "--from", "2000-01")


pytestmark = pytest.mark.usefixtures("macro_mandate")


def test_sweep__when_all_is_well__then_the_best_and_how_much_of_it_is_luck(here: Here) -> None:
    done = here(*SWEEP, *AXES, "--top", "3", "--json")
    assert done.code == 0, done.said
    best = done.document["best"]
    assert len(best) == 3
    assert best[0]["measures"]["sharpe"]["low"] < best[0]["measures"]["sharpe"]["value"]
    assert done.document["configurations"] == 5  # a destination of 3% is not inside a band of 2%
    assert 0.0 <= done.document["overfitting"]["probability"] <= 1.0
    assert "<svg" in Path(done.document["page"]).read_text()
    Path("sweep.toml").write_text('[axes]\nband = ["2%", "5%"]\ndestination = ["0%", "1%", "3%"]\n')
    shown = here(*SWEEP, "--file", "sweep.toml", "--top", "3")
    assert shown.code == 0, shown.said  # the same sweep: nothing is done again
    assert "The best 3 of 5 by sharpe" in shown.said


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (SWEEP, 65, "axes: there are none"),
        ((*SWEEP, "--axis", "bands=1%"), 65, "bands: is no axis"),
        ((*SWEEP, "--axis", "band=1,5%", "--axis", "band"), 65, "write for example band=1%,2%,5%"),
        ((*SWEEP, "--axis", "band=5%,500 bps"), 65, "500 bps is there twice"),
        ((*SWEEP, "--axis", "trigger=weekly"), 65, "is none of threshold, calendar"),
        ((*SWEEP, "--axis", "strategy=nowhere.toml"), 65, "nowhere.toml"),
        ((*SWEEP, *AXES, "--by", "luck"), 64, "--by luck is none of"),
        ((*SWEEP, *AXES, "--cluster", "tcp://127.0.0.1:9"), 65, "There is no cluster at tcp://127.0.0.1:9"),
        ((*SWEEP, "--axis", "cost=1 bps", "--depth", "1000000 USD"), 65, "market without pools"),
    ],
)
def test_sweep__when_something_is_wrong__then_one_clear_message(
    here: Here, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = here(*arguments)
    assert done.code == code, done.said
    assert words in done.said


# ---- a cluster


def started(stack: ExitStack, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    stack.callback(process.wait)
    stack.callback(process.kill)
    return process


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A scheduler and three workers, each a process of its own that nobody starts again."""
    import json

    file = tmp_path / "scheduler.json"
    with ExitStack() as stack:
        started(stack, "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file))
        options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path))
        workers = [started(stack, "worker", "--scheduler-file", str(file), *options) for _ in range(3)]
        end = time.monotonic() + PATIENCE
        while not file.exists() or not file.read_text().endswith("}"):
            assert time.monotonic() < end, "the scheduler does not start"
            time.sleep(0.05)
        yield json.loads(file.read_text())["address"], workers


def test_sweep__when_a_worker_of_the_cluster_is_killed_in_the_middle__then_the_same_bits_and_nothing_lost(
    cluster: tuple[str, list[subprocess.Popen[bytes]]],
) -> None:
    from distributed import Client

    from controller.backtest import history
    from controller.backtest.engine import Setting
    from controller.backtest.paper import Proportional
    from controller.backtest.sweep.engines import sweep
    from controller.backtest.sweep.grid import Axis, grid
    from controller.backtest.sweep.store import Store
    from controller.backtest.sweep.work import Work
    from controller.config.mandate_outline import outline
    from controller.market import datasets

    address, workers = cluster
    plan = outline(Path("mandate.toml").read_bytes())
    moments = history.moments(plan.mandate, plan.names, datasets.macro().loc["1990-01":])
    axes = [
        Axis("band", tuple(map(str, range(300, 460))), tuple(range(300, 460))),
        Axis("cost", ("5", "10", "20"), (5, 10, 20)),
    ]
    work = Work(grid(Setting(plan.mandate, Proportional(10)), axes), tuple(moments), 10**42)
    alone = Store.opened(Path("alone"), work, size=8)
    sweep(work, alone)
    together = Store.opened(Path("together"), work, size=8)
    done: list[int] = []

    def watch(more: int) -> None:
        done.append(more)
        if len(done) == 4:  # some are done and most are not
            workers[0].kill()

    with Client(address, timeout=60) as client:  # type: ignore[no-untyped-call]
        client.wait_for_workers(3, timeout=60)
        sweep(work, together, cluster=address, progress=watch)
        assert len(client.scheduler_info()["workers"]) == 2
    assert workers[0].poll() is not None
    assert sum(done) == len(work.grid) == 480
    assert together.missing() == []
    pd.testing.assert_frame_equal(alone.read(), together.read(), check_exact=True)
