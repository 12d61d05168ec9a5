"""Whether a mandate is one that a vault may have (contracts/libraries/MandateRules.sol)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from controller.model import ZERO_ADDRESS, Asset, Feed, Fees, Limits, Mandate, Period, Trigger, TriggerKind
from controller.units import BPS, VALUE_DECIMALS

MIN_ASSETS, MAX_ASSETS = 2, 16
MAX_VENUES, MAX_KNOTS = 255, 64
MAX_TURNOVER_BUDGET = 10_000_000
"""{bps}"""
MIN_BUDGET_WINDOW, MIN_TIMELOCK, MAX_TIMELOCK = 3_600, 3_600, 365 * 86_400
"""{s}"""
MAX_MANAGEMENT_FEE, MAX_PERFORMANCE_FEE = 500, 3_000
"""{bps per year}, {bps}"""
_PRINTABLE = range(0x20, 0x7F)


def flaws(mandate: Mandate, vault: str) -> Iterator[str]:
    """What is wrong with the mandate of a vault, in words."""
    count = len(mandate.assets)
    if not MIN_ASSETS <= count <= MAX_ASSETS:
        yield f"the mandate has {count} assets"
    if mandate.oracle == ZERO_ADDRESS:
        yield "the mandate has no oracle"
    if (mandate.sequencer.feed == ZERO_ADDRESS) != (mandate.sequencer.grace == 0):
        yield "the mandate has a sequencer without a grace period, or the other way round"
    for text in (mandate.name, mandate.symbol):
        if not text or any(ord(character) not in _PRINTABLE for character in text):
            yield f"the mandate is called {text!r}"
    if not MIN_TIMELOCK <= mandate.timelock <= MAX_TIMELOCK:
        yield f"the mandate's timelock is {mandate.timelock} s"
    if len(set(mandate.venues)) != len(mandate.venues) or not 0 < len(mandate.venues) <= MAX_VENUES:
        yield "the mandate names no venue, too many, or one twice"
    if ZERO_ADDRESS in mandate.venues:
        yield "the mandate names no contract as a venue"
    yield from _trigger(mandate.trigger)
    yield from _destination(mandate)
    yield from _limits(mandate.limits)
    yield from _fees(mandate.fees, vault)
    yield from _assets(mandate, vault)
    yield from _path(mandate)


def _trigger(trigger: Trigger) -> Iterator[str]:
    banded = trigger.kind is not TriggerKind.CALENDAR
    if banded != bool(trigger.band or trigger.relative_band) or max(trigger.band, trigger.relative_band) > BPS:
        yield f"the mandate's bands are {trigger.band} and {trigger.relative_band} bps"
    if trigger.kind is TriggerKind.THRESHOLD:
        wrong = bool(trigger.every or trigger.anchor) or trigger.period is not Period.DAY
    else:
        wrong = not (trigger.every and trigger.anchor)
    if wrong:
        yield f"the mandate's calendar is {trigger.every} {trigger.period.name.lower()} from {trigger.anchor}"


def _destination(mandate: Mandate) -> Iterator[str]:
    trigger, end = mandate.trigger, mandate.destination
    # {bps} what each stays below: its band; without it one leaves zero only; a mere calendar has the absolute one
    below = trigger.band or (1 if trigger.relative_band else BPS)
    if end.drift >= below or end.relative_drift >= (trigger.relative_band or 1):
        yield f"the destination, {end.drift} and {end.relative_drift} bps, is not below its band"


def _limits(limits: Limits) -> Iterator[str]:
    if limits.max_slippage >= BPS:
        yield f"the mandate's slippage is {limits.max_slippage} bps"
    if not 0 < limits.loss_budget <= BPS or 2 * limits.max_loss > limits.loss_budget:
        yield f"the mandate's loss is {limits.max_loss} bps of a budget of {limits.loss_budget}"
    if not 0 < limits.turnover_budget <= MAX_TURNOVER_BUDGET:
        yield f"the mandate's turnover budget is {limits.turnover_budget} bps"
    if limits.budget_window < MIN_BUDGET_WINDOW:
        yield f"the mandate's budgets are for {limits.budget_window} s"
    if not limits.min_trade or not limits.max_trades:
        yield "the mandate has no smallest trade, or no number of trades"


def _fees(fees: Fees, vault: str) -> Iterator[str]:
    if fees.management > MAX_MANAGEMENT_FEE or fees.performance > MAX_PERFORMANCE_FEE:
        yield f"the mandate's fees are {fees.management} and {fees.performance} bps"
    free = not fees.management and not fees.performance
    if (fees.recipient == ZERO_ADDRESS) != free or fees.recipient == vault:
        yield f"the mandate's fees go to {fees.recipient}"


def _assets(mandate: Mandate, vault: str) -> Iterator[str]:
    tokens = [asset.token for asset in mandate.assets]
    if len(set(tokens)) != len(tokens):
        yield "the mandate names a token twice"
    if {ZERO_ADDRESS, vault} & set(tokens):
        yield "the mandate names no token, or the vault's own share"
    least = sum(sorted(asset.feed.deviation for asset in mandate.assets)[-2:])  # one may lag upwards, another downwards
    if mandate.spread >= BPS or 0 < mandate.spread < least:
        yield f"the mandate's spread is {mandate.spread} bps, two of its feeds leave {least} unpublished"
    for index, asset in enumerate(mandate.assets):
        if not asset.min_weight <= asset.max_weight <= BPS:
            yield f"asset {index} may have {asset.min_weight} to {asset.max_weight} bps"
        yield from (f"asset {index}: {words}" for words in _feed(asset.feed, asset, index, len(tokens)))


def _feed(feed: Feed, asset: Asset, index: int, count: int) -> Iterator[str]:
    if feed.source == ZERO_ADDRESS or not feed.heartbeat:
        yield "it has no feed, or one without a heartbeat"
    if not 0 < feed.min_answer <= feed.max_answer:
        yield f"answers may be from {feed.min_answer} to {feed.max_answer}"
    if asset.decimals + feed.decimals > VALUE_DECIMALS:
        yield f"token and feed have {asset.decimals} and {feed.decimals} decimals"
    twap = feed.twap
    if not twap.window:
        wrong = bool(twap.fee or twap.max_deviation or twap.base)
    else:
        wrong = not 0 < twap.max_deviation < BPS or twap.base >= count or twap.base == index
    if wrong:
        yield "its second source is none"


def _path(mandate: Mandate) -> Iterator[str]:
    if not 0 < len(mandate.path) <= MAX_KNOTS:
        yield f"the mandate's path has {len(mandate.path)} knots"
    if any(before.time >= after.time for before, after in pairwise(mandate.path)):
        yield "the knots of the mandate's path are not in the order of time"
    for number, knot in enumerate(mandate.path):
        if len(knot.weights) != len(mandate.assets):
            yield f"knot {number} has {len(knot.weights)} targets for {len(mandate.assets)} assets"
        elif sum(knot.weights) != BPS:
            yield f"the targets of knot {number} sum to {sum(knot.weights)}, not {BPS}"
        for asset, weight in zip(mandate.assets, knot.weights, strict=False):
            if not asset.min_weight <= weight <= asset.max_weight:
                yield f"knot {number} has a target of {weight} bps outside {asset.min_weight} to {asset.max_weight}"
