"""Soaks two keepers: many vaults, a moving market, and every fault at random, until so many ticks are in their journal.

Then the faults end, the market stands still, and what must hold is checked against the chain itself. Ends with 1 and
the names of what does not hold.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "controller"), str(ROOT / "tests" / "controller" / "chain")]

from soaking import checks  # noqa: E402
from soaking.faults import DECK, MARKET, Chaos  # noqa: E402
from soaking.keepers import Keeper, Memory, leader  # noqa: E402
from soaking.scene import LEASE, Scene, made  # noqa: E402

from controller.execution.journal import Journal, RecordKind  # noqa: E402
from controller.keeper.standing import Control, Standing, Word, after  # noqa: E402

BEAT = 0.5
"""{s} that a beat waits at most for the keepers' tick."""
CALM = 120.0
"""{s} that the keepers get in the end, at most."""
STEADY = 4_096
"""{KiB} that a keeper may grow by in the last three quarters of a run without kills."""
BEATS_PER_TICK = 20
"""Beats for each wanted tick after which the soak gives up."""


@dataclass
class Soak:
    """One run."""

    scene: Scene
    journal: Journal
    chance: random.Random
    deck: Mapping[str, int] = field(default_factory=lambda: DECK)
    counts: Counter[str] = field(default_factory=Counter)
    ticks: int = 0
    takeovers: int = 0
    early: Mapping[str, int] = field(default_factory=dict)  # {KiB} of each keeper after a quarter of the ticks
    late: Mapping[str, int] = field(default_factory=dict)  # {KiB} after all of them
    _known: int = -1
    _standing: Standing = field(default_factory=Standing)

    def __post_init__(self) -> None:
        self.chaos = Chaos(self.scene, self.chance, self.counts, self.deck)
        settings = self.scene.settings
        self.keepers = [Keeper(name, self.scene.directory, settings, self.counts) for name in ("one", "other")]

    def run(self, ticks: int) -> None:
        self._begin()
        for _ in range(ticks * BEATS_PER_TICK):
            if self.ticks >= ticks or self.crashes():
                break
            card = self.chaos.draw()
            self.counts[card] += 1
            self.chaos.do(card)
            self.beat()
            self._trouble(card)
            if not self.early and self.ticks >= ticks // 4:
                self.early = self._resident()
        self.late = self._resident()
        self._calm()

    def _begin(self) -> None:
        """Faults begin once the keepers work."""
        until = time.monotonic() + CALM
        while not self.ticks and not self.crashes():
            if time.monotonic() > until:
                raise RuntimeError("No keeper ticks.")
            self.beat()

    def beat(self) -> None:
        """One block, and time for a tick on it."""
        for keeper in self.keepers:
            keeper.look()
        self.chaos.beat()
        self.scene.mine()
        for proxy in self.scene.proxies:
            proxy.forget()
        before, until = self.ticks, time.monotonic() + BEAT
        while self.ticks == before and time.monotonic() < until:
            time.sleep(0.02)
            self._read()

    def _read(self) -> None:
        records = list(self.journal.since(self._known))
        if records:
            self._known = records[-1].seq
            self.ticks += sum(record.kind is RecordKind.FLEET for record in records)
            self._standing = reduce(after, records, self._standing)
        if self._standing.open or self._standing.fleet_open:
            self.counts["breaker reset by a person"] += 1
            self.journal.append_all([Control(Word.RESET, "the soak goes on").draft()])

    def _trouble(self, card: str) -> None:
        """Whatever is done to a keeper comes while it works on a block."""
        leads = leader(self.keepers, self.lease()[0])
        if card == "standby killed":
            chosen = next((one for one in self.keepers if one is not leads), None)
        else:
            chosen = leads if card in {"leader killed", "leader stopped"} else None
        if chosen is None or not chosen.running:
            return
        self.scene.mine()
        time.sleep(self.chance.random() * 0.3)
        if card == "leader stopped":
            chosen.stop(LEASE + self.chance.random() * 2)
        else:
            chosen.kill()

    def _calm(self) -> None:
        """The faults end; the keepers get the time that they need."""
        self.chaos.calm()
        until = time.monotonic() + CALM
        while time.monotonic() < until:
            self.beat()
            if all(one.warm for one in self.keepers) and not self._unsettled():
                break
        codes = [keeper.end() for keeper in self.keepers]
        self.counts["not ended cleanly"] += sum(code != 0 for code in codes)

    def _unsettled(self) -> bool:
        return bool(self.journal.open_intents() or checks.due(self.scene))

    def _resident(self) -> dict[str, int]:
        return {keeper.name: keeper.resident for keeper in self.keepers}

    @property
    def grown(self) -> int:
        """{KiB} that the keeper which grew most has grown by in the last three quarters; sensible without kills."""
        return max((self.late[name] - self.early[name] for name in self.early), default=0)

    def lease(self) -> tuple[str | None, int]:
        """Who holds it, and its epoch."""
        with self.scene.server.connect("soak") as connection:
            row = connection.execute("SELECT holder, epoch FROM evenkeel_lease").fetchone()
        return (None, 0) if row is None else (str(row[0]), int(row[1]))

    @property
    def memory(self) -> list[Memory]:
        """Of each keeper's longest life."""
        lives = [life for keeper in self.keepers for life in keeper.lives]
        names = sorted({life.name for life in lives})
        return [max((life for life in lives if life.name == name), key=lambda life: life.seconds) for name in names]

    def crashes(self) -> list[str]:
        """What a keeper did not expect."""
        return [keeper.crash for keeper in self.keepers if keeper.crash]


def failures(soak: Soak, wanted: int) -> dict[str, list[str]]:
    """By the check's name."""
    evidence = checks.gathered(soak.scene, soak.journal)
    fates = Counter(record.body["fate"] for record in evidence.of(RecordKind.OUTCOME))
    soak.counts.update({f"plans {fate}": times for fate, times in fates.items()})
    found = {name: list(check(evidence)) for name, check in checks.CHECKS.items()}
    found["every tick was made"] = [] if soak.ticks >= wanted else [f"{soak.ticks} of {wanted} ticks"]
    found["no keeper crashed"] = soak.crashes()
    found["every keeper ended cleanly"] = (
        ["by SIGTERM one ended otherwise than with 0"] if soak.counts["not ended cleanly"] else []
    )
    if soak.deck is MARKET:
        found["memory is steady"] = [f"{soak.grown} KiB more"] if soak.grown > STEADY else []
    return {name: what for name, what in found.items() if what}


def soaked(
    ticks: int, vaults: int, seed: int, deck: Mapping[str, int] = DECK, keep: Path | None = None
) -> tuple[Soak, dict[str, list[str]]]:
    """A soak that has ended, and what does not hold.

    Parameters
    ----------
    keep : where the keepers' logs are copied to.
    """
    with (
        tempfile.TemporaryDirectory(prefix="evenkeel-soak-") as directory,
        made(Path(directory), vaults) as scene,
        Journal(scene.journal) as journal,
    ):
        soak = Soak(scene, journal, random.Random(seed), deck)  # noqa: S311 -- to be drawn again by its seed
        try:
            soak.run(ticks)
            soak.takeovers = max(soak.lease()[1] - 1, 0)
            return soak, failures(soak, ticks)
        finally:
            for keeper in soak.keepers:
                keeper.kill()
                if keep is not None:
                    shutil.copy(keeper.log, keep)


def report(soak: Soak, seed: int, seconds: float) -> None:
    print(f"seed {seed}: {soak.ticks} ticks over {len(soak.scene.vaults)} vaults in {seconds:.0f} s")
    print(f"{'takeovers':32}{soak.takeovers:8}")
    for name, times in sorted(soak.counts.items()):
        print(f"{name:32}{times:8}")
    for life in soak.memory:
        print(f"memory of keeper {life.name}: {life.start} KiB, after {life.seconds:.0f} s {life.end} KiB")
    if soak.deck is MARKET:
        for name, early in soak.early.items():
            print(f"memory of keeper {name}: {early} KiB after a quarter of the ticks, {soak.late[name]} KiB after all")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=2_000, help="records of ticks that the journal must get")
    parser.add_argument("--vaults", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calm", action="store_true", help="no fault and no kill: whether memory is steady")
    parser.add_argument("--keep", type=Path, help="where the keepers' logs stay")
    given = parser.parse_args(arguments)
    begun = time.monotonic()
    soak, found = soaked(given.ticks, given.vaults, given.seed, MARKET if given.calm else DECK, given.keep)
    report(soak, given.seed, time.monotonic() - begun)
    for name, what in found.items():
        print(f"FAILED: {name}")
        for line in what[:10]:
            print(f"  {line}")
    if not found:
        print("Everything holds.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
