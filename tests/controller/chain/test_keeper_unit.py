"""The systemd unit, as systemd itself reads it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNIT = Path(__file__).resolve().parents[3] / "deployments" / "systemd" / "evenkeel-keeper.service"


ANALYZE = shutil.which("systemd-analyze")


@pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed here")
def test_unit__when_systemd_verifies_it__then_nothing_to_say(tmp_path: Path) -> None:
    text = UNIT.read_text()
    program = "/opt/evenkeel/bin/evenkeel"
    assert program in text
    copy = tmp_path / UNIT.name
    copy.write_text(text.replace(program, sys.executable))
    assert _verify(copy) == (0, "")
    copy.write_text(copy.read_text().replace("NoNewPrivileges", "NoNewPrivilegs"))
    assert "NoNewPrivilegs" in _verify(copy)[1], "it looks"


def _verify(unit: Path) -> tuple[int, str]:
    done = subprocess.run([str(ANALYZE), "verify", str(unit)], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr
