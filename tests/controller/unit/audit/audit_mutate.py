"""Every way to alter one field of frozen plain data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

from audit_pieces import address


def mutations(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(where, altered copy), one for each field that counts; a sequence also loses and doubles its last element."""
    if is_dataclass(value) and not isinstance(value, type):
        for spec in (each for each in fields(value) if each.compare):
            for where, altered in mutations(getattr(value, spec.name), f"{path}.{spec.name}"):
                yield where, replace(value, **{spec.name: altered})
    elif isinstance(value, tuple):
        yield from _sequence(value, path)
    else:
        yield path, _other(value)


def _sequence(value: tuple[Any, ...], path: str) -> Iterator[tuple[str, Any]]:
    for index, inner in enumerate(value):
        for where, altered in mutations(inner, f"{path}[{index}]"):
            yield where, (*value[:index], altered, *value[index + 1 :])
    if value:
        yield f"{path} shorter", value[:-1]
        yield f"{path} longer", (*value, value[-1])


def _other(value: Any) -> Any:
    if isinstance(value, Enum):
        return next(other for other in type(value) if other is not value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if value is None:
        return 1
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:] if value else b"\1"
    return address(f"not {value}") if value.startswith("0x") else value + "?"
