"""A keeper on a local anvil: from a block's arrival to the broadcast of what it makes due; ticks over idle vaults."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from benchmarks import memory
from benchmarks.crowd import BLOCK_GAS, Crowd
from benchmarks.page import CROWD, DUE, LATENCY
from benchmarks.rows import Row
from benchmarks.scene import ANSWERS, FOUR, WIDE, WIDE_ANSWERS, Scene, scene
from benchmarks.ticks import PLAIN, Plain
from controller.chain import dev
from controller.chain.client import Chain
from controller.chain.heads import NewHead
from controller.chain.transport import Call, Source
from controller.chain.wire import Json
from controller.cli.keeping import Kept, kept
from controller.cli.session import Session
from controller.config import keeper_file
from controller.errors import EvenkeelError
from controller.execution.journal import RecordKind
from controller.model import BlockRef, Decision, Quote, Reason, Snapshot
from controller.planning.wants import Want
from controller.replay import saved

WARM = 5  # of them before, not counted
MONTH = 31 * 86_400  # {s} so that every budget of losses is whole again
IDLE = 5  # ticks of each size, the median counts
SAMPLE = 20  # vaults that the plain loop reads
FEW = 1_000  # vaults that the aims are stated for
KEEPER = """
[keeper]
network = "anvil"
schedule = "block"

[accounts.main]
dev_account = 1

[journal]
path = "keeper.db"
"""


@dataclass
class Observed:
    """A source of answers that remembers when it was asked."""

    source: Source
    asked: list[tuple[str, float, float]] = field(default_factory=list)  # method, {s} begin, {s} end

    @property
    def shown(self) -> str:
        return self.source.shown

    @property
    def serving(self) -> str:
        return self.source.serving

    def distrust(self) -> bool:
        return self.source.distrust()

    def request(self, method: str, parameters: Sequence[Any]) -> Json:
        begun = time.perf_counter()
        try:
            return self.source.request(method, parameters)
        finally:
            self.asked.append((method, begun, time.perf_counter()))

    def batch(self, calls: Sequence[Call]) -> list[Json]:
        return self.source.batch(calls)

    def span(self, method: str) -> tuple[float, float]:
        """{s} begin and end of the last request of a method."""
        return next((begin, end) for name, begin, end in reversed(self.asked) if name == method)


@dataclass(frozen=True)
class Running:
    """A keeper that a benchmark drives pass by pass."""

    built: Scene
    session: Session
    observed: Observed
    found: Kept
    stop: threading.Event = field(default_factory=threading.Event)

    def head(self) -> BlockRef:
        """The next one."""
        while True:
            event = self.found.heads.next(self.stop)
            if isinstance(event, NewHead):
                return event.block


def measure() -> list[Row]:
    """Every row of the keeper."""
    return [*_latency(), *_idle(), *memory.measure()]


@contextmanager
def _running(built: Scene, work: Path) -> Iterator[Running]:
    """The keeper of `evenkeel keeper run --config`, on all vaults of the scene, subscribed to its heads."""
    saved.save(built.world, built.directory)
    url = built.chain.serving
    environment = {"EVENKEEL_ANVIL_URL": url, "EVENKEEL_ANVIL_WS_URL": url.replace("http", "ws", 1)}
    source = KEEPER.replace("keeper.db", str(work / "keeper.db"))
    file = keeper_file.parse(source.encode(), environment)
    plain = Session.of(file.network, built.directory.parent)
    observed = Observed(plain.endpoints)
    session = replace(plain, chain=Chain(observed, plain.chain.chain_id))
    with (work / "log").open("w") as log, redirect_stderr(log), kept(file, session, broadcast=True) as found:
        yield Running(built, session, observed, found)


@contextmanager
def _scene(*market: Any) -> Iterator[tuple[Scene, Path]]:
    with tempfile.TemporaryDirectory(prefix="evenkeel-bench-") as folder:
        directory = Path(folder) / "deployments" / "31337"
        directory.mkdir(parents=True)
        with scene(directory, *market) as built:
            yield built, Path(folder)


# ---- one due vault


def _latency() -> list[Row]:
    taken: dict[str, list[float]] = defaultdict(list)
    with _scene() as (built, work):
        built.vault(built.mandate(FOUR), 1, list(FOUR.values()))
        with _running(built, work) as running:
            watched = _watched(running)
            for number in range(WARM + DUE):
                _make_due(running, dear=number % 2 == 0)
                stages = _due(running, watched)
                if number >= WARM:
                    for stage, seconds in stages.items():
                        taken[stage].append(seconds * 1_000)
    taken["total"] = [sum(tick) for tick in zip(*taken.values(), strict=True)]
    rows = _percentiles("keeper.block_to_broadcast", taken.pop("total"))
    return rows + [row for stage in LATENCY for row in _percentiles(f"keeper.block_to_broadcast.{stage}", taken[stage])]


def _percentiles(name: str, milliseconds: list[float]) -> list[Row]:
    return [
        Row(f"{name}.p50_ms", round(median(milliseconds), 2), "ms"),
        Row(f"{name}.p99_ms", round(quantiles(milliseconds, n=100, method="inclusive")[98], 2), "ms"),
    ]


def _watched(running: Running) -> dict[str, float]:
    """{s} at which the parts of a tick of this keeper begin and end, and how long quotes take."""
    marks: dict[str, float] = {}
    fleet = running.found.keeper.place.fleet
    read = fleet.read
    controller = running.session.controller(running.found.keeper.place.journal, None)

    def timed_read(vaults: Sequence[str], block: BlockRef) -> Mapping[str, Snapshot | EvenkeelError]:
        marks.setdefault("read", time.perf_counter())
        try:
            return read(vaults, block)
        finally:
            marks.setdefault("reading", time.perf_counter())  # later it reads once more, before money moves

    def timed_quotes(snapshot: Snapshot, wants: tuple[Want, ...]) -> Sequence[Quote]:
        begun = time.perf_counter()
        try:
            return controller.quotes(snapshot, wants)
        finally:
            marks["quotes"] = marks.get("quotes", 0.0) + time.perf_counter() - begun

    timed = replace(controller, quotes=timed_quotes)

    def decide(snapshot: Snapshot, now: int) -> Decision:
        try:
            return timed.decide(snapshot, now=now)
        finally:
            marks["decided"] = time.perf_counter()

    fleet.read, fleet.decide = timed_read, decide
    return marks


def _make_due(running: Running, *, dear: bool) -> None:
    """A month later equity costs 30% more than, or what it did at first; the keeper has not seen it yet."""
    world = running.built.world
    dev.set_next_timestamp(world.chain, world.chain.head().timestamp + MONTH)
    world.move((ANSWERS[0] * 130 // 100 if dear else ANSWERS[0], *ANSWERS[1:]))
    newest = world.chain.head().number
    while running.head().number < newest:
        pass


def _due(running: Running, marks: dict[str, float]) -> dict[str, float]:
    """{s} by stage, from the moment before the node is told to mine until it has taken the transaction."""
    keeper = running.found.keeper
    marks.clear()
    running.observed.asked.clear()
    begun = time.perf_counter()
    dev.mine(running.built.chain)
    keeper.pass_(running.head())
    if not keeper.flights:
        raise AssertionError("nothing was sent: " + str(keeper.place.journal.records()[-1].body)[:1_000])
    simulating, simulated = running.observed.span("eth_estimateGas")
    sending, sent = running.observed.span("eth_sendRawTransaction")
    stages = {
        "head": marks["read"] - begun,
        "lens": marks["reading"] - marks["read"],
        "decision": marks["decided"] - marks["reading"] - marks["quotes"],
        "quotes": marks["quotes"],
        "record": simulating - marks["decided"],
        "simulation": simulated - simulating,
        "signing": sending - simulated,
        "broadcast": sent - sending,
    }
    while keeper.flights:
        keeper.pass_(running.head())
    return stages


# ---- many idle vaults


@dataclass(frozen=True, slots=True)
class Tick:
    """What one pass over so many idle vaults took."""

    seconds: float
    cpu: float  # {s} of the keeper's process alone
    requests: int  # round trips


def _idle() -> list[Row]:
    with _scene(WIDE, WIDE_ANSWERS) as (built, work):
        call_gas = built.chain.request("eth_getBlockByNumber", "latest", False)["gasLimit"]
        crowd = Crowd(built)
        ticks: dict[int, Tick] = {}
        with _running(built, work) as running:
            for size in CROWD:
                built.chain.request("evm_setBlockGasLimit", hex(BLOCK_GAS))
                vaults = crowd.grow(size)
                built.chain.request("evm_setBlockGasLimit", call_gas)
                ticks[size] = _typical([_tick(running, size, number) for number in range(1 + IDLE)][1:])
                if size == FEW:
                    plain = _plain(running, vaults[:: size // SAMPLE])
    few, by = ticks[FEW], f"{PLAIN}, {SAMPLE} vaults measured"
    scaled = FEW // SAMPLE
    return [
        Row("keeper.idle_1000_vaults.s", round(few.seconds, 3), "s", by, round(plain.seconds * scaled, 3)),
        Row("keeper.idle_1000_vaults.cpu_s", round(few.cpu, 3), "s", by, round(plain.cpu * scaled, 3)),
        Row(
            "keeper.requests_per_500_vaults",
            few.requests * 500 / FEW,
            "requests",
            by,
            plain.requests * 500 / SAMPLE,
        ),
        *(row for size, tick in ticks.items() for row in _grown(size, tick)),
    ]


def _grown(size: int, tick: Tick) -> Iterator[Row]:
    yield Row(f"keeper.growth.{size}.requests", tick.requests, "requests")
    yield Row(f"keeper.growth.{size}.s", round(tick.seconds, 3), "s")
    yield Row(f"keeper.growth.{size}.cpu_s", round(tick.cpu, 3), "s")


def _tick(running: Running, size: int, number: int) -> Tick:
    """One pass after every price has moved a little."""
    built, keeper = running.built, running.found.keeper
    built.world.move((*(answer + (number + size) * 10**5 for answer in WIDE_ANSWERS[:-1]), WIDE_ANSWERS[-1]))
    head = running.head()
    while head.number < built.chain.head().number:
        head = running.head()
    asked = running.session.endpoints.requests
    begun, worked = time.perf_counter(), time.process_time()
    keeper.pass_(head)
    tick = Tick(
        time.perf_counter() - begun,
        time.process_time() - worked,
        running.session.endpoints.requests - asked,
    )
    last = next(reversed(keeper.place.journal.records(kind=RecordKind.FLEET)))
    others = [each for each in last.body["listed"] if each["reason"] != Reason.IN_BAND.name]
    if last.body["vaults"] != size or others:
        raise AssertionError(f"{last.body['vaults']} of {size} vaults ticked, not idle are {others[:1]}")
    return tick


def _typical(ticks: Sequence[Tick]) -> Tick:
    """Medians."""
    return Tick(
        median(tick.seconds for tick in ticks),
        median(tick.cpu for tick in ticks),
        max(tick.requests for tick in ticks),
    )


def _plain(running: Running, sample: Sequence[str]) -> Tick:
    """The loop that anybody would write, which decides nothing."""
    built = running.built
    readers = [Plain(built.chain.serving, built.contracts, vault) for vault in sample]
    block = built.chain.head()
    for reader in readers:
        reader.read(block)
    begun, worked = time.perf_counter(), time.process_time()
    values = sum(len(reader.read(block)) for reader in readers)
    return Tick(time.perf_counter() - begun, time.process_time() - worked, values)
