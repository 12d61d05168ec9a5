"""Vaults that skip one check each, of the real contract and on a real chain: what they let through, L4 finds."""

from __future__ import annotations

import json
import posixpath
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from vault_world import DEPOSIT, VaultWorld, vault_world

from controller.audit import Level, audit_vault
from controller.chain import dev
from controller.chain.abi import encode
from controller.chain.artifacts import load
from controller.chain.codec import encode_plan, mandate_from_abi
from controller.chain.contract import Contract
from controller.deploy.records import folder
from controller.errors import RevertError
from controller.execution.journal import Journal
from controller.model import ZERO_ADDRESS, Knot, Mandate, Plan, Roles, Snapshot
from controller.replay.run import found_vault, quotes
from controller.strategy.fixed import FixedTargets
from controller.tick import Controller

pytestmark = pytest.mark.xdist_group("defective vaults")  # compiled once
ROOT = Path(__file__).resolve().parents[3]
SKIPPED = {
    "trigger": ("require(Triggers.isDue(cause), NotDue(cause, entry.driftBefore));", ""),
    "slippage": (" || Rules.isOutputTooLow(valueIn, valueOut, maxSlippage)", ""),
    "budget": ("require(used <= capacity, TurnoverBudgetExceeded(used, capacity));", ""),
    "destination": ("uint256 missed = part ? 0 : outside;", "uint256 missed = part ? 0 : 0 * outside;"),
    "crossing": ("if (isCrossed) revert TargetCrossed(i, book.values[i], value, target);", "isCrossed;"),
    "path": ("TargetPath.weightsAt(words, block.timestamp)", "TargetPath.weightsAt(words, 0)"),
}
"""What each defective vault leaves out, and what stands in its place."""


@cache
def _compiled() -> dict[str, bytes]:
    """Creation code of every defective vault, all in one compilation."""
    honest = (ROOT / "contracts" / "Vault.sol").read_text()
    sources = {}
    for name, (check, instead) in SKIPPED.items():
        assert honest.count(check) == 1, name
        sources[f"contracts/Vault_{name}.sol"] = {"content": honest.replace(check, instead)}
    for path in (ROOT / "contracts").rglob("*.sol"):
        sources[str(path.relative_to(ROOT))] = {"content": path.read_text()}
    for path in (ROOT / "node_modules" / "solady" / "src").rglob("*.sol"):
        sources[f"solady/{path.relative_to(ROOT / 'node_modules' / 'solady' / 'src')}"] = {"content": path.read_text()}
    wanted = {f"contracts/Vault_{name}.sol": {"Vault": ["evm.bytecode.object"]} for name in SKIPPED}
    settings = {"evmVersion": "shanghai", "optimizer": {"enabled": True, "runs": 1_000}, "outputSelection": wanted}
    request = {"language": "Solidity", "sources": _needed(sources), "settings": settings}
    command = [ROOT / "scripts" / "solc", "--standard-json"]
    done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, check=True)
    contracts = json.loads(done.stdout)["contracts"]
    return {
        name: bytes.fromhex(contracts[f"contracts/Vault_{name}.sol"]["Vault"]["evm"]["bytecode"]["object"])
        for name in SKIPPED
    }


def _needed(sources: dict[str, Any]) -> dict[str, Any]:
    """Those that the defective vaults import, however far."""
    left, found = [name for name in sources if "/Vault_" in name], {}
    while left:
        name = left.pop()
        if name in found:
            continue
        found[name] = sources[name]
        for imported in re.findall(r'from "([^"]+)"', sources[name]["content"]):
            near = imported.startswith(".")
            left.append(posixpath.normpath(posixpath.join(posixpath.dirname(name), imported)) if near else imported)
    return found


@dataclass(frozen=True)
class Stage:
    world: VaultWorld
    journal: Journal

    def vault(self, change: Callable[[Mandate], Mandate]) -> str:
        """Another vault of the same assets, under a changed mandate."""
        market, records = self.world.world, folder(self.world.directory / "deployments", self.world.node.chain_id)
        clone = Contract(self.world.chain, self.world.vault, "IVault")
        mandate = change(mandate_from_abi(clone.read("mandate", block=self.world.chain.head())))
        accounts = market.accounts
        roles = Roles(accounts.owner, ZERO_ADDRESS, accounts.guardian, (accounts.keeper,))
        factory = self.world.contracts["VaultFactory"]
        return found_vault(market, records, factory, mandate, roles, DEPOSIT, salt=b"\1" * 32)

    def planned(self, vault: str) -> tuple[Plan, Snapshot]:
        """What an honest keeper would do now."""
        records = folder(self.world.directory / "deployments", self.world.node.chain_id)
        lens = self.world.contracts["VaultLens"]
        controller = Controller(
            self.world.chain, lens, quotes(self.world.world, records), FixedTargets(), self.journal, None
        )
        snapshot = controller.snapshot(vault, self.world.chain.head())
        plan = controller.decide(snapshot, now=snapshot.block.timestamp + 1)
        assert isinstance(plan, Plan), plan
        return plan, snapshot

    def renewed(self, plan: Plan, share: float) -> Plan:
        """The same trades, so much of them, from here and without a floor of the keeper's own."""
        head = self.world.chain.head(1)  # a call at the newest block does not know that block's own hash
        trades = tuple(replace(each, amount_in=int(each.amount_in * share), min_out=0) for each in plan.trades)
        deadline = head.timestamp + 3_600
        return replace(
            plan, deadline=deadline, reference_block=head.number, reference_hash=head.hash, trades=trades, part=False
        )

    def refused(self, vault: str, plan: Plan) -> str:
        """By what name the honest vault refuses a plan."""
        chain, keeper = self.world.chain, self.world.world.accounts.keeper
        with pytest.raises(RevertError) as refused:
            chain.call(vault, self._call(plan), chain.head(), keeper)
        return refused.value.name

    def let_through(self, name: str, vault: str, plan: Plan) -> None:
        """By a vault whose code leaves that check out."""
        contracts, chain, maker = self.world.contracts, self.world.chain, self.world.world.accounts.maker
        arguments = encode(["address", "address"], [contracts["Ledger"], contracts["VaultFlows"]])
        defective = dev.deploy(chain, maker, _compiled()[name] + arguments)
        code = chain.code(defective, chain.head())
        chain.request("anvil_setCode", contracts["Vault"], "0x" + code.hex())
        dev.mine(chain)  # so that a block's state root has the code in it
        dev.transact(chain, self.world.world.accounts.keeper, vault, self._call(plan))

    @staticmethod
    def _call(plan: Plan) -> bytes:
        return load("IVault").abi.functions["rebalance"].selector + encode_plan(plan)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VaultWorld]:
    with vault_world(tmp_path_factory.mktemp("defective")) as world:
        yield world


@pytest.fixture
def stage(shared: VaultWorld, tmp_path: Path) -> Iterator[Stage]:
    snapshot = shared.chain.request("evm_snapshot")
    with Journal.at(tmp_path / "journal.db", durable=False) as journal:
        yield Stage(shared, journal)
    shared.chain.request("evm_revert", snapshot)


def _trigger(stage: Stage) -> tuple[str, Plan]:
    stage.world.move(140)
    plan, _ = stage.planned(stage.world.vault)
    stage.world.move(105)
    return stage.world.vault, stage.renewed(plan, 0.05)


def _slippage(stage: Stage) -> tuple[str, Plan]:
    stage.world.move(140)
    plan, _ = stage.planned(stage.world.vault)
    stage.world.push("EQUITY", stage.world.world.first[0] * 142 // 100)
    return stage.world.vault, stage.renewed(plan, 1.15)


def _budget(stage: Stage) -> tuple[str, Plan]:
    stage.world.move(140)
    plan, _ = stage.planned(stage.world.vault)  # of a vault with the same assets and a wider budget
    stage.world.move(100)
    vault = stage.vault(lambda old: replace(old, limits=replace(old.limits, turnover_budget=600)))
    stage.world.move(140)
    return vault, stage.renewed(plan, 1)


def _destination(stage: Stage) -> tuple[str, Plan]:
    stage.world.move(140)
    plan, _ = stage.planned(stage.world.vault)
    return stage.world.vault, stage.renewed(plan, 0.4)


def _crossing(stage: Stage) -> tuple[str, Plan]:
    stage.world.move(140)
    plan, snapshot = stage.planned(stage.world.vault)
    values = [held * price.value for held, price in zip(snapshot.balances, snapshot.prices, strict=True)]
    over = values[0] * 10_000 - 6_000 * sum(values)  # D36{quote * bps} of EQUITY beyond its target
    sold = sum(trade.amount_in for trade in plan.trades if trade.sell == 0) * snapshot.prices[0].value * 10_000
    return stage.world.vault, stage.renewed(plan, (over + 30 * sum(values)) / sold)


def _path(stage: Stage) -> tuple[str, Plan]:
    now = stage.world.chain.head().timestamp
    glide = (Knot(now, (6_000, 3_000, 1_000)), Knot(now + 20 * 86_400, (4_000, 5_000, 1_000)))
    vault = stage.vault(lambda old: replace(old, path=glide))
    stage.world.move(140)
    plan, _ = stage.planned(stage.world.vault)  # of the vault whose targets stay
    dev.set_next_timestamp(stage.world.chain, now + 10 * 86_400)
    dev.mine(stage.world.chain)
    dev.mine(stage.world.chain)
    return vault, stage.renewed(plan, 1)


CASES: dict[str, tuple[Callable[[Stage], tuple[str, Plan]], str, str]] = {
    "trigger": (_trigger, "NotDue", "no rebalance was due"),
    "slippage": (_slippage, "OutputTooLow", "OutputTooLow"),
    "budget": (_budget, "TurnoverBudgetExceeded", "TurnoverBudgetExceeded"),
    "destination": (_destination, "DestinationMissed", "DestinationMissed"),
    "crossing": (_crossing, "TargetCrossed", "TargetCrossed"),
    "path": (_path, "DestinationMissed", "the drift before"),
}
"""What makes a plan, by what name the honest vault refuses it, and a word of the finding."""


@pytest.mark.parametrize("name", list(CASES))
def test_audit__when_a_vault_skips_a_check__then_what_it_let_through_is_named(stage: Stage, name: str) -> None:
    make, refusal, word = CASES[name]
    vault, plan = make(stage)
    assert stage.refused(vault, plan) == refusal
    stage.let_through(name, vault, plan)
    chain, contracts = stage.world.chain, stage.world.contracts
    report = audit_vault(chain, contracts["Ledger"], vault, from_block=0, to_block=chain.head())
    assert {finding.level for finding in report.wrong} == {Level.L4}
    words = " ".join(finding.what for finding in report.wrong if finding.seq is not None)
    assert word in words, words
