"""What happens to a vault besides its rebalances: money comes in and goes out, fees are taken, tokens are split or
end."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from controller.backtest.moments import Moment
from controller.errors import InputError
from controller.model import Mandate, Status
from controller.planning import fees, flows, rules
from controller.units import BPS, VALUE_DECIMALS, div_up, show_value

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Holding:
    """What the chain keeps of a vault between two moments."""

    mandate: Mandate  # with the path as the strategist last set it
    balances: tuple[int, ...]  # {qTok}
    supply: int  # {qShare}
    status: Status


def happened(vault: Holding, moment: Moment, targets: Sequence[int], *, fees_taken: bool) -> Holding:
    """After the fees until a moment where they are taken, and its flow.

    Parameters
    ----------
    targets : {bps} at the moment.
    """
    if fees_taken or moment.flow:
        vault = _charged(vault, moment)
    return _flowed(vault, moment, targets) if moment.flow else vault


def _charged(vault: Holding, moment: Moment) -> Holding:
    """With the fees until now as new shares; anybody can have them taken."""
    status, now = vault.status, moment.block.timestamp
    total = sum(rules.values(vault.balances, moment.prices))
    owed = fees.owed(
        vault.mandate.fees,
        supply=vault.supply,
        total=total,
        elapsed=now - (status.last_fee or now),
        mark=status.high_water_mark,
    )
    status = replace(status, last_fee=now, high_water_mark=owed.mark)
    return replace(vault, supply=vault.supply + owed.shares, status=status)


def _flowed(vault: Holding, moment: Moment, targets: Sequence[int]) -> Holding:
    """With what comes in or goes out at the feeds' prices: spread by equal fractional deviation where the mandate has a
    spread, else in kind."""
    held = rules.values(vault.balances, moment.prices)
    total, amount, spread = sum(held), abs(moment.flow), vault.mandate.spread
    comes = moment.flow > 0
    if not comes and amount >= total:
        raise InputError(
            f"{show_value(amount)} are to go out of a vault worth {show_value(total)}.", "Withdraw less, or later."
        )
    if spread:
        routed = (flows.route_in if comes else flows.route_out)(held, targets, amount)
        amounts = [value // price for value, price in zip(routed, moment.prices, strict=True)]
        value = sum(rules.values(amounts, moment.prices))
        # {qShare} = D36{quote} * {bps} * {qShare} / (D36{quote} * {bps})
        inward = value * (BPS - spread) * vault.supply // (total * BPS)
        shares = inward if comes else div_up(value * BPS * vault.supply, total * (BPS - spread))
    else:
        shares = amount * vault.supply // total
        taken = (div_up(balance * shares, vault.supply) for balance in vault.balances)
        given = (balance * shares // vault.supply for balance in vault.balances)
        amounts = list(taken if comes else given)
    sign = 1 if comes else -1
    balances = tuple(balance + sign * moved for balance, moved in zip(vault.balances, amounts, strict=True))
    return replace(vault, balances=balances, supply=vault.supply + sign * shares)


# ---- from files


def with_flows(moments: Sequence[Moment], flows: Sequence[tuple[int, Fraction]]) -> list[Moment]:
    """Moments with what comes in (positive) or goes out at each; what falls between two of them happens at the later.

    Parameters
    ----------
    flows : {s} and {quote}.

    Raises
    ------
    InputError
        When one is outside of the moments.
    """
    found = list(moments)
    for time, amount in flows:
        place = _place(moments, time)
        found[place] = replace(found[place], flow=found[place].flow + round(amount * 10**VALUE_DECIMALS))
    return found


def _place(moments: Sequence[Moment], time: int) -> int:
    """Of the first moment at or after `time` {s}."""
    times = [moment.block.timestamp for moment in moments]
    if not times[0] < time <= times[-1]:
        raise InputError(
            f"The flow of {datetime.fromtimestamp(time, UTC):%Y-%m-%d} is outside of the history.",
            "Leave it out, or give a longer history.",
        )
    return bisect_left(times, time)


def unsplit(history: pd.DataFrame, splits: Sequence[tuple[int, str, Fraction]]) -> pd.DataFrame:
    """A history whose prices are of one token as it was at first: from a split on, of the tokens that it became.

    Whoever holds the tokens has so many more of them, so that nothing of their value is lost, and nobody takes a split
    for a fall: neither the vault, nor its shadows, nor a strategy.

    Parameters
    ----------
    splits : {s}, asset, and the tokens that each token becomes.

    Raises
    ------
    InputError
        When an asset is no column, a ratio not above zero, or the time outside of the history.
    """
    found = history.copy()
    for time, asset, ratio in splits:
        day = datetime.fromtimestamp(time, UTC)
        if asset not in found.columns or ratio <= 0:
            raise InputError(
                f"A split of {asset} by {ratio} is none of this history's.",
                f"Name one of {', '.join(map(str, found.columns))}, and a ratio above zero.",
            )
        if not found.index[0] < day <= found.index[-1]:
            raise InputError(
                f"The split of {day:%Y-%m-%d} is outside of the history.",
                "Leave it out, or give a longer history.",
            )
        found.loc[found.index >= day, asset] *= float(ratio)
    return found


def delisted(history: pd.DataFrame, ends: Mapping[str, tuple[pd.Timestamp, float]]) -> pd.DataFrame:
    """A history in which assets end: from that day on a token is worth, and can be sold for, a part of its last price.

    Parameters
    ----------
    ends : by asset, the day from which it is not listed, and the part {1} that is recovered.

    Raises
    ------
    InputError
        When an asset is no column, has no price before its end, or the part is not above 0 and at most 1.
    """
    found = history.copy()
    for name, (day, part) in ends.items():
        if name not in found.columns:
            raise InputError(f"{name} is no column of the history.", f"It has: {', '.join(map(str, found.columns))}.")
        listed = found.loc[found.index < day, name].dropna()
        if listed.empty or not 0.0 < part <= 1.0:
            raise InputError(
                f"{name} cannot end on {day:%Y-%m-%d} at {part:g} of its last price.",
                "It needs a price before that day, and a part above 0 and at most 1.",
            )
        found.loc[found.index >= day, name] = float(listed.iloc[-1]) * part
    return found
