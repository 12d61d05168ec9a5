"""The questionnaire as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from controller.cli.main import app
from controller.config import profile_file
from controller.errors import InputError

GIVEN = ("--name", "Ada", "--bad-year", "20%", "--fee", "4%", "--stocks", "60%", "--savings", "5%", "--years", "20")


def run(*arguments: str, answers: str = "") -> tuple[str, str]:
    done = CliRunner().invoke(app, ["profile", *arguments], input=answers, catch_exceptions=False)
    assert done.exit_code == 0
    return done.stdout, done.stderr


def test_new__answers_given_or_asked_for__then_the_same_file_and_no_question_inside_it() -> None:
    file, asked = run("new", *GIVEN)
    assert asked == ""
    again, asked = run("new", answers="Ada\n20%\n4%\n60%\n5%\n20\n")
    assert again.endswith(file)  # after what the runner types, which a terminal would show
    assert all(question in asked for question in profile_file.QUESTIONS.values())
    assert json.loads(run("new", *GIVEN, "--json")[0]) == {"profile_file": file}


def test_new__answers_that_cannot_be_meant__then_all_are_named_and_nothing_is_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(InputError) as raised:
        run("new", *GIVEN[:2], "--bad-year", "99%", "--fee", "4", "--stocks", "60%", "--savings", "5%", "--years", "x")
    assert [mistake.where for mistake in raised.value.mistakes] == [
        "questions.bad_year",
        "questions.fee",
        "questions.years",
    ]
    assert capsys.readouterr().out == ""


def test_show_and_check__a_profile__then_what_follows_from_it_and_one_hash(tmp_path: Path) -> None:
    path = tmp_path / "profile.toml"
    path.write_text(run("new", *GIVEN)[0])
    shown = json.loads(run("show", str(path), "--json", "--steps", "2")[0])
    assert shown["scores"] == pytest.approx({"bad_year": 2.266, "fee": 2.0, "stocks": 3.646}, abs=1e-3)
    assert [point["years"] for point in shown["glide"]] == [0, 10, 20]
    assert json.loads(run("check", str(path), "--json")[0]) == {"hash": shown["hash"]}
    assert shown["hash"] in run("check", str(path))[0]
    assert "their geometric mean" in run("show", str(path))[0]


def test_show__answers_that_lie_far_apart__then_said(tmp_path: Path) -> None:
    path = tmp_path / "profile.toml"
    path.write_text(run("new", *GIVEN[:2], "--bad-year", "5%", "--fee", "0.1%", *GIVEN[6:])[0])
    assert "far apart" in run("show", str(path))[0]
