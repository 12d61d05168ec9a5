"""A short soak: two keepers over a few vaults through kills, stops, reorgs and faults (F-05 to F-14, F-20)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
COMMAND = (sys.executable, str(ROOT / "scripts" / "soak.py"), "--ticks", "60", "--vaults", "6", "--seed", "3")


def test_soak__when_short__then_everything_holds_and_everything_has_happened() -> None:
    done = subprocess.run(COMMAND, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = {name.strip(): int(times) for name, times in re.findall(r"^(\S.{31})\s*(\d+)$", done.stdout, re.MULTILINE)}
    for name in ("plans EXECUTED", "leader killed", "leader stopped", "reorg", "takeovers", "pool emptied"):
        assert counts.get(name, 0) > 0, done.stdout
    assert sum(times for name, times in counts.items() if name.endswith(": requests")) > 10, done.stdout
