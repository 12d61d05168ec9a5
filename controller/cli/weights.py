"""Weights as they are written on the command line."""

from __future__ import annotations

from collections.abc import Sequence

from controller.config import quantities
from controller.errors import InputError, Mistake
from controller.units import BPS, to_decimal


def read_weights(given: Sequence[str], symbols: Sequence[str], over: str) -> tuple[list[int], int]:
    """{bps} of each asset from ``EQUITY=55%`` and so on, and the {s} of a glide.

    Raises
    ------
    InputError
        With everything that cannot be read.
    """
    weights, mistakes = dict.fromkeys(symbols, 0), []
    for text in given:
        symbol, _, share = text.partition("=")
        if symbol not in weights:
            mistakes.append(Mistake(text, f"write SYMBOL=60%; symbols: {', '.join(symbols)}"))
            continue
        try:
            weights[symbol] = quantities.share(share)
        except ValueError as error:
            mistakes.append(Mistake(text, str(error)))
    total = sum(weights.values())
    if not mistakes and total != BPS:
        mistakes.append(Mistake("weights", f"sum to {to_decimal(total, 2)}%, must be exactly 100%"))
    glide = 0
    try:
        glide = read_glide(over)
    except InputError as error:
        mistakes += error.mistakes
    if mistakes:
        raise InputError("The targets cannot be read.", "An asset that is not named gets 0%.", tuple(mistakes))
    return list(weights.values()), glide


def read_glide(over: str) -> int:
    """{s} of a glide.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    try:
        return quantities.seconds(over)
    except ValueError as error:
        mistake = Mistake("--over", str(error))
        raise InputError("The glide cannot be read.", 'Write it as "30 days".', (mistake,)) from None
