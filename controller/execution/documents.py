"""The bodies of the journal's records (controller/documents.py), with what is wrong with them as a `StorageError`."""

from __future__ import annotations

from typing import Any, TypeVar

from controller.documents import canonical, read_document, to_document
from controller.errors import StorageError

__all__ = ["canonical", "from_document", "to_document"]

T = TypeVar("T")


def from_document(kind: type[T], document: Any) -> T:
    """A value of `kind`, which is a frozen dataclass of the model or a part of one.

    Raises
    ------
    StorageError
        When the document is not of that kind.
    """
    try:
        value: T = read_document(kind, document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StorageError(f"A record of the journal is no {kind.__name__}: {error}", "Verify the journal.") from None
    return value
