"""Wall time: a tick by stage over the macro replay, its snapshot beside plain web3.py, the audit, the demo."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from web3 import HTTPProvider, Web3
from web3.contract import Contract as Web3Contract

from benchmarks.rows import Row
from controller.audit.vault import audit_vault
from controller.chain import dev
from controller.chain.artifacts import load
from controller.chain.client import Chain
from controller.chain.nodes import start_node
from controller.cli.rehearsal import BUILD_TIME, DEPOSIT, KEEPER, POOL_DEPTH, tokens
from controller.cli.verdict import DEMANDED
from controller.config.mandate_file import Deployed, parse
from controller.deploy import venues
from controller.deploy.records import find
from controller.execution.journal import Journal
from controller.execution.keys import development_signer
from controller.model import ZERO_ADDRESS, BlockRef, Roles, Sequencer, TickRecord
from controller.replay.markets import MACRO, Series, series
from controller.replay.run import found_vault, quotes
from controller.replay.world import World, build
from controller.strategy.fixed import FixedTargets
from controller.tick import Controller

FROM = "2000-01"  # as `evenkeel demo`
STAGES = ("block", "snapshot", "decision", "simulation", "sending", "journal")
PLAIN = "web3.py with one call per value"
KINDS = {False: "idle", True: "due"}


@dataclass
class Watch:
    """{ms} of every stage, by idle or due."""

    totals: dict[bool, list[float]] = field(default_factory=lambda: defaultdict(list))
    stages: dict[tuple[bool, str], list[float]] = field(default_factory=lambda: defaultdict(list))
    plain: dict[bool, list[float]] = field(default_factory=lambda: defaultdict(list))

    def rows(self) -> list[Row]:
        """Medians."""
        rows = []
        for due, kind in KINDS.items():
            rows.append(_milliseconds(f"tick.{kind}.ms", self.totals[due]))
            for stage in STAGES:
                if taken := self.stages[due, stage]:
                    theirs = self.plain[due] if stage == "snapshot" else None
                    rows.append(_milliseconds(f"tick.{kind}.{stage}.ms", taken, theirs))
        return rows


def _milliseconds(name: str, ours: list[float], theirs: list[float] | None = None) -> Row:
    if theirs is None:
        return Row(name, round(median(ours), 2), "ms")
    return Row(name, round(median(ours), 2), "ms", PLAIN, round(median(theirs), 2))


def measure() -> list[Row]:
    """Every row that is a time."""
    history = series(MACRO, FROM)
    with (
        tempfile.TemporaryDirectory(prefix="evenkeel-bench-") as folder,
        start_node("anvil", timestamp=history.times[0] - BUILD_TIME) as node,
        Journal.at(Path(folder) / "journal.db") as journal,
    ):
        work, chain = Path(folder), Chain(node.url, node.chain_id)
        world = build(
            chain, node.accounts, MACRO, history.answers[0], work, depth=POOL_DEPTH, progress=lambda _what: None
        )
        contracts = world.deploy(work)
        vault = _vault(world, work, contracts)
        controller = Controller(
            chain, contracts["VaultLens"], quotes(world, work), FixedTargets(), journal, development_signer(KEEPER)
        )
        watch = _replay(world, controller, vault, history, Plain(node.url, contracts, vault))
        audited = _audit(chain, contracts["Ledger"], find(work, "Ledger").block_number, vault)
    return [*watch.rows(), audited, _demo()]


def _vault(world: World, directory: Path, contracts: dict[str, str]) -> str:
    accounts = world.accounts
    roles = Roles(accounts.owner, ZERO_ADDRESS, accounts.guardian, (accounts.keeper,))
    deployed = Deployed(contracts["ChainlinkOracle"], venues.addresses(directory), Sequencer())
    parsed = parse(MACRO.mandate_file(), tokens(world), deployed, roles=roles)
    return found_vault(world, directory, contracts["VaultFactory"], parsed.mandate, roles, DEPOSIT)


def _replay(world: World, controller: Controller, vault: str, history: Series, plain: Plain) -> Watch:
    watch = Watch()
    for moment, answers in zip(history.times, history.answers, strict=True):
        dev.set_next_timestamp(world.chain, moment)
        world.move(answers)
        record, ends = _timed(controller, vault)
        due = record.outcome is not None
        watch.totals[due].append(sum(ends.values()))
        for stage, taken in ends.items():
            watch.stages[due, stage].append(taken)
        begun = time.perf_counter()
        plain.read(record.block)
        watch.plain[due].append((time.perf_counter() - begun) * 1_000)
    return watch


def _timed(controller: Controller, vault: str) -> tuple[TickRecord, dict[str, float]]:
    """{ms} by stage."""
    ends: dict[str, float] = {}
    last = time.perf_counter()

    def observe(stage: str) -> None:
        nonlocal last
        now = time.perf_counter()
        ends[stage], last = (now - last) * 1_000, now

    record = controller.tick(vault, broadcast=True, observe=observe)
    return record, ends


class Plain:
    """The peer: the values of a snapshot as anybody would read them with web3.py, the mandate known beforehand."""

    def __init__(self, url: str, contracts: dict[str, str], vault: str) -> None:
        # without its cache it would ask for the chain id twice with every call
        web3 = Web3(HTTPProvider(url, cache_allowed_requests=True))

        def contract(address: str, name: str) -> Web3Contract:
            return web3.eth.contract(web3.to_checksum_address(address), abi=list(load(name).abi.entries))

        self._vault = vault
        self._shares = contract(vault, "IVault")
        self._supply = contract(vault, "TestToken")
        self._factory = contract(contracts["VaultFactory"], "IVaultFactory")
        self._ledger = contract(contracts["Ledger"], "ILedger")
        *_, assets, _path = self._shares.functions.mandate().call()
        self._tokens = [contract(token, "TestToken") for token, *_ in assets]
        self._feeds = [contract(feed[0], "IAggregatorV3") for *_, feed in assets]

    def read(self, block: BlockRef) -> list[object]:
        at = block.number
        values = [
            self._shares.functions.status().call(block_identifier=at),
            self._shares.functions.targets().call(block_identifier=at),
            self._shares.functions.due().call(block_identifier=at),
            self._supply.functions.totalSupply().call(block_identifier=at),
            self._factory.functions.isVault(self._vault).call(block_identifier=at),
            self._ledger.functions.chain(self._vault).call(block_identifier=at),
        ]
        values += [token.functions.balanceOf(self._vault).call(block_identifier=at) for token in self._tokens]
        return values + [feed.functions.latestRoundData().call(block_identifier=at) for feed in self._feeds]


def _audit(chain: Chain, ledger: str, start: int, vault: str) -> Row:
    begun = time.perf_counter()
    report = audit_vault(chain, ledger, vault, from_block=start, to_block=chain.head())
    taken = time.perf_counter() - begun
    if (error := report.error(DEMANDED)) is not None:
        raise error
    return Row("audit.entries_per_s", round(report.entries / taken, 1), "1/s")


def _demo() -> Row:
    """The whole of `evenkeel demo`, as a user runs it."""
    with tempfile.TemporaryDirectory(prefix="evenkeel-bench-") as folder:
        begun = time.perf_counter()
        page = str(Path(folder) / "report.html")
        command = [sys.executable, "-m", "controller", "demo", "--json", "--report", page]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        taken = time.perf_counter() - begun
    json.loads(done.stdout)
    return Row("demo.macro.s", round(taken, 1), "s")
