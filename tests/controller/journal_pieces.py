"""Journals for tests, and what they ask of their database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sql

from controller.execution.journal import Draft, Journal, RecordKind

VAULT = "0x" + "11" * 20
OTHER = "0x" + "22" * 20
MANY = 20_000


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """Every statement with its parameters that any database executes meanwhile."""
    found: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        found.append((statement, parameters))

    sql.event.listen(sql.Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sql.event.remove(sql.Engine, "before_cursor_execute", note)


def fill(journal: Journal) -> None:
    """A long journal: ticks of a hundred vaults, and a few intents."""
    intents = [Draft(RecordKind.INTENT, VAULT, {"number": number}) for number in range(20)]
    for intent in journal.append_all(intents)[:-1]:
        journal.append(RecordKind.OUTCOME, VAULT, {}, intent.seq)
    for _ in range(MANY // 1_000):
        journal.append_all([Draft(RecordKind.TICK, f"0x{number % 100:040x}", {}) for number in range(1_000)])


def hot_path(journal: Journal) -> None:
    """What a keeper does at every block, however long its journal is."""
    (intent,) = journal.open_intents()
    assert journal.open_intents(VAULT) == [intent]
    assert journal.records(intent=intent.seq, kind=RecordKind.SIGNED) == []
    assert journal.append(RecordKind.TICK, VAULT, {}).hash == journal.head
    assert len(list(journal.since(MANY))) == 39
