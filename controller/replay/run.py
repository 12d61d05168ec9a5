"""The replay itself: history moves the market, the controller ticks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from controller.chain import dev
from controller.chain.wire import Receipt
from controller.deploy import vaults, venues
from controller.market.quotes import VenueQuotes
from controller.model import Mandate, Roles, TickRecord
from controller.planning.path import targets_at
from controller.replay.markets import Series
from controller.replay.world import POOL_FEE, World
from controller.tick import Controller
from controller.units import VALUE_DECIMALS

SALT = bytes(32)


def quotes(world: World, directory: Path) -> VenueQuotes:
    """Quotes of the world's pools, over the dollar where needed."""
    return venues.quotes(world.chain, directory, (POOL_FEE,), (world.listed[-1].token,))


def found_vault(
    world: World, directory: Path, factory: str, mandate: Mandate, roles: Roles, dollars: int, salt: bytes = SALT
) -> str:
    """Creates the owner's vault and puts `dollars` {quote} into it, on target. Returns its address."""

    def transact(to: str, data: bytes) -> Receipt:
        return dev.transact(world.chain, world.accounts.owner, to, data)

    prices = {listed.token: listed.price(answer) for listed, answer in zip(world.listed, world.first, strict=True)}
    block = world.chain.head()
    pairings = vaults.pairings(quotes(world, directory), mandate, prices, block)
    data = vaults.creation_data(world.chain, factory, mandate, roles, pairings, salt)
    vault = vaults.created_vault(world.chain, factory, transact(factory, data))
    value = dollars * 10**VALUE_DECIMALS
    targets = targets_at(mandate.path, block.timestamp)
    amounts = vaults.first_amounts(mandate, targets, [prices[asset.token] for asset in mandate.assets], value)
    for asset, amount in zip(mandate.assets, amounts, strict=True):
        world.fund(world.accounts.owner, world.symbol(asset.token), amount)
    vaults.first_mint(world.chain, transact, vault, mandate, amounts, value, world.accounts.owner)
    return vault


def replay(
    world: World, controller: Controller, vault: str, series: Series, progress: Callable[[TickRecord], None]
) -> list[TickRecord]:
    """One tick for each point of the series, after the feeds and the pools have moved to it.

    Raises
    ------
    RevertError
        When the vault refuses a plan: planning and contract disagree, and nothing after it would mean anything.
    """
    records = []
    for moment, answers in zip(series.times, series.answers, strict=True):
        dev.set_next_timestamp(world.chain, moment)
        world.move(answers)
        records.append(controller.tick(vault, broadcast=True))
        progress(records[-1])
    return records
