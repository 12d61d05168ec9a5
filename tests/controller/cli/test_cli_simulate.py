"""`evenkeel simulate`: distributions, a page, and one message for whatever is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from command import Here

WHOLE = ("simulate", "mandate.toml", "macro", "--from", "1990-01", "--years", "2", "--paths", "6", "--jobs", "1")


pytestmark = pytest.mark.usefixtures("macro_mandate")


def test_simulate__of_several_scenarios__then_a_table_sentences_and_a_page(here: Here) -> None:
    scenarios = ("--scenario", "regimes", "--scenario", "gas", "--scenario", "2008", "--gas", "5 USD")
    done = here(*WHOLE, *scenarios, "--goal", "1100000 USD")
    assert done.code == 0, done.said
    assert "regimes: middle" in done.said
    assert "gas: a value of 1,100,000 is reached in" in done.said
    assert "in the worst 5%:" in done.said
    page = Path("simulation.html").read_text()
    assert page.count("<svg xmlns") == 4  # two fans, drift and cost
    assert "2008" in page
    assert "Hold 60% EQUITY" in page
    document = here(*WHOLE, *scenarios, "--goal", "1100000 USD", "--json").document
    assert list(document["scenarios"]) == ["regimes", "gas", "2008"]
    assert document["scenarios"]["2008"]["paths"] == 1
    growth = document["scenarios"]["regimes"]["growth"]
    assert [each["at"] for each in growth] == [0.05, 0.5, 0.95]
    assert [(each["low"] is None, each["high"] is None) for each in growth] == [  # six paths bound no tail
        (True, False),
        (True, True),
        (False, True),
    ]
    goal = document["scenarios"]["regimes"]["goal"]
    assert [each["at"] for each in goal["shortfall"]] == [0.05, 0.5, 0.95]
    assert goal["shortfall"][2]["value"] > 0


def test_simulate__of_all__then_whatever_the_history_holds(here: Here) -> None:
    found = here(*WHOLE[:-6], "--years", "1", "--paths", "2", "--jobs", "1", "--scenario", "all", "--json").document
    assert list(found["scenarios"])[:5] == ["bootstrap", "normal", "jumps", "regimes", "together"]
    assert list(found["scenarios"])[5:] == ["frozen-feed", "stuck-feed", "dry", "2000", "2008", "2020", "2022"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((*WHOLE, "--scenario", "1929"), 64, "There is no scenario 1929"),
        ((*WHOLE, "--scenario", "1973"), 65, "does not hold 1973"),
        ((*WHOLE, "--goal", "much"), 64, "--goal"),
        ((*WHOLE, "--scenario", "gas"), 64, "A hundred times no gas"),
        ((*WHOLE[:-1], "0"), 65, "No process is to do the work"),
        (("simulate", "mandate.toml", "crypto"), 65, "EQUITY: is no column of the history"),
        (("simulate", "nowhere.toml", "macro"), 65, "nowhere.toml cannot be read"),
    ],
)
def test_simulate__when_something_is_wrong__then_one_clear_message(
    here: Here, arguments: tuple[str, ...], code: int, words: str
) -> None:
    done = here(*arguments)
    assert done.code == code, done.said
    assert words in done.said
    assert not Path("simulation.html").exists()
