"""The published benchmarks say what was measured, and the gas in them is what the contracts take today."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
RESULTS = json.loads((ROOT / "bench" / "results.json").read_text())
MACHINE = json.loads((ROOT / "bench" / "machine.json").read_text())
FIELDS = {"id", "ours", "unit", "peer", "theirs", "ratio", "command"}
WANTED = {
    "gas.rebalance.4x1.direct",
    "gas.rebalance.4x1.proxied",
    "gas.swap.next",
    "gas.mint.3",
    "gas.redeem.3",
    "gas.create.4",
    "gas.due.4",
    "gas.deposit.1",
    "gas.withdraw.1",
    "gas.growth.2x1",
    "gas.growth.16x8",
    "gas.where.vault.storage",
    "size.Vault",
    "tick.idle.ms",
    "tick.due.ms",
    "demo.macro.s",
    "keeper.block_to_broadcast.p50_ms",
    "keeper.block_to_broadcast.p99_ms",
    "keeper.idle_1000_vaults.s",
    "keeper.idle_1000_vaults.cpu_s",
    "keeper.requests_per_500_vaults",
    "keeper.growth.5000.s",
}

pytestmark = pytest.mark.xdist_group("bench")  # one of them writes the page that another reads


@pytest.fixture
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    from benchmarks import gas, page, rows, sizes

    return SimpleNamespace(gas=gas, page=page, rows=rows, sizes=sizes)


def test_page__when_rendered_from_the_results__then_is_the_committed_one(benchmarks: SimpleNamespace) -> None:
    page = (ROOT / "docs" / "BENCHMARKS.md").read_text()
    assert page == benchmarks.page.render(RESULTS, MACHINE), "run: make bench"


def test_gas__when_measured_again__then_is_the_committed_one(benchmarks: SimpleNamespace) -> None:
    committed = [row for row in RESULTS if row["id"].startswith("gas.")]
    assert [row.as_dict() for row in benchmarks.gas.measure()] == committed, "gas has changed; run: make bench"


def test_results__when_read__then_every_row_is_complete_and_its_ratio_true() -> None:
    assert {row["id"] for row in RESULTS} >= WANTED
    assert len({row["id"] for row in RESULTS}) == len(RESULTS), "no id twice"
    for row in RESULTS:
        assert set(row) == FIELDS, row["id"]
        if row["ours"] is not None and row["theirs"]:
            assert row["ratio"] == round(row["ours"] / row["theirs"], 4), row["id"]
        else:
            assert row["ratio"] is None, row["id"]


def test_sizes__when_measured_again__then_are_the_committed_ones_with_a_tenth_to_spare(
    benchmarks: SimpleNamespace,
) -> None:
    committed = [row for row in RESULTS if row["id"].startswith("size.")]
    assert [row.as_dict() for row in benchmarks.sizes.measure()] == committed, "sizes have changed; run: make bench"
    assert max(row["ratio"] for row in committed) <= 0.9


def test_page__when_memory_was_measured__then_it_says_so_and_before_it_does_not(benchmarks: SimpleNamespace) -> None:
    rows = [row for row in RESULTS if not row["id"].startswith("keeper.memory")]
    assert "### Memory" not in benchmarks.page.render(rows, MACHINE)
    measured = [
        benchmarks.rows.Row("keeper.memory_after_soak.mib", 111.6, "MiB").as_dict(),
        benchmarks.rows.Row("keeper.memory_growth.mib", 0.4, "MiB").as_dict(),
    ]
    page = benchmarks.page.render([*rows, *measured], MACHINE)
    assert "| `keeper.memory_after_soak.mib` after all ticks, {MiB} | 111.6 |" in page


def test_parts__when_added_up__then_are_the_totals() -> None:
    rows = {row["id"]: row for row in RESULTS}
    for kind, total in {"gas.where.": "direct", "gas.where_proxied.": "proxied"}.items():
        parts = [row for row in RESULTS if row["id"].startswith(kind)]
        assert sum(row["ours"] for row in parts) == rows[f"gas.rebalance.4x1.{total}"]["ours"], kind
    bare = [row["theirs"] for row in RESULTS if row["id"].startswith("gas.where.")]
    assert sum(bare) == rows["gas.rebalance.4x1.direct"]["theirs"]


def test_render__when_asked_alone__then_leaves_everything_as_it_is() -> None:
    before = (ROOT / "docs" / "BENCHMARKS.md").read_bytes()
    command = [sys.executable, str(ROOT / "scripts" / "bench.py"), "--render"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert (ROOT / "docs" / "BENCHMARKS.md").read_bytes() == before


def test_replaced__when_one_part_is_measured_again__then_its_rows_change_in_place(benchmarks: SimpleNamespace) -> None:
    old = [{"id": name} for name in ("gas.a", "tick.a", "tick.b", "keeper.a")]
    new = [{"id": "tick.c"}]
    found = benchmarks.rows.replaced(old, ("tick.",), new)
    assert [row["id"] for row in found] == ["gas.a", "tick.c", "keeper.a"]
    assert benchmarks.rows.replaced(old[:1], ("tick.",), new) == [*old[:1], *new], "a part's first rows come last"
