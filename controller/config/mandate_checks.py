"""What the keys of a mandate file must satisfy together.

Checked on the document as it stands, so that one key that cannot be read hides nothing about the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from controller.config import quantities
from controller.config.networks import Token
from controller.errors import Mistake
from controller.units import BPS, VALUE_DECIMALS, to_decimal

T = TypeVar("T")
Row = Mapping[str, Any]


def resolve(name: str, tokens: Mapping[str, Token]) -> Token:
    """The token of a symbol, or of an address that is on the list.

    Raises
    ------
    KeyError
        When it is neither.
    """
    by_address = {token.address.lower(): token for token in tokens.values()}
    return tokens[name] if name in tokens else by_address[name.lower()]


def together(document: Mapping[str, Any], tokens: Mapping[str, Token]) -> Iterator[Mistake]:
    """Every mistake that no key shows alone. What cannot be read is left to whoever reads the keys one by one."""
    rule = document.get("rule")
    if isinstance(rule, dict):
        yield from _rule(rule)
    rows = document.get("assets")
    if isinstance(rows, list):
        assets = [row if isinstance(row, dict) else {} for row in rows]
        yield from _weights(assets)
        yield from _tokens(assets, tokens)


def _rule(rule: Row) -> Iterator[Mistake]:
    band, destination = (_readable(quantities.share, rule.get(key)) for key in ("band", "destination"))
    if band and destination is not None and destination >= band:
        yield Mistake("rule.destination", f"is {destination} bps, must be below the band of {band} bps")


def _weights(assets: Sequence[Row]) -> Iterator[Mistake]:
    weights = [weight for row in assets if (weight := _readable(quantities.share, row.get("weight"))) is not None]
    total = sum(weights)
    if weights and len(weights) == len(assets) and total != BPS:
        off = f"{abs(BPS - total)} bps {'are missing' if total < BPS else 'too many'}"
        yield Mistake("assets", f"weights sum to {to_decimal(total, 2)}%, must be exactly 100%: {off}")


def _tokens(assets: Sequence[Row], tokens: Mapping[str, Token]) -> Iterator[Mistake]:
    first: dict[str, int] = {}
    for index, row in enumerate(assets):
        if not isinstance(row.get("token"), str):
            continue
        where = f"assets[{index}].token ({row['token']})"
        try:
            token = resolve(row["token"], tokens)
        except KeyError:
            yield Mistake(where, f"is not in the network's list of tokens{_near(row['token'], tokens)}")
            continue
        if first.setdefault(token.address, index) != index:
            yield Mistake(where, f"is the token of assets[{first[token.address]}] again")
        if token.decimals + token.feed_decimals > VALUE_DECIMALS:
            yield Mistake(where, f"token and feed have more than {VALUE_DECIMALS} decimals together")
        yield from _prices(index, row, token)


def _prices(index: int, row: Mapping[str, Any], token: Token) -> Iterator[Mistake]:
    answers: list[int] = []
    for key in ("price_min", "price_max"):
        number = _readable(quantities.price, row.get(key))
        if number is None:
            continue
        try:
            answers.append(quantities.answer(number, token.feed_decimals))
        except ValueError as error:
            yield Mistake(f"assets[{index}].{key} ({row['token']})", str(error))
    if len(answers) == 2 and answers[0] > answers[1]:
        yield Mistake(f"assets[{index}].price_min ({row['token']})", "is above price_max")


def _readable(read: Callable[[Any], T], value: Any) -> T | None:
    """None for what has been reported by itself already."""
    try:
        return read(value)
    except ValueError:
        return None


def _near(name: str, tokens: Mapping[str, Token]) -> str:
    near = get_close_matches(name.upper(), tokens, n=1)
    return f"; did you mean {near[0]}?" if near else f"; known are {', '.join(tokens) or 'none'}"
