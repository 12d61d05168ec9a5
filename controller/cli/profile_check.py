"""evenkeel profile check"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controller.cli import options
from controller.cli.output import out, print_json
from controller.config import profile_file


def check(
    file: Annotated[Path, typer.Argument(help="Profile file.")],
    as_json: options.AsJson = False,
) -> None:
    """Name every mistake of a profile file, or print its hash: that of the choices, whatever the file's layout."""
    found = "0x" + profile_file.load(file).hash.hex()
    print_json({"hash": found}) if as_json else out.print(f"{file} can be used. Its hash is {found}.", soft_wrap=True)
