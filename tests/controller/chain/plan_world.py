"""A ledger and a `PlanVault` on a node: what sending needs, and no market."""

from __future__ import annotations

from dataclasses import dataclass

import solidity

from controller.chain import codec
from controller.chain.abi import Abi, encode
from controller.chain.artifacts import load
from controller.chain.client import Chain
from controller.chain.contract import Contract
from controller.chain.dev import deploy
from controller.chain.entries import decode_entry
from controller.chain.ledger import entries
from controller.execution.keys import LocalSigner, development_signer
from controller.model import Kind, Plan, Rebalance, Trade

IMPORTS = (
    "contracts/interfaces/ILedger.sol",
    "contracts/interfaces/IVaultCore.sol",
    "contracts/interfaces/IVenue.sol",
    "contracts/libraries/RebalanceCodec.sol",
    "contracts/types/Types.sol",
)


def compiled() -> tuple[Abi, bytes]:
    return solidity.compiled("PlanVault", *IMPORTS)


@dataclass(frozen=True)
class PlanWorld:
    chain: Chain
    owner: str  # unlocked
    ledger: str
    vault: str
    signer: LocalSigner

    @property
    def contract(self) -> Contract:
        return Contract(self.chain, self.vault, compiled()[0])

    def plan(self, *, nonce: int | None = None, lifetime: int = 10_000) -> Plan:
        head = self.chain.head()
        current = self.contract.read("status", block=head)[0]
        trade = Trade(0, 1, 0, 10**18, 1, b"\x00\x0b\xb8")
        return Plan(
            nonce=current if nonce is None else nonce,
            deadline=head.timestamp + lifetime,
            reference_block=head.number,
            reference_hash=head.hash,
            journal_head=b"\7" * 32,
            part=False,
            trades=(trade,),
        )

    def executed(self) -> list[Rebalance]:
        """Every rebalance that the ledger knows."""
        found = entries(self.chain, self.ledger, self.vault, 0, self.chain.head())
        payloads = [decode_entry(entry) for entry in found if entry.kind == Kind.REBALANCED]
        return [payload for payload in payloads if isinstance(payload, Rebalance)]

    def nonce(self) -> int:
        return int(self.contract.read("status", block=self.chain.head())[0])


def build(chain: Chain, owner: str, signer_index: int = 3) -> PlanWorld:
    ledger = deploy(chain, owner, load("Ledger").bytecode)
    vault = deploy(chain, owner, compiled()[1] + encode(["address"], [ledger]))
    return PlanWorld(chain, owner, ledger, vault, development_signer(signer_index))


def same_hash(plan: Plan, rebalance: Rebalance) -> bool:
    return codec.plan_hash(plan) == rebalance.plan_hash
