"""What holds a keeper back from a plan that the mandate allows. Pure, in integers; each guard answers None or a `Hold`.

The vault protects its owner from the keeper. The guards protect the operator from costs, and both from a keeper that
goes on when something is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from controller.chain.wire import Fees
from controller.keeper.standing import Standing
from controller.model import Plan, Snapshot
from controller.planning import due
from controller.units import BPS, VALUE_DECIMALS, show_value, to_decimal

COIN_DECIMALS: Final = 18
"""Of the chain's coin: one is 10^18 {wei}."""
FEED_WARNING: Final = 8_000
"""{bps} of its heartbeat after which a feed is reported as ageing."""


class Guard(StrEnum):
    KILL_FILE = "kill_file"
    PAUSED = "paused"
    VAULT_PAUSED = "vault_paused"
    FLEET_BREAKER = "fleet_breaker"
    VAULT_BREAKER = "vault_breaker"
    SEQUENCER = "sequencer"
    PRICE = "price"
    GAS_CEILING = "gas_ceiling"
    COIN_PRICE = "coin_price"
    GAS_COST = "gas_cost"
    DAILY_SPEND = "daily_spend"
    LOW_BALANCE = "low_balance"


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing is signed now."""

    guard: Guard
    why: str
    until: int = 0  # {s} chain time at which time alone lifts it; zero: not known
    person: bool = False  # whether it stays until a person does something


@dataclass(frozen=True, slots=True)
class Costs:
    """What an operator is ready to pay; None switches a guard off."""

    gas_ceiling: int | None = None  # {wei/gas} base fee and tip together, inclusive
    max_gas_cost: int | None = None  # {bps} of the value that a plan sells, inclusive
    low_balance: int = 10  # rebalances at worst-case cost that an account should be good for


@dataclass(frozen=True, slots=True)
class Answer:
    """The newest answer of the feed that prices the chain's coin."""

    value: int  # in the feed's decimals
    decimals: int
    updated_at: int  # {s}
    heartbeat: int  # {s}


@dataclass(frozen=True, slots=True)
class Coin:
    """Where the price of the chain's coin comes from."""

    wrapped: str = ""  # token that a mandate may hold and price, such as WETH
    answer: Answer | None = None  # of a feed of the configuration


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan that could be signed now, and what it would cost."""

    snapshot: Snapshot
    plan: Plan
    account: str
    gas: int  # {gas} simulated
    fees: Fees  # {wei/gas} that the next block asks
    worst: int  # {wei} that the flight may cost at most, whatever happens to it
    balance: int  # {wei} of the account


def check(offer: Offer, costs: Costs, standing: Standing, coin: Coin, now: int, killed: str = "") -> Hold | None:
    """The first guard that holds an offer back: switches first, then prices, then costs.

    Parameters
    ----------
    now : {s} chain time.
    killed : the kill file where it exists.
    """
    held = stopped(standing, offer.snapshot, killed)
    if held is None:
        held = gas_ceiling(offer.fees, costs.gas_ceiling)
    if held is None:
        held = gas_cost(offer, costs.max_gas_cost, coin, now)
    if held is None:
        held = daily_spend(standing, offer.worst, now)
    return low_balance(offer.account, offer.balance, offer.worst) if held is None else held


# ---- switches


def stopped(standing: Standing, snapshot: Snapshot, killed: str = "") -> Hold | None:
    """What forbids new plans of a vault whatever they cost; flights under way are finished all the same."""
    vault = snapshot.vault
    if killed:
        return Hold(Guard.KILL_FILE, f"the file {killed} exists", person=True)
    if standing.paused:
        return Hold(Guard.PAUSED, f"paused by its operator: {standing.paused}", person=True)
    if snapshot.status.paused:
        return Hold(Guard.VAULT_PAUSED, f"the vault {vault} is paused on chain", person=True)
    if standing.fleet_open:
        words = f"{standing.trips.fleet} different vaults failed with no success in between"
        return Hold(Guard.FLEET_BREAKER, words, person=True)
    if vault in standing.open:
        return Hold(Guard.VAULT_BREAKER, f"{standing.trips.vault} plans of {vault} in a row failed", person=True)
    return unusable_price(snapshot)


# ---- prices


def unusable_price(snapshot: Snapshot) -> Hold | None:
    """A price of the snapshot that the oracle refuses, by the oracle's own name for why."""
    for asset, price in enumerate(snapshot.prices):
        if price.failure or price.value <= 0:
            guard = Guard.SEQUENCER if price.failure.startswith("Sequencer") else Guard.PRICE
            return Hold(guard, f"{due.name(snapshot, asset)}: {price.failure or 'no price'}")
    return None


def ageing_feeds(snapshot: Snapshot, now: int) -> tuple[int, ...]:
    """Assets whose price is still good at `now` {s}, but older than most of its heartbeat (`FEED_WARNING`)."""
    found = []
    for index, (asset, price) in enumerate(zip(snapshot.mandate.assets, snapshot.prices, strict=True)):
        age = now - price.updated_at
        if not price.failure and age * BPS > FEED_WARNING * asset.feed.heartbeat:
            found.append(index)
    return tuple(found)


def coin_price(snapshot: Snapshot, coin: Coin, now: int) -> int | Hold:
    """D36{quote/wei} of the chain's coin: the mandate's own price of its wrapped form, else the configured feed's.

    Neither is a hold, and so is a feed without a good answer: gas of an unknown price is not spent.
    """
    for asset, price in zip(snapshot.mandate.assets, snapshot.prices, strict=True):
        if asset.token == coin.wrapped and asset.decimals == COIN_DECIMALS and price.value > 0 and not price.failure:
            return price.value
    answer = coin.answer
    if answer is None:
        return Hold(
            Guard.COIN_PRICE, "no price of the chain's coin: neither an asset nor a feed gives one", person=True
        )
    if answer.value <= 0:
        return Hold(Guard.COIN_PRICE, f"the feed of the coin's price answers {answer.value}")
    if now - answer.updated_at > answer.heartbeat:
        old = now - answer.updated_at
        return Hold(
            Guard.COIN_PRICE, f"the coin's price is {old} s old, the heartbeat of its feed {answer.heartbeat} s"
        )
    # D36{quote/wei} = answer{quote/coin} * 10^(36 - 18 - feed decimals)
    scale: int = 10 ** (VALUE_DECIMALS - COIN_DECIMALS - answer.decimals)
    return answer.value * scale


# ---- costs


def gas_ceiling(fees: Fees, ceiling: int | None) -> Hold | None:
    """Whether the chain asks more for gas than `ceiling` {wei/gas}."""
    asked = fees.base + fees.tip
    if ceiling is None or asked <= ceiling:
        return None
    return Hold(Guard.GAS_CEILING, f"the chain asks {_gwei(asked)} gwei for gas, the ceiling is {_gwei(ceiling)}")


def gas_cost(offer: Offer, most: int | None, coin: Coin, now: int) -> Hold | None:
    """Whether a plan costs more gas than `most` {bps} of the value that it sells, at what the chain asks now.

    Costs of trading are stated in basis points of the value traded. A fuller rule (Masters, "Rebalancing", Journal of
    Portfolio Management 29(3), 2003) sets the cost against the tracking variance that it removes, and needs covariances
    and a risk aversion: estimates that a keeper does not have, and a stolen keeper would choose. The benefit has been
    judged already, by the owner who set the band; what the band cannot know is the price of gas. A plan that sells
    twice as much may therefore cost twice as much, and a small vault waits for cheap gas.
    """
    if most is None:
        return None
    price = coin_price(offer.snapshot, coin, now)
    if isinstance(price, Hold):
        return price
    # {wei} = {gas} * {wei/gas}
    cost = offer.gas * (offer.fees.base + offer.fees.tip)
    # D36{quote} = {qTok} * D36{quote/qTok}
    sold = sum(trade.amount_in * offer.snapshot.prices[trade.sell].value for trade in offer.plan.trades)
    # D36{quote * bps} = {wei} * D36{quote/wei} * {bps}
    if cost * price * BPS <= most * sold:
        return None
    words = (
        f"gas would cost {show_value(cost * price)}, at most {most} bps of the {show_value(sold)} that the plan sells"
    )
    return Hold(Guard.GAS_COST, words)


def daily_spend(standing: Standing, worst: int, now: int) -> Hold | None:
    """Whether a flight of at `worst` {wei} fits into what is left of the daily budget at `now` {s}."""
    budget = standing.spending.budget
    if budget is None:
        return None
    wait = standing.spending.wait(worst, now)
    if wait == 0:
        return None
    words = f"a plan may cost {_coin(worst)} of the coin, {_coin(standing.spending.room(now))} of the budget is left"
    if wait is None:
        most = _coin(standing.spending.capacity)
        return Hold(Guard.DAILY_SPEND, f"{words}, and there is never more than {most}", person=True)
    return Hold(Guard.DAILY_SPEND, words, until=now + wait)


def low_balance(account: str, balance: int, worst: int) -> Hold | None:
    """Whether an account of `balance` {wei} cannot pay for the next flight at its `worst` {wei}."""
    if balance >= worst:
        return None
    words = f"the account {account} holds {_coin(balance)} of the coin and may need {_coin(worst)}"
    return Hold(Guard.LOW_BALANCE, words, person=True)


def runs_low(balance: int, worst: int, costs: Costs) -> bool:
    """Whether an account of `balance` {wei} is good for fewer rebalances of `worst` {wei} than it should be."""
    return balance < costs.low_balance * worst


def _gwei(amount: int) -> str:
    return f"{to_decimal(amount, 9):,.3f}"


def _coin(amount: int) -> str:
    return f"{to_decimal(amount, COIN_DECIMALS):.6f}"
