"""The numbers of a run: what the keeper did, what it cost, and where the vault stands beside its shadows.

VALUE PER SHARE
    Mints and redeems change a vault's value without being a gain or a loss. The series that is compared is therefore
    value per share at the block of each tick, before the trades of that tick: what a rebalance cost shows from the next
    tick on. Both shadows hold as many shares as the vault does.

TURNOVER AND COST
    Everything is valued at the oracle's prices of the rebalance itself. Turnover is the sum of what was sold over the
    average value of the vault at its ticks (one side only: selling a tenth to buy something else is a turnover of 10%).
    Cost is what was sold less what was bought: pool fees and price impact, without gas. A gain against the oracle is a
    negative cost.

BUDGETS
    How much of each budget was in use at most, as a share of what may be used at once; counted over the rebalances of
    the run, as the vault counts.

A tick is counted once: as a rebalance when one was mined, else as an error when one ended it, else as idle with its
reason, else as planned only (a dry run, or a transaction that never arrived).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from controller.errors import InputError, NotFoundError
from controller.model import BlockRef, Cause, Fill, Mandate, Outcome, Reason, TickRecord
from controller.planning.aftermath import lost, sold
from controller.planning.budget import capacity, most_used
from controller.report.shadows import Frictionless, buy_and_hold, frictionless, value_per_share
from controller.units import D18


@dataclass(frozen=True, slots=True)
class GasPrice:
    """What gas is taken to cost, for showing it in quote."""

    wei_per_gas: int  # {wei/gas}
    coin_price: int  # D36{quote/wei}, the price of the chain's coin

    def value(self, gas: int) -> int:
        """D36{quote} of an amount of {gas}."""
        # D36{quote} = {gas} * {wei/gas} * D36{quote/wei}
        return gas * self.wei_per_gas * self.coin_price


@dataclass(frozen=True, slots=True)
class Execution:
    """One trade as it was executed, valued at the oracle's prices of its rebalance."""

    outcome: Outcome
    fill: Fill
    sold: int  # D36{quote}
    bought: int  # D36{quote}

    @property
    def against_oracle(self) -> int:
        """D18{1} by which the execution price was better than the oracle's, rounded down; negative when worse."""
        return (self.bought - self.sold) * D18 // self.sold if self.sold else 0


def executions(ticks: Sequence[TickRecord]) -> tuple[Execution, ...]:
    """Every executed trade, in order."""
    return tuple(trade for tick in ticks if tick.outcome is not None for trade in _trades(tick.outcome))


def _trades(outcome: Outcome) -> list[Execution]:
    prices = outcome.rebalance.prices
    # D36{quote} = {qTok} * D36{quote/qTok}
    return [
        Execution(outcome, fill, fill.amount_in * prices[fill.sell], fill.amount_out * prices[fill.buy])
        for fill in outcome.rebalance.fills
    ]


@dataclass(frozen=True)
class Summary:
    """The run in numbers. Ratios are D18{1} rounded down; `None` where there is nothing to divide by."""

    vault: str
    first: BlockRef
    last: BlockRef
    ticks: int
    rebalances: int
    causes: dict[Cause, int]  # of the rebalances
    planned: int  # a plan that was not sent or never mined
    idle: dict[Reason, int]
    errors: dict[str, int]
    trades: int
    traded: int  # D36{quote} sold, at the oracle's prices
    cost: int  # D36{quote} sold less bought, at the oracle's prices
    worst_trade: int | None  # D18{1} the lowest `Execution.against_oracle`
    loss_budget_used: int  # D18{1} at most, of what may be lost at once
    turnover_budget_used: int  # D18{1} at most, of what may be sold at once
    average_value: int  # D36{quote} over the ticks that had a value
    max_drift: int  # D18{1}
    gas: int  # {gas}
    gas_fees: int  # {wei} really paid
    gas_value: int | None  # D36{quote} at the `GasPrice` that was given
    supply: int  # {qShare} at the last tick that had a value
    vault_series: tuple[int | None, ...]  # D36{quote/share}, one for each tick
    hold_series: tuple[int | None, ...]  # D36{quote/share}
    frictionless: Frictionless

    @property
    def idle_ticks(self) -> int:
        return sum(self.idle.values())

    @property
    def failed_ticks(self) -> int:
        return sum(self.errors.values())

    @property
    def seconds(self) -> int:
        """{s} from the first tick to the last."""
        return self.last.timestamp - self.first.timestamp

    @property
    def turnover(self) -> int | None:
        """D18{1} sold over average value."""
        return _ratio(self.traded, self.average_value)

    @property
    def cost_of_traded(self) -> int | None:
        """D18{1} cost over what was sold."""
        return _ratio(self.cost, self.traded)

    @property
    def cost_of_value(self) -> int | None:
        """D18{1} cost over the average value."""
        return _ratio(self.cost, self.average_value)

    @property
    def gas_per_rebalance(self) -> int | None:
        """{gas}, rounded down."""
        return self.gas // self.rebalances if self.rebalances else None

    @cached_property
    def vault_value(self) -> int | None:
        """D36{quote} of the vault at the last tick that had a value."""
        return self._final(self.vault_series)

    @cached_property
    def hold_value(self) -> int | None:
        """D36{quote} of as many shares of the untouched first book."""
        return self._final(self.hold_series)

    @cached_property
    def frictionless_value(self) -> int | None:
        """D36{quote} of as many shares of the vault that trades at the oracle's prices for nothing."""
        return self._final(self.frictionless.series)

    @property
    def against_hold(self) -> int | None:
        """D18{1} by which the vault ends above buy-and-hold."""
        return _lead(self.vault_value, self.hold_value)

    @property
    def against_frictionless(self) -> int | None:
        """D18{1} by which the vault ends above the frictionless vault; what trading cost, as a rule negative."""
        return _lead(self.vault_value, self.frictionless_value)

    @property
    def growth(self) -> int | None:
        """D18{1} change of value per share from the first tick that had a value to the last."""
        known = [value for value in self.vault_series if value is not None]
        return _lead(known[-1], known[0]) if known else None

    def _final(self, series: Sequence[int | None]) -> int | None:
        known = [mine for mine, vault in zip(series, self.vault_series, strict=True) if vault is not None]
        # D36{quote} = D36{quote/share} * {qShare} / {qShare/share}
        return None if not known or known[-1] is None else known[-1] * self.supply // D18

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON: counts are numbers, every scaled integer is a string with its unit in the name."""
        return {
            "vault": self.vault,
            "first": {"block": self.first.number, "timestamp": self.first.timestamp},
            "last": {"block": self.last.number, "timestamp": self.last.timestamp},
            "ticks": self.ticks,
            "rebalances": self.rebalances,
            "causes": {cause.name.lower(): count for cause, count in self.causes.items()},
            "planned": self.planned,
            "idle": {reason.value: count for reason, count in self.idle.items()},
            "errors": dict(self.errors),
            "trades": self.trades,
            "traded_d36": str(self.traded),
            "turnover_d18": _text(self.turnover),
            "cost_d36": str(self.cost),
            "cost_of_traded_d18": _text(self.cost_of_traded),
            "cost_of_value_d18": _text(self.cost_of_value),
            "worst_trade_d18": _text(self.worst_trade),
            "loss_budget_used_d18": str(self.loss_budget_used),
            "turnover_budget_used_d18": str(self.turnover_budget_used),
            "average_value_d36": str(self.average_value),
            "max_drift_d18": str(self.max_drift),
            "gas": str(self.gas),
            "gas_per_rebalance": _text(self.gas_per_rebalance),
            "gas_fees_wei": str(self.gas_fees),
            "gas_value_d36": _text(self.gas_value),
            "supply_d18": str(self.supply),
            "growth_d18": _text(self.growth),
            "value_d36": _text(self.vault_value),
            "hold_value_d36": _text(self.hold_value),
            "frictionless_value_d36": _text(self.frictionless_value),
            "frictionless_rebalances": len(self.frictionless.rebalances),
            "frictionless_traded_d36": str(self.frictionless.traded),
            "against_hold_d18": _text(self.against_hold),
            "against_frictionless_d18": _text(self.against_frictionless),
        }


def summarise(ticks: Sequence[TickRecord], mandate: Mandate, *, gas_price: GasPrice | None = None) -> Summary:
    """The numbers of a run.

    Parameters
    ----------
    ticks : all of one vault, in the order of time.
    mandate : the one that was in force.
    gas_price : leave it out and gas is not shown in quote.

    Raises
    ------
    NotFoundError
        When there is no tick.
    InputError
        When the ticks are of more than one vault.
    """
    _check(ticks)
    trades = executions(ticks)
    outcomes = [tick.outcome for tick in ticks if tick.outcome is not None]
    silent = [tick for tick in ticks if tick.outcome is None]
    quiet = [tick for tick in silent if not tick.error]
    values = [tick.value for tick in ticks if value_per_share(tick) is not None]
    supplies = [tick.supply for tick in ticks if value_per_share(tick) is not None]
    gas, limits = sum(outcome.gas_used for outcome in outcomes), mandate.limits
    return Summary(
        vault=ticks[0].vault,
        first=ticks[0].block,
        last=ticks[-1].block,
        ticks=len(ticks),
        rebalances=len(outcomes),
        causes=dict(Counter(outcome.rebalance.cause for outcome in outcomes).most_common()),
        planned=sum(tick.reason is None for tick in quiet),
        idle=dict(Counter(tick.reason for tick in quiet if tick.reason is not None).most_common()),
        errors=dict(Counter(tick.error for tick in silent if tick.error).most_common()),
        trades=len(trades),
        traded=sum(trade.sold for trade in trades),
        cost=sum(trade.sold - trade.bought for trade in trades),
        worst_trade=min((trade.against_oracle for trade in trades), default=None),
        loss_budget_used=_most_used(outcomes, limits.loss_budget, limits.budget_window, _lost),
        turnover_budget_used=_most_used(outcomes, limits.turnover_budget, limits.budget_window, _sold),
        average_value=sum(values) // len(values) if values else 0,
        max_drift=max(tick.drift for tick in ticks),
        gas=gas,
        gas_fees=sum(outcome.gas_used * outcome.gas_price for outcome in outcomes),
        gas_value=gas_price.value(gas) if gas_price else None,
        supply=supplies[-1] if supplies else 0,
        vault_series=tuple(value_per_share(tick) for tick in ticks),
        hold_series=buy_and_hold(ticks),
        frictionless=frictionless(ticks, mandate),
    )


def _most_used(outcomes: Sequence[Outcome], budget: int, window: int, used: Callable[[Outcome], int]) -> int:
    """D18{1} of what may be used at once, rounded down."""
    uses = ((one.block.timestamp, used(one), one.rebalance.value_before) for one in outcomes)
    return most_used(uses, budget, window) * D18 // capacity(budget)


def _lost(outcome: Outcome) -> int:
    return lost(outcome.rebalance.fills, outcome.rebalance.prices)


def _sold(outcome: Outcome) -> int:
    return sold(outcome.rebalance.fills, outcome.rebalance.prices)


def _check(ticks: Sequence[TickRecord]) -> None:
    if not ticks:
        raise NotFoundError("There is no tick to report.", "Let the keeper run first: evenkeel keeper run --once.")
    vaults = sorted({tick.vault for tick in ticks})
    if len(vaults) > 1:
        raise InputError(f"The ticks are of {len(vaults)} vaults: {', '.join(vaults)}.", "Report one vault at a time.")


def _ratio(part: int, whole: int) -> int | None:
    """D18{1}, rounded down."""
    return part * D18 // whole if whole else None


def _lead(ours: int | None, theirs: int | None) -> int | None:
    """D18{1} by which `ours` is above `theirs`, rounded down."""
    return None if ours is None or not theirs else (ours - theirs) * D18 // theirs


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
