"""THREATS.md and INVARIANTS.md list what the tests of the contracts name; SECURITY.md has the figures of a mandate."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from controller.config.mandate_tables import BUDGETS, FileTable
from controller.units import BPS

ROOT = Path(__file__).resolve().parents[3]
TESTS = {
    "contracts": ("*.t.sol", r"function ((?:test|invariant)_\w+)"),
    "controller": ("test_*.py", r"^def (test_\w+)"),
}
"""What tests of either language look like."""
PAGE = (ROOT / "docs" / "THREATS.md").read_text()
INVARIANTS = (ROOT / "docs" / "INVARIANTS.md").read_text()
MILLION = 1_000_000


def rows() -> dict[str, set[str]]:
    """By id, the files that the page names."""
    found = re.findall(r"^\| (T-\d\d) \| .* \| .* \| (.*) \| .+ \|$", PAGE, re.MULTILINE)
    assert len(found) == len(dict(found)), "no id twice"
    return {threat: set(re.findall(r"([\w/]+\.(?:t\.sol|py))", files)) for threat, files in found}


def named() -> dict[str, set[str]]:
    """By id, the files with tests that name it."""
    found: dict[str, set[str]] = {}
    for folder, (names, pattern) in TESTS.items():
        for path in (ROOT / "tests" / folder).rglob(names):
            tests = re.findall(pattern, path.read_text(), re.MULTILINE)
            for threat in {threat for test in tests for threat in re.findall(r"T(\d\d)_", test)}:
                found.setdefault(f"T-{threat}", set()).add(path.relative_to(ROOT / "tests" / folder).as_posix())
    return found


def test_page__when_read__then_it_has_every_threat_to_the_contracts_in_order() -> None:
    assert list(rows()) == [f"T-{number:02}" for number in range(1, 23)]


@pytest.mark.parametrize("threat", rows())
def test_page__when_it_names_tests__then_those_that_name_the_threat(threat: str) -> None:
    assert rows()[threat] == named()[threat]


def test_invariants__when_listed__then_tests_name_them_and_assertions_quote_no_other() -> None:
    rows = re.findall(r"^\| ((?:[A-Z]{2,3}-\d+(?:, )?)+) \|", PAGE + INVARIANTS, re.MULTILINE)
    listed = {name for names in rows for name in names.split(", ")}
    tests = "".join(path.read_text() for path in (ROOT / "tests" / "contracts").rglob("*.sol"))
    assert listed <= set(re.findall(r"[A-Z]{2,3}-\d+", tests))
    assert set(re.findall(r'"([A-Z]{2,3}-\d+) ', tests)) <= listed


def test_security__when_it_gives_figures__then_those_of_the_demos_mandate() -> None:
    table = FileTable.model_validate(
        tomllib.loads((files("controller.replay") / "mandates" / "macro.toml").read_text())
    )
    limits, page = table.limits, (ROOT / "docs" / "SECURITY.md").read_text()
    budget = BUDGETS * limits.loss
    days = limits.budget_window // 86_400
    year = budget / 2 * (1 + 365 / days)
    assert (limits.loss_budget, table.fees, table.trigger.cooldown, limits.step_delay) == (None, None, 86_400, 86_400)
    for figures in (
        f"| {limits.slippage / 100:g}% of what it sells |",
        f"| {limits.loss / 100:g}% of the vault: {MILLION * limits.loss // BPS:,} |",
        f"| {budget / 200:g}%: {MILLION * budget // 2 // BPS:,}, here in two plans",
        f"any {days} days | {budget / 100:g}%: {MILLION * budget // BPS:,} lost",
        f"and {limits.turnover_budget / 100:g}% of the vault sold |",
        f"| {year / 100:.2f}%: half of the budget",
        f"| {limits.max_step / 100:g} points of weight",
        f"nothing for {table.timelock // 86_400} days,",
    ):
        assert figures in page
