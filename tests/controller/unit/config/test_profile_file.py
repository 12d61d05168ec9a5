"""What a profile file may say, and that every mistake of one is named at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config import profile_file
from controller.errors import InputError
from controller.strategy.profile import Answers, Exclusion, Goal, Market, TaxHints

ANSWERS = {"bad_year": "20%", "fee": "4%", "stocks": "60%", "savings": "5%", "years": "20"}
FULL = """
name = "Ada"
[questions]
bad_year = "20%"
fee = "4%"
stocks = "60%"
savings = "5%"
years = 20
[market]
sharpe = 0.4
[[goals]]
name = "House"
amount = "500000 USD"
at = 2046-01-01
[[exclusions]]
token = "COAL"
reason = "climate"
[tax]
residence = "GB"
method = "fifo"
turnover = "20%"
keep = {GOLD = 2027-01-01}
"""


def mistakes(source: str) -> dict[str, str]:
    with pytest.raises(InputError) as raised:
        profile_file.parse(source.encode())
    return {mistake.where: mistake.what for mistake in raised.value.mistakes}


def test_parse__a_full_file__then_everything_that_was_chosen() -> None:
    profile = profile_file.parse(FULL.encode())
    assert profile.answers == Answers(2_000, 400, 6_000, 500, 20)
    assert profile.market == Market(sharpe=0.4)
    assert profile.goals == (Goal("House", 500_000 * 10**18, 2_398_377_600),)
    assert profile.exclusions == (Exclusion("COAL", "climate"),)
    assert profile.tax == TaxHints("GB", "fifo", 2_000, (("GOLD", 1_798_761_600),))


def test_render__answers__then_a_file_that_can_be_read_as_it_stands() -> None:
    profile = profile_file.parse(profile_file.render('Ada "the \\ first"', ANSWERS).encode())
    assert (profile.name, profile.answers) == ('Ada "the \\ first"', Answers(2_000, 400, 6_000, 500, 20))


def test_render__what_stands_behind_comment_signs__then_it_can_be_read_too() -> None:
    lines = profile_file.render("Ada", ANSWERS).splitlines()[1:]
    opened = "\n".join(line.removeprefix("# ") for line in lines)
    assert profile_file.parse(opened.encode()).exclusions == (Exclusion("COAL", "climate"),)


def test_hash__the_same_choices_in_another_layout__then_equal__and_another_choice_differs() -> None:
    reordered = FULL.replace('bad_year = "20%"\nfee = "4%"', 'fee = "400 bps" # a comment\nbad_year = "20%"')
    assert profile_file.parse(reordered.encode()).hash == profile_file.parse(FULL.encode()).hash
    other = FULL.replace('reason = "climate"', 'reason = "taste"')
    assert profile_file.parse(other.encode()).hash != profile_file.parse(FULL.encode()).hash


def test_parse__many_mistakes__then_all_of_them_are_named() -> None:
    found = mistakes(
        FULL.replace('fee = "4%"', 'fee = "40%"')
        .replace("years = 20", 'years = "20"')
        .replace('residence = "GB"', 'residence = "Britain"\ntoken = "GOLD"')
        .replace('amount = "500000 USD"', "amount = 500000")
        .replace('stocks = "60%"\n', "")
        .replace("keep = {GOLD = 2027-01-01}", "keep = {COAL = 2027-01-01}")
        .replace('reason = "climate"', '[[exclusions]]\ntoken = "COAL"')
        .replace("sharpe = 0.4", "sharp = 0.4")
    )
    assert found == {
        "questions.fee": "must be 0.1% to 19%",
        "questions.stocks": 'is missing, for example stocks = "60%"',
        "questions.years": "must be a whole number without quotes",
        "market.sharp": "is no key of a profile file; did you mean sharpe?",
        "goals[0].amount": '500000 is no text; write it in quotes with its unit, "100 USD"',
        "tax.residence": "'Britain' is no country; write its two letters, \"GB\"",
        "tax.token": "is no key of a profile file here; it belongs under [exclusions]",
        "tax.keep.COAL": "is to be kept, and excluded as well; decide for one of them",
        "exclusions[1].token": "names COAL a second time",
    }


def test_parse__no_toml__then_said(tmp_path: Path) -> None:
    assert set(mistakes("name = ")) == {"file"}
    with pytest.raises(InputError, match="cannot be read"):
        profile_file.load(tmp_path / "none.toml")
