"""L5: a journal in which any one line is not what was written, in any field, is broken at that line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from audit_mutate import mutations
from audit_pieces import address

from controller.audit.journal import JournalLine, first_bad, read_journal
from controller.execution.journal import Draft, Journal, RecordKind

VAULT = address("vault")
LINES = 40


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> tuple[JournalLine, ...]:
    """As the keeper's own code writes them and the auditor's own code reads them."""
    path = tmp_path_factory.mktemp("journal") / "journal.db"
    with Journal.at(path, durable=False) as journal:
        for number in range(LINES):
            kind = RecordKind.INTENT if number % 10 == 3 else RecordKind.TICK
            journal.append_all([Draft(kind, VAULT, {"number": number, "said": "ünï\u2028code", "nested": {"x": [1]}})])
    found = read_journal(str(path))
    assert len(found) == LINES
    assert first_bad(found) is None
    return found


def _falsified(lines: tuple[JournalLine, ...]) -> Iterator[tuple[str, int, tuple[JournalLine, ...]]]:
    """What was done, the first record that cannot stand then, and the lines."""
    for place, line in enumerate(lines):
        before, after = lines[:place], lines[place + 1 :]
        for where, altered in mutations(line):
            yield f"{place}{where}", place, (*before, altered, *after)
        for at in range(len(line.body)):
            body = line.body[:at] + chr(ord(line.body[at]) ^ 1) + line.body[at + 1 :]
            yield (
                f"{place} byte {at}",
                place,
                (*before, JournalLine(line.seq, line.kind, line.vault, line.intent, body, line.hash), *after),
            )
        yield f"{place} doubled", place + 1, (*before, line, line, *after)
        if after:
            yield f"{place} dropped", place, (*before, *after)
            yield f"{place} swapped", place, (*before, after[0], line, *after[1:])


def test_journal__when_any_line_is_altered_dropped_doubled_or_swapped__then_it_is_broken_there(
    lines: tuple[JournalLine, ...],
) -> None:
    count = 0
    for what, place, falsified in _falsified(lines):
        bad = first_bad(falsified)
        assert bad is not None, what
        assert bad[0] == place, what
        assert f"journal record {place}" in bad[1], what
        count += 1
    assert count > 2_000
