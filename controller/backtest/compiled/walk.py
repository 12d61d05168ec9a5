"""One mandate over a whole path, compiled.

Most moments ask for nothing, and floating-point numbers say so at once: a drift that is more than `GUARD` of the value
away from its limit is on that side of it in exact arithmetic too, since rounding reaches 1e-13 at most. Whatever is
nearer is decided in exact integers, and so is every trade.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from controller.backtest.compiled.book import (
    BOOK,
    BOTH,
    BPS,
    EITHER,
    IN_BAND,
    THRESHOLD,
    Book,
    Integers,
    Reals,
    Rules,
    assess,
    breaches,
    copy_rows,
    leaked,
    used,
    valued,
)
from controller.backtest.compiled.deciding import NOTHING_DUE, PARTS, TOO_LARGE, Trades, decide, totals, trades_of
from controller.backtest.compiled.jit import compiled
from controller.backtest.compiled.pairing import BUYER, SELLER
from controller.backtest.compiled.sizing import LAST, MARGINS
from controller.backtest.compiled.wide import BITS, WORDS, Words, load, real, store, wide

GUARD: Final = 1e-9
"""{1} of the value."""
BLOCK: Final = 128
"""Moments that are looked at together."""
UNSEEN: Final = 1
"""Stands in `reasons` for a moment that needed no exact arithmetic."""
BY_DRIFT: Final = 0
BY_PERIOD: Final = 1
IDLE: Final = -1


class Path(NamedTuple):
    """What all mandates of a sweep see."""

    answers: Integers  # (T, n) of each asset's feed
    scales: Words  # (n, 4) D36{quote/qTok} of one unit of an answer
    reals: Reals  # (n, T) the answers again
    units: Reals  # (n,) {quote/qTok} of one unit of an answer
    seen: Integers  # (T,) {s} of the snapshot
    now: Integers  # (T,) {s} of the plan


class Prescribed(NamedTuple):
    """What a mandate says."""

    rules: Rules
    smallest: int  # D36{quote} of a trade
    margins: Words  # (5, 4) as in `Book`
    targets: Integers  # (n,) {bps}
    starts: Integers  # (T,) {s} when the calendar's period of each moment began; zero before the anchor


class Vault(NamedTuple):
    """What changes on the way."""

    balances: Words  # (n, 4) {qTok}
    holdings: Reals  # (n,) {quote} for one unit of an answer
    times: Integers  # [0] {s} of the last rebalance; zero before the first
    levels: Integers  # (2,) D14{1} of the budgets in use at that time: of losses, of turnover


class Log(NamedTuple):
    """What is kept of the trades: all that there is room for, and the sums."""

    places: Integers  # (m, 3) moment, seller, buyer
    amounts: Words  # (2 * m, 4) {qTok} sold and bought in turn
    reasons: Integers  # (T,) or (0,): why nothing was done where that needed exact arithmetic
    counts: Integers  # (2,) rebalances, trades
    sums: Reals  # (2,) lost and sold, each in parts of the value at its time


@compiled
def prescribed(rules: Rules, smallest: int, targets: Integers, starts: Integers) -> Prescribed:
    margins = np.zeros((LAST + 2, WORDS), np.uint64)
    for place in range(LAST):
        store(margins, place, smallest * BPS // MARGINS[place])
    store(margins, LAST + 1, smallest * BPS // 2)
    return Prescribed(rules, smallest, margins, targets, starts)


@compiled
def walk(mandate: Prescribed, path: Path, vault: Vault, log: Log, values: Reals) -> int:
    """Fills `values` {quote}, before the trades of each moment; returns 0, or why the reference has to run this one."""
    rules, targets = mandate.rules, mandate.targets
    trades, limits, worst = trades_of(len(targets)), _limits(rules, targets), np.empty(BLOCK)
    for asset in range(len(targets)):
        vault.holdings[asset] = real(load(vault.balances, asset)) * path.units[asset]
    place = 0
    while place < len(path.now):
        mode, until = _mode(rules, mandate.starts, path.now, vault.times[0], place)
        until = min(until, place + BLOCK)
        _values(path.reals, vault.holdings, place, until, values)
        first, place = place, until
        if mode == IDLE:
            continue
        _worst(path.reals, vault.holdings, targets, limits[mode], values, first, until, worst)
        for moment in range(first, until):
            if worst[moment - first] < 0.0:
                continue
            count = _tick(mandate, path, vault, log, trades, moment)
            if count <= PARTS:
                return count
            if count > 0:
                place = moment + 1
                break
    return 0


@compiled
def _limits(rules: Rules, targets: Integers) -> Reals:
    """(2, n) {1} of the value: drifts below which certainly nothing is done, where a band decides and where a calendar
    has decided already."""
    limits = np.full((2, len(targets)), np.inf)
    for asset in range(len(targets)):
        target = targets[asset] / BPS
        if rules.band > 0:
            limits[0, asset] = rules.band / BPS
        if rules.relative_band > 0 and targets[asset] > 0:
            limits[0, asset] = min(limits[0, asset], rules.relative_band / BPS * target)
        end = rules.drift / BPS
        if rules.relative_band > 0:
            relative = rules.relative_drift / BPS * target
            end = min(end, relative) if rules.band > 0 else relative
        limits[1, asset] = min(limits[0, asset], end)
    return limits - GUARD


@compiled
def _mode(rules: Rules, starts: Integers, now: Integers, last: int, place: int) -> tuple[int, int]:
    """What a rebalance depends on at a moment, and the first moment at which it may depend on something else."""
    end = len(now)
    if last > 0 and now[place] < last + rules.cooldown:
        return IDLE, int(np.searchsorted(now, last + rules.cooldown))
    if rules.kind == THRESHOLD:
        return BY_DRIFT, end
    if starts[place] > last:
        return (BY_DRIFT if rules.kind == BOTH else BY_PERIOD), end
    begins = int(np.searchsorted(starts, last + 1))
    return (BY_DRIFT if rules.kind == EITHER else IDLE), begins


@compiled
def _values(prices: Reals, holdings: Reals, first: int, until: int, values: Reals) -> None:
    # slices, so that no index can be negative, which would keep the loops from being vectorised
    part = values[first:until]
    for place in range(len(part)):
        part[place] = 0.0
    for asset in range(len(holdings)):
        holding, row = holdings[asset], prices[asset, first:until]
        for place in range(len(part)):
            part[place] += holding * row[place]


@compiled
def _worst(
    prices: Reals,
    holdings: Reals,
    targets: Integers,
    limits: Reals,
    values: Reals,
    first: int,
    until: int,
    worst: Reals,
) -> None:
    """{quote} by which the worst asset is beyond its limit at each moment."""
    part = values[first:until]
    for place in range(len(part)):
        worst[place] = -np.inf
    for asset in range(len(holdings)):
        holding, row, target, limit = holdings[asset], prices[asset, first:until], targets[asset] / BPS, limits[asset]
        for place in range(len(part)):
            beyond = abs(holding * row[place] - target * part[place]) - limit * part[place]
            worst[place] = beyond if beyond > worst[place] else worst[place]  # noqa: FURB136 - max is not vectorised


@compiled
def _tick(mandate: Prescribed, path: Path, vault: Vault, log: Log, trades: Trades, moment: int) -> int:
    """The number of trades done, or why there were none, in exact integers."""
    book, cause = _book(mandate, path, vault, moment)
    count = NOTHING_DUE
    if book.total == 0 or book.total >= wide(1 << 60) * wide(1 << 60) * wide(1 << (BITS - 120)):
        count = TOO_LARGE
    elif cause < IN_BAND:
        count = decide(mandate.rules, book, trades)
    if len(log.reasons):
        log.reasons[moment] = min(count, 0)
    if count > 0:
        _log(book, trades, count, moment, log)
        _settle(book, trades, count, path, vault, moment)
    return count


@compiled
def _book(mandate: Prescribed, path: Path, vault: Vault, moment: int) -> tuple[Book, int]:
    """The vault at a moment, and why a rebalance is due or not."""
    rules, targets, assets = mandate.rules, mandate.targets, len(mandate.targets)
    prices, values = np.empty((assets, WORDS), np.uint64), np.empty((assets, WORDS), np.uint64)
    for asset in range(assets):
        store(prices, asset, load(path.scales, asset) * path.answers[moment, asset])
    total = valued(vault.balances, prices, values)
    hit = breaches(rules, values, targets, total)
    cause, about = assess(rules, hit, mandate.starts[moment] > vault.times[0], assets)
    wanted = (1 << assets) - 1 if rules.scope == BOOK else about
    levels = np.zeros(2, np.int64)
    for which, budget in enumerate((rules.loss_budget, rules.turnover_budget)):
        level = leaked(vault.levels[which], max(path.seen[moment] - vault.times[0], 0), budget, rules.budget_window)
        levels[which] = leaked(level, path.now[moment] - path.seen[moment], budget, rules.budget_window)
    vault_now = (prices, vault.balances, values, targets, total, mandate.smallest, mandate.margins)
    return Book(*vault_now, wanted, levels[0], levels[1]), cause


@compiled
def _log(book: Book, trades: Trades, count: int, moment: int, log: Log) -> None:
    for trade in range(count):
        place = log.counts[1] + trade
        if place < len(log.places):
            log.places[place, 0] = moment
            log.places[place, 1] = trades.pairs[trade] >> SELLER
            log.places[place, 2] = trades.pairs[trade] & BUYER
            store(log.amounts, 2 * place, load(trades.sold, trade))
            store(log.amounts, 2 * place + 1, load(trades.bought, trade))
    log.counts[0] += 1
    log.counts[1] += count
    lost, sold = totals(book, trades, count)
    log.sums[0] += real(lost) / real(book.total)
    log.sums[1] += real(sold) / real(book.total)


@compiled
def _settle(book: Book, trades: Trades, count: int, path: Path, vault: Vault, moment: int) -> None:
    """What a rebalance leaves behind (`planning.aftermath`)."""
    lost, sold = totals(book, trades, count)
    vault.levels[0] = used(book.lost, lost, book.total)
    vault.levels[1] = used(book.sold, sold, book.total)
    vault.times[0] = path.now[moment]
    copy_rows(trades.held, vault.balances, len(trades.held))
    for asset in range(len(vault.holdings)):
        vault.holdings[asset] = real(load(vault.balances, asset)) * path.units[asset]
