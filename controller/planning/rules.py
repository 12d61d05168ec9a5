"""The contract's rules, in the same integers (contracts/libraries/Rules.sol; shared vectors in tests/vectors/).

Ratios are compared cross-multiplied, so a comparison is exact at the boundary; only the drift that is shown is divided.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from controller.model import Mandate, Quote, Scope
from controller.units import BPS, D18, div_up


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule of the contract that a result would break: its custom error, with the evidence it carries."""

    name: str
    arguments: tuple[tuple[str, int], ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{key}={value}' for key, value in self.arguments)})"


def values(balances: Sequence[int], prices: Sequence[int]) -> tuple[int, ...]:
    """D36{quote} of each asset, exact: {qTok} * D36{quote/qTok}."""
    return tuple(balance * price for balance, price in zip(balances, prices, strict=True))


def excess(value: int, target: int, total: int) -> int:
    """D36{quote} * {bps} by which an asset is above (positive) or below its target: v * 10,000 - t * V."""
    return value * BPS - target * total


def drift(value: int, target: int, total: int) -> int:
    """D18{1} absolute drift of one asset, rounded down; zero in a vault without value."""
    return abs(excess(value, target, total)) * D18 // (BPS * total) if total else 0


def largest_drift(held: Sequence[int], targets: Sequence[int]) -> int:
    """D18{1} largest absolute drift of a vault, rounded down; `held` in D36{quote}, `targets` in {bps}."""
    total = sum(held)
    return max(drift(value, target, total) for value, target in zip(held, targets, strict=True))


def breaches(held: Sequence[int], targets: Sequence[int], band: int) -> tuple[bool, ...]:
    """For each asset, whether its drift is at least the `band` {bps}, inclusive: |v * 10,000 - t * V| >= band * V."""
    total = sum(held)
    return tuple(abs(excess(value, target, total)) >= band * total for value, target in zip(held, targets, strict=True))


def is_due(held: Sequence[int], targets: Sequence[int], band: int) -> bool:
    """Whether any asset's drift is at least the band."""
    return any(breaches(held, targets, band))


def tolerance(total: int, mandate: Mandate) -> int:
    """D36{quote} * {bps} of excess that still is inside the destination: d * V + 10,000 * minimum trade."""
    return mandate.destination * total + BPS * mandate.min_trade_value


def is_inside(value: int, target: int, total: int, mandate: Mandate) -> bool:
    """Whether one asset is inside the destination, inclusive."""
    return abs(excess(value, target, total)) <= tolerance(total, mandate)


def oracle_floor(amount_in: int, sell_price: int, buy_price: int, max_slippage: int) -> int:
    """{qTok of buy} the least that a trade must return, rounded up.

    amount_in{qTok of sell} * sell_price * (10,000 - max_slippage) / (buy_price * 10,000), prices in D36{quote/qTok}.
    """
    return div_up(amount_in * sell_price * (BPS - max_slippage), buy_price * BPS)


def check_trade(index: int, quote: Quote, prices: Sequence[int], mandate: Mandate) -> Violation | None:
    """What the contract would say to one trade that returns what is quoted; `prices` in D36{quote/qTok}."""
    value = quote.amount_in * prices[quote.sell]
    if value < mandate.min_trade_value:
        return _violation("TradeTooSmall", trade=index, value=value, minimum=mandate.min_trade_value)
    minimum = oracle_floor(quote.amount_in, prices[quote.sell], prices[quote.buy], mandate.max_slippage)
    if quote.amount_out < minimum:
        return _violation("OutputTooLow", trade=index, amountOut=quote.amount_out, minimum=minimum)
    return None


def max_loss_value(total: int, max_loss: int) -> int:
    """D36{quote} the most that a rebalance may lose, rounded down."""
    return total * max_loss // BPS


def check_net(before: Sequence[int], after: Sequence[int], prices: Sequence[int], mandate: Mandate) -> Violation | None:
    """What the contract would say to the net result of a plan.

    Parameters
    ----------
    before, after : {qTok} of each asset.
    prices : D36{quote/qTok}, the same for both.

    Returns
    -------
    The first rule that is broken in the contract's order, or None.
    """
    return next(_violations(values(before, prices), values(after, prices), mandate), None)


def _violations(before: tuple[int, ...], after: tuple[int, ...], mandate: Mandate) -> Iterator[Violation]:
    total_before, total_after = sum(before), sum(after)
    in_scope = breaches(before, mandate.targets, mandate.band)
    for asset, target in enumerate(mandate.targets):
        was = excess(before[asset], target, total_before)
        now = excess(after[asset], target, total_after)
        sold, bought = after[asset] < before[asset], after[asset] > before[asset]
        if (sold and (was <= 0 or now < 0)) or (bought and (was >= 0 or now > 0)):
            yield _violation(
                "TargetCrossed", asset=asset, valueBefore=before[asset], valueAfter=after[asset], target=target
            )
        if mandate.scope is Scope.BREACH and not in_scope[asset]:
            continue
        if not is_inside(after[asset], target, total_after, mandate):
            yield _violation(
                "DestinationMissed",
                asset=asset,
                drift=drift(after[asset], target, total_after),
                destination=mandate.destination,
            )
    maximum = max_loss_value(total_before, mandate.max_loss)
    if total_before - total_after > maximum:
        yield _violation("LossTooHigh", loss=total_before - total_after, maximum=maximum)


def _violation(name: str, **arguments: int) -> Violation:
    return Violation(name, tuple(arguments.items()))
