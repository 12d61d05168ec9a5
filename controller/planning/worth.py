"""Whether a rebalance is worth what it costs.

A vault that is off its targets by d, in parts of its value, carries for a horizon h the risk of d beside that of its
targets. An owner with relative risk aversion gamma would pay ``gamma / 2 * d' Sigma d * h`` of the value to be rid of
it: the quadratic utility of the targets' own problem. A rebalance is worth the difference between before and after.

Integers only, so that every machine decides alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.model import Cause, Expected
from controller.planning import checks, rules
from controller.planning.book import Book
from controller.planning.checks import Swap
from controller.planning.slicing import Slicing
from controller.units import BPS, D18, show_value

YEAR = 31_557_600
"""{s} of 365.25 days."""


@dataclass(frozen=True, slots=True)
class Worth:
    """How much an owner minds to be off the targets."""

    aversion: int  # D18{1} relative risk aversion
    covariance: tuple[tuple[int, ...], ...]  # D18{1/year} of the assets' returns
    horizon: int  # {s} for which a drift would stay, if nothing were done

    @classmethod
    def uniform(cls, aversion: int, volatility: int, horizon: int, assets: int) -> Worth:
        """Every asset with the same volatility against the others, D18{1/year**0.5}; deviations sum to zero, so any
        correlation that all pairs share only scales it."""
        variance = volatility * volatility // D18
        return cls(aversion, tuple(tuple(variance * (i == j) for j in range(assets)) for i in range(assets)), horizon)


@dataclass(frozen=True, slots=True)
class Terms:
    """What trading costs beside the venues, and what it is held against. Nothing of it by default."""

    plan_cost: int = 0  # D36{quote} of gas for a plan's first trade
    trade_cost: int = 0  # D36{quote} of gas for each further one
    worth: Worth | None = None  # None: what is due is traded, whatever it brings
    slicing: Slicing | None = None  # None: every part is as large as the limits allow


def expected(book: Book, swaps: Sequence[Swap], terms: Terms) -> Expected:
    """Cost and benefit of swaps at the oracle's prices."""
    lost = sum(checks.loss_of(book, swap) for swap in swaps)
    cost = lost + terms.plan_cost + terms.trade_cost * (len(swaps) - 1)
    if terms.worth is None:
        return Expected(cost, None)
    after = checks.ended(book, swaps)
    before = _burden(book.values, book.targets, terms.worth)
    return Expected(cost, before - _burden(after, book.targets, terms.worth))


def is_worth_it(book: Book, found: Expected) -> bool:
    """Whether to trade: what has been begun is finished, and a calendar is an order that asks for no benefit."""
    return found.benefit is None or book.cause is not Cause.THRESHOLD or found.benefit >= found.cost


def say(found: Expected) -> str:
    """Cost and benefit for people."""
    if found.benefit is None:
        return f"expected to cost {show_value(found.cost)}"
    return f"expected to cost {show_value(found.cost)} and to be worth {show_value(found.benefit)}"


def _burden(held: Sequence[int], targets: Sequence[int], worth: Worth) -> int:
    """D36{quote} that the deviations of values D36{quote} cost, rounded down.

    D36{quote} = D36{quote} * D18{1} * D18{1} * D18{1/year} * D18{1} * {s} / (2 * D72{1} * {s/year})
    """
    total = sum(held)
    off = [
        rules.excess(value, target, total) * D18 // (total * BPS) for value, target in zip(held, targets, strict=True)
    ]
    risk = sum(
        one * other * covariance
        for one, row in zip(off, worth.covariance, strict=True)
        for other, covariance in zip(off, row, strict=True)
    )
    return total * worth.aversion * risk * worth.horizon // (2 * D18**4 * YEAR)
