"""Every command of the README runs, in its order, as a reader would run it: nothing in a `sh` block is left out."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from command import Background, Done, alive, background, free_port, nodes, run, wait_until
from eth_account import Account

from controller.chain.nodes import MNEMONIC, start_node

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```sh([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SEPOLIA = 11155111


def _blocks(readme: str, kind: str) -> list[list[str]]:
    return [
        [line for line in body.splitlines() if line and not line.startswith("#")]
        for named, body in FENCE.findall(readme)
        if named.strip() == kind
    ]


README = (ROOT / "README.md").read_text()
MAKING = [line for block in _blocks(README, "") for line in block if line.startswith("make ")]
LOCAL = [line for block in _blocks(README, "") for line in block if not line.startswith("make ")]
ON_SEPOLIA = [line for block in _blocks(README, "sepolia") for line in block]
EXPECTED = {"evenkeel status": [0, 2]}
"""Exit codes that are not zero, one for each time that the README runs the command."""


def test_readme__when_it_has_a_block_of_commands__then_it_is_one_that_runs_here() -> None:
    assert {named.strip() for named, _ in FENCE.findall(README)} == {"", "sepolia"}
    fences = re.findall(r"^```\w.*$", README, re.MULTILINE)
    assert len(fences) == len(FENCE.findall(README)), "a fenced block with another language hides its commands"
    for line in LOCAL + ON_SEPOLIA:
        assert re.match(r"source |export |evenkeel ", line), f"{line}: no test knows how to run it"


@pytest.mark.parametrize("line", MAKING)
def test_readme__when_it_says_make__then_make_would_do_it(line: str) -> None:
    words = shlex.split(line)
    done = subprocess.run([*words, "-n"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    if words[1] == "demo":
        (recipe,) = [step for step in done.stdout.splitlines() if "evenkeel demo" in step]
        options = shlex.split(recipe)[2:]
        checked = run("demo", *options, "--report", "nowhere/report.html", cwd=ROOT)
        assert "There is no directory for nowhere/report.html" in checked.said, "the options are known"


class Reader:
    """Runs the README's lines; what it exports stays."""

    def __init__(self, cwd: Path, settings: Mapping[str, str]) -> None:
        self.cwd = cwd
        self.settings = dict(settings)
        self.seen: dict[str, int] = {}

    def export(self, line: str) -> None:
        name, _, value = line.removeprefix("export ").partition("=")
        self.settings.setdefault(name, value)

    def run(self, line: str) -> Done:
        words = shlex.split(line)
        target = None
        if ">" in words:
            target = self.cwd / words[words.index(">") + 1]
            words = words[: words.index(">")]
        done = run(*words[1:], cwd=self.cwd, settings=self.settings)
        if target is not None:
            target.write_text(done.out)
        return done

    def expected(self, line: str) -> int:
        nth = self.seen[line] = self.seen.get(line, 0) + 1
        return EXPECTED.get(line, [0] * nth)[nth - 1]


@pytest.fixture
def chain_up(tmp_path: Path) -> Iterator[tuple[Background, str]]:
    """The README's first terminal, on a free port."""
    line, port = next(line for line in LOCAL if line.startswith("evenkeel chain up")), free_port()
    with background(*shlex.split(line)[1:], "--port", str(port), cwd=tmp_path) as running:
        running.wait_for("Ctrl-C stops the chain")
        yield running, f"http://127.0.0.1:{port}"


def test_readme__when_followed_on_ganache__then_every_command_ends_as_it_says(
    chain_up: tuple[Background, str], tmp_path: Path
) -> None:
    running, url = chain_up
    reader = Reader(tmp_path, {"EVENKEEL_GANACHE_URL": url})
    said: dict[str, str] = {}
    for line in LOCAL:
        if line.startswith("source "):
            assert (ROOT / shlex.split(line)[1]).is_file()
        elif line.startswith("export "):
            reader.export(line)
        elif not line.startswith("evenkeel chain up"):
            done = reader.run(line)
            assert done.code == reader.expected(line), f"{line}: {done.out}{done.err}"
            said[line] = done.said
    assert "Rebalanced" in said["evenkeel rebalance --dev-account 0 --broadcast"]
    assert "OK: " in said["evenkeel audit --mandate mandate.toml"]
    assert (tmp_path / "report.html").is_file()

    (node,) = nodes(running.process.pid)
    assert running.end() == 130
    assert running.said.count("Interrupted.") == 1
    assert "Traceback" not in running.said
    wait_until(lambda: not alive(node))
    assert list((tmp_path / "deployments").iterdir()) == []


SEPOLIA_ENDS = {
    # what the block's commands say on a chain that has the right number and nothing of Sepolia on it
    "evenkeel deploy": (0, "Dry run"),
    "evenkeel vault template": (78, "answers latestRoundData"),
    "evenkeel vault create": (66, "is not deployed on chain 11155111"),
    "evenkeel keeper run": (66, "is not deployed on chain 11155111"),
}


def test_readme__when_followed_on_sepolia__then_options_files_and_network_are_right_and_errors_are_named(
    tmp_path: Path,
) -> None:
    """Without --broadcast, on a local chain with Sepolia's number: how far it goes without Sepolia's own contracts."""
    Account.enable_unaudited_hdwallet_features()
    account = Account.from_mnemonic(MNEMONIC)
    for name in {name for line in ON_SEPOLIA for name in re.findall(r"--keystore (\S+)", line)}:
        (tmp_path / name).write_text(_keystore(account.key))
    with start_node("anvil", chain_id=SEPOLIA) as node:
        reader = Reader(tmp_path, {"EVENKEEL_SEPOLIA_URL": node.url, "EVENKEEL_PASSPHRASE": "password"})
        for line in ON_SEPOLIA:
            if line.startswith("export "):
                reader.export(line)
                continue
            done = reader.run(line.replace(" --broadcast", ""))
            (expected,) = [value for start, value in SEPOLIA_ENDS.items() if line.startswith(start)]
            assert done.code == expected[0], f"{line}: {done.out}{done.err}"
            assert expected[1] in done.said
            assert account.key.hex() not in done.said


def _keystore(key: bytes) -> str:
    return json.dumps(Account.encrypt(key, "password", kdf="pbkdf2", iterations=1_000))
