"""Model types to JSON documents and back, exactly: the body of a journal record.

Bytes are 0x-hex, enums their name, tuples lists, and an integer that a double cannot hold is a decimal string.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

from controller.errors import StorageError

T = TypeVar("T")
Document = Any
_EXACT: Final = 2**53


def to_document(value: Any) -> Document:
    """What `from_document` reads back to an equal value."""
    if isinstance(value, Enum):
        return value.name
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if -_EXACT < value < _EXACT else str(value)
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple):
        return [to_document(inner) for inner in value]
    if is_dataclass(value):
        return {field.name: to_document(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"a {type(value).__name__} has no exact JSON form")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def from_document(kind: type[T], document: Document) -> T:
    """A value of `kind`, which is a frozen dataclass of the model or a part of one.

    Raises
    ------
    StorageError
        When the document is not of that kind.
    """
    try:
        value: T = _read(kind, document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StorageError(f"A record of the journal is no {kind.__name__}: {error}", "Verify the journal.") from None
    return value


def _read(kind: Any, document: Document) -> Any:
    if isinstance(kind, UnionType):
        inner = [option for option in get_args(kind) if option is not NoneType]
        return None if document is None else _read(inner[0], document)
    if get_origin(kind) is tuple:
        return tuple(_read(get_args(kind)[0], item) for item in document)
    if is_dataclass(kind) and isinstance(kind, type):
        return kind(**{name: _read(hint, document[name]) for name, hint in _hints(kind).items()})
    if kind is bytes:
        return bytes.fromhex(document.removeprefix("0x"))
    if issubclass(kind, Enum):
        return kind[document]
    if kind is int:
        return int(document)
    if not isinstance(document, kind):
        raise TypeError(f"{document!r} where {kind.__name__} belongs")
    return document


def canonical(document: Document) -> bytes:
    """The one way to write a document, so that its hash is defined; refuses floats."""
    _refuse_floats(document)
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _refuse_floats(document: Document) -> None:
    if isinstance(document, float):
        raise TypeError("a float has no canonical form")
    if isinstance(document, dict):
        for value in document.values():
            _refuse_floats(value)
    elif isinstance(document, list | tuple):
        for value in document:
            _refuse_floats(value)
