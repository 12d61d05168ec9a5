"""How many small defects the tests find: `make mutants` plants slither's mutants one at a time and runs the tests.

Each mutant is tested in a copy of the tree under build/mutants, at first by the tests of its own contract, then by
those that use it. Results are kept there, so that a run that was stopped goes on where it was. docs/TESTING.md explains
the survivors.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table
from slither import Slither
from slither.tools.mutator.mutators import all_mutators
from slither.tools.mutator.mutators.abstract_mutator import AbstractMutator

ROOT = Path(__file__).parent.parent
COPY = ROOT / "build" / "mutants" / "tree"
RESULTS = ROOT / "build" / "mutants" / "results.json"
PARTS = ("contracts", "tests", "scripts", "foundry.toml", "package.json", "snapshots")
PATIENCE = 240
"""{s} for the tests of one mutant; one that takes longer, such as an endless loop, counts as found."""
TESTS = {
    "Vault": ("Vault{Rebalance,Mint,Redeem,Pay,Parts,Triggers,Due}*", "{Vault*,Sandwich*,invariants/*,threats/*}"),
    "Budget": ("Budget*", "VaultBudgets*"),
    "Calendar": ("Calendar*", "{Triggers,VaultTriggers}*"),
    "Triggers": ("Triggers*", "{VaultTriggers,VaultDue,VaultParts}*"),
    "TargetPath": ("TargetPath*", "{VaultTargets,VaultMandate}*"),
    "ChainlinkOracle": ("ChainlinkOracle*", "threats/*"),
}
"""Contract to the test files that are tried, one after the other."""
FOUND, SURVIVED, INVALID = "found", "survived", "no program"


@dataclass(frozen=True)
class Mutant:
    """One change of one file, by byte offsets."""

    contract: str
    file: str  # relative to the root
    operator: str  # slither's short name
    start: int
    end: int
    old: str
    new: str
    line: int

    @property
    def id(self) -> str:
        text = f"{self.file}:{self.start}:{self.end}:{self.new}"
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def mutants(contract: str) -> Iterator[Mutant]:
    """Slither's mutants of a contract, each change once."""
    slither = Slither(str(ROOT), compile_force_framework="foundry")
    (found,) = (each for each in slither.contracts if each.name == contract)
    operators: list[type[AbstractMutator]] = [
        each for each in vars(all_mutators).values() if isinstance(each, type) and hasattr(each, "NAME")
    ]
    seen = set()
    for operator in operators:
        made = operator(found.compilation_unit, 0, "", "", found, None, False, COPY, [])._mutate()
        for file, patches in made.get("patches", {}).items():
            for patch in patches:
                mutant = Mutant(
                    contract,
                    str(Path(file).relative_to(ROOT)),
                    operator.NAME,
                    patch["start"],
                    patch["end"],
                    patch["old_string"],
                    patch["new_string"],
                    patch["line_number"],
                )
                if mutant.id not in seen and mutant.old != mutant.new:
                    seen.add(mutant.id)
                    yield mutant


def tried(mutant: Mutant) -> str:
    """What became of it."""
    path = COPY / mutant.file
    original = path.read_bytes()
    try:
        path.write_bytes(original[: mutant.start] + mutant.new.encode() + original[mutant.end :])
        for pattern in TESTS[mutant.contract]:
            outcome = tested(pattern)
            if outcome != SURVIVED:
                return outcome
        return SURVIVED
    finally:
        path.write_bytes(original)


def tested(pattern: str) -> str:
    """What the tests that a pattern matches make of the copy as it is."""
    command = ["forge", "test", "--fail-fast", "--match-path", f"tests/contracts/{pattern}"]
    environment = {**os.environ, "FOUNDRY_PROFILE": "mutants", "FOUNDRY_OUT": "out", "FOUNDRY_CACHE_PATH": "cache"}
    try:
        done = subprocess.run(
            command, cwd=COPY, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return FOUND
    if done.returncode == 0:
        return SURVIVED
    return INVALID if "Compiler run failed" in done.stdout + done.stderr else FOUND


def copied() -> None:
    """The tree as it is now; what its compiler made before is kept."""
    COPY.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source, target = ROOT / part, COPY / part
        if source.is_file():
            shutil.copy2(source, target)
            continue
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target)
    if not (COPY / "node_modules").exists():
        # hard links, because forge lets tests read what is really inside of the project, and not behind a link
        shutil.copytree(ROOT / "node_modules", COPY / "node_modules", copy_function=os.link, symlinks=True)


def main() -> int:
    """Tries every mutant of the named contracts, or of all; 1 when fewer than nine of ten are found."""
    console = Console()
    wanted = sys.argv[1:] or list(TESTS)
    unknown = [name for name in wanted if name not in TESTS]
    if unknown:
        console.print(f"No tests are named for {', '.join(unknown)}; known are {', '.join(TESTS)}.")
        return 64
    copied()
    # slither's own build, apart from ours
    os.environ["FOUNDRY_OUT"], os.environ["FOUNDRY_CACHE_PATH"] = "build/slither/out", "build/slither/cache"
    known: dict[str, dict[str, object]] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    table = Table("contract", "mutants", FOUND, SURVIVED, "share")
    worst = 1.0
    for contract in wanted:
        for pattern in TESTS[contract]:
            if tested(pattern) != SURVIVED:
                console.print(f"The tests {pattern} fail without any mutant.")
                return 70
        results: Counter[str] = Counter()
        made = list(mutants(contract))
        for mutant in track(made, description=contract, console=console):
            if mutant.id not in known:
                known[mutant.id] = {**vars(mutant), "outcome": tried(mutant)}
                RESULTS.write_text(json.dumps(known, indent=1))
            outcome = str(known[mutant.id]["outcome"])
            results[outcome] += 1
            if outcome == SURVIVED:
                console.print(f"{mutant.file}:{mutant.line} {mutant.operator}: {mutant.old!r} -> {mutant.new!r}")
        programs = results[FOUND] + results[SURVIVED]
        share = results[FOUND] / programs if programs else 1.0
        worst = min(worst, share)
        table.add_row(contract, str(programs), str(results[FOUND]), str(results[SURVIVED]), f"{share:.1%}")
    console.print(table)
    return 0 if worst >= 0.9 else 1


if __name__ == "__main__":
    sys.exit(main())
