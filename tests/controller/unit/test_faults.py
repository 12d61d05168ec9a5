"""docs/FAULTS.md is true: no fault without tests that name it, and no test that names a fault unknown to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
PAGE = (TESTS.parents[1] / "docs" / "FAULTS.md").read_text()
AUDIT = "F-29"
"""A forged history is no fault of the keeper's."""


def rows() -> dict[str, set[str]]:
    """By id, the files that the page names."""
    found = re.findall(r"^\| (F-\d\d) \| .* \| (.*) \|$", PAGE, re.MULTILINE)
    assert len(found) == len(dict(found)), "no id twice"
    return {fault: set(re.findall(r"`([\w/]+\.py)`", files)) for fault, files in found}


def named() -> dict[str, set[str]]:
    """By id, the files with tests that name it."""
    found: dict[str, set[str]] = {}
    for path in TESTS.rglob("test_*.py"):
        for ids in re.findall(r"^(?:async )?def test_((?:F\d\d_)+)", path.read_text(), re.MULTILINE):
            for fault in re.findall(r"F(\d\d)_", ids):
                found.setdefault(f"F-{fault}", set()).add(path.relative_to(TESTS).as_posix())
    found.pop(AUDIT, None)
    return found


def test_page__when_read__then_it_has_every_fault_of_the_keeper_in_order() -> None:
    assert list(rows()) == [f"F-{number:02}" for number in range(1, 29)]


@pytest.mark.parametrize("fault", rows())
def test_page__when_it_names_tests__then_those_that_name_the_fault(fault: str) -> None:
    assert rows()[fault], "a fault without a test"
    assert rows()[fault] <= named().get(fault, set())


def test_tests__when_they_name_a_fault__then_it_is_one_of_the_page() -> None:
    assert set(named()) == set(rows())
