"""Frozen values to JSON documents and back, exactly: what journals and evidence bundles are made of.

Bytes are 0x-hex, enums their name, tuples lists, mappings lists of pairs in the order of their keys, and an integer
that a double cannot hold is a decimal string.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")
Document = Any
_EXACT: Final = 2**53


def to_document(value: Any) -> Document:
    """What `read_document` reads back to an equal value."""
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
    if isinstance(value, Mapping):
        pairs = [[to_document(key), to_document(inner)] for key, inner in value.items()]
        return sorted(pairs, key=lambda pair: canonical(pair[0]))
    if is_dataclass(value):
        return {field.name: to_document(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"a {type(value).__name__} has no exact JSON form")


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def read_document(kind: Any, document: Document) -> Any:
    """A value of `kind`: of a frozen dataclass, or of anything that one is made of.

    Raises
    ------
    AttributeError, KeyError, TypeError, ValueError
        When the document is not of that kind.
    """
    if isinstance(kind, UnionType):
        return _read_one_of(get_args(kind), document)
    if get_origin(kind) is tuple:
        return _read_tuple(get_args(kind), document)
    if get_origin(kind) is Mapping:
        key, inner = get_args(kind)
        return {read_document(key, name): read_document(inner, value) for name, value in document}
    if is_dataclass(kind) and isinstance(kind, type):
        return kind(**{name: read_document(hint, document[name]) for name, hint in _hints(kind).items()})
    if kind is bytes:
        return bytes.fromhex(document.removeprefix("0x"))
    if issubclass(kind, Enum):
        return kind[document]
    if kind is int:
        return int(document)
    if not isinstance(document, kind):
        raise TypeError(f"{document!r} where {kind.__name__} belongs")
    return document


def _read_one_of(kinds: tuple[Any, ...], document: Document) -> Any:
    """Nothing, or the record with the document's fields, or what is no record."""
    if document is None and NoneType in kinds:
        return None
    left = [kind for kind in kinds if kind is not NoneType]
    if len(left) > 1 and isinstance(document, dict):
        left = [kind for kind in left if is_dataclass(kind) and set(_hints(kind)) == set(document)]  # type: ignore[arg-type] # a class here
    elif len(left) > 1:
        left = [kind for kind in left if not is_dataclass(kind)]
    return read_document(left[0], document)


def _read_tuple(kinds: tuple[Any, ...], document: Document) -> tuple[Any, ...]:
    if kinds[-1] is Ellipsis:
        return tuple(read_document(kinds[0], item) for item in document)
    return tuple(read_document(kind, item) for kind, item in zip(kinds, document, strict=True))


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
