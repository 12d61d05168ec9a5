"""How L2 and L4 of an audit grow with a vault's entries: a life of flows on a real node, audited at several lengths."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.crowd import PLENTY, Call, send
from benchmarks.rows import Row
from benchmarks.scene import THREE, Scene, scene
from controller.audit.judge import judge
from controller.audit.read import Asked, Source, gather
from controller.audit.report import Level
from controller.audit.signatures import signed_by
from controller.chain.client import Chain
from controller.chain.contract import Contract
from controller.chain.endpoints import Endpoints
from controller.deploy.records import find

LENGTHS = (250, 1_000, 4_000)
"""Entries."""
LEVELS = (Level.L2, Level.L4)
TOGETHER = 20  # flows in a block
SHARE = 10**15  # {qShare} that comes and goes


def measure() -> Iterator[Row]:
    """Every row."""
    with tempfile.TemporaryDirectory(prefix="evenkeel-bench-") as folder, scene(Path(folder)) as built:
        vault = built.vault(built.mandate(THREE), 1, list(THREE.values()))
        source = built.contracts["Ledger"], vault, find(built.directory, "Ledger").block_number
        _allow(built, vault)
        entries = 2  # created, minted
        for length in LENGTHS:
            send(built, [_flow(built, vault, place) for place in range(entries, length)], TOGETHER)
            entries = length
            for level in LEVELS:
                yield from _audit(built, source, level, length)


def _allow(built: Scene, vault: str) -> None:
    owner = built.world.accounts.owner
    for symbol in THREE:
        built.world.fund(owner, symbol, 10**24)
        built.transact(owner, built.token(symbol), "TestToken", "approve", vault, PLENTY)


def _flow(built: Scene, vault: str, place: int) -> Call:
    """A mint, then a redeem of the same, and so on."""
    owner, clone = built.world.accounts.owner, Contract(built.chain, vault, "IVault")
    if place % 2:
        return vault, clone.encode("redeem", SHARE, [0] * len(THREE), owner, owner, 0), 500_000
    return vault, clone.encode("mint", SHARE, [PLENTY] * len(THREE), owner), 500_000


def _audit(built: Scene, source: tuple[str, str, int], level: Level, length: int) -> Iterator[Row]:
    ledger, vault, first = source
    signed_by.cache_clear()  # senders are recovered anew
    chain_id = built.chain.chain_id
    endpoints = Endpoints([built.chain.serving], chain_id)
    chain = Chain(endpoints, chain_id)
    asked, before, begun = Asked(first, chain.head(), depth=level), endpoints.requests, time.perf_counter()
    report = judge(gather(Source(chain, ledger, vault), asked, lambda _done, _total: None))
    taken = time.perf_counter() - begun
    if report.findings or report.entries != length:
        raise SystemExit(f"The audit found something: {report.verdict()}")
    name = f"audit.{level.name.lower()}.grown.{length}"
    yield Row(name, round(length / taken, 1), "entries/s, read and judged")
    yield Row(f"{name}.requests", round((endpoints.requests - before) / length, 3), "requests/entry")
