"""A Uniswap V3 pool as it stood at one block, and swaps that walk its ticks."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from controller.market import ticks

WORD = 256
"""Ticks, in spacings, that one word of the bitmap tells about."""


class Ranges(Protocol):
    """Where liquidity begins and ends; the same for everybody who looks at one block."""

    @property
    def fee(self) -> int: ...  # {1e-6}
    @property
    def spacing(self) -> int: ...  # {tick}

    def word(self, position: int) -> int:
        """The bitmap of 256 ticks, from the one of ``position * 256 * spacing`` on; a bit is set where a range ends."""

    def net(self, tick: int) -> int:
        """{sqrt(qTok0 * qTok1)} that comes in when the price rises through an end of a range."""


class Standing(NamedTuple):
    """What a swap changes."""

    price: int  # square root of {qTok1/qTok0}, times 2**96
    tick: int
    liquidity: int  # {sqrt(qTok0 * qTok1)} in range


class Swapped(NamedTuple):
    standing: Standing
    given: int  # {qTok out}
    left: int  # {qTok in} that the pool did not take


def swap(ranges: Ranges, standing: Standing, amount: int, *, down: bool) -> Swapped:
    """Sells `amount` {qTok in}, exactly as the pool itself would without a price limit.

    Every word of the bitmap ends a step, also without a range that ends there, because every step rounds.

    Parameters
    ----------
    down : whether the first token is sold, so that the price falls.
    """
    price, tick, liquidity = standing
    end = ticks.MIN_SQRT_PRICE + 1 if down else ticks.MAX_SQRT_PRICE - 1
    given, left = 0, amount
    while left and price != end:
        following, is_end = _following(ranges, tick, down=down)
        at = ticks.price_at(following)
        stepped = ticks.step(price, max(at, end) if down else min(at, end), liquidity, left, ranges.fee)
        left -= stepped.taken + stepped.fee
        given += stepped.given
        if stepped.price == at:
            if is_end:
                net = ranges.net(following)
                liquidity += -net if down else net
            tick = following - 1 if down else following
        elif stepped.price != price:
            tick = ticks.tick_at(stepped.price)
        price = stepped.price
    return Swapped(Standing(price, tick, liquidity), given, left)


def _following(ranges: Ranges, tick: int, *, down: bool) -> tuple[int, bool]:
    """The next tick within one word of the bitmap, and whether a range ends there."""
    compressed = tick // ranges.spacing + (not down)
    position, bit = divmod(compressed, WORD)
    word = ranges.word(position)
    if down:
        below = word & ((2 << bit) - 1)
        following = compressed - bit + (below.bit_length() - 1 if below else 0)
        found = bool(below)
    else:
        above = word >> bit
        following = compressed + ((above & -above).bit_length() - 1 if above else WORD - 1 - bit)
        found = bool(above)
    return min(max(following * ranges.spacing, ticks.MIN_TICK), ticks.MAX_TICK), found
