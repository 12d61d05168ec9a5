"""The study of bands, in small: what it holds equal is equal, and what is advised is ahead."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from controller.backtest.engine import Setting
from controller.backtest.paper import Proportional

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)


def test_study__of_a_volatile_asset__then_the_advised_band_is_ahead_of_every_calendar_and_fixed_band() -> None:
    import band_study

    case = band_study.CASES[0]
    rows = band_study.study(case, band_study.rules(case, paths=32, years=5.0), paths=10, years=4.0, seed=1)
    first, *others = rows
    assert first.name.startswith("advised")
    assert (first.behind, first.low, first.high) == (0.0, 0.0, 0.0)
    assert len(others) == 10
    for row in others:
        assert row.low > 0.0, row
    drawn = ElementTree.fromstring(band_study.picture(case, rows))  # noqa: S314 - drawn here
    assert {first.name, "month", "20%", "5% to 2.5%"} <= set(drawn.itertext())


def test_luck__then_it_is_nothing_on_average_and_most_of_the_differences() -> None:
    import band_study

    case = band_study.CASES[2]
    mandates = [*band_study.rules(case, paths=4, years=1.0).values()]
    grown, luck = [], []
    for seed in range(48):
        answers = band_study.drawn(case, np.random.default_rng(seed), band_study.LOOKS)
        track = band_study.track_of(mandates[0], answers)
        runs = [
            track.run(Setting(each, Proportional(case.cost)), band_study.VALUE) for each in (mandates[1], mandates[4])
        ]
        grown.append([band_study.grown(run) for run in runs])
        luck.append([band_study.luck(case, run, answers) for run in runs])
    error = np.std(luck, axis=0, ddof=1) / 48**0.5
    assert (np.abs(np.mean(luck, axis=0)) < 3 * error).all()
    left = np.subtract(grown, luck)
    assert (left.std(0) < 0.02 * np.std(grown, axis=0)).all()
    # weekly against yearly, on one path: chance hides what is left of the difference
    assert np.std(left[:, 0] - left[:, 1]) < 0.5 * np.std(np.diff(grown))
