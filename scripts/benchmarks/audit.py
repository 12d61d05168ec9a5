"""The audit: entries a second at each level, how they grow, and how often a node is asked."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import rlp
from eth_abi import decode as bare_decode
from eth_utils.crypto import keccak

from benchmarks import audit_growth
from benchmarks.rows import Row
from controller.audit.evidence import Evidence
from controller.audit.hidden import check_receipts
from controller.audit.history import Decoded, follow, in_sequence
from controller.audit.judge import judge
from controller.audit.read import Asked, Source, gather
from controller.audit.receipt_trie import receipts_root, unpack_receipts
from controller.audit.report import Level
from controller.audit.signatures import signed_by
from controller.chain.client import Chain
from controller.chain.endpoints import Endpoints
from controller.chain.entries import NO_HEAD, Deposited, Minted, Redeemed, encode_payload, entry_head
from controller.chain.nodes import start_node
from controller.cli.rehearsal import BUILD_TIME, DEPOSIT, KEEPER, POOL_DEPTH, tokens
from controller.config.mandate_file import Deployed, parse
from controller.deploy import venues
from controller.deploy.records import find
from controller.execution.journal import Journal
from controller.execution.keys import development_signer
from controller.model import ZERO_ADDRESS, Entry, Kind, Roles, Sequencer
from controller.replay.markets import MACRO, series
from controller.replay.run import found_vault, quotes, replay
from controller.replay.world import build
from controller.strategy.fixed import FixedTargets
from controller.tick import Controller

SIZES = (1_000, 10_000, 100_000, 1_000_000)
COMPARED = 100_000
"""Entries that are also made and decoded without following them; longer chains take as long for each of them."""
BARE = "eth_abi.decode and keccak256 of the same bytes"
VAULT, SOMEBODY = "0x" + "11" * 20, "0x" + "22" * 20
_SHARES, _WORDS = 10**18, (10**18, 2 * 10**18, 3 * 10**18)
_ROUNDS = (1, 2, 3)
_SAID = (
    (Kind.MINTED, Minted(SOMEBODY, SOMEBODY, _SHARES, _WORDS)),
    (Kind.REDEEMED, Redeemed(SOMEBODY, SOMEBODY, SOMEBODY, _SHARES, _WORDS, 0)),
    (Kind.DEPOSITED, Deposited(SOMEBODY, SOMEBODY, _SHARES, _WORDS, _WORDS, _ROUNDS)),
)
_TYPES = {
    Kind.MINTED: ("address", "address", "uint256", "uint256[]"),
    Kind.REDEEMED: ("address", "address", "address", "uint256", "uint256[]", "uint256"),
    Kind.DEPOSITED: ("address", "address", "uint256", "uint256[]", "uint256[]", "uint80[]"),
}


def measure() -> list[Row]:
    """Every row."""
    return [*_chain_of_entries(), *_real(), *audit_growth.measure()]


# ---- L0 over made-up entries, as many as it takes


def _entries(count: int) -> Iterator[Entry]:
    """A chain of entries, made as they are wanted."""
    raw = [(int(kind), encode_payload(kind, said)) for kind, said in _SAID]
    head = NO_HEAD
    for seq in range(count):
        kind, payload = raw[seq % len(raw)]
        head = entry_head(head, seq, kind, payload)
        yield Entry(VAULT, seq, kind, head, payload, seq, bytes(32), bytes(32), 0)


def _chain_of_entries() -> list[Row]:
    rows = []
    making = bare = 0.0  # {s} of one entry
    for count in SIZES:
        if count <= COMPARED:
            making = _timed(partial(_make, count)) / count
            bare = _timed(partial(_bare, count)) / count - making
        before = _peak()
        taken = _timed(partial(_follow, count)) - making * count
        grown = _peak() - before
        rows.append(Row(f"audit.l0.{count}", round(count / taken, 1), "entries/s", BARE, round(1 / bare, 1)))
        rows.append(Row(f"audit.l0.{count}.memory", round(grown, 1), "MB more at the peak"))
    return rows


def _make(count: int) -> None:
    for _ in _entries(count):
        pass


def _follow(count: int) -> None:
    for found in follow(_entries(count), in_sequence(VAULT)):
        if not isinstance(found, Decoded):
            raise SystemExit(str(found))


def _bare(count: int) -> None:
    head = bytes(32)
    for entry in _entries(count):
        bare_decode(_TYPES[Kind(entry.kind)], entry.payload)
        head = keccak(head + keccak(entry.payload))


def _timed(run: Callable[[], object]) -> float:
    """{s}"""
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def _peak() -> float:
    """{MB} that this process has had at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024


# ---- the other levels over a real life


def _real() -> list[Row]:
    history = series(MACRO, "2000-01")
    with (
        tempfile.TemporaryDirectory(prefix="evenkeel-bench-") as folder,
        start_node("anvil", timestamp=history.times[0] - BUILD_TIME) as node,
        Journal.at(Path(folder) / "journal.db", durable=False) as journal,
    ):
        work, chain = Path(folder), Chain(node.url, node.chain_id)
        world = build(chain, node.accounts, MACRO, history.answers[0], work, depth=POOL_DEPTH, progress=lambda _: None)
        contracts, accounts = world.deploy(work), world.accounts
        roles = Roles(accounts.owner, ZERO_ADDRESS, accounts.guardian, (accounts.keeper,))
        deployed = Deployed(contracts["ChainlinkOracle"], venues.addresses(work), Sequencer())
        mandate = parse(MACRO.mandate_file(), tokens(world), deployed, roles=roles).mandate
        vault = found_vault(world, work, contracts["VaultFactory"], mandate, roles, DEPOSIT)
        signer = development_signer(KEEPER)
        lens = contracts["VaultLens"]
        controller = Controller(chain, lens, quotes(world, work), FixedTargets(), journal, signer)
        replay(world, controller, vault, history, lambda _: None)
        source = contracts["Ledger"], vault, find(work, "Ledger").block_number
        return _levels(node.url, node.chain_id, source)


def _levels(url: str, chain_id: int, source: tuple[str, str, int]) -> list[Row]:
    rows = []
    ledger, vault, first = source
    for level in list(Level)[:5]:
        endpoints = Endpoints([url], chain_id)
        chain = Chain(endpoints, chain_id)
        head = chain.head()
        before = endpoints.requests
        signed_by.cache_clear()  # each level recovers its senders anew
        begun = time.perf_counter()
        evidence = gather(Source(chain, ledger, vault), Asked(first, head, depth=level), lambda _done, _total: None)
        gathered = time.perf_counter()
        report = judge(evidence)
        judged = time.perf_counter() - gathered
        if report.findings:
            raise SystemExit(f"The audit found something: {report.verdict()}")
        count, name = report.entries, level.name.lower()
        rows.append(Row(f"audit.{name}", round(count / (gathered - begun + judged), 1), "entries/s, read and judged"))
        rows.append(Row(f"audit.{name}.judged", round(count / judged, 1), "entries/s"))
        rows.append(Row(f"audit.{name}.requests", round((endpoints.requests - before) / count, 3), "requests/entry"))
    return [*rows, _receipts(evidence)]


def _receipts(evidence: Evidence) -> Row:
    """What L2 does with receipts beside the bare roots of the same tries."""
    lists: Sequence[bytes] = list(evidence.receipt_lists.values())  # type: ignore[union-attr] # read at this depth
    ours = _timed(lambda: check_receipts(evidence))
    bare = _timed(lambda: [receipts_root(unpack_receipts(packed)) for packed in lists])
    blocks, size = len(lists), sum(len(rlp.decode(packed)) for packed in lists)
    peer = f"the bare roots of the same {size} receipts"
    return Row("audit.l2.blocks", round(blocks / ours, 1), "blocks/s", peer, round(blocks / bare, 1))
