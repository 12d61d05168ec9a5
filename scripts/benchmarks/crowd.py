"""A crowd of real vaults on one chain: hundreds of transactions in each request and in each block."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from eth_utils.crypto import keccak

from benchmarks.scene import Scene
from controller.chain.contract import Contract
from controller.chain.listing import vaults as listed_vaults
from controller.chain.wire import Json, word
from controller.deploy import vaults
from controller.deploy.records import find
from controller.model import ZERO_ADDRESS, Mandate, Roles
from controller.units import BPS, VALUE_DECIMALS

ASSETS = 8
SIZE = 10_000  # {USD} of each vault
BATCH = 100  # transactions in a request: anvil takes 2 MB at once
BLOCK = 2_000  # transactions in a block: the node keeps the state after each
BLOCK_GAS = 10**10  # {gas} of the blocks that make the crowd
PLENTY = 2**256 - 1
Call = tuple[str, bytes, int]
"""To whom, with what, and with how much {gas}."""


class Crowd:
    """Vaults of `ASSETS` assets each, no two with the same mandate; they start on target, so that all are idle."""

    def __init__(self, built: Scene) -> None:
        self._built = built
        self._random = random.Random(8)  # noqa: S311 - the same crowd in every run
        self._symbols = [listed.listing.symbol for listed in built.world.listed]
        self._routes = self._pairings()
        self._mandates: list[Mandate] = []
        self._first = find(built.directory, "Ledger").block_number
        for symbol in self._symbols:
            built.world.fund(built.world.accounts.owner, symbol, 10**9 * 10**18)

    def grow(self, size: int) -> tuple[str, ...]:
        """Creates and fills vaults until there are so many; all of them, oldest first."""
        built, have = self._built, len(self._mandates)
        new = [self._mandate(number) for number in range(have, size)]
        self._mandates += new
        factory = built.contracts["VaultFactory"]
        send(built, [(factory, self._creation(mandate, salt), 3_000_000) for salt, mandate in enumerate(new, have)])
        found = listed_vaults(built.chain, factory, self._first, built.chain.head())
        if len(found) != size:
            raise AssertionError(f"{len(found)} vaults where {size} were meant")
        fills = zip(found[have:], new, strict=True)
        send(built, [call for vault, mandate in fills for call in self._fill(vault, mandate)])
        return tuple(found)

    def _mandate(self, number: int) -> Mandate:
        others = self._random.sample(self._symbols[:-1], ASSETS - 1)
        each = BPS // ASSETS
        targets = {self._symbols[-1]: each, **dict.fromkeys(others, each)}
        return replace(self._built.mandate(targets), name=f"Vault {number}", file_hash=keccak(str(number).encode()))

    def _pairings(self) -> dict[str, vaults.Pairing]:
        """From the dollar to every other token."""
        built, others = self._built, self._symbols[:-1]
        mandate = built.mandate(dict.fromkeys([self._symbols[-1], *others], BPS // len(self._symbols)))
        prices = {asset.token: built.price(asset.token) for asset in mandate.assets}
        found = vaults.pairings(built.quotes(), mandate, prices, built.chain.head())
        return {asset.token: pairing for asset, pairing in zip(mandate.assets[1:], found, strict=True)}

    def _creation(self, mandate: Mandate, salt: int) -> bytes:
        accounts = self._built.world.accounts
        roles = Roles(accounts.owner, ZERO_ADDRESS, accounts.guardian, (accounts.keeper,))
        routes = [self._routes[asset.token] for asset in mandate.assets[1:]]
        factory = self._built.contracts["VaultFactory"]
        return vaults.creation_data(self._built.chain, factory, mandate, roles, routes, salt.to_bytes(32))

    def _fill(self, vault: str, mandate: Mandate) -> Iterator[Call]:
        built = self._built
        value = SIZE * 10**VALUE_DECIMALS
        prices = [built.price(asset.token) for asset in mandate.assets]
        amounts = vaults.first_amounts(mandate, mandate.path[0].weights, prices, value)
        for asset in mandate.assets:
            approve = Contract(built.chain, asset.token, "TestToken").encode("approve", vault, PLENTY)
            yield asset.token, approve, 100_000
        mint = Contract(built.chain, vault, "IVault").encode(
            "mint", SIZE * 10**vaults.SHARE_DECIMALS, amounts, built.world.accounts.owner
        )
        yield vault, mint, 1_500_000


def send(built: Scene, calls: Sequence[Call], size: int = BLOCK) -> None:
    """All from the owner, `size` in a block; raises when one fails."""
    chain = built.chain
    chain.request("evm_setAutomine", False)
    for at in range(0, len(calls), size):
        hashes = _offered(built, calls[at : at + size])
        chain.request("evm_mine")
        receipts = [
            receipt
            for first in range(0, len(hashes), BATCH)
            for receipt in chain.batch(
                [("eth_getTransactionReceipt", [hash_]) for hash_ in hashes[first : first + BATCH]]
            )
        ]
        failed = [receipt for receipt in receipts if receipt is None or receipt["status"] != "0x1"]
        if failed:
            raise AssertionError(f"{len(failed)} of {len(hashes)} transactions are not mined or failed")
    chain.request("evm_setAutomine", True)


def _offered(built: Scene, calls: Sequence[Call]) -> list[Json]:
    """Hashes of what waits in the pool then."""
    chain, owner = built.chain, built.world.accounts.owner
    first, hashes = chain.nonce(owner), []
    sent = [
        # the node takes a batch in any order
        {"from": owner, "to": to, "data": word(data), "gas": hex(gas), "nonce": hex(nonce)}
        for nonce, (to, data, gas) in enumerate(calls, first)
    ]
    for at in range(0, len(sent), BATCH):
        hashes += chain.batch([("eth_sendTransaction", [transaction]) for transaction in sent[at : at + BATCH]])
    return hashes
