"""The real vault under any book, on a node, and the same book as planning sees it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from planning_pieces import address

from controller.chain import codec
from controller.chain.abi import Abi, encode
from controller.chain.client import Chain
from controller.chain.contract import Contract
from controller.chain.dev import deploy
from controller.chain.errors import decode_revert
from controller.errors import RevertError
from controller.model import BlockRef, Mandate, Plan, Snapshot, Status

ROOT = Path(__file__).resolve().parents[3]
SOURCE = "tests/controller/chain/Books.sol"
CONTRACTS = ("Books", "BookVault", "Ledger", "MandateChecker", "VaultAdmin", "VaultFlows")
PAUSED = 2
"""Of the state's flags (contracts/VaultBase.sol)."""


@cache
def compiled() -> dict[str, tuple[Abi, bytes]]:
    request = {
        "language": "Solidity",
        "sources": {SOURCE: {"content": (ROOT / SOURCE).read_text()}},
        "settings": {
            "evmVersion": "shanghai",
            "optimizer": {"enabled": True, "runs": 200},
            "remappings": ["solady/=node_modules/solady/src/"],
            "outputSelection": {"*": {name: ["abi", "evm.bytecode.object"] for name in CONTRACTS}},
        },
    }
    command = [ROOT / "scripts" / "solc", "--standard-json"]
    done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, check=True, cwd=ROOT)
    found = {name: made for file in json.loads(done.stdout)["contracts"].values() for name, made in file.items()}
    return {
        name: (Abi(found[name]["abi"]), bytes.fromhex(found[name]["evm"]["bytecode"]["object"])) for name in CONTRACTS
    }


@dataclass(frozen=True)
class BooksWorld:
    chain: Chain
    books: Contract
    tokens: tuple[str, ...]
    block: BlockRef

    def mandate(self, mandate: Mandate) -> Mandate:
        """The same on tokens that exist here."""
        assets = tuple(
            replace(asset, token=token, feed=replace(asset.feed, source=address(999)))
            for asset, token in zip(mandate.assets, self.tokens, strict=False)
        )
        return replace(mandate, oracle=self.books.address, venues=(self.books.address,), assets=assets)

    def look(self, book: Snapshot) -> Snapshot:
        """The book as the vault answers; the levels of its status stand for those at the last rebalance."""
        due, status, targets, time = self.books.read("look", *self._book(book), block=self.block)
        return replace(
            book,
            block=replace(self.block, timestamp=time),
            mandate=self.mandate(book.mandate),
            targets=tuple(targets),
            status=codec.status_from_abi(status),
            due=codec.due_from_abi(due, ""),
        )

    def judge(self, book: Snapshot, plan: Plan) -> tuple[RevertError | None, tuple[int, ...], Status]:
        """What the vault says to a plan, its balances afterwards and its status."""
        said = self.books.read("judge", *self._book(book), codec.plan_to_abi(plan), block=self.block)
        failure, balances, status = said
        return decode_revert(failure) if failure else None, tuple(balances), codec.status_from_abi(status)

    def _book(self, book: Snapshot) -> tuple[Any, ...]:
        status = book.status
        flags = PAUSED if status.paused else 0
        state = (
            status.last_rebalance,
            status.loss_used,
            status.turnover_used,
            status.open_until,
            status.breaches,
            flags,
        )
        prices = [price.value for price in book.prices]
        return codec.mandate_to_abi(self.mandate(book.mandate)), book.balances, prices, state


def build(chain: Chain, owner: str) -> BooksWorld:
    code = {name: made[1] for name, made in compiled().items()}
    ledger = deploy(chain, owner, code["Ledger"])
    checker = deploy(chain, owner, code["MandateChecker"])
    two = ["address", "address"]
    admin = deploy(chain, owner, code["VaultAdmin"] + encode(two, [ledger, checker]))
    flows = deploy(chain, owner, code["VaultFlows"] + encode(two, [ledger, admin]))
    vault = deploy(chain, owner, code["BookVault"] + encode(two, [ledger, flows]))
    books = Contract(chain, deploy(chain, owner, code["Books"] + encode(["address"], [vault])), compiled()["Books"][0])
    block = chain.head()
    tokens = tuple(books.read("tokens", index, block=block) for index in range(16))
    return BooksWorld(chain, books, tokens, block)
