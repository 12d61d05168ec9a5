"""L5 on a real life: the keeper's own journal holds against the chain; an altered, cut or rewritten one does not."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from audit_life import Life, on_anvil

from controller.audit import AuditReport, Level
from controller.audit.journal import read_journal
from controller.chain.client import Chain
from controller.errors import NotFoundError, UncheckedError
from controller.execution.journal import Draft, Journal, RecordKind

Alter = Callable[[list[Draft]], list[Draft]]


def _first(report: AuditReport) -> str:
    assert report.wrong
    assert {finding.level for finding in report.wrong} == {Level.L5}
    return report.wrong[0].what


def _raw(life: Life, path: Path, sql: str, *values: Any) -> AuditReport:
    """With the journal's file altered behind the keeper's back."""
    shutil.copy(life.journal, path)
    with sqlite3.connect(path) as file:
        file.execute(sql, values)
    file.close()
    return life.audit(journal=path)


def _forged(life: Life, path: Path, alter: Alter) -> AuditReport:
    """With another journal, whose own chain is whole."""
    with Journal.at(life.journal) as journal:
        drafts = [Draft(each.kind, each.vault, each.body, each.intent) for each in journal.since(-1)]
    with Journal.at(path, durable=False) as forged:
        forged.append_all(alter(drafts))
    return life.audit(journal=path)


def test_journal__when_it_is_the_keepers__then_l5_is_reached(life: Life) -> None:
    report = life.audit(journal=life.journal)
    assert report.findings == ()
    assert report.reached(Level.L5)
    count = len(read_journal(str(life.journal)))
    assert f"{count} journal records" in report.levels[5].detail
    assert report.error(list(Level)) is None
    for number in range(life.to_block.number - 60, life.to_block.number, 17):
        block = Chain(life.node.url).block(number)
        assert life.audit(to_block=block, journal=life.journal).findings == ()


@on_anvil
def test_journal__when_a_record_is_altered_or_missing__then_it_is_named(life: Life, tmp_path: Path) -> None:
    lines = read_journal(str(life.journal))
    for number, line in enumerate((lines[0], lines[len(lines) // 2], lines[-1])):
        body = line.body.replace("0", "1", 1)
        report = _raw(
            life, tmp_path / f"{number}", "UPDATE evenkeel_journal SET body = ? WHERE seq = ?", body, line.seq
        )
        assert f"journal record {line.seq} was altered" in _first(report)
    report = _raw(life, tmp_path / "gone", "DELETE FROM evenkeel_journal WHERE seq = ?", lines[-2].seq)
    assert f"journal record {lines[-2].seq} is missing" in _first(report)


@on_anvil
def test_journal__when_it_was_written_anew__then_the_anchored_head_tells(life: Life, tmp_path: Path) -> None:
    def alter(drafts: list[Draft]) -> list[Draft]:
        first = next(place for place, draft in enumerate(drafts) if draft.kind is RecordKind.TICK)
        altered = {**drafts[first].body, "detail": "all was well"}
        drafts[first] = Draft(RecordKind.TICK, drafts[first].vault, altered)
        return drafts

    assert "which the journal never had" in _first(_forged(life, tmp_path / "journal.db", alter))


def test_journal__when_an_intent_is_left_out__then_its_rebalance_is_named(life: Life, tmp_path: Path) -> None:
    report = _forged(life, tmp_path / "journal.db", lambda drafts: [d for d in drafts if d.kind is RecordKind.TICK])
    assert any("has no intent in the journal" in finding.what for finding in report.wrong)


@on_anvil
def test_journal__when_an_outcome_is_false__then_it_is_named(life: Life, tmp_path: Path) -> None:
    def alter(drafts: list[Draft]) -> list[Draft]:
        return [
            Draft(d.kind, d.vault, {**d.body, "fate": "EXPIRED", "outcome": None}, d.intent)
            if d.kind is RecordKind.OUTCOME
            else d
            for d in drafts
        ]

    report = _forged(life, tmp_path / "journal.db", alter)
    assert any("is expired, as it says; the ledger has it executed" in finding.what for finding in report.wrong)


@on_anvil
@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("reason", "COOLING_DOWN", "it says cooling down, the vault's rule says in band"),
        ("drift", 7, "value and drift"),
        ("supply", 7, "supply are 7"),
        ("targets", [5_000, 4_000, 1_000], "targets are"),
        ("balances", [1, 2, 3], "balances are"),
        ("prices", [1, 2, 3], "prices are"),
    ],
)
def test_journal__when_a_tick_saw_something_else__then_it_is_named(
    life: Life, tmp_path: Path, name: str, value: Any, word: str
) -> None:
    """Forged at the end, where no rebalance anchors it."""

    def alter(drafts: list[Draft]) -> list[Draft]:
        idle = next(d for d in reversed(drafts) if d.kind is RecordKind.TICK and d.body["reason"] == "IN_BAND")
        return [*drafts, Draft(RecordKind.TICK, idle.vault, {**json.loads(json.dumps(idle.body)), name: value})]

    report = _forged(life, tmp_path / "journal.db", alter)
    assert any(word in finding.what for finding in report.wrong), [finding.what for finding in report.wrong]


@on_anvil
def test_journal__when_it_is_none__then_says_so(life: Life, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="There is no journal"):
        life.audit(journal=tmp_path / "none.db")
    (tmp_path / "text.db").write_text("no database")
    with pytest.raises(UncheckedError, match="cannot be read"):
        life.audit(journal=tmp_path / "text.db")
    with pytest.raises(UncheckedError, match="cannot be opened"):
        read_journal("nowhere://")
