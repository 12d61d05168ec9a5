"""A profile as a mandate's path: risk, goals, exclusions, and the text that keeps what need not change."""

from __future__ import annotations

import tomllib
from dataclasses import replace

import pytest

from controller.config.mandate_rewrite import rewrite
from controller.errors import InputError
from controller.planning.path import targets_at
from controller.strategy.profile import YEAR, Answers, Exclusion, Goal, Profile, TaxHints, assess
from controller.wealth.prescription import prescribe

NOW = 1_800_000_000
ADA = Profile("Ada", Answers(2_000, 400, 6_000, 500, 20))
WEIGHTS = {"EQUITY": 4_500, "WORLD": 1_500, "BOND": 3_000, "GOLD": 1_000}
RISKY = ("EQUITY", "WORLD")


def test_prescribe__of_a_profile__then_its_share_of_stocks_at_every_knot() -> None:
    found = prescribe(ADA, WEIGHTS, RISKY, now=NOW, steps=4)
    assert found.years == 20
    for elapsed in (0, 5, 10, 15, 20):
        stocks = round(assess(ADA.answers, ADA.market, elapsed).stocks * 10_000)
        weights = targets_at(found.path, NOW + elapsed * YEAR)
        assert abs(weights[0] + weights[1] - stocks) <= 1
        assert weights[0] == pytest.approx(3 * weights[1], abs=4)
        assert weights[2] == pytest.approx(3 * weights[3], abs=4)
    assert targets_at(found.path, NOW)[0] > targets_at(found.path, NOW + 20 * YEAR)[0]


def test_prescribe__with_goals__then_the_last_one_says_until_when() -> None:
    goals = (Goal("Car", 10**22, NOW + 3 * YEAR), Goal("House", 10**23, NOW + 7 * YEAR))
    found = prescribe(replace(ADA, goals=goals), WEIGHTS, RISKY, now=NOW, steps=4)
    assert found.years == 7
    assert found.path[-1].time == NOW + 7 * YEAR
    assert "House, is 7 years away" in found.notes[0]


def test_prescribe__with_an_exclusion__then_the_rest_of_its_kind_takes_its_part() -> None:
    profile = replace(
        ADA, exclusions=(Exclusion("WORLD", "coal"), Exclusion("OIL", "")), tax=TaxHints("GB", turnover=2_000)
    )
    found = prescribe(profile, WEIGHTS, RISKY, now=NOW, steps=2)
    assert found.assets == ("EQUITY", "BOND", "GOLD")
    assert sum(targets_at(found.path, NOW)) == 10_000
    assert found.turnover == 2_000
    assert any("OIL" in note for note in found.notes)
    assert any("GB" in note for note in found.notes)


def test_prescribe__with_hints_that_no_mandate_can_take__then_where_they_go() -> None:
    hints = TaxHints(method="hifo", keep=(("BOND", NOW + 1), ("GOLD", NOW), ("OIL", NOW + 1)))
    kept, lots = prescribe(replace(ADA, tax=hints), WEIGHTS, RISKY, now=NOW, steps=2).notes
    assert "keeps BOND from" in kept
    assert "lot method hifo" in lots


@pytest.mark.parametrize(
    ("risky", "exclusions", "words"),
    [
        (("COAL",), (), ("COAL", "at risk")),
        (RISKY, ("BOND", "GOLD"), ("safe",)),
        (("EQUITY",), ("EQUITY",), ("at risk",)),
    ],
)
def test_prescribe__without_assets_of_both_kinds__then_refused(
    risky: tuple[str, ...], exclusions: tuple[str, ...], words: tuple[str, ...]
) -> None:
    profile = replace(ADA, exclusions=tuple(Exclusion(token, "") for token in exclusions))
    with pytest.raises(InputError) as caught:
        prescribe(profile, WEIGHTS, risky, now=NOW, steps=2)
    assert all(word in str(caught.value) for word in words)


FILE = """\
name = "Mine"  # a comment

[trigger]
kind = "threshold"

# what it may cost
[limits]
loss = "0.5%"
turnover_budget = "200%"

[[assets]]
token = "EQUITY"
weight = "60%"
# twap: none
# the safe part
[[assets]]
token = "BOND"
weight = "40%"
[[path]]
time = 2020-01-01
weights = {EQUITY = "60%", BOND = "40%"}
[flows]
spread = "1%"
"""
PATH = '[[path]]\ntime = 2030-01-01\nweights = {EQUITY = "100%"}\n'


def test_rewrite__of_a_file__then_targets_and_limits_change_and_nothing_else() -> None:
    text = rewrite(FILE, ["EQUITY"], PATH, [("turnover_budget", "20.00%"), ("budget_window", "365 days")])
    document, before = tomllib.loads(text), tomllib.loads(FILE)
    assert document["assets"] == [{"token": "EQUITY"}]
    assert document["path"] == tomllib.loads(PATH)["path"]
    assert document["limits"] == {"loss": "0.5%", "turnover_budget": "20.00%", "budget_window": "365 days"}
    assert [document[key] == before[key] for key in ("name", "trigger", "flows")] == [True] * 3
    assert "# a comment" in text
    assert "# what it may cost\n[limits]" in text
    assert "# the safe part" not in text


def test_rewrite__of_a_file_without_limits__then_they_are_added() -> None:
    text = rewrite('name = "x"\n[[assets]]\ntoken = "A"\n', ["A"], PATH, [("loss", "1%")])
    assert tomllib.loads(text)["limits"] == {"loss": "1%"}
