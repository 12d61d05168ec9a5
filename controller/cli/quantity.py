"""An option's text with a unit, as a mandate file reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from controller.errors import UsageError

T = TypeVar("T")


def quantity(option: str, text: str, read: Callable[[str], T]) -> T:
    try:
        return read(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}.", "See: evenkeel COMMAND --help") from None
