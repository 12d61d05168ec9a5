"""A fresh chain with real Uniswap V3 pools and the vaults whose gas is measured: the same in every run, to the byte."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from eth_utils.crypto import keccak

from controller.chain import dev
from controller.chain.client import Chain
from controller.chain.codec import plan_to_abi
from controller.chain.contract import Contract
from controller.chain.nodes import start_node
from controller.chain.wire import Receipt
from controller.deploy import vaults
from controller.deploy.records import find
from controller.execution.journal import Journal
from controller.model import Asset, Feed, Mandate, Plan, Roles, Scope
from controller.replay.markets import FEED_DECIMALS, MACRO
from controller.replay.run import quotes
from controller.replay.world import World, build
from controller.strategy.fixed import FixedTargets
from controller.tick import Controller
from controller.units import VALUE_DECIMALS

GENESIS = 1_577_836_800  # {s} 2020-01-01
ANSWERS = (500 * 10**8, 100 * 10**8, 2_000 * 10**8, 10**8)  # {USD/tok} equity, bond, gold, dollar
DEPTH = 100_000_000  # {USD} on each side of each pool
SIZE = 1_000_000  # {USD} of a vault
FOUR = {"EQUITY": 5_000, "BOND": 3_000, "GOLD": 1_000, "DOLLAR": 1_000}  # {bps}
THREE = {"EQUITY": 6_000, "BOND": 3_000, "GOLD": 1_000}
TRADER = 5  # index of the development account that swaps, mints and redeems as anybody would
PLENTY = 2**256 - 1


@dataclass(frozen=True)
class Scene:
    """A market and who acts on it."""

    world: World
    contracts: dict[str, str]
    router: str
    trader: str
    journal: Journal

    @property
    def chain(self) -> Chain:
        return self.world.chain

    def token(self, symbol: str) -> str:
        return self.world.by_symbol(symbol).token

    def price(self, token: str) -> int:
        """D36{quote/qTok}"""
        prices = zip(self.world.listed, ANSWERS, strict=True)
        return next(listed.price(answer) for listed, answer in prices if listed.token == token)

    def transact(self, sender: str, to: str, abi: str, function: str, *arguments: object) -> Receipt:
        return dev.transact(self.chain, sender, to, Contract(self.chain, to, abi).encode(function, *arguments))

    def mandate(self, targets: dict[str, int], feeds: dict[str, str] | None = None) -> Mandate:
        """Fires at 5%, trades back to within 1%; `feeds` replaces the sources of the feeds."""
        assets = []
        for symbol, target in targets.items():
            listed = self.world.by_symbol(symbol)
            source = feeds[symbol] if feeds else listed.feed
            feed = Feed(source, 86_400, FEED_DECIMALS, 1, 10**15)
            assets.append(Asset(listed.token, listed.listing.decimals, target, feed))
        return Mandate(
            name="Benchmark",
            symbol="BENCH",
            file_hash=keccak(b"mandate file"),
            oracle=self.contracts["ChainlinkOracle"],
            scope=Scope.BOOK,
            band=500,
            destination=100,
            max_slippage=100,
            max_loss=50,
            cooldown=86_400,
            min_trade=100 * 10**18,
            venues=(self.contracts["UniswapV3Venue"],),
            assets=tuple(assets),
        )

    def create(self, mandate: Mandate, salt: int) -> Receipt:
        accounts, factory = self.world.accounts, self.contracts["VaultFactory"]
        prices = {asset.token: self.price(asset.token) for asset in mandate.assets}
        roles = Roles(accounts.owner, accounts.guardian, (accounts.keeper,))
        routes = vaults.pairings(quotes(self.world), mandate, prices, self.chain.head())
        data = vaults.creation_data(self.chain, factory, mandate, roles, routes, salt.to_bytes(32, "big"))
        return dev.transact(self.chain, accounts.owner, factory, data)

    def vault(self, mandate: Mandate, salt: int, weights: Sequence[int]) -> str:
        """A vault of SIZE whose first mint splits it by `weights` {bps}."""
        owner, value = self.world.accounts.owner, SIZE * 10**VALUE_DECIMALS
        vault = vaults.created_vault(self.chain, self.contracts["VaultFactory"], self.create(mandate, salt))
        split = [replace(asset, target=weight) for asset, weight in zip(mandate.assets, weights, strict=True)]
        prices = [self.price(asset.token) for asset in split]
        amounts = vaults.first_amounts(replace(mandate, assets=tuple(split)), prices, value)
        for asset, amount in zip(split, amounts, strict=True):
            self.world.fund(owner, self.world.symbol(asset.token), amount)

        def transact(to: str, data: bytes) -> Receipt:
            return dev.transact(self.chain, owner, to, data)

        vaults.first_mint(self.chain, transact, vault, mandate, amounts, value, owner)
        return vault

    def plan(self, vault: str) -> Plan:
        """What the controller decides for `vault` now."""
        controller = Controller(
            self.chain, self.contracts["VaultLens"], quotes(self.world), FixedTargets(), self.journal
        )
        block = self.chain.head()
        decision = controller.decide(controller.snapshot(vault, block), now=block.timestamp + 1)
        if not isinstance(decision, Plan):
            raise AssertionError(f"nothing to measure: {decision.reason.value}, {decision.detail}")
        # a new journal's head is zero, and zeros are cheaper to send than any later head
        return replace(decision, journal_head=keccak(b"journal"))

    def rebalance(self, vault: str, plan: Plan) -> Receipt:
        return self.transact(self.world.accounts.keeper, vault, "IVault", "rebalance", plan_to_abi(plan))

    def swap(self, sell: str, buy: str, amount: int, min_out: int) -> Receipt:
        """The bare peer: SwapRouter.exactInputSingle by the trader, to itself."""
        deadline = self.chain.head().timestamp + 600
        order = (self.token(sell), self.token(buy), 500, self.trader, deadline, amount, min_out, 0)
        return self.transact(self.trader, self.router, "SwapRouter", "exactInputSingle", order)

    def approve(self, symbol: str, spender: str, amount: int) -> None:
        self.transact(self.trader, self.token(symbol), "TestToken", "approve", spender, amount)

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Whatever happens inside starts from the state outside, and leaves no trace."""
        snapshot = self.chain.request("evm_snapshot")
        yield
        if self.chain.request("evm_revert", snapshot) is not True:
            raise AssertionError("the node did not go back to its snapshot")


@contextmanager
def scene(work: Path) -> Iterator[Scene]:
    """The market, traded both ways so that nobody pays for a pool's first fee, and the trader's purse."""
    with start_node("anvil", timestamp=GENESIS) as node, Journal.at(work / "journal.db", durable=False) as journal:
        chain = Chain(node.url, node.chain_id)
        world = build(chain, node.accounts, MACRO, ANSWERS, work, depth=DEPTH, progress=lambda _what: None)
        contracts = world.deploy(work)
        built = Scene(world, contracts, find(work, "SwapRouter").address, node.accounts[TRADER], journal)
        world.move(tuple(answer * 102 // 100 for answer in ANSWERS[:-1]) + ANSWERS[-1:])
        world.move(ANSWERS)
        for listed in world.listed:
            world.fund(built.trader, listed.listing.symbol, SIZE * 10**VALUE_DECIMALS // built.price(listed.token))
        yield built
