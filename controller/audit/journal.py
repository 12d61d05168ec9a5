"""A keeper's journal as its database holds it, read on its own: an auditor shares no code with who wrote it.

SCHEMA. Table ``evenkeel_journal`` of SQLite or PostgreSQL: seq (from 0, without a gap), kind, vault, intent (seq of the
INTENT that a record belongs to), body (canonical JSON) and hash, where
``hash = keccak256(hash before || canonical JSON of {body, intent, kind, seq, vault})``, before the first being zero.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sql
from eth_utils.crypto import keccak
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from controller.documents import canonical
from controller.errors import NotFoundError, UncheckedError

NO_HASH: Final = bytes(32)
_ROWS: Final = sql.text("SELECT seq, kind, vault, intent, body, hash FROM evenkeel_journal ORDER BY seq")


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One record, unread."""

    seq: int
    kind: str
    vault: str
    intent: int | None
    body: str
    hash: bytes

    def computed_hash(self, before: bytes) -> bytes:
        """What its content hashes to behind the record before it."""
        named = {"intent": self.intent, "kind": self.kind, "seq": self.seq, "vault": self.vault}
        return bytes(keccak(before + b'{"body":' + self.body.encode() + b"," + canonical(named)[1:]))

    def read(self) -> Any:
        """The body; raises `ValueError` where it is no JSON."""
        return json.loads(self.body)


def read_journal(where: str) -> tuple[JournalLine, ...]:
    """Every record of a journal, as it is stored.

    Parameters
    ----------
    where : path of a SQLite file, or an address of SQLAlchemy's.

    Raises
    ------
    NotFoundError
        When there is no such file.
    UncheckedError
        When it cannot be read, or is no journal.
    """
    if "://" not in where and not Path(where).is_file():
        raise NotFoundError(f"There is no journal {where}.", "Name the keeper's journal: --journal FILE.")
    url = where if "://" in where else URL.create("sqlite", database=where)
    try:
        parsed = make_url(url)
        named = "postgresql+psycopg" if parsed.get_backend_name() == "postgresql" else parsed.drivername
        engine = sql.create_engine(parsed.set(drivername=named))
    except (ArgumentError, ImportError) as error:
        raise UncheckedError(f"The journal cannot be opened: {error}.", "Name a file, or postgresql://...") from None
    try:
        with engine.connect() as connection:
            rows: Sequence[Any] = connection.execute(_ROWS).fetchall()
        return tuple(JournalLine(row[0], row[1], row[2], row[3], _text(row[4]), bytes(row[5])) for row in rows)
    except (SQLAlchemyError, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise UncheckedError(
            f"The journal {parsed.render_as_string()} cannot be read: {reason}.", "Check that it is a keeper's journal."
        ) from None
    finally:
        engine.dispose()


def _text(stored: Any) -> str:
    return stored if isinstance(stored, str) else bytes(stored).decode(errors="surrogateescape")


def first_bad(lines: Sequence[JournalLine]) -> tuple[int, str] | None:
    """The number of the first record that does not follow from the one before, and what is wrong with it."""
    before = NO_HASH
    for expected, line in enumerate(lines):
        if line.seq != expected:
            return expected, f"journal record {expected} is missing, {line.seq} is in its place"
        try:
            sound = line.computed_hash(before) == line.hash
        except (TypeError, UnicodeError):
            sound = False
        if not sound:
            return expected, f"journal record {expected} was altered, or the one before it"
        before = line.hash
    return None
