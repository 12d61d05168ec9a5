"""Units and exact integer arithmetic. Money is an integer until it is shown (docs/UNITS.md)."""

from __future__ import annotations

from decimal import Decimal

BPS = 10_000
"""Basis points of one whole: weights of a mandate sum to this."""

VALUE_DECIMALS = 36
"""Decimals of every value, D36{quote} (contracts/types/Types.sol)."""

D18 = 10**18
"""One, as D18{1}."""


def div_up(numerator: int, denominator: int) -> int:
    """`numerator / denominator` rounded towards plus infinity; both integers, `denominator` > 0."""
    return -(-numerator // denominator)


def to_decimal(amount: int, decimals: int) -> Decimal:
    """An integer of 10^-decimals as a decimal, exact however many digits it has; for showing only."""
    return Decimal((int(amount < 0), tuple(map(int, str(abs(amount)))), -decimals))


def show_value(value: int, places: int = 2) -> str:
    """D36{quote} for people: ``1,234,567.89``."""
    return f"{to_decimal(value, VALUE_DECIMALS):,.{places}f}"


def show_bps(drift: int, places: int = 1) -> str:
    """D18{1} as basis points for people: ``512.3``."""
    return f"{to_decimal(drift * BPS, 18):,.{places}f}"
