"""evenkeel chain move"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import typer

from controller.cli import options
from controller.cli.output import print_json, print_pairs
from controller.cli.session import Session
from controller.errors import Mistake, UsageError
from controller.replay import saved
from controller.replay.markets import FEED_DECIMALS
from controller.replay.world import World
from controller.units import to_decimal

HIGHEST = 10 ** (12 + FEED_DECIMALS)
"""{USD/tok} with FEED_DECIMALS; pools here end not far above."""


def move(
    changes: Annotated[list[str], typer.Argument(help="Price changes, e.g. EQUITY=+20% GOLD=-5% BOND=4100.50")],
    network: options.Network = options.DEFAULT_NETWORK,
    url: options.Url = None,
    networks: options.Networks = None,
    deployments: options.Deployments = options.DEFAULT_DEPLOYMENTS,
    as_json: options.AsJson = False,
) -> None:
    """Move prices on the local chain: feeds and pools together, as a market would."""
    session = Session.open(network, url, networks, deployments)
    world = saved.load(session.chain, session.directory)
    moved = moved_answers(world, saved.answers(world), changes)
    world.move(moved)
    saved.save(world, session.directory)
    prices = {
        listed.listing.symbol: f"{to_decimal(answer, FEED_DECIMALS):,.2f}"
        for listed, answer in zip(world.listed, moved, strict=True)
    }
    print_json(prices) if as_json else print_pairs("Prices, USD", prices)


def moved_answers(world: World, now: tuple[int, ...], changes: list[str]) -> tuple[int, ...]:
    """{USD/tok} the answers after `changes`; every change that cannot be read is reported."""
    symbols = [listed.listing.symbol for listed in world.listed]
    answers, mistakes = list(now), []
    for change in changes:
        symbol, _, text = change.partition("=")
        try:
            index = symbols.index(symbol)
            if text.endswith("%"):
                answers[index] = int(answers[index] * (1 + Decimal(text[:-1]) / 100))
            else:
                answers[index] = int(Decimal(text).scaleb(FEED_DECIMALS))
        except (ValueError, ArithmeticError):
            mistakes.append(Mistake(change, f"write SYMBOL=+20% or SYMBOL=123.45; symbols: {', '.join(symbols)}"))
    for index, answer in enumerate(answers):
        if answer <= 0:
            mistakes.append(Mistake(symbols[index], "would not be worth anything"))
        elif answer > HIGHEST:
            mistakes.append(Mistake(symbols[index], "would be worth more than a pool can say"))
    if mistakes:
        raise UsageError("Price changes cannot be read: " + "; ".join(map(str, mistakes)) + ".")
    return tuple(answers)
