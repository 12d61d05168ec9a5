"""What the contract would say to the trades of one plan, rule by rule in its order (contracts/Vault.sol)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from controller.planning import rules
from controller.planning.book import Book


class Sale(Protocol):
    """What a trade takes."""

    @property
    def sell(self) -> int: ...
    @property
    def buy(self) -> int: ...
    @property
    def amount_in(self) -> int: ...  # {qTok of sell}


class Swap(Sale, Protocol):
    """What a trade takes and gives: quoted before, or executed."""

    @property
    def amount_out(self) -> int: ...  # {qTok of buy}


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule of the contract that a result would break: its custom error, with the evidence it carries."""

    name: str
    arguments: tuple[tuple[str, int], ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{key}={value}' for key, value in self.arguments)})"


def check(book: Book, swaps: Sequence[Swap], *, part: bool) -> Violation | None:
    """The first rule that is broken by swaps executed in this order, or None.

    Parameters
    ----------
    part : whether the destination may be left to further plans.
    """
    return next(_violations(book, swaps, part=part), None)


def ahead(book: Book, sales: Sequence[Sale]) -> Violation | None:
    """What is broken whatever the trades return: their number, or their turnover."""
    return next(chain(_count(book, sales), _turnover(book, sales)), None)


def loss_of(book: Book, swap: Swap) -> int:
    """D36{quote} that a trade loses at the oracle's prices; negative when it gains."""
    return swap.amount_in * book.prices[swap.sell] - swap.amount_out * book.prices[swap.buy]


def ended(book: Book, swaps: Sequence[Swap]) -> tuple[int, ...]:
    """D36{quote} of each asset after the swaps."""
    balances = list(book.balances)
    for swap in swaps:
        balances[swap.sell] -= swap.amount_in
        balances[swap.buy] += swap.amount_out
    return rules.values(balances, book.prices)


def _violations(book: Book, swaps: Sequence[Swap], *, part: bool) -> Iterator[Violation]:
    if not swaps:
        yield Violation("NoTrades")
    yield from _count(book, swaps)
    for index, swap in enumerate(swaps):
        yield from _trade(book, index, swap)
    yield from _result(book, swaps, part=part)
    if part and not book.parts_allowed:
        yield Violation("PartsNotAllowed")
    traded = {asset for swap in swaps for asset in (swap.sell, swap.buy)}
    if part and not any(book.wanted >> asset & 1 for asset in traded):
        yield _violation("NoProgress", breaches=book.wanted)
    yield from _loss(book, swaps)
    yield from _turnover(book, swaps)


def _count(book: Book, sales: Sequence[Sale]) -> Iterator[Violation]:
    maximum = book.mandate.limits.max_trades
    if len(sales) > maximum:
        yield _violation("TooManyTrades", count=len(sales), maximum=maximum)


def _trade(book: Book, index: int, swap: Swap) -> Iterator[Violation]:
    value, minimum = swap.amount_in * book.prices[swap.sell], book.mandate.min_trade_value
    if value < minimum:
        yield _violation("TradeTooSmall", trade=index, value=value, minimum=minimum)
    slippage = book.mandate.limits.max_slippage
    least = rules.floor_up(swap.amount_in, book.prices[swap.sell], book.prices[swap.buy], slippage)
    if swap.amount_out < least:
        yield _violation("OutputTooLow", trade=index, amountOut=swap.amount_out, minimum=least)


def _result(book: Book, swaps: Sequence[Swap], *, part: bool) -> Iterator[Violation]:
    held = ended(book, swaps)
    total = sum(held)
    sold, bought = {swap.sell for swap in swaps}, {swap.buy for swap in swaps}
    for asset, target in enumerate(book.targets):
        before = rules.side(book.values[asset], target, book.total)
        after = rules.side(held[asset], target, total)
        if rules.is_crossed(sold=asset in sold, bought=asset in bought, before=before, after=after):
            yield _violation(
                "TargetCrossed", asset=asset, valueBefore=book.values[asset], valueAfter=held[asset], target=target
            )
        off = rules.deviation(held[asset], target, total)
        if book.wanted >> asset & 1 and not part and not book.bands.is_inside(off, target, total):
            yield _violation("DestinationMissed", asset=asset, drift=rules.drift(off, total), target=target)


def _loss(book: Book, swaps: Sequence[Swap]) -> Iterator[Violation]:
    loss = sum(max(loss_of(book, swap), 0) for swap in swaps)
    maximum = rules.max_loss_value(book.total, book.mandate.limits.max_loss)
    if loss > maximum:
        yield _violation("LossTooHigh", loss=loss, maximum=maximum)
    used = book.loss.used(loss, book.total)
    if used > book.loss.capacity:
        yield _violation("LossBudgetExceeded", used=used, maximum=book.loss.capacity)


def _turnover(book: Book, sales: Sequence[Sale]) -> Iterator[Violation]:
    turnover = sum(sale.amount_in * book.prices[sale.sell] for sale in sales)
    used = book.turnover.used(turnover, book.total)
    if used > book.turnover.capacity:
        yield _violation("TurnoverBudgetExceeded", used=used, maximum=book.turnover.capacity)


def _violation(name: str, **arguments: int) -> Violation:
    return Violation(name, tuple(arguments.items()))
