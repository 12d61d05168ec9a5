"""One part of a rebalance that cannot be made whole: its trades, cut down to what the limits leave.

Sizes and losses are D36{quote}. A venue gives less per token the more it is asked for, so what a trade loses falls at
least in proportion to its size: a size cut in proportion to a limit on losses keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence

from controller.planning import rules
from controller.planning.book import Book
from controller.planning.budget import Bucket
from controller.units import BPS

FEWEST = 8
"""A budget that is nearly spent is waited for, until an eighth of what a part could use at most is there: budgets leak
steadily, and without this a keeper would follow them with many trades of the smallest size, each for its gas."""


def cut(book: Book, sizes: Sequence[int], losses: Sequence[int], crossed: int | None = None) -> list[int]:
    """Sizes of a part.

    Parameters
    ----------
    sizes : of trades that break a limit of the mandate or a budget.
    losses : what each of them loses by its quote, negative when it gains; all zero before there are quotes.
    crossed : whether a trade leads past a target, as a bitmap of the trades; None when none does.

    Returns
    -------
    A size for each trade, at most the one given; zero where it falls away.
    """
    limits, minimum = book.mandate.limits, book.mandate.min_trade_value
    left = [_smaller(size, loss, limits.max_slippage, minimum) for size, loss in zip(sizes, losses, strict=True)]
    if crossed is not None:
        left = [size * 3 // 4 if crossed >> trade & 1 else size for trade, size in enumerate(left)]
        left = [size if size >= minimum else 0 for size in left]
    largest = sorted(range(len(left)), key=lambda trade: (-left[trade], trade))[: limits.max_trades]
    left = [size if trade in largest else 0 for trade, size in enumerate(left)]
    # D36{quote} = D36{quote} * D36{quote} / D36{quote}, in proportion, rounded up
    loss = sum(-(-max(loss, 0) * size // whole) for loss, size, whole in zip(losses, left, sizes, strict=True))
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
    enough = min(wished, most) // FEWEST
    return enough if bucket.room(book.total) < enough else None


def max_loss(book: Book) -> int:
    """D36{quote} that one plan may lose, whatever is left of the budget."""
    return rules.max_loss_value(book.total, book.mandate.limits.max_loss)


def _smaller(size: int, loss: int, max_slippage: int, minimum: int) -> int:
    """The size of one trade that loses too much of its value: half of what would do if all of its loss were impact,
    because a fee does not shrink with the size. A trade of the smallest size that still loses too much falls away."""
    if loss * BPS <= max_slippage * size:
        return size
    # D36{quote} = D36{quote} * {bps} * D36{quote} / (D36{quote} * {bps})
    aim = size * max_slippage * size // (2 * loss * BPS)
    return max(aim, minimum) if size > minimum else 0
