"""Which sources a deployment was made from."""

from __future__ import annotations

import subprocess
from pathlib import Path

from controller import __version__

_PACKAGE = Path(__file__).resolve().parent.parent


def _git(*arguments: str) -> str | None:
    """Its output, or nothing where there is no git, no checkout or no such file in it."""
    try:
        done = subprocess.run(  # fixed arguments, no shell
            # only reads: a lock that is left behind, as on a full disk, would stop the user's own work
            ["git", "--no-optional-locks", "-C", str(_PACKAGE.parent), *arguments],  # noqa: S607 the user's git
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def source_commit() -> str:
    """The commit of the checkout, marked where contracts differ from it; the version of an installed package."""
    commit = _git("rev-parse", "HEAD")
    # An installed package may lie inside somebody else's checkout, which does not track it.
    if commit is None or _git("ls-files", "--error-unmatch", "controller/__init__.py") is None:
        return f"evenkeel {__version__}"
    return f"{commit}-dirty" if _git("status", "--porcelain", "--", "contracts") else commit
