"""`evenkeel backtest`: from files to a page, and one message for whatever is wrong with them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from command import Here

WHOLE = ("backtest", "mandate.toml", "macro", "--from", "2000-01")


pytestmark = pytest.mark.usefixtures("macro_mandate")


def test_backtest__when_all_is_well__then_numbers_intervals_and_a_page(here: Here) -> None:
    done = here(*WHOLE, "--depth", "100000000 USD", "--json")
    assert done.code == 0, done.said
    assert done.document["summary"]["ticks"] == 282
    assert done.document["summary"]["rebalances"] == 22
    sharpe = done.document["measures"]["sharpe"]
    assert sharpe["low"] < sharpe["value"] < sharpe["high"]
    assert "<svg" in Path(done.document["report"]).read_text()
    shown = here(*WHOLE)
    assert "with 95% intervals" in shown.said


def test_backtest__with_gas_and_feeds_that_lag__then_parts_sum_to_the_difference(here: Here) -> None:
    Path("gas.csv").write_text("date,gwei,coin\n1999-01-01,20,1500\n2010-01-01,30,3000\n")
    done = here(*WHOLE, "--gas-prices", "gas.csv", "--feed-deviation", "0.5%", "--feed-heartbeat", "1 day", "--json")
    assert done.code == 0, done.said
    parts = done.document["attribution"]
    assert sum(part for name, part in parts.items() if name != "total") == pytest.approx(parts["total"], abs=1e-12)
    assert parts["fees"] < 0
    assert parts["gas"] < 0
    assert int(done.document["gas_paid_d36"]) == pytest.approx(
        int(done.document["summary"]["gas"]) * 6e-5 * 1e36, rel=0.5
    )
    assert done.document["tracking_error"] > 0
    assert "Against the same rule without any cost" in here(*WHOLE, "--gas", "2 USD").said


def test_backtest__with_flows_splits_and_a_delisting__then_all_of_it_happens(here: Here) -> None:
    Path("flows.csv").write_text("date,amount\n2005-01-15,250000\n2012-06-01,-100000.50\n")
    Path("splits.csv").write_text("date,asset,ratio\n2010-01-01,GOLD,1\n")
    events = ("--flows", "flows.csv", "--splits", "splits.csv", "--delisted", "GOLD=2015-01:50%")
    done = here(*WHOLE, *events, "--json")
    assert done.code == 0, done.said
    plain = here(*WHOLE, "--json")
    assert int(done.document["summary"]["supply_d18"]) > int(plain.document["summary"]["supply_d18"])
    assert done.document["summary"]["growth_d18"] != plain.document["summary"]["growth_d18"]
    assert done.document["money_weighted"] != pytest.approx(plain.document["money_weighted"], abs=1e-4)
    Path("flows.csv").write_text("date,amount\nsoon,1\n2005-01-15,much\n")
    wrong = here(*WHOLE, *events)
    assert wrong.code == 65
    assert "flows.csv, row 2" in wrong.said
    assert "flows.csv, row 3" in wrong.said


def test_backtest__of_a_file__then_the_same_as_what_is_bundled(here: Here) -> None:
    from controller.market import datasets

    datasets.macro().loc["2000-01":].to_csv("prices.csv")
    one = here("backtest", "mandate.toml", "prices.csv", "--json").document["summary"]
    other = here(*WHOLE, "--json").document["summary"]
    assert one == other


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("backtest", "mandate.toml", "nowhere.csv"), 66, "There is no file nowhere.csv"),
        (("backtest", "nowhere.toml", "macro"), 65, "nowhere.toml cannot be read"),
        (("backtest", "mandate.toml", "crypto"), 65, "EQUITY: is no column of the history"),
        (("backtest", "mandate.toml", "macro", "--from", "1960-01"), 65, "older than 1970"),
        (("backtest", "mandate.toml", "macro", "--from", "yesterday"), 65, "is not a date"),
        ((*WHOLE, "--cost", "10"), 64, "--cost"),
        ((*WHOLE, "--feed-heartbeat", "often"), 64, "--feed-heartbeat"),
        ((*WHOLE, "--delisted", "GOLD"), 64, "Write ASSET=2008-09-15:40%"),
        ((*WHOLE, "--delisted", "TIN=2008-09:40%"), 65, "TIN is no column"),
        ((*WHOLE, "--gas-prices", "nowhere.csv"), 66, "There is no file nowhere.csv"),
        ((*WHOLE, "--strategy", "nowhere.toml"), 65, "nowhere.toml cannot be read"),
    ],
)
def test_backtest__when_something_is_wrong__then_one_clear_message(
    here: Here, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = here(*arguments)
    assert done.code == code, done.said
    assert words in done.said
    assert not Path("report.html").exists()


def test_backtest__by_a_strategy_file__then_targets_move_within_the_mandate(here: Here) -> None:
    Path("strategy.toml").write_text('name = "Calm"\n[optimiser]\nmethod = "minimum_variance"\n')
    done = here("backtest", "mandate.toml", "macro", "--from", "1990-01", "--strategy", "strategy.toml", "--json")
    assert done.code == 0, done.said
    fixed = here("backtest", "mandate.toml", "macro", "--from", "1990-01", "--json").document["summary"]
    moved = done.document["summary"]
    assert moved["ticks"] == fixed["ticks"]
    assert (moved["value_d36"], moved["rebalances"]) != (fixed["value_d36"], fixed["rebalances"])
    again = here("backtest", "mandate.toml", "macro", "--from", "1990-01", "--strategy", "strategy.toml", "--json")
    assert again.document == done.document


def commands() -> list[str]:
    """Of the page on backtests that begin with a mandate."""
    page = (Path(__file__).resolve().parents[3] / "docs" / "BACKTEST.md").read_text()
    return re.findall(r"^evenkeel (?:backtest|simulate|sweep) .*$", page, re.MULTILINE)


def test_page__every_command__then_its_options_are_known(here: Here) -> None:
    assert len(commands()) >= 6
    for line in commands():
        done = here(*shlex.split(line.replace("mandate.toml", "nowhere.toml"))[1:])
        assert (done.code, "nowhere.toml cannot be read" in done.said) == (65, True), f"{line}: {done.said}"
