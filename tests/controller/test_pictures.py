"""The pictures of the page on strategies are what the code draws today."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_pictures__of_trading__then_the_committed_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    import trading_pictures

    drawn = trading_pictures.pictures()
    assert len(drawn) == 3
    for name, text in drawn.items():
        assert (ROOT / "docs" / "images" / name).read_text() == text, "run: scripts/trading_pictures.py"
        ElementTree.fromstring(text)  # noqa: S314 - drawn here


@pytest.mark.parametrize("script", ["optimiser_pictures", "simulation_picture"])
def test_pictures__of_what_is_computed__then_the_committed_ones(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    for name, text in import_module(script).pictures().items():
        committed = ElementTree.parse(ROOT / "docs" / "images" / name).getroot()  # noqa: S314 - drawn here
        drawn = ElementTree.fromstring(text)  # noqa: S314 - drawn here
        # the last digits of a path are the processor's
        assert [each.tag for each in drawn.iter()] == [each.tag for each in committed.iter()]
        assert "".join(drawn.itertext()) == "".join(committed.itertext()), f"run: scripts/{script}.py"
