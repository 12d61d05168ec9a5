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
from controller.market.quotes import VenueQuotes
from controller.model import (
    ZERO_ADDRESS,
    Asset,
    Destination,
    Feed,
    Fees,
    Knot,
    Limits,
    Mandate,
    Period,
    Plan,
    Roles,
    Scope,
    Sequencer,
    Trigger,
    TriggerKind,
)
from controller.replay.markets import DOLLAR, FEED_DECIMALS, MACRO, Listing, Market
from controller.replay.run import quotes
from controller.replay.world import World, build
from controller.strategy.fixed import FixedTargets
from controller.tick import Controller
from controller.units import BPS, VALUE_DECIMALS

GENESIS = 1_577_836_800  # {s} 2020-01-01
ANSWERS = (500 * 10**8, 100 * 10**8, 2_000 * 10**8, 10**8)  # {USD/tok} equity, bond, gold, dollar
DEPTH = 100_000_000  # {USD} on each side of each pool
SIZE = 1_000_000  # {USD} of a vault
FOUR = {"EQUITY": 5_000, "BOND": 3_000, "GOLD": 1_000, "DOLLAR": 1_000}  # {bps}
THREE = {"EQUITY": 6_000, "BOND": 3_000, "GOLD": 1_000}
TRADER = 5  # index of the development account that swaps, mints and redeems as anybody would
PLENTY = 2**256 - 1
COOLDOWN = 3_600  # {s}

WIDE = Market(
    name="wide",
    step="day",
    heartbeat=86_400,
    listings=(*(Listing(f"T{number:02}", f"token {number}", 18) for number in range(1, 16)), DOLLAR),
    mandate="",
)
"""Fifteen tokens against the dollar, for vaults of up to sixteen assets."""
WIDE_ANSWERS = (*(100 * 10**8,) * 15, 10**8)


@dataclass(frozen=True)
class Scene:
    """A market and who acts on it."""

    world: World
    directory: Path  # with the records of what is deployed
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
        prices = zip(self.world.listed, self.world.first, strict=True)
        return next(listed.price(answer) for listed, answer in prices if listed.token == token)

    def transact(self, sender: str, to: str, abi: str, function: str, *arguments: object) -> Receipt:
        return dev.transact(self.chain, sender, to, Contract(self.chain, to, abi).encode(function, *arguments))

    def mandate(self, targets: dict[str, int], feeds: dict[str, str] | None = None) -> Mandate:
        """Fires at 5%, trades back to within 1%; `feeds` replaces the sources of the feeds."""
        assets = []
        for symbol in targets:
            listed = self.world.by_symbol(symbol)
            source = feeds[symbol] if feeds else listed.feed
            feed = Feed(source, 86_400, FEED_DECIMALS, 50, 1, 10**15)
            assets.append(Asset(listed.token, listed.listing.decimals, 0, BPS, feed))
        return Mandate(
            name="Benchmark",
            symbol="BENCH",
            file_hash=keccak(b"mandate file"),
            oracle=self.contracts["ChainlinkOracle"],
            sequencer=Sequencer(),
            trigger=Trigger(TriggerKind.THRESHOLD, 500, 0, Period.DAY, 0, 0, COOLDOWN),
            destination=Destination(100, 0, Scope.BOOK, 0),
            limits=Limits(
                max_slippage=100,
                max_loss=50,
                loss_budget=200,
                turnover_budget=40_000,
                budget_window=30 * 86_400,
                min_trade=100 * 10**18,
                max_trades=16,
                max_step=500,
                step_delay=86_400,
            ),
            fees=Fees(),
            spread=100,
            timelock=2 * 86_400,
            venues=(self.contracts["UniswapV3Venue"],),
            assets=tuple(assets),
            path=(Knot(0, tuple(targets.values())),),
        )

    def create(self, mandate: Mandate, salt: int) -> Receipt:
        accounts, factory = self.world.accounts, self.contracts["VaultFactory"]
        prices = {asset.token: self.price(asset.token) for asset in mandate.assets}
        roles = Roles(accounts.owner, ZERO_ADDRESS, accounts.guardian, (accounts.keeper,))
        routes = vaults.pairings(self.quotes(), mandate, prices, self.chain.head())
        data = vaults.creation_data(self.chain, factory, mandate, roles, routes, salt.to_bytes(32, "big"))
        return dev.transact(self.chain, accounts.owner, factory, data)

    def vault(self, mandate: Mandate, salt: int, weights: Sequence[int]) -> str:
        """A vault of SIZE whose first mint splits it by `weights` {bps}."""
        owner, value = self.world.accounts.owner, SIZE * 10**VALUE_DECIMALS
        vault = vaults.created_vault(self.chain, self.contracts["VaultFactory"], self.create(mandate, salt))
        prices = [self.price(asset.token) for asset in mandate.assets]
        amounts = vaults.first_amounts(mandate, weights, prices, value)
        for asset, amount in zip(mandate.assets, amounts, strict=True):
            self.world.fund(owner, self.world.symbol(asset.token), amount)

        def transact(to: str, data: bytes) -> Receipt:
            return dev.transact(self.chain, owner, to, data)

        vaults.first_mint(self.chain, transact, vault, mandate, amounts, value, owner)
        return vault

    def seasoned(self, mandate: Mandate, salt: int, weights: Sequence[int]) -> str:
        """A vault that has rebalanced before, with what it held before that in its hands again."""
        vault = self.vault(mandate, salt, weights)
        held = self._held(vault, mandate)
        self.rebalance(vault, self.plan(vault))
        for asset, before, now in zip(mandate.assets, held, self._held(vault, mandate), strict=True):
            if now > before:
                self._take(vault, asset.token, now - before)
            self.world.fund(vault, self.world.symbol(asset.token), max(before - now, 0))
        return vault

    def settle(self) -> None:
        """Every cool-down is over, feeds are fresh, and pools stand at the oracle's prices."""
        dev.set_next_timestamp(self.chain, self.chain.head().timestamp + COOLDOWN)
        self.world.move(self.world.first)

    def _held(self, vault: str, mandate: Mandate) -> list[int]:
        block = self.chain.head()
        return [
            int(Contract(self.chain, asset.token, "TestToken").read("balanceOf", vault, block=block))
            for asset in mandate.assets
        ]

    def _take(self, vault: str, token: str, amount: int) -> None:
        """From a vault, as only a development node can."""
        self.chain.request("anvil_impersonateAccount", vault)
        self.chain.request("anvil_setBalance", vault, hex(10**18))
        data = Contract(self.chain, token, "TestToken").encode("transfer", self.world.accounts.maker, amount)
        dev.transact(self.chain, vault, token, data)
        self.chain.request("anvil_stopImpersonatingAccount", vault)

    def quotes(self) -> VenueQuotes:
        return quotes(self.world, self.directory)

    def plan(self, vault: str) -> Plan:
        """What the controller decides for `vault` now."""
        controller = Controller(self.chain, self.contracts["VaultLens"], self.quotes(), FixedTargets(), self.journal)
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
def scene(work: Path, market: Market = MACRO, answers: tuple[int, ...] = ANSWERS) -> Iterator[Scene]:
    """The market, traded both ways so that nobody pays for a pool's first fee, and the trader's purse."""
    with start_node("anvil", timestamp=GENESIS) as node, Journal.at(work / "journal.db", durable=False) as journal:
        chain = Chain(node.url, node.chain_id)
        world = build(chain, node.accounts, market, answers, work, depth=DEPTH, progress=lambda _what: None)
        contracts = world.deploy(work)
        built = Scene(world, work, contracts, find(work, "SwapRouter").address, node.accounts[TRADER], journal)
        world.move(tuple(answer * 102 // 100 for answer in answers[:-1]) + answers[-1:])
        world.move(answers)
        for listed in world.listed:
            world.fund(built.trader, listed.listing.symbol, SIZE * 10**VALUE_DECIMALS // built.price(listed.token))
        yield built
