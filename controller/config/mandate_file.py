"""The mandate file: TOML for people, read into the mandate that a vault enforces, every mistake reported at once.

The file's hash is part of the mandate and so stands on chain: the file is provably what is enforced.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from eth_utils.crypto import keccak
from pydantic import ValidationError

from controller.config import mandate_checks, mandate_mistakes, quantities
from controller.config.mandate_tables import (
    BUDGETS,
    AssetTable,
    DestinationTable,
    FileTable,
    LimitsTable,
    RolesTable,
    TriggerTable,
    TwapTable,
)
from controller.config.networks import Token
from controller.errors import InputError, Mistake
from controller.model import (
    ZERO_ADDRESS,
    Asset,
    Destination,
    Feed,
    Fees,
    Knot,
    Limits,
    Mandate,
    Period,
    Roles,
    Scope,
    Sequencer,
    Trigger,
    TriggerKind,
    Twap,
)
from controller.units import BPS


@dataclass(frozen=True, slots=True)
class Deployed:
    """What the file does not say, because the network does."""

    oracle: str
    venues: tuple[str, ...]
    sequencer: Sequencer


@dataclass(frozen=True, slots=True)
class MandateFile:
    """What a file prescribes."""

    mandate: Mandate
    roles: Roles
    file_hash: bytes  # keccak256 of the file's bytes, also in the mandate


def parse(source: bytes, tokens: Mapping[str, Token], deployed: Deployed, *, roles: Roles | None = None) -> MandateFile:
    """Reads a mandate file.

    Parameters
    ----------
    source : the bytes of the file.
    tokens : what the file may name, by symbol.
    deployed : what the vault will use on its network.
    roles : for what the file's ``[roles]`` leave out; without them nobody but the strategist may be left out.

    Raises
    ------
    InputError
        With every mistake of the file, by key.
    """
    document = _read(source)
    mistakes: list[Mistake] = []
    file: FileTable | None = None
    try:
        file = FileTable.model_validate(document)
    except ValidationError as error:
        mistakes += [mandate_mistakes.mistake(item, document) for item in error.errors(include_url=False)]
    mistakes += mandate_checks.together(document, tokens)
    mistakes += _unfilled(document, roles)
    if file is None or mistakes:
        raise InputError("The mandate file has mistakes.", "Correct them and try again.", tuple(mistakes))
    file_hash = bytes(keccak(source))
    return MandateFile(_mandate(file, file_hash, tokens, deployed), _filled(file.roles, roles), file_hash)


def _read(source: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(source.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        mistake = Mistake("file", str(error))
        raise InputError("The mandate file is no TOML text.", "Correct what is named.", (mistake,)) from None


# ---- the mandate


def _mandate(file: FileTable, file_hash: bytes, tokens: Mapping[str, Token], deployed: Deployed) -> Mandate:
    names = [asset.token for asset in file.assets]
    fees = file.fees
    return Mandate(
        name=file.name,
        symbol=file.symbol,
        file_hash=file_hash,
        oracle=deployed.oracle,
        sequencer=deployed.sequencer,
        trigger=_trigger(file.trigger),
        destination=_destination(file.destination, file.trigger),
        limits=_limits(file.limits),
        fees=Fees(fees.recipient, fees.management, fees.performance) if fees else Fees(),
        spread=file.flows.spread if file.flows else 0,
        timelock=file.timelock,
        venues=deployed.venues,
        assets=tuple(_asset(asset, tokens, names) for asset in file.assets),
        path=_path(file, names),
    )


def _trigger(table: TriggerTable) -> Trigger:
    every, period = table.every or (0, Period.DAY)
    return Trigger(
        kind=TriggerKind[table.kind.upper()],
        band=table.band or 0,
        relative_band=table.relative_band or 0,
        period=period,
        every=every,
        anchor=table.anchor if table.every else 0,
        cooldown=table.cooldown,
    )


def _destination(table: DestinationTable, trigger: TriggerTable) -> Destination:
    """Half of each band where the file says nothing: far enough from the band, and with the smallest trades."""
    drift = (trigger.band or 0) // 2 if table.drift is None else table.drift
    relative = (trigger.relative_band or 0) // 2 if table.relative_drift is None else table.relative_drift
    return Destination(drift, relative, Scope[table.scope.upper()], table.window)


def _limits(table: LimitsTable) -> Limits:
    budget = min(BUDGETS * table.loss, BPS) if table.loss_budget is None else table.loss_budget
    return Limits(
        max_slippage=table.slippage,
        max_loss=table.loss,
        loss_budget=budget,
        turnover_budget=table.turnover_budget,
        budget_window=table.budget_window,
        min_trade=table.min_trade,
        max_trades=table.max_trades,
        max_step=table.max_step,
        step_delay=table.step_delay,
    )


def _asset(asset: AssetTable, tokens: Mapping[str, Token], names: Sequence[str]) -> Asset:
    token = mandate_checks.resolve(asset.token, tokens)
    low, high = (quantities.answer(number, token.feed_decimals) for number in (asset.price_min, asset.price_max))
    feed = Feed(
        source=token.feed,
        heartbeat=asset.heartbeat,
        decimals=token.feed_decimals,
        deviation=asset.deviation or 0,
        min_answer=low,
        max_answer=high,
        twap=_twap(asset.twap, names) if asset.twap else Twap(),
    )
    return Asset(token.address, token.decimals, asset.min_weight, asset.max_weight, feed)


def _twap(table: TwapTable, names: Sequence[str]) -> Twap:
    return Twap(table.window, table.fee, table.max_deviation, names.index(table.base))


def _path(file: FileTable, names: Sequence[str]) -> tuple[Knot, ...]:
    """The knots; one, from the beginning of time, where the targets stand with the assets."""
    if file.path is None:
        return (Knot(0, tuple(asset.weight or 0 for asset in file.assets)),)
    return tuple(Knot(knot.time, tuple(knot.weights[name] for name in names)) for knot in file.path)


# ---- roles


def _unfilled(document: Mapping[str, Any], roles: Roles | None) -> Iterator[Mistake]:
    given = document.get("roles", {})
    if not isinstance(given, dict):
        return
    if roles is None:
        for key in RolesTable.model_fields:
            if key not in given and key != "strategist":
                yield Mistake(f"roles.{key}", "is missing here and on the command line")
    if given.get("owner") == ZERO_ADDRESS:
        yield Mistake("roles.owner", "is the zero address, so nobody could ever change or pause anything")


def _filled(given: RolesTable, roles: Roles | None) -> Roles:
    other = roles or Roles(ZERO_ADDRESS, ZERO_ADDRESS, ZERO_ADDRESS, ())
    return Roles(
        owner=given.owner or other.owner,
        strategist=given.strategist or other.strategist,
        guardian=given.guardian or other.guardian,
        keepers=tuple(given.keepers) if given.keepers is not None else other.keepers,
    )
