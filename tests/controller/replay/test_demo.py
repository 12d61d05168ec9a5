"""`evenkeel demo` through the real command line on real nodes: its numbers, and every way of stopping it."""

from __future__ import annotations

import os
import re
import signal
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from command import Done, alive, background, nodes, run, wait_until

PAGE_LOADS = re.compile(r"<[^>]*\b(src|href)=[\"'](?!data:|#)|@import|url\(\s*['\"]?(https?:)?//", re.IGNORECASE)
WHOLE = {
    "macro": (("--to", "2003-12"), 48),
    "ganache": (("--to", "2001-03", "--engine", "ganache"), 15),
    "before 1970": (("--from", "1953-05", "--to", "1955-12"), 32),
    "crypto": (("--market", "crypto", "--from", "2020-03-01", "--to", "2020-03-20"), 20),
}
LONG = ("demo", "--from", "1953-05")


@cache
def _demo(folder: Path, name: str) -> Done:
    return run("demo", *WHOLE[name][0], "--json", cwd=folder)


together = pytest.mark.xdist_group("demo")
"""These look at the same runs, so one worker does them all."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


def _summary(done: Done) -> dict[str, Any]:
    summary: dict[str, Any] = done.document["summary"]
    return summary


@together
@pytest.mark.parametrize("name", WHOLE)
def test_demo__when_run__then_numbers_audit_and_page(folder: Path, name: str) -> None:
    done = _demo(folder, name)
    assert done.code == 0, done.err
    summary, audit = _summary(done), done.document["audit"]
    assert summary["ticks"] == WHOLE[name][1]
    assert summary["rebalances"] + sum(summary["idle"].values()) == summary["ticks"]
    assert summary["errors"] == {}
    assert summary["rebalances"] >= 1
    assert audit["ok"]
    assert audit["verdict"].startswith("OK: ")
    assert {level["level"] for level in audit["levels"] if level["reach"] == "REACHED"} >= {"L0", "L3", "L4"}
    page = Path(done.document["report"])
    assert page == folder / "report.html"
    assert not PAGE_LOADS.search(page.read_text())
    assert [path.name for path in folder.iterdir()] == ["report.html"], "nothing else is left behind"


@together
def test_demo__when_run_twice__then_the_same_numbers(folder: Path, tmp_path: Path) -> None:
    again = _demo(tmp_path, "macro")
    first = _demo(folder, "macro")
    assert _summary(again) == _summary(first)
    assert again.document["audit"] == first.document["audit"]
    assert (tmp_path / "report.html").is_file()


@together
def test_demo__when_on_either_engine__then_the_same_decisions(folder: Path, tmp_path: Path) -> None:
    ganache = _summary(_demo(folder, "ganache"))
    anvil = _summary(run("demo", "--to", "2001-03", "--json", cwd=tmp_path))
    for number in ("ticks", "rebalances", "idle", "trades", "traded_d36", "cost_d36", "value_d36", "max_drift_d18"):
        assert ganache[number] == anvil[number], number


@together
@pytest.mark.parametrize("name", ["macro", "before 1970"])
def test_demo__when_costs_cannot_matter__then_decides_as_the_frictionless_shadow(folder: Path, name: str) -> None:
    summary = _summary(_demo(folder, name))
    assert summary["rebalances"] == summary["frictionless_rebalances"]
    costs = int(summary["frictionless_value_d36"]) - int(summary["value_d36"])
    assert 0 < costs < int(summary["value_d36"]) // 1_000


@together
def test_demo__when_markets_crash__then_rebalances_through_it(folder: Path) -> None:
    summary = _summary(_demo(folder, "crypto"))
    assert summary["rebalances"] >= 1
    assert int(summary["max_drift_d18"]) >= 5 * 10**16
    assert int(summary["value_d36"]) < int(0.85 * 10**6) * 10**36


def _node_of(demo: int) -> int:
    wait_until(lambda: bool(nodes(demo)))
    return nodes(demo)[0]


@pytest.mark.parametrize("how", [(signal.SIGINT,), (signal.SIGTERM,), (signal.SIGINT, signal.SIGINT, signal.SIGTERM)])
@pytest.mark.parametrize("engine", ["anvil", "ganache"])
def test_demo__when_interrupted__then_one_message_and_nothing_left(
    tmp_path: Path, how: tuple[signal.Signals, ...], engine: str
) -> None:
    if engine == "ganache" and how != (signal.SIGTERM,):
        how = (*how, signal.SIGHUP)
    work, temporary = tmp_path / "work", tmp_path / "temporary"
    work.mkdir()
    temporary.mkdir()
    (work / "report.html").write_text("the old one")
    settings = {"TMPDIR": str(temporary)}
    with background(*LONG, "--engine", engine, cwd=work, settings=settings, name="../output") as demo:
        node = _node_of(demo.process.pid)
        wait_until(lambda: bool(list(temporary.glob("evenkeel-demo-*/journal.db"))))
        for number in how[:-1]:
            demo.process.send_signal(number)
        assert demo.end(how[-1]) == 130, demo.said
        assert demo.said.count("Interrupted. Everything that was started has been stopped.") == 1
        assert "Traceback" not in demo.said
        assert "Error" not in demo.said
    wait_until(lambda: not alive(node))
    assert (work / "report.html").read_text() == "the old one"
    assert list(work.iterdir()) == [work / "report.html"]
    assert list(temporary.iterdir()) == []


def test_demo__when_killed_outright__then_its_node_is_gone(tmp_path: Path) -> None:
    with background(*LONG, cwd=tmp_path, settings={"TMPDIR": str(tmp_path)}) as demo:
        node = _node_of(demo.process.pid)
        assert demo.end(signal.SIGKILL) == -signal.SIGKILL
    wait_until(lambda: not alive(node))
    assert not (tmp_path / "report.html").exists()


def test_demo__when_its_node_dies__then_one_message_and_the_code_of_a_node_error(tmp_path: Path) -> None:
    with background(*LONG, cwd=tmp_path, settings={"TMPDIR": str(tmp_path)}) as demo:
        node = _node_of(demo.process.pid)
        wait_until(lambda: bool(list(tmp_path.glob("evenkeel-demo-*/journal.db"))))
        os.kill(node, signal.SIGKILL)
        assert demo.process.wait(60) == 69
        assert demo.said.count("Error: ") == 1
        assert "cannot be reached" in demo.said
        assert "Traceback" not in demo.said
    assert [path.name for path in tmp_path.iterdir()] == ["output.log"]
