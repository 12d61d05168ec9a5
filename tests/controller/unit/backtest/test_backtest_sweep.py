"""Sweeps: what is tried, that it is what the engine does, that a stopped one goes on, and what is said of the best."""

from __future__ import annotations

import json
import pickle
import re
from dataclasses import replace
from itertools import product
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from planning_pieces import DAY, make_mandate

from controller.backtest.compiled.runs import MEASURES
from controller.backtest.engine import Setting
from controller.backtest.moments import moments_of
from controller.backtest.paper import Proportional
from controller.backtest.performance import differences, measures
from controller.backtest.sweep.engines import sweep
from controller.backtest.sweep.grid import Axis, Grid, grid, is_possible
from controller.backtest.sweep.shown import heat, sweep_document, sweep_sheet
from controller.backtest.sweep.store import Store
from controller.backtest.sweep.verdict import verdict
from controller.backtest.sweep.work import BY_ENGINE, DONE, IMPOSSIBLE, Work
from controller.config.mandate_outline import outline
from controller.errors import InputError
from controller.model import Mandate, Snapshot, TriggerKind
from controller.replay.markets import MACRO

VALUE = 10**6 * 10**36
DAYS = 300
BASE = Setting(make_mandate([5_000, 3_000, 2_000], cooldown=0, destination=0), Proportional(10))


class Leaning:
    """A strategy that the compiled path knows nothing of."""

    def target(self, snapshot: Snapshot, _past: pd.DataFrame | None) -> tuple[int, ...]:
        return (6_000, 2_000, 2_000) if snapshot.block.timestamp // DAY % 50 < 25 else (4_000, 4_000, 2_000)


def axis(name: str, *values: object) -> Axis:
    return Axis(name, tuple(map(str, values)), values)


def work(*axes: Axis, base: Setting = BASE, swing: float = 0.02, lift: float = 0.001) -> Work:
    steps = np.random.default_rng(7).normal(lift, swing, size=(DAYS, 3))
    answers = np.round(100 * np.exp(np.cumsum(steps, axis=0)) * 10**8).astype(np.int64)
    moments = moments_of(
        base.mandate, [(10_957 + day) * DAY for day in range(DAYS)], [[int(a) for a in row] for row in answers]
    )
    return Work(grid(base, axes), tuple(moments), VALUE)


BANDS = axis("band", 100, 200, 400)
ENDS = axis("destination", 0, 100, 300)


def test_grid__then_every_combination_that_a_vault_can_have() -> None:
    found = grid(BASE, [BANDS, ENDS])
    settings = [found.setting(number) for number in range(len(found))]
    kept = [(s.mandate.trigger.band, s.mandate.destination.drift) for s in settings if s is not None]
    assert kept == [(100, 0), (200, 0), (200, 100), (400, 0), (400, 100), (400, 300)]
    assert found.labels(5) == {"band": "200", "destination": "300"}


@pytest.mark.parametrize(
    ("axes", "words"),
    [
        ([], "there are none"),
        ([axis("bands", 1)], "is no axis"),
        ([BANDS, BANDS], "is there twice"),
        ([axis("band")], "has no values"),
        ([axis("trigger", TriggerKind.CALENDAR)], "No vault can have"),
    ],
)
def test_grid__when_it_makes_no_sense__then_said(axes: list[Axis], words: str) -> None:
    with pytest.raises(InputError, match=words):
        grid(BASE, axes)
    with pytest.raises(InputError, match="without pools"):
        Grid(replace(BASE, market=None), (axis("cost", 5),)).setting(0)  # type: ignore[arg-type]


def allowed(mandate: Mandate) -> bool:
    """Whether a mandate file may say it, without what has no effect there: by the rules of the file itself."""
    trigger, end = mandate.trigger, mandate.destination
    said = {"kind": f'"{trigger.kind.name.lower()}"'}
    if trigger.kind is not TriggerKind.CALENDAR:
        bands = {"band": trigger.band, "relative_band": trigger.relative_band}
        said |= {key: f'"{value} bps"' for key, value in bands.items() if value}
    if trigger.kind is not TriggerKind.THRESHOLD and trigger.every:
        said["every"] = '"1 month"'
    aims = {"drift": end.drift} if "band" in said or "relative_band" not in said else {}
    aims |= {"relative_drift": end.relative_drift} if "relative_band" in said else {}
    text = MACRO.mandate_file().decode()
    for name, rows in (("trigger", said), ("destination", {key: f'"{value} bps"' for key, value in aims.items()})):
        lines = "".join(f"{key} = {value}\n" for key, value in rows.items())
        text = re.sub(rf"\[{name}\]\n(.*?)\n\n", f"[{name}]\n{lines}\n", text, flags=re.DOTALL)
    try:
        outline(text.encode())
    except InputError:
        return False
    return True


def test_is_possible__then_just_what_a_mandate_file_may_say() -> None:
    found = set()
    for kind, band, relative, every, drift, near in product(
        TriggerKind, (0, 200), (0, 1_000), (0, 1), (0, 100, 200), (0, 500, 1_000)
    ):
        mandate = replace(
            BASE.mandate,
            trigger=replace(BASE.mandate.trigger, kind=kind, band=band, relative_band=relative, every=every),
            destination=replace(BASE.mandate.destination, drift=drift, relative_drift=near),
        )
        assert is_possible(mandate) == allowed(mandate), (kind, band, relative, every, drift, near)
        found.add(is_possible(mandate))
    assert found == {True, False}


def test_piece__then_the_engines_own_measures() -> None:
    found = work(BANDS, ENDS)
    piece = found.piece(0, 9)
    assert list(piece.how) == [DONE, IMPOSSIBLE, IMPOSSIBLE, DONE, DONE, IMPOSSIBLE, DONE, DONE, DONE]
    for number in (0, 8):
        setting = found.grid.setting(number)
        assert setting is not None
        assert piece.table[number] == pytest.approx(found._measured(setting), rel=1e-9)
    row = dict(zip(MEASURES, piece.table[8], strict=True))
    values = found.values(8)
    known = measures(values[1:] / values[:-1] - 1.0, 365.25, resamples=2)
    for name in ("return", "volatility", "sharpe", "sortino", "drawdown", "calmar"):
        assert row[name] == pytest.approx(known[name].value, rel=1e-9), name


def test_piece__when_a_strategy_decides__then_the_engine_does_it() -> None:
    moving = replace(BASE.mandate, limits=replace(BASE.mandate.limits, max_step=10_000))
    found = work(Axis("strategy", ("leaning",), ((Leaning(), BASE.terms),)), base=replace(BASE, mandate=moving))
    piece = found.piece(0, 1)
    assert list(piece.how) == [BY_ENGINE]
    assert np.isfinite(piece.table).all()
    assert len(found.values(0)) == DAYS


def test_store__when_a_sweep_was_stopped__then_it_goes_on_and_nothing_differs(tmp_path: Path) -> None:
    once, stopped = work(BANDS, ENDS), work(BANDS, ENDS)
    whole = Store.opened(tmp_path / "whole", once, size=2)
    sweep(once, whole)
    part = Store.opened(tmp_path / "part", stopped, size=2)
    part.write(stopped, stopped.piece(4, 2))
    (tmp_path / "part" / "piece-000000000.999").write_bytes(b"half a piece of a process that died")
    done: list[int] = []
    again = Store.opened(tmp_path / "part", work(BANDS, ENDS))
    assert again.missing() == [0, 2, 6, 8]
    sweep(stopped, again, jobs=2, progress=done.append)
    assert done[0] == 2
    assert sum(done) == 9
    assert again.missing() == []
    pd.testing.assert_frame_equal(whole.read(), again.read(), check_exact=True)


def test_store__then_duckdb_reads_it_and_another_sweep_is_refused(tmp_path: Path) -> None:
    found = work(BANDS)
    store = Store.opened(tmp_path, found, size=2)
    sweep(found, store)
    rows = duckdb.read_parquet(f"{tmp_path}/*.parquet").order("configuration").project("band, sharpe").fetchall()
    assert [row[0] for row in rows] == ["100", "200", "400"]
    assert [row[1] for row in rows] == list(store.read()["sharpe"])
    assert json.loads((tmp_path / "manifest.json").read_text())["piece"] == 2
    for other in (work(ENDS), work(BANDS, swing=0.03), replace(found, value=VALUE + 1)):
        with pytest.raises(InputError, match="another sweep"):
            Store.opened(tmp_path, other)


def test_work__when_it_has_been_sent_elsewhere__then_the_same_bits() -> None:
    found = work(BANDS)
    first = found.piece(0, 3)
    sent = pickle.loads(pickle.dumps(found))  # noqa: S301 - our own
    assert sent.fingerprint == found.fingerprint
    assert (sent.piece(0, 3).table == first.table).all()


def swept(tmp_path: Path, found: Work) -> pd.DataFrame:
    store = Store.opened(tmp_path, found)
    sweep(found, store)
    return store.read()


def test_verdict__when_only_chance_differs__then_no_rule_is_clearly_best(tmp_path: Path) -> None:
    found = work(axis("band", 300, 301, 302, 303), axis("destination", 0, 1), lift=0.0)
    table = swept(tmp_path, found)
    said = verdict(found, table, 365.25, top=4)
    assert not said.is_clear
    assert said.words[0].startswith("No rule is clearly best")
    assert "by chance alone" in said.words[0]
    assert said.trials == 8
    assert said.overfitting is not None
    document = sweep_document(said)
    assert [one["configuration"] for one in document["best"]] == [one.number for one in said.best]
    assert document["best"][0]["behind"] is None
    assert "<svg" in sweep_sheet("T", said, found.grid, table, "").pictures[0].svg


def test_verdict__when_one_costs_much_more__then_the_other_is_clearly_best(tmp_path: Path) -> None:
    limits = replace(BASE.mandate.limits, max_slippage=600, max_loss=600, loss_budget=10_000)
    base = replace(BASE, mandate=replace(BASE.mandate, limits=limits))
    found = work(axis("band", 50), axis("cost", 1, 500), base=base, swing=0.01, lift=0.003)
    said = verdict(found, swept(tmp_path, found), 365.25, by="return")
    assert said.best[0].labels["cost"] == "1"
    assert said.best[1].is_behind
    assert said.is_clear, said.words


def test_heat__then_the_best_over_what_else_varies(tmp_path: Path) -> None:
    found = work(BANDS, ENDS, axis("cost", 5, 50))
    table = swept(tmp_path, found)
    drawn = heat(found.grid, table, "sharpe")
    assert drawn is not None
    assert drawn.count("<rect") == 1 + 6  # the ground and what a vault can have
    best = table[(table["band"] == "400") & (table["destination"] == "0")]["sharpe"].max()
    assert f"{best:.3f}" in drawn
    assert heat(work(BANDS).grid, table, "sharpe") is None


def test_differences__of_a_series_and_a_worse_one__then_the_interval_leaves_zero_out() -> None:
    noise = np.random.default_rng(1).normal(0.0005, 0.01, 500)
    worse, same = differences(np.array([noise, noise - 0.0002, noise]), 252.0, "return", resamples=200)
    assert worse.low > 0.0
    assert same.low == same.value == same.high == 0.0
