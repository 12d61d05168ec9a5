"""From a due rebalance to its trades, or to why there are none, compiled: `planning.plan` and `planning.checks`, where
every trade loses the same part of what it sells and nothing is held against a benefit.

What takes a rebalance in parts is left to the reference: `PARTS`.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from controller.backtest.compiled.book import (
    BPS,
    Book,
    Integers,
    Rules,
    are_same,
    breaches,
    capacity,
    copy_places,
    copy_rows,
    excess,
    is_inside,
    larger,
    magnitude,
    side,
    smaller,
    used,
)
from controller.backtest.compiled.jit import compiled
from controller.backtest.compiled.pairing import BUYER, SELLER
from controller.backtest.compiled.sizing import transfers
from controller.backtest.compiled.wide import WORDS, Words, load, store, wide
from controller.model import Reason
from controller.planning.plan import ROUNDS as _ROUNDS

ROUNDS: Final = _ROUNDS
NOTHING_DUE: Final = 0
AT_DESTINATION: Final = -1
BELOW_MIN_TRADE: Final = -2
TOO_MANY_TRADES: Final = -3
COST_ABOVE_LIMIT: Final = -4
BUDGET_SPENT: Final = -5
PARTS: Final = -6
TOO_LARGE: Final = -7
REASONS: Final = {
    AT_DESTINATION: Reason.AT_DESTINATION,
    BELOW_MIN_TRADE: Reason.BELOW_MIN_TRADE,
    TOO_MANY_TRADES: Reason.TOO_MANY_TRADES,
    COST_ABOVE_LIMIT: Reason.COST_ABOVE_LIMIT,
    BUDGET_SPENT: Reason.BUDGET_SPENT,
}
"""What a tick says for each."""
FINE: Final = 0
MISSED: Final = 1
"""What other sizes may mend."""


class Trades(NamedTuple):
    """The trades of a plan, in its order: room for as many as pairing can name."""

    pairs: Integers  # (m,)
    flows: Words  # (m, 4) D36{quote} * {bps}
    sold: Words  # (m, 4) {qTok} of the asset that is sold
    bought: Words  # (m, 4) {qTok}
    held: Words  # (n, 4) {qTok} of each asset after them


@compiled
def trades_of(assets: int) -> Trades:
    most = 3 * assets + 1
    rows = np.zeros((3, most, WORDS), np.uint64)
    return Trades(np.zeros(most, np.int64), rows[0], rows[1], rows[2], np.zeros((assets, WORDS), np.uint64))


@compiled
def decide(rules: Rules, book: Book, trades: Trades) -> int:
    """How many trades there are, in `trades`, or why there are none."""
    costs, kept, sold = np.zeros_like(book.values), np.empty_like(trades.pairs), np.empty_like(trades.sold)
    if _all_inside(rules, book) and breaches(rules, book.values, book.targets, book.total) == 0:
        return AT_DESTINATION
    count = _size(rules, book, costs, kept[:0], trades)
    for left in range(ROUNDS - 1, -1, -1):
        if count <= 0:
            return count
        _quote(rules, book, trades, count)
        answer = _check(rules, book, trades, count)
        if answer == FINE:
            return count
        if answer != MISSED:
            return PARTS if rules.window > 0 else answer
        copy_places(trades.pairs, kept, count)
        copy_rows(trades.sold, sold, count)
        _costs(book, trades, count, costs)
        found = _size(rules, book, costs, kept[:count], trades)
        if found == count and are_same(trades.pairs, kept, count) and _are_equal(trades.sold, sold, count):
            return PARTS if rules.window > 0 else BELOW_MIN_TRADE
        if found > 0 and left == 0:
            return COST_ABOVE_LIMIT
        count = found
    return count


@compiled
def _are_equal(one: Words, other: Words, count: int) -> bool:
    same = True
    for row in range(count):
        same &= load(one, row) == load(other, row)
    return same


@compiled
def _all_inside(rules: Rules, book: Book) -> bool:
    for asset in range(len(book.targets)):
        target = book.targets[asset]
        off = magnitude(excess(load(book.values, asset), target, book.total))
        if book.wanted >> asset & 1 and not is_inside(rules, book.smallest, off, target, book.total):
            return False
    return True


@compiled
def _size(rules: Rules, book: Book, costs: Words, kept: Integers, trades: Trades) -> int:
    count = transfers(rules, book, costs, kept, trades.pairs, trades.flows)
    if count < 0 and rules.window > 0:
        return PARTS
    if count <= 0:
        return BELOW_MIN_TRADE
    turnover = wide(0)
    for place in range(count):
        price = load(book.prices, trades.pairs[place] >> SELLER)
        amount = load(trades.flows, place) // BPS // price
        if amount * price < book.smallest:
            amount = amount + 1
        amount = smaller(amount, wide(1 << 62) * wide(1 << 62) * 16 - 1)
        store(trades.sold, place, amount)
        turnover = turnover + amount * price
    answer = FINE
    if count > rules.max_trades:
        answer = TOO_MANY_TRADES
    elif used(book.sold, turnover, book.total) > capacity(rules.turnover_budget):
        answer = BUDGET_SPENT
    if answer == FINE:
        return count
    return PARTS if rules.window > 0 else answer


@compiled
def _quote(rules: Rules, book: Book, trades: Trades, count: int) -> None:
    """What the market gives, and what the vault then holds (`paper.Proportional`)."""
    copy_rows(book.balances, trades.held, len(book.balances))
    for place in range(count):
        sell, buy = trades.pairs[place] >> SELLER, trades.pairs[place] & BUYER
        value = load(trades.sold, place) * load(book.prices, sell) * (BPS - rules.cost)
        amount = value // (load(book.prices, buy) * BPS)
        store(trades.bought, place, amount)
        store(trades.held, sell, load(trades.held, sell) - load(trades.sold, place))
        store(trades.held, buy, load(trades.held, buy) + amount)


@compiled
def loss_of(book: Book, trades: Trades, place: int) -> int:
    """D36{quote} that a trade loses at the oracle's prices."""
    sell, buy = trades.pairs[place] >> SELLER, trades.pairs[place] & BUYER
    return load(trades.sold, place) * load(book.prices, sell) - load(trades.bought, place) * load(book.prices, buy)


@compiled
def _costs(book: Book, trades: Trades, count: int, costs: Words) -> None:
    for asset in range(len(costs)):
        store(costs, asset, wide(0))
    for place in range(count):
        buy = trades.pairs[place] & BUYER
        store(costs, buy, load(costs, buy) + loss_of(book, trades, place))


@compiled
def totals(book: Book, trades: Trades, count: int) -> tuple[int, int]:
    """D36{quote} that the trades lose, and that they sell."""
    lost, sold = wide(0), wide(0)
    for place in range(count):
        lost = lost + larger(loss_of(book, trades, place), wide(0))
        sold = sold + load(trades.sold, place) * load(book.prices, trades.pairs[place] >> SELLER)
    return lost, sold


@compiled
def _check(rules: Rules, book: Book, trades: Trades, count: int) -> int:
    """The first rule that is broken, as what it leads to where a rebalance cannot be made in parts."""
    for place in range(count):
        sell, buy = trades.pairs[place] >> SELLER, trades.pairs[place] & BUYER
        value, price = load(trades.sold, place) * load(book.prices, sell), load(book.prices, buy)
        if value < book.smallest:
            return MISSED
        # rounded up, as the contract does: out * price * 10,000 >= value * (10,000 - slippage)
        if load(trades.bought, place) * price * BPS < value * (BPS - rules.max_slippage):
            return COST_ABOVE_LIMIT
    if not _ends_well(rules, book, trades, count):
        return MISSED
    lost, sold = totals(book, trades, count)
    if lost > book.total * rules.max_loss // BPS:
        return COST_ABOVE_LIMIT
    if used(book.lost, lost, book.total) > capacity(rules.loss_budget):
        return BUDGET_SPENT
    if used(book.sold, sold, book.total) > capacity(rules.turnover_budget):
        return BUDGET_SPENT
    return FINE


@compiled
def _ends_well(rules: Rules, book: Book, trades: Trades, count: int) -> bool:
    """Whether nothing crosses its target, and all that must end inside the destination do."""
    total, traded = wide(0), np.zeros(len(book.targets), np.int64)
    for asset in range(len(traded)):
        total = total + load(trades.held, asset) * load(book.prices, asset)
    for place in range(count):
        traded[trades.pairs[place] >> SELLER] = 1
        traded[trades.pairs[place] & BUYER] = -1
    for asset in range(len(traded)):
        value, target = load(trades.held, asset) * load(book.prices, asset), book.targets[asset]
        before = side(load(book.values, asset), target, book.total)
        after = side(value, target, total)
        if traded[asset] != 0 and (before * traded[asset] <= 0 or after * traded[asset] < 0):
            return False
        off = magnitude(excess(value, target, total))
        if book.wanted >> asset & 1 and not is_inside(rules, book.smallest, off, target, total):
            return False
    return True
