"""What stands in bench/mutants.json: nine of ten mutants found, and a reason for each that is not."""

import json
from pathlib import Path
from typing import Any

import pytest
from scipy.stats import binomtest

RECORDS = json.loads((Path(__file__).resolve().parents[2] / "bench" / "mutants.json").read_text())


@pytest.mark.parametrize("contract", RECORDS)
def test_mutants__when_recorded__then_the_numbers_add_up_and_nine_of_ten_are_found(contract: str) -> None:
    record: dict[str, Any] = RECORDS[contract]
    counts = record["counts"]
    assert sum(counts.values()) == record["tried"] <= record["mutants"]
    assert len(record["survivors"]) == counts["survived"] + counts["too slow"]
    programs = record["tried"] - counts["no program"] - counts.get("same program", 0)
    most = binomtest(counts["found"], programs).proportion_ci(method="wilson").high  # of a small sample
    assert (counts["found"] / programs if record["tried"] == record["mutants"] else most) >= 0.9


@pytest.mark.parametrize("contract", RECORDS)
def test_mutants__when_one_survives__then_it_is_said_why(contract: str) -> None:
    assert [survivor for survivor in RECORDS[contract]["survivors"] if not survivor["why"]] == []
