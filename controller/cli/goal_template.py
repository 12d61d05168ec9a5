"""evenkeel goal template"""

from __future__ import annotations

import sys

from controller.cli import options
from controller.cli.output import print_json
from controller.config import goals_file


def template(as_json: options.AsJson = False) -> None:
    """Print a goals file to start from: evenkeel goal template > goals.toml."""
    if as_json:
        print_json({"file": goals_file.TEMPLATE})
        return
    sys.stdout.write(goals_file.TEMPLATE)
