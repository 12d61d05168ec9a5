"""Rebalancing by cash flow alone: what a deposit buys or a withdrawal sells, what drift remains, and what trading
everything to target would be instead. The amounts are the vault's own (controller/planning/flows.py,
contracts/libraries/FlowRules.sol)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.errors import InputError, Mistake
from controller.model import Snapshot
from controller.planning import flows, pairing, rules
from controller.planning.due import name
from controller.planning.pairing import Range, Step
from controller.planning.plan import MAX_AMOUNT
from controller.planning.rules import Bands
from controller.planning.wants import Want
from controller.units import BPS


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a vault is off its targets."""

    largest: int  # D18{1} largest absolute drift, rounded down
    turnover: int  # D18{1} half of the sum of absolute drifts, rounded down
    breaches: int  # bitmap of the assets that have reached their band

    @classmethod
    def of(cls, held: Sequence[int], targets: Sequence[int], bands: Bands) -> Standing:
        """Of values D36{quote} beside targets {bps}."""
        total = sum(held)
        offs = [rules.deviation(value, target, total) for value, target in zip(held, targets, strict=True)]
        largest, turnover = rules.drift(max(offs), total), rules.drift(sum(offs), 2 * total)
        return cls(largest, turnover, bands.breaches(held, targets) if total else 0)


@dataclass(frozen=True, slots=True)
class FlowPlan:
    """One flow, and what it does. Nothing is bought and sold: all of it is bought, or all of it is sold."""

    inward: bool
    values: tuple[int, ...]  # D36{quote} bought or sold of each asset
    amounts: tuple[int, ...]  # {qTok} of each asset, rounded down
    before: Standing
    after: Standing
    into_band: int | None  # D36{quote} the least flow of this direction after which no asset is in breach


def plan_flow(snapshot: Snapshot, amount: int, *, inward: bool) -> FlowPlan:
    """A deposit or a withdrawal of `amount` D36{quote}, spread by equal fractional deviation.

    Raises
    ------
    InputError
        When a price is missing, with each asset; or more is to be withdrawn than there is.
    """
    held, targets, bands = valued(snapshot), snapshot.targets, Bands.of(snapshot.mandate)
    if not inward and amount > sum(held):
        raise InputError("More is to be withdrawn than the vault holds.", "Withdraw less, or redeem shares in kind.")
    route = flows.route_in if inward else flows.route_out
    moved = route(held, targets, amount)
    sign = 1 if inward else -1
    after = [value + sign * flow for value, flow in zip(held, moved, strict=True)]
    least = flows.deposit_into_band(held, targets, bands) if inward else withdrawal_into_band(held, targets, bands)
    return FlowPlan(
        inward,
        moved,
        tuple(value // price.value for value, price in zip(moved, snapshot.prices, strict=True)),
        Standing.of(held, targets, bands),
        Standing.of(after, targets, bands),
        least,
    )


def valued(snapshot: Snapshot) -> tuple[int, ...]:
    """D36{quote} of each asset.

    Raises
    ------
    InputError
        With every asset whose price is missing.
    """
    missing = tuple(
        Mistake(name(snapshot, index), price.failure or "has no price")
        for index, price in enumerate(snapshot.prices)
        if price.failure or price.value <= 0
    )
    if missing:
        raise InputError("Prices are missing.", "Wait for the feeds: evenkeel status.", missing)
    return rules.values(snapshot.balances, [price.value for price in snapshot.prices])


def withdrawal_into_band(held: Sequence[int], targets: Sequence[int], bands: Bands) -> int | None:
    """D36{quote} the least withdrawal after which no asset is in breach any more, spread as `route_out` says; None
    where none is enough. Found by halving as `deposit_into_band`: no drift grows with a withdrawal so spread."""

    def enough(amount: int) -> bool:
        after = [value - less for value, less in zip(held, flows.route_out(held, targets, amount), strict=True)]
        return not sum(after) or not bands.breaches(after, targets)

    low, high = -1, sum(held) - 1
    if high < 0 or not enough(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def whole_rebalance(snapshot: Snapshot) -> tuple[Want, ...]:
    """The trades that would bring every asset to its target now, whether a rebalance is due or not: to ask quotes for.

    Each sells what is above its target for what is below, by no less than the mandate's smallest trade; amounts are
    {qTok}, rounded down.
    """
    held = valued(snapshot)
    total = sum(held)
    pairs = pairing.serve(
        [
            Range(rules.side(value, target, total), off, off)
            for value, target in zip(held, snapshot.targets, strict=True)
            for off in [rules.deviation(value, target, total)]
        ],
        1,
        Step.LESS,
    )
    wants = (
        # {qTok} = D36{quote * bps} / ({bps} * D36{quote/qTok})
        Want(sell, buy, min(value // (BPS * snapshot.prices[sell].value), MAX_AMOUNT))
        for (sell, buy), value in pairs.items()
    )
    least = snapshot.mandate.min_trade_value
    return tuple(
        want for want in wants if want.amount_in and want.amount_in * snapshot.prices[want.sell].value >= least
    )
