"""Every command of the owner's pages runs, in its order, with the files that the pages show."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from beancount import loader
from command import Here
from vault_world import VaultWorld

DOCS = Path(__file__).parents[3] / "docs"
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["TAXES.md", "OWNER.md"])
def test_page__when_followed__then_every_command_ends_well(world: VaultWorld, here: Here, page: str) -> None:
    ran = 0
    for language, name, body in FENCE.findall((DOCS / page).read_text()):
        if language != "sh":
            Path(name.strip()).write_text(body)
            continue
        for line in body.splitlines():
            command, _, target = line.partition(" > ")
            done = here(*shlex.split(command)[1:])
            assert done.code == 0, f"{line}: {done.out}{done.err}"
            if target:
                Path(target).write_text(done.out)
            ran += 1
    assert ran >= 8
    if page == "TAXES.md":
        assert loader.load_string(Path("vault.beancount").read_text())[1] == []
        assert "I," in Path("form8949.csv").read_text()
