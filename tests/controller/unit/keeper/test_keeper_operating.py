"""The files that an operator gets: runbook, dashboard and unit name what there is, and leave nothing out."""

from __future__ import annotations

import configparser
import json
import re
from pathlib import Path
from typing import Any

import pytest

from controller.cli.stopping import GRACE
from controller.errors import (
    ConfigurationError,
    EvenkeelError,
    InputError,
    NodeError,
    NotFoundError,
    SendError,
    SigningKeyError,
    StorageError,
    UsageError,
    WrongChainError,
)
from controller.keeper.alerts import AlertKind
from controller.keeper.conditions import of_hold
from controller.keeper.guards import Guard, Hold
from controller.keeper.metrics import Metrics

ROOT = Path(__file__).resolve().parents[4]
RUNBOOK = (ROOT / "docs" / "RUNBOOK.md").read_text()
DASHBOARD = json.loads((ROOT / "deployments" / "grafana" / "evenkeel.json").read_text())
UNIT = ROOT / "deployments" / "systemd" / "evenkeel-keeper.service"

_SUFFIXES = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_count", "_sum"),
    "gauge": ("",),
    "info": ("_info",),
}
SAMPLES = {family.name + suffix for family in Metrics().registry.collect() for suffix in _SUFFIXES[family.type]}
"""Every name that can be asked for."""


# ---- the runbook


def _entries() -> dict[str, str]:
    parts = re.split(r"^### `(\w+)`$", RUNBOOK, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@pytest.mark.parametrize("kind", AlertKind)
def test_runbook__when_an_alert_exists__then_it_says_what_it_means_and_who_does_what(kind: AlertKind) -> None:
    entry = _entries()[kind.value]
    for word in ("**Means**: ", "**The keeper**: ", "**A person**: "):
        assert word in entry
    assert kind.severity.name.capitalize() in entry.split("- **The keeper**")[0], "its severity"


def test_runbook__when_it_has_an_entry__then_the_alert_exists() -> None:
    assert set(_entries()) == {kind.value for kind in AlertKind}


@pytest.mark.parametrize("guard", Guard)
def test_runbook__when_a_guard_exists__then_it_has_a_row_that_names_its_alert(guard: Guard) -> None:
    (row,) = [line for line in RUNBOOK.splitlines() if line.startswith(f"| `{guard.value}` |")]
    assert row.split("|")[-2].strip() == f"`{of_hold(Hold(guard, ''), '').kind.value}`"


def test_runbook__when_it_lists_the_guards__then_in_their_order() -> None:
    section = RUNBOOK.partition("## Guards")[2].partition("## Alerts")[0]
    rows = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
    assert rows == [guard.value for guard in Guard]


def test_runbook__when_it_names_a_metric__then_it_exists() -> None:
    named = set(re.findall(r"evenkeel_\w+", RUNBOOK))
    assert named
    assert named <= SAMPLES | {"evenkeel_tick_duration_seconds"}


# ---- the dashboard


def _expressions(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [inner for key, inner in value.items() if key in ("expr", "query") and "evenkeel" in str(inner)]
        return own + [found for inner in value.values() for found in _expressions(inner)]
    return [found for inner in value for found in _expressions(inner)] if isinstance(value, list) else []


def test_dashboard__when_an_expression_names_a_metric__then_it_exists_and_none_is_left_out() -> None:
    named = {name for expression in _expressions(DASHBOARD) for name in re.findall(r"evenkeel_\w+", expression)}
    assert named - SAMPLES == set()
    shown = {re.sub(r"_(bucket|count|sum)$", "", name) for name in named}
    assert {re.sub(r"_(bucket|count|sum)$", "", name) for name in SAMPLES} == shown, "nothing is collected for nobody"


def test_dashboard__when_it_is_imported__then_its_panels_have_ids_places_and_a_source() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in panels
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells), "panels do not lie on each other"
    assert max(x for x, _ in cells) < 24
    for panel in panels:
        assert panel["title"]
        assert panel["targets"]
        assert panel["datasource"]["uid"] == "${datasource}"
        for target in panel["targets"]:
            assert target["expr"].count("(") == target["expr"].count(")")
            assert "$instance" in target["expr"]


def test_metrics__when_named__then_by_the_conventions_of_prometheus() -> None:
    for family in Metrics().registry.collect():
        assert re.fullmatch(r"evenkeel_[a-z]+(_[a-z]+)*", family.name)
        assert family.documentation.endswith(".")
        assert not family.name.endswith("_total"), "the client adds it"


# ---- the unit


def _service() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(UNIT)
    return parser["Service"]


def test_unit__when_starting_again_cannot_help__then_systemd_does_not() -> None:
    """F-23"""
    never = {int(code) for code in _service()["RestartPreventExitStatus"].split()}
    cannot: list[type[EvenkeelError]] = [
        UsageError,
        InputError,
        NotFoundError,
        SigningKeyError,
        ConfigurationError,
        WrongChainError,
    ]
    can: list[type[EvenkeelError]] = [NodeError, StorageError, SendError]
    assert never == {error.exit_code for error in cannot}
    assert not never & {error.exit_code for error in can}


@pytest.mark.parametrize(
    ("key", "value"),
    [("Type", "notify"), ("NoNewPrivileges", "yes"), ("ProtectSystem", "strict"), ("StateDirectory", "evenkeel")],
)
def test_unit__when_it_runs__then_hardened(key: str, value: str) -> None:
    assert _service()[key] == value


def test_unit__when_it_is_stopped__then_longer_than_a_transaction_may_take() -> None:
    """F-26"""
    assert int(_service()["TimeoutStopSec"]) > GRACE
    assert int(_service()["WatchdogSec"]) > 0
