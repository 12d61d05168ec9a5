"""Copies of as much of the tree as some tests need, in which mutants are tried."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from mutation.compiler import ROOT, Compiler
from mutation.operators import Mutant

PARTS = ("foundry.toml", "package.json", "tests/vectors")
PATIENCE, MORE_PATIENCE = 240, 1_800
"""{s} for the tests of one mutant, and for its second chance. An endless loop ends before, when its gas does."""
FEW = {"FOUNDRY_FUZZ_RUNS": "6", "FOUNDRY_INVARIANT_RUNS": "2"}
"""What most mutants are found by, in a fraction of the time."""
FOUND, SURVIVED, INVALID, SLOW, SAME = "found", "survived", "no program", "too slow", "same program"


class UnsoundError(Exception):
    """What the tests say of mutants would mean nothing."""


class Tree:
    """Some test files and what they import. Forge is told of no others: for a choice among its files it would compile
    all of them anew, each time, to know what is in them."""

    def __init__(self, patterns: tuple[str, ...], job: int, compiler: Compiler) -> None:
        name = hashlib.sha256(repr(patterns).encode()).hexdigest()[:8]
        self.place = place = ROOT / "build" / "mutants" / f"{name}-{job}"
        self.patterns = patterns
        self._is_sound = False
        self._original = b""
        tests = {path for pattern in patterns for path in (ROOT / "tests" / "contracts").glob(pattern)}
        files = _closure(tests)
        if any("deployCode(" in path.read_text() for path in files):  # by name, which no import says
            files |= _closure(set((ROOT / "contracts").rglob("*.sol")))
        kept = {path.relative_to(ROOT) for path in files}
        for old in [*place.glob("contracts/**/*.sol"), *place.glob("tests/contracts/**/*.sol")]:
            if old.relative_to(place) not in kept:
                old.unlink()
        for path in kept:
            _copy(ROOT / path, place / path)
        for part in PARTS:
            _copy(ROOT / part, place / part)
        compiler.install(place / "scripts" / "solc")
        if not (place / "node_modules").exists():
            # hard links, because forge lets tests read what is really inside of the project, and not behind a link
            shutil.copytree(ROOT / "node_modules", place / "node_modules", copy_function=os.link, symlinks=True)

    def tried(self, file: str, mutant: Mutant) -> str:
        """What the tests make of a mutant of a file.

        Raises
        ------
        UnsoundError
            When they fail without it.
        """
        if not self._is_sound and self._tested(None) != SURVIVED:  # with all that has to be compiled first
            raise UnsoundError(f"The tests {', '.join(self.patterns)} fail without any mutant: run them by themselves.")
        self._is_sound = True
        path = self.place / file
        original = path.read_bytes()
        try:
            path.write_bytes(mutant.planted(original))
            return self._judged()
        finally:
            path.write_bytes(original)

    def is_same(self, file: str, mutant: Mutant) -> bool:
        """Whether every contract compiles to the same bytes with the mutant as without, so that no test can find it."""
        self._original = self._original or self._compiled()
        path = self.place / file
        original = path.read_bytes()
        try:
            path.write_bytes(mutant.planted(original))
            return self._compiled() == self._original
        finally:
            path.write_bytes(original)

    def _compiled(self) -> bytes:
        """Stands for the bytes of all contracts."""
        command = ["forge", "test", "--list"]
        subprocess.run(command, cwd=self.place, env=_environment(), capture_output=True, check=True)
        digest = hashlib.sha256()
        for name in sorted(path.name for path in (self.place / "contracts").rglob("*.sol")):
            for artifact in sorted((self.place / "out" / name).glob("*.json")):
                digest.update(json.loads(artifact.read_text())["bytecode"]["object"].encode())
        return digest.digest()

    def _judged(self) -> str:
        outcome = self._tested(PATIENCE, FEW)
        if outcome == SURVIVED:
            outcome = self._tested(PATIENCE)
        return self._tested(MORE_PATIENCE) if outcome == SLOW else outcome

    def _tested(self, patience: int | None, settings: Mapping[str, str] = MappingProxyType({})) -> str:
        command = ["forge", "test", "--fail-fast"]
        with subprocess.Popen(
            command,
            cwd=self.place,
            env=_environment() | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as forge:
            try:
                said, _ = forge.communicate(timeout=patience)
            except BaseException as error:
                os.killpg(forge.pid, signal.SIGKILL)  # and whom it has started
                if isinstance(error, subprocess.TimeoutExpired):
                    return SLOW
                raise
        if forge.returncode == 0:
            return SURVIVED
        return INVALID if "Compiler run failed" in said else FOUND


def _environment() -> dict[str, str]:
    settings = {"FOUNDRY_PROFILE": "mutants", "FOUNDRY_OUT": "out", "FOUNDRY_CACHE_PATH": "cache"}
    return {**os.environ, **settings, "FOUNDRY_LINT_LINT_ON_BUILD": "false"}


def _closure(files: set[Path]) -> set[Path]:
    """The files and all that they import by relative paths."""
    known: set[Path] = set()
    todo = list(files)
    while todo:
        path = todo.pop()
        if path not in known:
            known.add(path)
            todo += [(path.parent / name).resolve() for name in re.findall(r'import[^;]*"(\.[^"]+)"', path.read_text())]
    return known


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target)
