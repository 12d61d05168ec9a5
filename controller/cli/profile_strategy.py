"""evenkeel profile strategy"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from controller.cli import options
from controller.cli.output import err, print_json
from controller.config import profile_file, strategy_template
from controller.config.files import read_file
from controller.config.mandate_outline import outline
from controller.strategy.profile import Profile


def strategy(
    profile: Annotated[Path, typer.Argument(help="Profile file; make one: evenkeel profile new.")],
    mandate: Annotated[Path, typer.Argument(help="Mandate file of the vault that the strategy is for.")],
    as_json: options.AsJson = False,
) -> None:
    """Print a strategy file by a profile: its risk aversion, what it excludes, what is not to be sold before a day.

    evenkeel profile strategy ada.toml mandate.toml > ada-strategy.toml, then evenkeel vault targets --strategy
    ada-strategy.toml shows what it would set, and evenkeel backtest what it would have done.
    """
    chosen, assets = profile_file.load(profile), outline(read_file(mandate)).names
    text = strategy_template.by_profile(chosen, assets)
    notes = _notes(chosen, assets)
    if as_json:
        print_json({"file": text, "profile_hash": "0x" + chosen.hash.hex(), "notes": notes})
        return
    sys.stdout.write(text)
    for note in notes:
        err.print(note, markup=False, soft_wrap=True)


def _notes(chosen: Profile, assets: tuple[str, ...]) -> list[str]:
    """What of the profile is not in the file, and why."""
    named = [*(each.token for each in chosen.exclusions), *(name for name, _ in chosen.tax.keep)]
    notes = [f"{name} is not in the mandate, so nothing has to be said of it" for name in named if name not in assets]
    if chosen.tax.turnover is not None:
        notes.append("how much may be sold in a year is the mandate's to say: evenkeel profile mandate")
    if chosen.tax.residence or chosen.tax.method:
        notes.append("residence and lot method are for the tax commands: --profile")
    return notes
