"""Losses that are worth taking: a lot is sold below its cost, and a partner asset of the same group takes its place.

A proposal is made only where the tax that it saves this year exceeds what the trades and the gas cost. It saves tax by
putting it off: the partner's cost is lower than the lot's was. The weight of the group stays what it was; the vault's
own targets have to move from the one asset to the other, which is its owner's or strategist's to do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from controller.tax.books import Rates
from controller.tax.holding import DayOf
from controller.tax.laws.law import Law
from controller.tax.least import Point, netted
from controller.tax.movements import Lot, Match, Nature
from controller.tax.outlook import Outlook
from controller.tax.wash import WashRule
from controller.units import BPS

WINDOW = 30
"""{days} in which buying back spoils a loss: before and after a wash sale, after a disposal in the United Kingdom."""


@dataclass(frozen=True, slots=True)
class Costs:
    """What a change of assets costs."""

    trading: int  # {bps} of the value that is traded, fee and impact
    gas: int  # D36{quote} of one rebalance


@dataclass(frozen=True, slots=True)
class Proposal:
    """Sell these lots, hold the partner."""

    asset: str
    partner: str
    lots: tuple[tuple[str, int], ...]  # ids and {qTok}
    value: int  # D36{quote} that changes hands
    loss: Fraction  # D36{quote} above zero
    saved: Fraction  # D36{quote} of this year's tax
    cost: Fraction  # D36{quote} of trading and gas
    not_before: date  # first day on which the asset may be bought back


@dataclass(frozen=True, slots=True)
class Declined:
    """Why a loss is left alone."""

    asset: str
    why: str


@dataclass(frozen=True)
class Past:
    """What the windows depend on."""

    lots: Sequence[Lot]  # every acquisition
    matches: Sequence[Match]  # every match of a disposal
    day: DayOf


def proposals(
    open_lots: Sequence[Outlook],
    partners: Mapping[str, str],
    prices: Mapping[str, int],
    past: Past,
    *,
    law: Law,
    rule: WashRule,
    rates: Rates,
    before: Point,
    costs: Costs,
    now: int,
) -> tuple[tuple[Proposal, ...], tuple[Declined, ...]]:
    """What is worth harvesting at `now` {s}, the greatest net benefit first, each on its own.

    Parameters
    ----------
    partners : by asset, the one that takes its place.
    prices : D36{quote/qTok}.
    before : D36{quote} of the year's short and long-term gains so far.
    """
    today, found, declined = past.day(now), [], []
    losing: dict[str, list[Outlook]] = defaultdict(list)
    for outlook in open_lots:
        if outlook.gain < 0:
            losing[outlook.lot.asset].append(outlook)
    for asset, lots in losing.items():
        why = _why_not(asset, partners.get(asset), lots, past, law, rule, today)
        if why:
            declined.append(Declined(asset, why))
            continue
        proposal = _proposal(asset, partners[asset], lots, prices, rates, before, costs, today)
        if proposal.saved > proposal.cost:
            found.append(proposal)
        else:
            declined.append(Declined(asset, "the tax that it saves is not more than trading and gas cost"))
    return tuple(sorted(found, key=lambda one: one.cost - one.saved)), tuple(declined)


def _why_not(
    asset: str, partner: str | None, lots: Sequence[Outlook], past: Past, law: Law, rule: WashRule, today: date
) -> str:
    """What speaks against a sale at a loss today, or against the partner; empty: nothing."""
    if partner is None:
        return "it has no partner: name one with --partner"
    if law.free_from is not None and law.code == "de" and all(lot.is_long for lot in lots):
        return "its losses are as free as its gains would be: held for more than a year"
    first = today - timedelta(days=WINDOW)
    sold = {lot.lot.source for lot in lots}
    if law.knows_wash_sales and rule.applies(asset, today):
        bought = [
            past.day(lot.time)
            for lot in past.lots
            if lot.asset == asset and lot.nature is not Nature.PAID_IN and lot.source not in sold
        ]
        if any(first <= day <= today for day in bought):
            last = max(bought)
            return f"it was bought on {last}, so until {last + timedelta(days=WINDOW)} the loss would be put off"
    if _is_watched(law, rule, partner, today):
        taken = [past.day(one.disposal.time) for one in past.matches if one.disposal.asset == partner and one.gain < 0]
        if any(first <= day <= today for day in taken):
            last = max(taken)
            again = last + timedelta(days=WINDOW)
            return f"its partner was sold at a loss on {last} and may be bought again after {again}"
    return ""


def _is_watched(law: Law, rule: WashRule, asset: str, today: date) -> bool:
    """Whether buying an asset back soon spoils a loss on it."""
    return law.code == "uk" or (law.knows_wash_sales and rule.applies(asset, today))


def _proposal(
    asset: str,
    partner: str,
    lots: Sequence[Outlook],
    prices: Mapping[str, int],
    rates: Rates,
    before: Point,
    costs: Costs,
    today: date,
) -> Proposal:
    short = sum((lot.gain for lot in lots if not lot.is_long), Fraction(0))
    long = sum((lot.gain for lot in lots if lot.is_long), Fraction(0))
    value = sum(lot.left for lot in lots) * prices[asset]
    saved = netted(*before, rates) - netted(before[0] + short, before[1] + long, rates)
    # D36{quote} = D36{quote} * {bps} / {bps} + D36{quote}
    cost = Fraction(value * costs.trading, BPS) + costs.gas
    names = tuple((lot.lot.id, lot.left) for lot in lots)
    again = today + timedelta(days=WINDOW + 1)
    return Proposal(asset, partner, names, value, -(short + long), saved, cost, again)


def swapped(targets: Sequence[int], asset: int, partner: int, value: int, total: int) -> tuple[int, ...]:
    """{bps} of the targets when `value` of `total` D36{quote} is to stand with the partner: the sum of both stays."""
    moved = min(round(Fraction(value * BPS, total)), targets[asset])
    changed = list(targets)
    changed[asset] -= moved
    changed[partner] += moved
    return tuple(changed)
