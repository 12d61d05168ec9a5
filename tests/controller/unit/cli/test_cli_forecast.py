"""evenkeel forecast, from a price history."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from controller.cli.main import app
from controller.errors import EvenkeelError

QUICK = ["--horizon", "5", "--train", "40", "--forecaster", "ridge"]


@pytest.fixture
def history(tmp_path: Path) -> str:
    returns = np.random.default_rng(8).normal(0.0003, 0.01, (360, 4))
    days = pd.date_range("2020-01-01", periods=360, name="date")
    path = tmp_path / "prices.csv"
    pd.DataFrame(100 * np.cumprod(1 + returns, axis=0), days, list("ABCD")).to_csv(path)
    return str(path)


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["forecast", *arguments], env={"COLUMNS": "100"})
    if isinstance(result.exception, EvenkeelError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_forecast__of_noise__then_that_it_lost_or_may_be_luck(history: str) -> None:
    said = _run(history, *QUICK)
    assert "equal weights" in said
    assert "no trade" in said
    assert "No forecast was worth it" in said or "that may be luck" in said


def test_forecast__as_json__then_the_same_each_time(history: str) -> None:
    first, second = (json.loads(_run(history, *QUICK, "--json")) for _ in range(2))
    assert first == second
    assert [line["name"] for line in first["lines"]] == ["equal weights", "no trade", "ridge"]
    assert first["lines"][0]["deflated_sharpe"] is None
    assert 0 <= first["lines"][2]["deflated_sharpe"] <= 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--cost", "dear"], "--cost"), (["--forecaster", "oracle"], "oracle"), (["--horizon", "40"], "too few")],
)
def test_forecast__of_options_that_mean_nothing__then_an_error(history: str, arguments: list[str], said: str) -> None:
    with pytest.raises(EvenkeelError, match=said):
        _run(history, *arguments)
