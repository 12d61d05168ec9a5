"""Pools whose liquidity covers every price: what the demo's market provides, and what a backtest assumes."""

from __future__ import annotations

from math import isqrt


def sqrt_price(token: str, price: int, dollar: str, dollar_price: int) -> int:
    """X96 square root of {qTok1/qTok0} at which both tokens of a pool cost what they should, rounded down.

    Parameters
    ----------
    price, dollar_price : D36{quote/qTok}
    """
    first, second = (price, dollar_price) if int(token, 16) < int(dollar, 16) else (dollar_price, price)
    return isqrt((first << 192) // second)


def liquidity(tokens: int, price: int, dollar_price: int) -> int:
    """{sqrt(qTok0 * qTok1)} of so many {qTok} of an asset and as much value of the dollar, over the whole range.

    Liquidity is the root of the product of both amounts, so that a price n times as high needs the root of n times as
    much of it for the same tokens.
    """
    return isqrt(tokens * (tokens * price // dollar_price))


def topped_up(held: int, wanted: int) -> int:
    """Liquidity after providers have looked: what is missing is provided where it is more than a tenth."""
    return wanted if wanted - held > wanted // 10 else held
