"""Files that the commands are given."""

from __future__ import annotations

from pathlib import Path

from controller.errors import InputError


def read_file(path: Path) -> bytes:
    """The bytes of an input file.

    Raises
    ------
    InputError
        When it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from None
