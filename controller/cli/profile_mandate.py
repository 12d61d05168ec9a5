"""evenkeel profile mandate"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from controller.cli import options
from controller.cli.changes import differences, moment
from controller.cli.output import err, print_json
from controller.cli.session import Session
from controller.config import profile_file
from controller.config.files import read_file
from controller.config.mandate_file import parse
from controller.config.mandate_rewrite import rewrite
from controller.model import ZERO_ADDRESS, Mandate, Roles
from controller.planning.path import targets_at
from controller.report.wording import points
from controller.units import to_decimal
from controller.wealth.knots import as_mandate_path
from controller.wealth.prescription import prescribe

NOBODY = Roles(ZERO_ADDRESS, ZERO_ADDRESS, ZERO_ADDRESS, ())


def mandate(
    profile: Annotated[Path, typer.Argument(help="Profile file; make one: evenkeel profile new.")],
    base: Annotated[Path, typer.Argument(metavar="MANDATE", help="The mandate file that it is to change.")],
    risky: Annotated[list[str], typer.Option(help="An asset at risk, the stocks of the profile; repeatable.")],
    steps: Annotated[int, typer.Option(min=1, max=63, help="Parts of the glide path.")] = 4,
    out_file: Annotated[Path | None, typer.Option("--out", help="Where it goes.", show_default="printed")] = None,
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> None:
    """Turn a profile into a mandate file for its owner to sign off, and say in plain words what it changes.

    The targets follow the profile's risk aversion, and glide until its last goal; what it excludes is left out. Nothing
    is sent: put it in force with evenkeel vault create or set-mandate, which show the change once more.
    """
    session, chosen, source = (
        Session.open(network, url, networks, deployments),
        profile_file.load(profile),
        read_file(base),
    )
    now = session.chain.head().timestamp
    old = parse(source, session.tokens, session.deployed, roles=NOBODY).mandate
    names = [session.symbol(asset.token) for asset in old.assets]
    weights = dict(zip(names, targets_at(old.path, now), strict=True))
    found = prescribe(chosen, weights, risky, now=now, steps=steps)
    limits = () if found.turnover is None else _limits(found.turnover)
    head = f"# By the profile 0x{chosen.hash.hex()}\n"
    text = head + rewrite(source.decode(), found.assets, as_mandate_path(found.path, found.assets), limits)
    new = parse(text.encode(), session.tokens, session.deployed, roles=NOBODY).mandate
    words = [*_targets(session, old, new, now), *_others(old, new), *found.notes]
    if as_json:
        print_json({"file": text, "changes": words, "profile_hash": "0x" + chosen.hash.hex()})
        return
    out_file.write_text(text) if out_file else sys.stdout.write(text)
    for sentence in words:
        err.print(sentence, markup=False, soft_wrap=True)


def _limits(turnover: int) -> tuple[tuple[str, str], ...]:
    """What a profile lets be sold in a year, as the budget of a year."""
    return ("turnover_budget", f"{to_decimal(turnover, 2)}%"), ("budget_window", "365 days")


def _targets(session: Session, old: Mandate, new: Mandate, now: int) -> Iterator[str]:
    """Each asset's target before and after, now and at the end of the path."""
    before, after = (
        dict(zip([session.symbol(asset.token) for asset in each.assets], targets_at(each.path, now), strict=True))
        for each in (old, new)
    )
    last = dict(zip(after, new.path[-1].weights, strict=True))
    for name, weight in before.items():
        if name not in after:
            yield f"{name}: {points(weight)}, then none: it is excluded"
        elif (weight, weight) != (after[name], last[name]):
            glide = "" if after[name] == last[name] else f", and {points(last[name])} by {moment(new.path[-1].time)}"
            yield f"{name}: {points(weight)}, then {points(after[name])}{glide}"


def _others(old: Mandate, new: Mandate) -> Iterator[str]:
    """What else differs."""
    same = replace(new, path=old.path, file_hash=old.file_hash, assets=old.assets)
    yield from differences(old, same)
