"""evenkeel advise, from a mandate file and a price history."""

from __future__ import annotations

import json
import tomllib
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from controller.cli.main import app
from controller.config.mandate_outline import outline
from controller.config.mandate_template import render
from controller.errors import EvenkeelError
from controller.market.datasets import macro

PROFILE = """
name = "Ada"
[questions]
bad_year = "20%"
fee = "4%"
stocks = "60%"
savings = "5%"
years = 20
"""
QUICK = ["--years", "1", "--paths", "4"]


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    mandate, history = tmp_path / "mandate.toml", tmp_path / "prices.csv"
    prices = {"EQUITY": Decimal(100), "BOND": Decimal(100), "GOLD": Decimal(1500)}
    mandate.write_text(render("Mine", "MINE", prices))
    macro().loc["2000":].to_csv(history, date_format="%Y-%m-%d")
    return str(mandate), str(history)


def _run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["advise", *arguments], env={"COLUMNS": "80"})
    if isinstance(result.exception, EvenkeelError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def test_advise__of_a_mandate_and_a_history__then_a_table_and_lines_that_the_mandate_takes(
    files: tuple[str, str],
) -> None:
    said = _run(*files, *QUICK)
    assert "band 5% to 2.5%" in said
    assert "this mandate" in said
    lines = said[said.index("[trigger]") :]
    pasted = tomllib.loads(lines)
    source = Path(files[0]).read_text()
    source = source.replace('band = "5%"', f'band = "{pasted["trigger"]["band"]}"')
    source = source.replace('drift = "2.5%"', f'drift = "{pasted["destination"]["drift"]}"')
    mandate = outline(source.encode()).mandate
    assert f"{mandate.trigger.band} bps" == pasted["trigger"]["band"]
    assert f"{mandate.destination.drift} bps" == pasted["destination"]["drift"]


def test_advise__as_json_with_a_picture__then_units_in_the_names_and_a_drawing(
    files: tuple[str, str], tmp_path: Path
) -> None:
    drawing = tmp_path / "advice.svg"
    document = json.loads(_run(*files, *QUICK, "--json", "--picture", str(drawing)))
    assert document["destination_bps"] < document["band_bps"]
    assert set(document["volatility_per_year"]) == {"EQUITY", "BOND", "GOLD"}
    assert document["alternatives"][0]["rule"] == "never"
    assert document["alternatives"][0]["cost_bps_per_year"] == 0
    root = ElementTree.fromstring(drawing.read_text())  # noqa: S314 our own file
    assert root.tag.endswith("svg")
    assert len(root.findall(".//{*}circle")) == len(document["tried"]) + len(document["alternatives"]) + 1


def test_advise__by_a_profile__then_by_the_risk_aversion_that_its_answers_amount_to(
    files: tuple[str, str], tmp_path: Path
) -> None:
    profile = tmp_path / "ada.toml"
    profile.write_text(PROFILE)
    shown = CliRunner().invoke(app, ["profile", "show", str(profile), "--json"])
    aversion = json.loads(shown.stdout)["risk_aversion"]
    assert aversion != 3.0
    by_profile = _run(*files, *QUICK, "--profile", str(profile), "--json")
    assert by_profile == _run(*files, *QUICK, "--risk-aversion", str(aversion), "--json")
    assert by_profile != _run(*files, *QUICK, "--json")
    both = _run(*files, *QUICK, "--profile", str(profile), "--risk-aversion", "3", "--json")
    assert both == _run(*files, *QUICK, "--json"), "what is said here counts first"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--cost", "much"], "--cost"),
        (["--gas", "2"], "--gas"),
        (["--value", "0 USD"], "--value is zero"),
        (["--cost", "0%", "--gas", "0 USD"], "trading is free"),
        (["--risk-aversion", "0"], "risk aversion"),
    ],
)
def test_advise__of_options_that_mean_nothing__then_an_error_that_names_them(
    files: tuple[str, str], arguments: list[str], said: str
) -> None:
    with pytest.raises(EvenkeelError, match=said):
        _run(*files, *QUICK, *arguments)


def test_advise__of_a_history_without_an_asset__then_its_name(files: tuple[str, str]) -> None:
    macro().loc["2000":, ["EQUITY", "GOLD"]].to_csv(files[1], date_format="%Y-%m-%d", index_label="date")
    with pytest.raises(EvenkeelError, match="BOND: has no column"):
        _run(*files, *QUICK)
