"""One part of a rebalance that cannot be made whole: its trades, cut down to what the limits leave.

Sizes and losses are D36{quote}. A venue gives less per token the more it is asked for, so what a trade loses falls at
least in proportion to its size: a size cut in proportion to a limit on losses keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from controller.planning import rules
from controller.planning.book import Book
from controller.planning.budget import Bucket
from controller.planning.pairing import Pair
from controller.units import BPS, div_up

FEWEST = 8
"""A budget that is nearly spent is waited for, until there is enough for all that is left to do or for an eighth of the
most that a plan may use: budgets leak steadily, and a keeper that followed them would make many trades of the smallest
size, each for its gas."""


def cut(
    book: Book, pairs: Sequence[Pair], sizes: Sequence[int], losses: Sequence[int], crossed: int | None = None
) -> list[int]:
    """Sizes of a part.

    Parameters
    ----------
    pairs, sizes : of trades that break a limit of the mandate or a budget.
    losses : what each of them loses by its quote, negative when it gains; all zero before there are quotes.
    crossed : an asset that would be traded past its target; None when there is none.

    Returns
    -------
    A size for each trade, at most the one given; zero where it falls away.
    """
    limits, minimum = book.mandate.limits, book.mandate.min_trade_value
    left = _slowed(pairs, sizes, losses, limits.max_slippage, minimum)
    if crossed is not None:
        touching = [size if crossed in pair else 0 for pair, size in zip(pairs, left, strict=True)]
        fitting = shrink(touching, _room(book, pairs, losses, crossed), minimum)
        left = [size - more + less for size, more, less in zip(left, touching, fitting, strict=True)]
    largest = sorted(range(len(left)), key=lambda trade: (-left[trade], trade))[: limits.max_trades]
    left = [size if trade in largest else 0 for trade, size in enumerate(left)]
    # D36{quote} = D36{quote} * D36{quote} / D36{quote}, in proportion
    loss = sum(div_up(max(loss, 0) * size, whole) for loss, size, whole in zip(losses, left, sizes, strict=True))
    if loss > loss_room(book):
        left = shrink(left, sum(left) * loss_room(book) // loss, minimum)
    return shrink(left, book.turnover.room(book.total), minimum)


def shrink(sizes: Sequence[int], most: int, minimum: int) -> list[int]:
    """Sizes in proportion that sum to at most `most`, each at least the `minimum` or zero: the smallest fall away
    first, and the others share what they leave."""
    left = list(sizes)
    while (total := sum(left)) > most:
        fitting = [size * most // total for size in left]
        small = [trade for trade, size in enumerate(fitting) if left[trade] and size < minimum]
        if not small:
            return fitting
        left[min(small, key=lambda trade: (left[trade], -trade))] = 0
    return left


def loss_room(book: Book) -> int:
    """D36{quote} that one plan may lose now."""
    return min(max_loss(book), book.loss.room(book.total))


def short_of(bucket: Bucket, book: Book, wished: int, most: int) -> int | None:
    """How much of a budget to wait for.

    Parameters
    ----------
    wished : D36{quote} that the trades would use.
    most : D36{quote} that one plan may use at best.

    Returns
    -------
    D36{quote}, or None when enough is left already.
    """
    enough = min(wished, most // FEWEST)
    return enough if bucket.room(book.total) < enough else None


def max_loss(book: Book) -> int:
    """D36{quote} that one plan may lose, whatever is left of the budget."""
    return rules.max_loss_value(book.total, book.mandate.limits.max_loss)


def _room(book: Book, pairs: Sequence[Pair], losses: Sequence[int], asset: int) -> int:
    """How much of an asset may be traded before it crosses its target, if the trades lose what they are quoted to lose
    (`sizing`); a little less, because smaller ones lose less."""
    value, target = book.values[asset], book.targets[asset]
    cost = sum(loss for (_, buy), loss in zip(pairs, losses, strict=True) if buy == asset)
    end = rules.excess(value, target, book.total) + target * sum(losses) - BPS * cost
    return max(rules.side(value, target, book.total) * end, 0) // BPS * 15 // 16


def _slowed(
    pairs: Sequence[Pair], sizes: Sequence[int], losses: Sequence[int], max_slippage: int, minimum: int
) -> list[int]:
    """Sizes where trades lose too much of their value: half of what would do if all of the loss were impact, because a
    fee does not shrink with the size. Trades that share an asset share its pools, so they are cut alike; one of the
    smallest size that still loses too much falls away."""
    slips = [loss * BPS > max_slippage * size for loss, size in zip(losses, sizes, strict=True)]
    ratios = [
        Fraction(max_slippage * size, 2 * loss * BPS) if slip else Fraction(1)
        for slip, loss, size in zip(slips, losses, sizes, strict=True)
    ]
    left = []
    for pair, size, slip in zip(pairs, sizes, slips, strict=True):
        ratio = min(other for near, other in zip(pairs, ratios, strict=True) if set(near) & set(pair))
        left.append(0 if slip and size <= minimum else max(int(size * ratio), min(size, minimum)))
    return left
