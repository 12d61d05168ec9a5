"""What has become of the mutants: bench/mutants.json, one record for each contract."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scipy.stats import binomtest

from mutation.compiler import ROOT
from mutation.operators import Mutant
from mutation.tree import FOUND, INVALID, SAME, SLOW, SURVIVED

PAGE = ROOT / "bench" / "mutants.json"
TESTING = ROOT / "docs" / "TESTING.md"
TABLE = re.compile(r"(?<=\| contract \| mutants \| tried \| of them other programs \|).*\n(?:\|.*\n)+")
HEAD = " found | survived | share (interval) |\n|---|---|---|---|---|---|---|\n"
LEVEL = 0.95
"""Of the interval of a share."""


@dataclass
class Survivor:
    """A mutant that no test finds, and why that is right; without a reason it is a hole in the tests."""

    id: str
    operator: str
    line: int
    old: str
    new: str
    why: str = ""


@dataclass
class Record:
    """Of the mutants of one contract, in the order of the seed, the first `tried` ones."""

    file: str
    sha256: str  # of the file: of another file it says nothing
    seed: int
    mutants: int  # that there are
    tried: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys((FOUND, SURVIVED, INVALID, SLOW, SAME), 0))
    survivors: list[Survivor] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.counts.setdefault(SAME, 0)

    def add(self, mutant: Mutant, outcome: str) -> None:
        self.tried += 1
        self.counts[outcome] += 1
        if outcome in (SURVIVED, SLOW):
            self.survivors.append(Survivor(mutant.id, mutant.operator, mutant.line, mutant.old, mutant.new))

    def forgive(self, survivor: Survivor, outcome: str) -> None:
        """A survivor, tried again by newer tests."""
        self.survivors.remove(survivor)
        self.counts[SURVIVED] -= 1
        self.counts[outcome] += 1

    @property
    def programs(self) -> int:
        return self.tried - self.counts[INVALID] - self.counts[SAME]

    @property
    def share(self) -> float:
        """Of the mutants that are programs, and others, those that were found."""
        return self.counts[FOUND] / self.programs if self.programs else 1.0

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's, for the share of all of them."""
        if self.tried == self.mutants or not self.programs:
            return self.share, self.share
        found = binomtest(self.counts[FOUND], self.programs).proportion_ci(LEVEL, method="wilson")
        return float(found.low), float(found.high)

    @property
    def unexplained(self) -> list[Survivor]:
        return [survivor for survivor in self.survivors if not survivor.why]


def digest(file: str) -> str:
    return hashlib.sha256((ROOT / file).read_bytes()).hexdigest()


def read(page: Path = PAGE) -> dict[str, Record]:
    """By contract."""
    known: dict[str, Any] = json.loads(page.read_text()) if page.exists() else {}
    return {
        name: Record(**{**record, "survivors": [Survivor(**each) for each in record["survivors"]]})
        for name, record in known.items()
    }


def keep(contract: str, here: Record, page: Path = PAGE) -> None:
    """Writes one record into the page. The reasons that somebody has written there meanwhile stay."""
    records = read(page)
    known = {survivor.id: survivor.why for survivor in records[contract].survivors} if contract in records else {}
    for survivor in here.survivors:
        survivor.why = known.get(survivor.id) or survivor.why
    records[contract] = here
    page.write_text(json.dumps({name: asdict(records[name]) for name in sorted(records)}, indent=1) + "\n")


def row(contract: str, here: Record) -> str:
    """One contract's in docs/TESTING.md."""
    low, high = here.interval
    share = f"{here.share:.1%}, " + ("all tried" if here.tried == here.mutants else f"{low:.1%} to {high:.1%}")
    numbers = here.mutants, here.tried, here.programs, here.counts[FOUND], len(here.survivors)
    return f"| {contract} | {' | '.join(map(str, numbers))} | {share} |\n"


def published(text: str, records: dict[str, Record]) -> str:
    """docs/TESTING.md with the table of what is recorded."""
    return TABLE.sub(lambda _: HEAD + "".join(row(*each) for each in records.items()), text)
