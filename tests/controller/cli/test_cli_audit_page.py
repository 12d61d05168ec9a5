"""docs/AUDIT.md does what it says: every command of it runs, on a vault whose keeper has rebalanced."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from command import Here
from vault_world import VaultWorld

PAGE = Path(__file__).resolve().parents[3] / "docs" / "AUDIT.md"
FENCE = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = [line for body in FENCE.findall(PAGE.read_text()) for line in body.splitlines()]


def test_page__when_its_commands_are_run_in_their_order__then_each_ends_well(world: VaultWorld, here: Here) -> None:
    world.move(140)
    assert here("rebalance", "--dev-account", "1", "--broadcast").code == 0
    url = world.settings["EVENKEEL_URL"]
    (journal,) = [path for path in Path(".evenkeel").glob("*.db") if not path.name.endswith("-audit.db")]
    named = {
        "$TRUSTED": "0x" + world.chain.head().hash.hex(),
        "$NODE": url,
        "$OTHER": url.replace("127.0.0.1", "localhost"),
        "$JOURNAL": str(journal),
        "$SIGNER": world.node.accounts[0],
    }
    assert len(COMMANDS) >= 10
    for command in COMMANDS:
        program, *words = shlex.split(command)
        assert program == "evenkeel"
        done = here(*(named.get(word, word) for word in words))
        assert done.code == 0, f"{command}: {done.said}"
    assert {path.name for path in Path("books").iterdir()} >= {"trades.csv", "vault.beancount", "vault.journal"}
