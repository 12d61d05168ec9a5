"""A household file beside the chain: everything that one view shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

from dateutil.relativedelta import relativedelta

from controller.chain.contract import Contract
from controller.cli.session import Session
from controller.config.files import read_file
from controller.config.household_file import HouseholdTable, parse, times_of
from controller.config.networks import Token
from controller.errors import InputError, Mistake, RevertError
from controller.model import BlockRef
from controller.planning.rules import values
from controller.tick import read_snapshot
from controller.units import D18, VALUE_DECIMALS
from controller.wealth.accounts import read_account
from controller.wealth.flows import valued
from controller.wealth.household import Debt, Position, Scheduled, VaultPart, View, view

COIN, COIN_DECIMALS, CURRENCY = "ETH", 18, "USD"
D36 = 10**VALUE_DECIMALS


def read_view(session: Session, file: Path) -> View:
    """Everything at the newest block.

    Raises
    ------
    InputError
        With every mistake of the files, and everything without a price.
    """
    table, block = parse(read_file(file)), session.chain.head()
    vaults = [_part(session, vault, block, table.groups) for vault in _vaults(session, table)]
    elsewhere, owed = _accounts(table, file.parent)
    elsewhere += _wallets(session, table, block)
    debts = [*(Debt(debt.name, debt.amount * D18) for debt in table.debts), *owed]
    end = int((datetime.fromtimestamp(block.timestamp, UTC) + relativedelta(years=1)).timestamp())
    scheduled = [
        Scheduled(flow.name, ((flow.comes or 0) - (flow.goes or 0)) * D18, times_of(flow, block.timestamp, end))
        for flow in table.flows
    ]
    return view(elsewhere, vaults, debts, scheduled, table.target)


def _vaults(session: Session, table: HouseholdTable) -> list[str]:
    return [session.vault(None)] if table.vaults is None else list(table.vaults)


def _part(session: Session, vault: str, block: BlockRef, groups: Mapping[str, str]) -> VaultPart:
    snapshot = read_snapshot(session.chain, session.address("VaultLens"), vault, block)
    assets = tuple(session.symbol(asset.token) for asset in snapshot.mandate.assets)
    return VaultPart(
        vault,
        assets,
        tuple(groups.get(asset, asset) for asset in assets),
        valued(snapshot),
        snapshot.targets,
        tuple(asset.min_weight for asset in snapshot.mandate.assets),
        tuple(asset.max_weight for asset in snapshot.mandate.assets),
    )


def _accounts(table: HouseholdTable, folder: Path) -> tuple[list[Position], list[Debt]]:
    """Other accounts; what is below zero in them is owed."""
    positions, debts = [], []
    mistakes: list[Mistake] = []
    for account in table.accounts:
        path = folder / account.file
        try:
            held = read_account(read_file(path), path.name, CURRENCY)
        except InputError as error:
            mistakes += error.mistakes or (Mistake(account.name, error.message),)
            continue
        for one in held:
            where, value = f"{account.name}: {one.account}", int(one.value * D36)
            if value < 0:
                debts.append(Debt(where, -value))
            else:
                positions.append(Position(where, one.asset, table.groups.get(one.asset, one.asset), value))
    if mistakes:
        raise InputError("Accounts cannot be read.", "Correct their files.", tuple(mistakes))
    return positions, debts


def _wallets(session: Session, table: HouseholdTable, block: BlockRef) -> list[Position]:
    """Tokens and coins of accounts on chain, at the prices of their feeds or of the file."""
    positions, mistakes = [], []
    for wallet in table.wallets:
        for asset, decimals, amount, token in _balances(session, wallet, block):
            price = _price(session, table, asset, token, block)
            if price is None:
                mistakes.append(Mistake(wallet, f"there is no price of {asset}: give it under [prices]"))
                continue
            # D36{quote} = {qTok} * D18{quote/tok} * 10^18 / 10^decimals
            value = int(Fraction(amount * price * D18, 10**decimals))
            positions.append(Position(wallet, asset, table.groups.get(asset, asset), value))
    if mistakes:
        raise InputError("Prices are missing.", "Nothing is left out in silence.", tuple(mistakes))
    return positions


def _balances(session: Session, wallet: str, block: BlockRef) -> Iterator[tuple[str, int, int, Token | None]]:
    """Asset, decimals, {qTok} and token of everything that the account holds."""
    for symbol, token in session.tokens.items():
        amount = int(Contract(session.chain, token.address, "TestToken").read("balanceOf", wallet, block=block))
        if amount:
            yield symbol, token.decimals, amount, token
    if coins := session.chain.balance(wallet, block):
        yield COIN, COIN_DECIMALS, coins, None


def _price(session: Session, table: HouseholdTable, asset: str, token: Token | None, block: BlockRef) -> int | None:
    """D18{quote/tok}; None where nobody says."""
    if asset in table.prices:
        return table.prices[asset]
    if token is None or not token.feed:
        return None
    try:
        answer = Contract(session.chain, token.feed, "IAggregatorV3").read("latestRoundData", block=block)
    except RevertError:
        return None
    (worth,) = values([int(answer[1])], [10 ** (18 - token.feed_decimals)])
    return worth or None
