"""How mutants are counted, and in which order they are tried."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from mutation import record

    return record


@pytest.fixture
def mutant(record: ModuleType) -> Any:
    return record.Mutant("relation", 3, 5, 1, "<=", "<")


def test_planted__when_a_place_is_given_in_bytes__then_nothing_else_changes(mutant: Any) -> None:
    assert mutant.planted("é <= b".encode()) == "é < b".encode()


def test_share__when_some_are_no_programs_or_the_same__then_of_the_others(record: ModuleType, mutant: Any) -> None:
    here = record.Record("a.sol", "", 7, 100)
    for outcome in ["found"] * 18 + ["no program"] * 5 + ["survived"] + ["too slow"] + ["same program"] * 3:
        here.add(mutant, outcome)
    assert (here.tried, here.programs, here.share) == (28, 20, 0.9)
    assert len(here.unexplained) == 2


def test_interval__when_a_sample__then_wilsons_and_none_when_all_are_tried(record: ModuleType, mutant: Any) -> None:
    here = record.Record("a.sol", "", 7, 11)
    for outcome in ["found"] * 9 + ["survived"]:
        here.add(mutant, outcome)
    low, high = here.interval
    # Wilson (1927): (p + z^2/2n -+ z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n) for p = 0.9, n = 10, z = 1.95996
    assert (round(low, 4), round(high, 4)) == (0.5958, 0.9821)
    here.add(mutant, "found")
    assert here.interval == (here.share, here.share)


def test_forgive__when_a_newer_test_finds_a_survivor__then_it_counts_as_found(record: ModuleType, mutant: Any) -> None:
    here = record.Record("a.sol", "", 7, 10)
    here.add(mutant, "survived")
    here.forgive(here.survivors[0], "found")
    assert (here.counts["found"], here.counts["survived"], here.survivors) == (1, 0, [])


def test_keep__when_a_reason_was_written_meanwhile__then_it_stays(
    record: ModuleType, mutant: Any, tmp_path: Path
) -> None:
    page = tmp_path / "mutants.json"
    here = record.Record("a.sol", "", 7, 10)
    here.add(mutant, "survived")
    record.keep("A", here, page)
    page.write_text(page.read_text().replace('"why": ""', '"why": "the same"'))
    here.add(mutant, "found")
    record.keep("A", here, page)
    kept = record.read(page)["A"]
    assert (kept.tried, kept.survivors[0].why, kept.unexplained) == (2, "the same", [])


def test_published__when_more_was_tried__then_the_page_has_its_table(record: ModuleType, mutant: Any) -> None:
    here = record.Record("a.sol", "", 7, 3)
    for outcome in ("found", "survived", "no program"):
        here.add(mutant, outcome)
    head = f"| contract | mutants | tried | of them other programs |{record.HEAD}"
    old = f"Before.\n\n{head}| B | 1 |\n| C | 1 |\n\nAfter.\n"
    new = record.published(old, {"A": here})
    assert new == old.replace("| B | 1 |\n| C | 1 |", "| A | 3 | 3 | 2 | 1 | 1 | 50.0%, all tried |")
    text = record.TESTING.read_text()
    assert record.published(text, record.read()) == text, "make mutants writes docs/TESTING.md"
