"""F-29 and its relatives on a long history: everything that can be falsified is, and each falsehood is named.

`make test` tells some of each family, `make test-deep` more than 10,000.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from math import ceil

import pytest
from audit_catalogue import Falsehood, falsehoods
from audit_evidence import gather
from audit_world import World
from hypothesis import settings

from controller.audit import hidden, history, sent
from controller.audit.evidence import Evidence
from controller.audit.judge import judge
from controller.model import Kind

DEEP = settings.default is not None and settings.default.max_examples > 1_000
CLEAN_SEEDS, ENTRIES = 50, 300
EACH = 1_700 if DEEP else 16
"""Falsehoods of each family that are told at most, evenly over all of it."""


@pytest.fixture(autouse=True)
def _pure_functions_remember(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same bytes are decoded and hashed thousands of times here."""
    monkeypatch.setattr(history, "decode_entry", cache(history.decode_entry))
    monkeypatch.setattr(hidden, "receipts_root", cache(hidden.receipts_root))
    monkeypatch.setattr(sent, "looked_up", cache(sent.looked_up))
    monkeypatch.setattr(sent, "read_transaction", cache(sent.read_transaction))


@cache
def _long_life() -> Evidence:
    world = World(29, steps=170)
    world.everything()
    evidence = gather(world)
    assert len(evidence.entries) >= ENTRIES
    assert {entry.kind for entry in evidence.entries} == set(Kind)
    return evidence


def _told(every: list[Falsehood]) -> list[Falsehood]:
    families: dict[str, list[Falsehood]] = {}
    for each in every:
        families.setdefault(each.family, []).append(each)
    return [each for family in families.values() for each in family[:: ceil(len(family) / EACH)]]


def test_audit__when_any_one_thing_of_a_long_history_is_false__then_it_is_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    evidence = _long_life()
    assert judge(evidence).findings == ()
    every = list(falsehoods(evidence))
    missed = []
    told = _told(every)
    for falsehood in told:
        report = judge(falsehood.tell())
        if report.ok or not falsehood.is_named(report):
            missed.append(f"{falsehood.family} {falsehood.name}: {report.verdict()}")
    families = Counter(falsehood.family for falsehood in told)
    with capsys.disabled():
        print(f"\n{len(told)} falsehoods told of {len(every)}, {len(missed)} not named: {dict(families)}")  # noqa: T201
    assert missed == []
    assert len(told) >= (10_000 if DEEP else 150)


def test_audit__when_histories_are_true__then_none_of_many_has_a_finding() -> None:
    for seed in range(1_000, 1_000 + CLEAN_SEEDS):
        assert judge(gather(World(seed))).findings == ()
