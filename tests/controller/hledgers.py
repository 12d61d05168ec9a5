"""Debian's hledger, asked what it thinks of a journal."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def hledger(journal: Path, *arguments: str) -> str:
    """What `hledger` prints, its complaints included; an empty `check` is a good one."""
    program = shutil.which("hledger")
    assert program, "the tests need hledger: scripts/install_hledger"
    done = subprocess.run([program, "-f", journal, *arguments], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr
