"""What the keys of a mandate file must satisfy together.

Checked on the document as it stands, so that one key that cannot be read hides nothing about the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from itertools import pairwise
from typing import Any, TypeVar

from controller.config import quantities
from controller.config.networks import Token
from controller.errors import Mistake
from controller.model import ZERO_ADDRESS
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
    trigger, flows = _table(document, "trigger"), document.get("flows")
    yield from _trigger(trigger)
    yield from _destination(_table(document, "destination"), trigger)
    yield from _losses(_table(document, "limits"))
    yield from _fees(document.get("fees"))
    rows = document.get("assets")
    if isinstance(rows, list):
        assets = [row if isinstance(row, dict) else {} for row in rows]
        yield from _targets(document, assets)
        yield from _tokens(assets, tokens)
        yield from _spread(flows, assets)
        yield from _twaps(assets)


# ---- when and where


def _trigger(trigger: Row) -> Iterator[Mistake]:
    kind = trigger.get("kind", "threshold")
    if kind not in ("threshold", "calendar", "either", "both"):
        return
    banded, dated = kind != "calendar", kind != "threshold"
    given = [key for key in ("band", "relative_band") if key in trigger]
    if banded and not given:
        yield Mistake("trigger.band", f'is missing: {kind} needs band = "5%", relative_band = "20%", or both')
    if dated and "every" not in trigger:
        yield Mistake("trigger.every", f'is missing: {kind} needs every = "3 months"')
    useless = ([] if banded else given) + ([] if dated else [key for key in ("every", "anchor") if key in trigger])
    for key in useless:
        yield Mistake(f"trigger.{key}", f'has no effect with kind = "{kind}"; for the first of both write "either"')


def _destination(destination: Row, trigger: Row) -> Iterator[Mistake]:
    for key, band_key in (("drift", "band"), ("relative_drift", "relative_band")):
        aim, band = (_readable(quantities.share, value) for value in (destination.get(key), trigger.get(band_key)))
        if band and aim is not None and aim >= band:
            yield Mistake(f"destination.{key}", f"is {aim} bps, must be below the {band_key} of {band} bps")
    if "relative_drift" in destination and "relative_band" not in trigger:
        yield Mistake("destination.relative_drift", "has no effect without trigger.relative_band")
    if "drift" in destination and "relative_band" in trigger and "band" not in trigger:
        yield Mistake("destination.drift", "has no effect without trigger.band; use relative_drift")


def _losses(limits: Row) -> Iterator[Mistake]:
    loss = _readable(quantities.share, limits.get("loss", "0.5%"))
    budget = _readable(quantities.share, limits.get("loss_budget", "100%"))
    if loss is not None and budget and 2 * loss > budget:
        half = "at most half of the loss_budget can be lost at once"
        yield Mistake("limits.loss", f"is {loss} bps, more than half of the loss_budget of {budget} bps: {half}")


def _fees(fees: Any) -> Iterator[Mistake]:
    if not isinstance(fees, dict):
        return
    rates = [_readable(quantities.share, fees.get(key, "0%")) for key in ("management", "performance")]
    if not any(rate is None or rate for rate in rates):
        yield Mistake("fees", 'asks for nothing; write management = "0.5%" or performance = "10%", or take it out')
    if fees.get("recipient") == ZERO_ADDRESS:
        yield Mistake("fees.recipient", "is the zero address, so nobody would get the fees")


# ---- targets


def _targets(document: Mapping[str, Any], assets: Sequence[Row]) -> Iterator[Mistake]:
    """The targets stand either with the assets or in the path; every knot keeps to minimum and maximum weights."""
    path = document.get("path")
    weighted = [index for index, row in enumerate(assets) if "weight" in row]
    if path is None:
        for index, row in enumerate(assets):
            if "weight" not in row:
                yield Mistake(
                    _named(index, row, "weight"), 'is missing, for example weight = "60%"; or write a [[path]]'
                )
        yield from _sum("assets", [row.get("weight") for row in assets])
        for index, row in enumerate(assets):
            yield from _bounds(_named(index, row, "weight"), row.get("weight"), row)
        return
    for index in weighted:
        yield Mistake(_named(index, assets[index], "weight"), "stands in the [[path]] already; take one of them out")
    if isinstance(path, list):
        yield from _path([knot if isinstance(knot, dict) else {} for knot in path], assets)


def _path(knots: Sequence[Row], assets: Sequence[Row]) -> Iterator[Mistake]:
    times = [_readable(quantities.moment, knot.get("time")) for knot in knots]
    for index, (before, after) in enumerate(pairwise(times), start=1):
        if before is not None and after is not None and after <= before:
            yield Mistake(f"path[{index}].time", "is not after that of the knot before it")
    by_token = {row["token"]: row for row in assets if isinstance(row.get("token"), str)}
    for index, knot in enumerate(knots):
        weights, where = knot.get("weights"), f"path[{index}].weights"
        if not isinstance(weights, dict):
            continue
        for token in weights.keys() - by_token.keys():
            yield Mistake(f"{where}.{token}", f"is no asset of this file; they are {', '.join(by_token)}")
        for token in by_token.keys() - weights.keys():
            yield Mistake(f"{where}.{token}", 'is missing, for example "0%"')
        yield from _sum(where, list(weights.values()))
        for token, weight in weights.items():
            yield from _bounds(f"{where}.{token}", weight, by_token.get(token, {}))


def _sum(where: str, given: Sequence[Any]) -> Iterator[Mistake]:
    weights = [weight for value in given if (weight := _readable(quantities.share, value)) is not None]
    total = sum(weights)
    if weights and len(weights) == len(given) and total != BPS:
        off = f"{abs(BPS - total)} bps {'are missing' if total < BPS else 'too many'}"
        yield Mistake(where, f"weights sum to {to_decimal(total, 2)}%, must be exactly 100%: {off}")


def _bounds(where: str, given: Any, row: Row) -> Iterator[Mistake]:
    weight = _readable(quantities.share, given)
    low = _readable(quantities.share, row.get("min_weight", "0%"))
    high = _readable(quantities.share, row.get("max_weight", "100%"))
    if weight is not None and low is not None and high is not None and not low <= weight <= high:
        yield Mistake(where, f"is {weight} bps, outside of min_weight and max_weight, {low} to {high} bps")


# ---- assets


def _tokens(assets: Sequence[Row], tokens: Mapping[str, Token]) -> Iterator[Mistake]:
    first: dict[str, int] = {}
    for index, row in enumerate(assets):
        if not isinstance(row.get("token"), str):
            continue
        where = _named(index, row, "token")
        try:
            token = resolve(row["token"], tokens)
        except KeyError:
            yield Mistake(where, f"is not in the network's list of tokens{_near(row['token'], tokens)}")
            continue
        if first.setdefault(token.address, index) != index:
            yield Mistake(where, f"is the token of assets[{first[token.address]}] again")
        low, high = (_readable(quantities.share, row.get(key, "0%")) for key in ("min_weight", "max_weight"))
        if "max_weight" in row and low is not None and high is not None and low > high:
            yield Mistake(_named(index, row, "min_weight"), "is above max_weight")
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
            yield Mistake(_named(index, row, key), str(error))
    if len(answers) == 2 and answers[0] > answers[1]:
        yield Mistake(_named(index, row, "price_min"), "is above price_max")


def _spread(flows: Any, assets: Sequence[Row]) -> Iterator[Mistake]:
    """A narrower spread would let others trade on what two feeds lagging apart have not published."""
    if not isinstance(flows, dict):
        return
    spread = _readable(quantities.share, flows.get("spread"))
    deviations = []
    for index, row in enumerate(assets):
        deviation = _readable(quantities.share, row.get("deviation"))
        if "deviation" not in row:
            what = 'is missing: with [flows] it has to be known, for example deviation = "0.5%"'
            yield Mistake(_named(index, row, "deviation"), what)
        elif deviation is not None:
            deviations.append(deviation)
    least = sum(sorted(deviations)[-2:])
    if spread is not None and spread < least:
        what = f"is {spread} bps, less than the two largest deviations together; make it at least {least} bps"
        yield Mistake("flows.spread", what)


def _twaps(assets: Sequence[Row]) -> Iterator[Mistake]:
    names = [row.get("token") for row in assets]
    for index, row in enumerate(assets):
        twap = row.get("twap")
        if not isinstance(twap, dict) or not isinstance(twap.get("base"), str):
            continue
        if twap["base"] == row.get("token") or twap["base"] not in names:
            yield Mistake(_named(index, row, "twap.base"), "must be another asset of this file")


def _named(index: int, row: Row, key: str) -> str:
    token = f" ({row['token']})" if isinstance(row.get("token"), str) else ""
    return f"assets[{index}].{key}{token}"


def _table(document: Mapping[str, Any], name: str) -> Row:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _readable(read: Callable[[Any], T], value: Any) -> T | None:
    """None for what has been reported by itself already."""
    try:
        return read(value)
    except ValueError:
        return None


def _near(name: str, tokens: Mapping[str, Token]) -> str:
    near = get_close_matches(name.upper(), tokens, n=1)
    return f"; did you mean {near[0]}?" if near else f"; known are {', '.join(tokens) or 'none'}"
