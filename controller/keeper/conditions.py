"""What holds that an operator has to know, as conditions of `alerts`. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from controller.chain.health import Health
from controller.errors import DisagreeingNodesError, EvenkeelError, NodeError, Retry, SigningKeyError, StorageError
from controller.keeper import guards
from controller.keeper.alerts import AlertKind, Condition
from controller.keeper.guards import Costs, Guard, Hold
from controller.model import Snapshot
from controller.planning import due
from controller.tick import error_name
from controller.units import to_decimal

_OF_GUARD: Final[Mapping[Guard, AlertKind]] = {
    Guard.KILL_FILE: AlertKind.KILLED,
    Guard.PAUSED: AlertKind.PAUSED,
    Guard.VAULT_PAUSED: AlertKind.VAULT_PAUSED,
    Guard.FLEET_BREAKER: AlertKind.FLEET_BREAKER_OPEN,
    Guard.VAULT_BREAKER: AlertKind.VAULT_BREAKER_OPEN,
    Guard.SEQUENCER: AlertKind.SEQUENCER_UNUSABLE,
    Guard.PRICE: AlertKind.PRICE_UNUSABLE,
    Guard.GAS_CEILING: AlertKind.GAS_ABOVE_CEILING,
    Guard.COIN_PRICE: AlertKind.COIN_PRICE_MISSING,
    Guard.GAS_COST: AlertKind.GAS_NOT_WORTH_IT,
    Guard.DAILY_SPEND: AlertKind.SPEND_BUDGET_USED,
    Guard.LOW_BALANCE: AlertKind.BALANCE_EMPTY,
}
_OF_EVERYBODY: Final = frozenset(
    {Guard.KILL_FILE, Guard.PAUSED, Guard.FLEET_BREAKER, Guard.GAS_CEILING, Guard.DAILY_SPEND}
)
"""Guards that hold every vault for one reason: one alert, not one for each vault."""
_OF_FATE: Final[Mapping[str, AlertKind]] = {
    "REVERTED": AlertKind.PLAN_FAILED,
    "CANCELLED": AlertKind.PLAN_FAILED,
    "EXPIRED": AlertKind.PLAN_FAILED,
    "REFUSED": AlertKind.PLAN_FAILED,
    "LOST": AlertKind.NONCE_TAKEN,
}


def of_hold(hold: Hold, subject: str) -> Condition:
    """Of a guard that holds a plan of a vault, or of an account, back."""
    return Condition(_OF_GUARD[hold.guard], "" if hold.guard in _OF_EVERYBODY else subject, hold.why)


def subject_of(hold: Hold, vault: str, account: str) -> str:
    """Whose trouble it is: an account's when it cannot pay, else the vault's."""
    return account if hold.guard is Guard.LOW_BALANCE else vault


def of_idle(snapshot: Snapshot) -> tuple[Condition, ...]:
    """Of an idle vault that could not rebalance if it had to: it is paused, or lacks a price."""
    held = guards.unusable_price(snapshot)
    if snapshot.status.paused:
        held = Hold(Guard.VAULT_PAUSED, f"the vault {snapshot.vault} is paused on chain", person=True)
    return () if held is None else (of_hold(held, snapshot.vault),)


def of_error(error: EvenkeelError, subject: str = "") -> Condition:
    """Of an error that ended a tick, or one vault's part of it."""
    what = f"{error_name(error)}: {error}"
    if isinstance(error, StorageError):
        return Condition(AlertKind.JOURNAL_UNUSABLE, "", what)
    if isinstance(error, SigningKeyError):
        return Condition(AlertKind.KEY_UNUSABLE, subject, what)
    if isinstance(error, DisagreeingNodesError):
        return Condition(AlertKind.NODES_DISAGREE, "", what)
    if isinstance(error, NodeError):
        return Condition(AlertKind.NODE_TROUBLE, "", what)
    if error.retry is Retry.NEXT_BLOCK:
        return Condition(AlertKind.PLAN_FAILED, subject, what)
    return Condition(AlertKind.VAULT_TROUBLE, subject, what)


def of_endpoints(health: Sequence[Health]) -> tuple[Condition, ...]:
    """Of each endpoint that cannot be used now, where there are several."""
    if len(health) == 1:
        return ()
    return tuple(
        Condition(AlertKind.ENDPOINT_UNUSABLE, f"endpoint {number}, {each.shown}", each.trouble)
        for number, each in enumerate(health, start=1)
        if not each.usable
    )


def of_fate(fate: str, vault: str, reason: str) -> Condition | None:
    """Of a flight that ended otherwise than by executing its plan; None where nobody has to know."""
    kind = _OF_FATE.get(fate)
    return None if kind is None else Condition(kind, vault, f"{fate}: {reason}")


def of_feeds(snapshot: Snapshot, now: int) -> tuple[Condition, ...]:
    """Of the vault's feeds whose heartbeat is about to end at chain time `now` {s}; one for each feed."""
    found = []
    for index in guards.ageing_feeds(snapshot, now):
        feed, age = snapshot.mandate.assets[index].feed, now - snapshot.prices[index].updated_at
        what = f"the price of {due.name(snapshot, index)} is {age} s old, good for {feed.heartbeat} s"
        found.append(Condition(AlertKind.FEED_AGEING, feed.source, what))
    return tuple(found)


def of_balance(account: str, balance: int, worst: int, costs: Costs) -> Condition | None:
    """Of an account of `balance` {wei} that is good for few rebalances of `worst` {wei}, or for none."""
    empty = guards.low_balance(account, balance, worst)
    if empty is not None:
        return of_hold(empty, account)
    if not guards.runs_low(balance, worst, costs):
        return None
    held = to_decimal(balance, guards.COIN_DECIMALS)
    what = f"the account holds {held:f} of the coin, good for {balance // worst} of {costs.low_balance} rebalances"
    return Condition(AlertKind.BALANCE_LOW, account, what)


def of_unserved(vault: str) -> Condition:
    return Condition(AlertKind.VAULT_UNSERVED, vault, "a rebalance is due and no account of the configuration sends it")


def of_silence(silence: float, most: float) -> Condition | None:
    """Of a chain that has shown no new block for `silence` {s}."""
    return Condition(AlertKind.CHAIN_SILENT, "", f"no new block for {silence:.0f} s") if silence > most else None


def of_skew(skew: float, most: float) -> Condition | None:
    """Of the newest block being `skew` {s} ahead of this machine's clock (below zero: behind it, which a halted chain
    explains as well)."""
    if skew <= most:
        return None
    return Condition(AlertKind.CLOCK_SKEWED, "", f"the newest block is {skew:.0f} s ahead of this machine's clock")


def of_skipped(skipped: int) -> Condition | None:
    """Of ticks that came due while another was under way."""
    return Condition(AlertKind.TICKS_SKIPPED, "", f"skipped {skipped}") if skipped else None
