"""The integer arithmetic of Uniswap V3: prices at ticks, and what one range of constant liquidity takes and gives.

Formulas of the Uniswap v3 Core paper (Adams et al., 2021), section 6, with the rounding of the deployed pools: inputs
up, outputs down, both for the pool. Prices are square roots of {qTok1/qTok0}, times 2**96; equality with the pools' own
bytecode is a test.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final, NamedTuple

from controller.units import div_up

MIN_TICK, MAX_TICK = -887_272, 887_272
MIN_SQRT_PRICE: Final = 4_295_128_739
MAX_SQRT_PRICE: Final = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342
"""A pool's price lies between them, the second excluded."""
PIPS: Final = 1_000_000
"""Of a fee, {1e-6}."""

_Q96, _Q128, _Q256 = 1 << 96, 1 << 128, 1 << 256
_ROOTS: Final = (
    0xFFFCB933BD6FAD37AA2D162D1A594001, 0xFFF97272373D413259A46990580E213A, 0xFFF2E50F5F656932EF12357CF3C7FDCC,
    0xFFE5CACA7E10E4E61C3624EAA0941CD0, 0xFFCB9843D60F6159C9DB58835C926644, 0xFF973B41FA98C081472E6896DFB254C0,
    0xFF2EA16466C96A3843EC78B326B52861, 0xFE5DEE046A99A2A811C461F1969C3053, 0xFCBE86C7900A88AEDCFFC83B479AA3A4,
    0xF987A7253AC413176F2B074CF7815E54, 0xF3392B0822B70005940C7A398E4B70F3, 0xE7159475A2C29B7443B29C7FA6E889D9,
    0xD097F3BDFD2022B8845AD8F792AA5825, 0xA9F746462D870FDF8A65DC1F90E061E5, 0x70D869A156D2A1B890BB3DF62BAF32F7,
    0x31BE135F97D08FD981231505542FCFA6, 0x9AA508B5B7A84E1C677DE54F3E99BC9, 0x5D6AF8DEDB81196699C329225EE604,
    0x2216E584F5FA1EA926041BEDFE98, 0x48A170391F7DC42444E8FA2,
)  # fmt: skip
"""1.0001 ** -(2**i / 2) times 2**128, as the pools have them: their last digits are part of every price."""


class Step(NamedTuple):
    """What one range takes and gives."""

    price: int  # afterwards
    taken: int  # {qTok in} without the fee
    given: int  # {qTok out}
    fee: int  # {qTok in}


@lru_cache(maxsize=65_536)
def price_at(tick: int) -> int:
    """The square root of 1.0001**tick, times 2**96, rounded up."""
    ratio = _Q128
    for bit, root in enumerate(_ROOTS):
        if abs(tick) >> bit & 1:
            ratio = ratio * root >> 128
    if tick > 0:
        ratio = (_Q256 - 1) // ratio
    return div_up(ratio, 1 << 32)


def tick_at(price: int) -> int:
    """The largest tick whose price is not above `price`."""
    tick = math.floor(2 * math.log(price / _Q96) / math.log(1.0001))  # to a few ticks; exact below
    tick = min(max(tick, MIN_TICK), MAX_TICK - 1)
    while price_at(tick) > price:
        tick -= 1
    while tick + 1 < MAX_TICK and price_at(tick + 1) <= price:
        tick += 1
    return tick


def step(price: int, target: int, liquidity: int, remaining: int, fee: int) -> Step:
    """A swap within one range.

    Parameters
    ----------
    price : before.
    target : where the range ends, in the direction of the swap.
    liquidity : {sqrt(qTok0 * qTok1)} of the range.
    remaining : {qTok in} the fee included.
    fee : {1e-6}
    """
    down = price >= target  # the first token comes in, and the price falls
    paid = remaining * (PIPS - fee) // PIPS
    most = _taken(price, target, liquidity, down=down)
    end = target if paid >= most else _moved(price, liquidity, paid, down=down)
    taken = most if end == target else _taken(price, end, liquidity, down=down)
    given = _given(price, end, liquidity, down=down)
    # a range that ends the swap keeps what is left as its fee
    return Step(end, taken, given, div_up(taken * fee, PIPS - fee) if end == target else remaining - taken)


def _moved(price: int, liquidity: int, paid: int, *, down: bool) -> int:
    """The price after `paid` {qTok in}, rounded against who pays."""
    if not down:
        return price + paid * _Q96 // liquidity
    whole = liquidity * _Q96
    if paid * price + whole < _Q256:
        return div_up(whole * price, whole + paid * price)
    # where the pool's own 256 bits overflow it takes this less exact way
    return div_up(whole, whole // price + paid)


def _taken(price: int, end: int, liquidity: int, *, down: bool) -> int:
    """{qTok in} rounded up."""
    if down:
        return div_up(div_up(liquidity * _Q96 * (price - end), price), end)
    return div_up(liquidity * (end - price), _Q96)


def _given(price: int, end: int, liquidity: int, *, down: bool) -> int:
    """{qTok out} rounded down."""
    if down:
        return liquidity * (price - end) // _Q96
    return liquidity * _Q96 * (end - price) // end // price
