"""Gas of whole transactions, from their receipts: exact, and the same in every run."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.page import ASSETS, SWAPS
from benchmarks.rows import Row
from benchmarks.scene import FOUR, PLENTY, SIZE, THREE, WIDE, WIDE_ANSWERS, Scene, scene
from benchmarks.where import spent
from controller.chain import dev
from controller.chain.artifacts import load
from controller.chain.wire import Receipt
from controller.deploy.creation import init_code
from controller.model import Plan, Trade
from controller.units import BPS, VALUE_DECIMALS

ROUTER = "SwapRouter.exactInputSingle"
ONE_TRADE = (5_600, 3_000, 1_000, 400)  # {bps} too much equity, too little dollar
TWO_TRADES = (5_400, 3_400, 1_000, 200)  # {bps} too much equity and bond, too little dollar
UNDERWEIGHT = (5_800, 3_200, 1_000)  # {bps} too little equity for its target, too much bond
SHARES = 1_000 * 10**18  # {qShare} minted and redeemed
FLOW = 10_000  # {USD} deposited and withdrawn
SMALL = 10**16  # {qTok of equity} 5 dollars' worth, which does not reach the pool's next tick
GROWTH = tuple((assets, swaps) for assets in ASSETS for swaps in SWAPS if swaps < assets)
"""Each swap on a pool of its own, so that there are fewer than assets."""


def measure() -> list[Row]:
    """Every gas row, from two chains."""
    with tempfile.TemporaryDirectory(prefix="evenkeel-bench-") as work, scene(Path(work)) as built:
        rows = [*_rebalances(built), *_shares(built)]
    with tempfile.TemporaryDirectory(prefix="evenkeel-bench-") as work, scene(Path(work), WIDE, WIDE_ANSWERS) as built:
        return [*rows, *_growth(built)]


def _rebalances(built: Scene) -> list[Row]:
    proxies = _proxies(built)
    direct = built.seasoned(built.mandate(FOUR), 1, ONE_TRADE)
    proxied = built.seasoned(built.mandate(FOUR, proxies), 2, ONE_TRADE)
    double = built.seasoned(built.mandate(FOUR), 3, TWO_TRADES)
    for symbol in ("EQUITY", "BOND"):
        built.approve(symbol, built.router, PLENTY)
    built.settle()
    plan = built.plan(direct)
    trade = _only(plan)
    with built.undone():
        ours = built.rebalance(direct, plan)
        our_parts = spent(built.chain, ours, _names(built, direct))
    with built.undone():
        bare = built.swap("EQUITY", "DOLLAR", trade.amount_in, trade.min_out)
        their_parts = spent(built.chain, bare, _names(built, direct))
    with built.undone():
        asked = built.transact(built.trader, direct, "IVault", "due")
    plan = built.plan(proxied)
    if _only(plan).amount_in != trade.amount_in:
        raise AssertionError("the two vaults do not trade the same amount")
    with built.undone():
        through = built.rebalance(proxied, plan)
        names = _names(built, proxied) | dict.fromkeys(map(str.lower, proxies.values()), "proxies")
        proxied_parts = spent(built.chain, through, names)
    plan = built.plan(double)
    second = plan.trades[-1]
    if [(part.sell, part.buy) for part in plan.trades] != [(0, 3), (1, 3)]:
        raise AssertionError(f"two other trades than meant: {plan.trades}")
    with built.undone():
        both = built.rebalance(double, plan)
    with built.undone():
        bare_second = built.swap("BOND", "DOLLAR", second.amount_in, second.min_out)
    return [
        _against("gas.rebalance.4x1.direct", ours.gas_used, bare),
        _against("gas.rebalance.4x1.proxied", through.gas_used, bare),
        _against("gas.swap.next", both.gas_used - ours.gas_used, bare_second),
        Row("gas.due.4", asked.gas_used, "gas"),
        *_where(our_parts, their_parts),
        *(Row(f"gas.where_proxied.{part}.{group}", gas, "gas") for (part, group), gas in sorted(proxied_parts.items())),
        *_peer_variants(built, bare, trade.amount_in),
    ]


def _only(plan: Plan) -> Trade:
    (trade,) = plan.trades
    if (trade.sell, trade.buy, len(trade.route)) != (0, 3, 3):
        raise AssertionError(f"another trade than meant: {trade}")
    return trade


def _against(row: str, ours: int, bare: Receipt) -> Row:
    return Row(row, ours, "gas", ROUTER, bare.gas_used)


def _where(ours: Mapping[tuple[str, str], int], theirs: Mapping[tuple[str, str], int]) -> list[Row]:
    return [
        Row(f"gas.where.{part}.{group}", ours.get((part, group), 0), "gas", ROUTER, theirs.get((part, group), 0))
        for part, group in sorted(ours.keys() | theirs.keys())
    ]


def _peer_variants(built: Scene, bare: Receipt, amount: int) -> list[Row]:
    """What the same bare swap takes in other circumstances: the peer's figure is only as good as what it stands for."""
    with built.undone():
        built.approve("EQUITY", built.router, amount * 2)
        counted = built.swap("EQUITY", "DOLLAR", amount, 1)
    with built.undone():
        built.approve("EQUITY", built.router, amount)
        exact = built.swap("EQUITY", "DOLLAR", amount, 1)
    with built.undone():
        small = built.swap("EQUITY", "DOLLAR", SMALL, 1)
    measured = {"unlimited": bare, "counted": counted, "exact": exact, "small": small}
    return [Row(f"gas.bare.{name}", None, "gas", ROUTER, receipt.gas_used) for name, receipt in measured.items()]


def _shares(built: Scene) -> list[Row]:
    owner, trader = built.world.accounts.owner, built.trader
    vault = built.seasoned(built.mandate(THREE), 4, (6_500, 2_600, 900))
    partial = built.vault(built.mandate(THREE), 5, UNDERWEIGHT)
    for symbol in THREE:
        built.approve(symbol, vault, PLENTY)
        built.approve(symbol, partial, PLENTY)
    built.settle()
    limits = [SIZE * 10**18] * len(THREE)
    with built.undone():
        minted = built.transact(trader, vault, "IVault", "mint", SHARES, limits, trader)
    with built.undone():
        redeemed = built.transact(owner, vault, "IVault", "redeem", SHARES, [0] * len(THREE), trader, owner, 0)
    come, gone = ([_tokens(built, symbol) if symbol == one else 0 for symbol in THREE] for one in ("EQUITY", "BOND"))
    with built.undone():
        deposited = built.transact(trader, partial, "IVault", "deposit", come, 0, trader)
    with built.undone():
        withdrawn = built.transact(owner, partial, "IVault", "withdraw", gone, PLENTY, trader, owner)
    with built.undone():
        created = built.create(built.mandate(FOUR), 6)
    return [
        Row("gas.mint.3", minted.gas_used, "gas"),
        Row("gas.redeem.3", redeemed.gas_used, "gas"),
        Row("gas.deposit.1", deposited.gas_used, "gas"),
        Row("gas.withdraw.1", withdrawn.gas_used, "gas"),
        Row("gas.create.4", created.gas_used, "gas"),
    ]


def _tokens(built: Scene, symbol: str) -> int:
    """{qTok} worth FLOW."""
    return FLOW * 10**VALUE_DECIMALS // built.price(built.token(symbol))


def _growth(built: Scene) -> list[Row]:
    """Rebalances of more and more assets and swaps."""
    made: dict[tuple[int, int], str] = {}
    for salt, (assets, swaps) in enumerate(GROWTH, start=1):
        targets = _even(assets)
        off = max(200, 600 // swaps)  # {bps} too much of each asset that is sold
        weights = [target + off * (place < swaps) for place, target in enumerate(targets.values())]
        weights[-1] -= off * swaps
        made[assets, swaps] = built.seasoned(built.mandate(targets), salt, weights)
    built.settle()
    rows = []
    for (assets, swaps), vault in made.items():
        plan = built.plan(vault)
        if len(plan.trades) != swaps:
            raise AssertionError(f"{len(plan.trades)} trades where {swaps} were meant")
        with built.undone():
            rows.append(Row(f"gas.growth.{assets}x{swaps}", built.rebalance(vault, plan).gas_used, "gas"))
    return rows


def _even(assets: int) -> dict[str, int]:
    """{bps} a fifth of dollars, the rest spread evenly."""
    symbols = [listing.symbol for listing in WIDE.listings[: assets - 1]]
    each, left = divmod(BPS * 4 // 5, len(symbols))
    return {symbol: each + (place < left) for place, symbol in enumerate(symbols)} | {"DOLLAR": BPS // 5}


def _proxies(built: Scene) -> dict[str, str]:
    """A proxy before each feed, as Chainlink's stand."""
    deployer, artifact = built.world.accounts.maker, load("TestFeedProxy")
    return {
        symbol: dev.deploy(built.chain, deployer, init_code(artifact, [built.world.by_symbol(symbol).feed]))
        for symbol in FOUR
    }


def _names(built: Scene, vault: str) -> dict[str, str]:
    contracts = {
        "ChainlinkOracle": "oracle",
        "Ledger": "ledger",
        "Vault": "vault",
        "UniswapV3Venue": "venue",
    }
    names = {built.contracts[contract]: part for contract, part in contracts.items()}
    names |= {vault: "vault", built.router: "router"}
    for listed in built.world.listed:
        names |= {listed.token: "tokens", listed.feed: "feeds"}
        if listed.pool is not None:
            names[listed.pool] = "pool"
    return {address.lower(): part for address, part in names.items()}
