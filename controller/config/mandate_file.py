"""The mandate file: TOML for people, read into the mandate that a vault enforces, every mistake reported at once.

The file's hash is part of the mandate and so stands on chain: the file is provably what is enforced.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from typing import Annotated, Any, Literal

from eth_utils.crypto import keccak
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from controller.config import mandate_checks, quantities
from controller.config.networks import Address, Token
from controller.errors import InputError, Mistake
from controller.model import Asset, Feed, Mandate, Roles, Scope
from controller.units import BPS

MIN_ASSETS, MAX_ASSETS = 2, 16
MAX_TEXT = 31
"""Bytes of a name or symbol on chain."""

ZERO_ADDRESS = "0x" + "00" * 20


@dataclass(frozen=True, slots=True)
class MandateFile:
    """What a file prescribes."""

    mandate: Mandate
    roles: Roles
    file_hash: bytes  # keccak256 of the file's bytes, also in the mandate


def _text(value: str) -> str:
    if not (value.isascii() and value.isprintable() and 0 < len(value) <= MAX_TEXT):
        raise ValueError(f"must be 1 to {MAX_TEXT} printable ASCII characters")
    return value


def _positive(value: int) -> int:
    if value == 0:
        raise ValueError("must be above zero")
    return value


def _part(value: int) -> int:
    if value == BPS:
        raise ValueError("must be below 100%")
    return value


Text = Annotated[str, AfterValidator(_text)]
Share = Annotated[int, BeforeValidator(quantities.share)]
Seconds = Annotated[int, BeforeValidator(quantities.seconds)]
Price = Annotated[Fraction, BeforeValidator(quantities.price)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Rule(_Table):
    trigger: Literal["threshold"]
    band: Annotated[Share, AfterValidator(_positive)]
    destination: Share
    scope: Literal["book", "breach"]
    cooldown: Seconds


class _Limits(_Table):
    slippage: Annotated[Share, AfterValidator(_part)]
    loss: Annotated[Share, AfterValidator(_part)]
    min_trade: Annotated[int, BeforeValidator(quantities.money), AfterValidator(_positive)]


class _Roles(_Table):
    owner: Address | None = None
    guardian: Address | None = None
    keepers: list[Address] | None = None


class _Asset(_Table):
    token: str
    weight: Share
    heartbeat: Annotated[Seconds, AfterValidator(_positive)]
    price_min: Price
    price_max: Price


class _File(_Table):
    name: Text
    symbol: Text
    rule: _Rule
    limits: _Limits
    assets: Annotated[list[_Asset], Field(min_length=MIN_ASSETS, max_length=MAX_ASSETS)]
    roles: _Roles = _Roles()


_TABLES: dict[str, type[_Table]] = {"rule": _Rule, "limits": _Limits, "roles": _Roles, "assets": _Asset}
_EXAMPLES = {
    "name": '"Sixty Forty"', "symbol": '"EK6040"', "trigger": '"threshold"', "band": '"5%"', "destination": '"1.75%"',
    "scope": '"book"', "cooldown": '"1 day"', "slippage": '"1%"', "loss": '"0.5%"', "min_trade": '"100 USD"',
    "token": '"GOLD"', "weight": '"60%"', "heartbeat": '"35 days"', "price_min": '"1"', "price_max": '"100000"',
}  # fmt: skip


def parse(
    source: bytes, tokens: Mapping[str, Token], *, oracle: str, venues: Sequence[str], roles: Roles | None = None
) -> MandateFile:
    """Reads a mandate file.

    Parameters
    ----------
    source : the bytes of the file.
    tokens : what the file may name, by symbol.
    oracle, venues : addresses of the deployment that the vault will use.
    roles : for what the file's ``[roles]`` leave out; without them nothing may be left out.

    Raises
    ------
    InputError
        With every mistake of the file, by key.
    """
    document = _read(source)
    mistakes: list[Mistake] = []
    file: _File | None = None
    try:
        file = _File.model_validate(document)
    except ValidationError as error:
        mistakes += [_mistake(item, document) for item in error.errors(include_url=False)]
    mistakes += mandate_checks.together(document, tokens)
    mistakes += _unfilled(document, roles)
    if file is None or mistakes:
        raise InputError("The mandate file has mistakes.", "Correct them and try again.", tuple(mistakes))
    file_hash = bytes(keccak(source))
    mandate = Mandate(
        name=file.name,
        symbol=file.symbol,
        file_hash=file_hash,
        oracle=oracle,
        scope=Scope[file.rule.scope.upper()],
        band=file.rule.band,
        destination=file.rule.destination,
        max_slippage=file.limits.slippage,
        max_loss=file.limits.loss,
        cooldown=file.rule.cooldown,
        min_trade=file.limits.min_trade,
        venues=tuple(venues),
        assets=tuple(_asset(asset, tokens) for asset in file.assets),
    )
    return MandateFile(mandate, _filled(file.roles, roles), file_hash)


def _read(source: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(source.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        mistake = Mistake("file", str(error))
        raise InputError("The mandate file is no TOML text.", "Correct what is named.", (mistake,)) from None


# ---- one key at a time


def _mistake(item: ErrorDetails, document: Mapping[str, Any]) -> Mistake:
    """What pydantic found, in words that say what to do."""
    location, key = item["loc"], str(item["loc"][-1])
    where, kind = _where(location, document), item["type"]
    if kind == "missing":
        if key in _EXAMPLES:
            return Mistake(where, f"is missing, for example {key} = {_EXAMPLES[key]}")
        return Mistake(where, f"is missing; write {'[[assets]] for each asset' if key == 'assets' else f'[{key}]'}")
    if kind == "extra_forbidden":
        return Mistake(where, f"is no key of a mandate file{_suggestion(key, location)}")
    if kind == "value_error":
        return Mistake(where, str(item["ctx"]["error"]))
    if kind == "literal_error":
        return Mistake(where, f"is {item['input']!r}, must be {item['ctx']['expected']}")
    if kind in ("too_short", "too_long"):
        count = len(document["assets"])
        return Mistake(where, f"has {count} of them, a vault holds {MIN_ASSETS} to {MAX_ASSETS}")
    wanted = {"string_type": "text in quotes", "list_type": "a list", "model_type": "a table"}
    return Mistake(where, f"must be {wanted.get(kind, item['msg'])}")


def _where(location: Sequence[int | str], document: Mapping[str, Any]) -> str:
    """``rule.band``, ``assets[2].weight (GOLD)``."""
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")
    if len(location) > 1 and location[0] == "assets" and isinstance(location[1], int):
        row = document["assets"][location[1]]
        return f"{path} ({row['token']})" if isinstance(row, dict) and isinstance(row.get("token"), str) else path
    return path


def _suggestion(key: str, location: Sequence[int | str]) -> str:
    table = _TABLES.get(str(location[0]), _File) if len(location) > 1 else _File
    near = get_close_matches(key, table.model_fields, n=1)
    if near:
        return f"; did you mean {near[0]}?"
    home = [name for name, other in _TABLES.items() if key in other.model_fields]
    if home:
        return f" here; it belongs under {'[[assets]]' if home[0] == 'assets' else f'[{home[0]}]'}"
    return f"; known here are {', '.join(table.model_fields)}"


# ---- roles and assets


def _unfilled(document: Mapping[str, Any], roles: Roles | None) -> Iterator[Mistake]:
    given = document.get("roles", {})
    if not isinstance(given, dict):
        return
    if roles is None:
        for key in _Roles.model_fields:
            if key not in given:
                yield Mistake(f"roles.{key}", "is missing here and on the command line")
    if given.get("owner") == ZERO_ADDRESS:
        yield Mistake("roles.owner", "is the zero address, so nobody could ever change or pause anything")


def _asset(asset: _Asset, tokens: Mapping[str, Token]) -> Asset:
    token = mandate_checks.resolve(asset.token, tokens)
    low, high = (quantities.answer(number, token.feed_decimals) for number in (asset.price_min, asset.price_max))
    return Asset(
        token.address, token.decimals, asset.weight, Feed(token.feed, asset.heartbeat, token.feed_decimals, low, high)
    )


def _filled(given: _Roles, roles: Roles | None) -> Roles:
    other = roles or Roles(ZERO_ADDRESS, ZERO_ADDRESS, ())
    return Roles(
        owner=given.owner or other.owner,
        guardian=given.guardian or other.guardian,
        keepers=tuple(given.keepers) if given.keepers is not None else other.keepers,
    )
