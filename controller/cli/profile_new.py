"""evenkeel profile new"""

from __future__ import annotations

from typing import Annotated

import typer

from controller.cli import options
from controller.cli.output import print_json
from controller.config import profile_file

Answer = Annotated[str | None, typer.Option(help="Asked for where it is not given.", show_default=False)]


def new(
    name: Answer = None,
    bad_year: Answer = None,
    fee: Answer = None,
    stocks: Answer = None,
    savings: Answer = None,
    years: Answer = None,
    as_json: options.AsJson = False,
) -> None:
    """Ask the five questions and print a commented profile file: evenkeel profile new > profile.toml"""
    given = {"bad_year": bad_year, "fee": fee, "stocks": stocks, "savings": savings, "years": years}
    whose = name if name is not None else typer.prompt("Your name", err=True)
    answers = {
        key: answer if answer is not None else typer.prompt(profile_file.QUESTIONS[key], err=True)
        for key, answer in given.items()
    }
    file = profile_file.render(whose, answers)
    profile_file.parse(file.encode())  # so that every answer that cannot be meant is named, and none is printed
    print_json({"profile_file": file}) if as_json else typer.echo(file, nl=False)
