"""The main job by Brownie alone: a vault through the factory, one rebalance on real pools, and what the ledger says."""

from contextlib import contextmanager

import pytest
from brownie import Contract, accounts, project, web3
from brownie.exceptions import VirtualMachineError
from eth_abi import encode
from eth_utils import keccak

SYMBOLS = ("EQ", "GOLD", "USD")
TARGETS = (6_000, 3_000, 1_000)  # {bps}
BAND, DESTINATION, MAX_SLIPPAGE, MAX_LOSS = 500, 100, 50, 20  # {bps}
NOBODY = "0x" + "00" * 20
CREATED, MINTED, REBALANCED = 0, 1, 3  # contracts/types/Types.sol


@pytest.fixture(scope="module")
def owner():
    return accounts[1]


@pytest.fixture(scope="module")
def keeper():
    return accounts[2]


@pytest.fixture(scope="module")
def contracts(deployed):
    """The project's contracts as Brownie objects."""
    compiled = project.get_loaded_projects()[0]
    return {name: compiled[name].at(deployed[name].address) for name in ("Ledger", "VaultFactory", "VaultLens")}


@pytest.fixture(scope="module")
def vault(contracts, deployed, market, owner, keeper):
    """A vault of 60/30/10 that holds a million."""
    assets = []
    for symbol in SYMBOLS:
        listing = market.listings[symbol]
        feed = (listing.proxy.address, 86_400, 8, 50, 1, 10**14, (0, 0, 0, 0))
        assets.append((listing.token.address, listing.decimals, 0, 10_000, feed))
    mandate = (
        b"Sixty thirty ten".ljust(32, b"\0"),
        b"STT".ljust(32, b"\0"),
        keccak(text="the mandate file"),
        deployed["ChainlinkOracle"].address,
        (NOBODY, 0),  # no sequencer
        (0, BAND, 0, 0, 0, 0, 3_600),  # THRESHOLD, with a cool-down of an hour
        (DESTINATION, 0, 0, 0),  # every asset, all at once
        (MAX_SLIPPAGE, MAX_LOSS, 4 * MAX_LOSS, 20_000, 30 * 86_400, 100 * 10**18, 16, 500, 86_400),
        (NOBODY, 0, 0),  # no fees
        0,
        86_400,
        [deployed["UniswapV3Venue"].address, deployed["UniswapV2Venue"].address],
        assets,
        [(0, TARGETS)],
    )
    roles = (owner.address, NOBODY, accounts[3].address, [keeper.address])
    pairings = [(0, market.route("EQ", "GOLD")), (0, market.route("EQ", "USD"))]
    factory = contracts["VaultFactory"]
    where = factory.predict(owner, b"\0" * 32, mandate)
    factory.create(mandate, roles, pairings, b"\0" * 32, {"from": owner})
    # a clone answers for all contracts behind it, as the record of Vault says
    created = Contract.from_abi("Clone", where, list(deployed["Vault"].abi), persist=False)
    amounts = [market.units(symbol, 100 * target) for symbol, target in zip(SYMBOLS, TARGETS)]
    for symbol, amount in zip(SYMBOLS, amounts):
        token = market.listings[symbol].token
        token.mint(owner, amount, {"from": market.account})
        token.approve(created, amount, {"from": owner})
    created.mint(10**24, amounts, owner, {"from": owner})
    return created


def plan(vault, market):
    """Sells what EQ has too much of, a little less than all, in the proportion of what the others lack."""
    balances = vault.balances()
    values = [
        balance * market.prices[symbol] * 10 ** (18 - market.listings[symbol].decimals)
        for symbol, balance in zip(SYMBOLS, balances)
    ]
    total = sum(values)
    trades = []
    for buy in (1, 2):
        wanted = total * TARGETS[buy] // 10_000 - values[buy]  # D18{quote}
        amount = wanted * 98 // 100 // market.prices["EQ"]  # {qTok of EQ}
        trades.append((0, buy, 0, amount, 0, market.route("EQ", SYMBOLS[buy])))
    block = web3.eth.get_block("latest")
    nonce = vault.status()[0]
    return (nonce, block["timestamp"] + 600, block["number"], block["hash"], b"\0" * 32, False, trades)


def weights(vault, market):
    """{bps}, rounded down."""
    values = [
        balance * market.prices[symbol] * 10 ** (18 - market.listings[symbol].decimals)
        for symbol, balance in zip(SYMBOLS, vault.balances())
    ]
    return [value * 10_000 // sum(values) for value in values]


@contextmanager
def refused(name):
    """The call inside reverts with the custom error of this name, which Brownie shows before its arguments."""
    with pytest.raises(VirtualMachineError) as caught:
        yield
    assert caught.value.revert_msg.split(":")[0] == name


def test_rebalance__when_drift_reaches_the_band__then_ends_near_its_target_and_in_the_ledger(
    vault, market, contracts, deployed, keeper
):
    with refused("NotDue"):
        vault.rebalance(plan(vault, market), {"from": keeper})
    market.step({"EQ": 130, "GOLD": 2000, "USD": 1})
    assert weights(vault, market)[0] > TARGETS[0] + BAND

    with refused("Unauthorised"):
        vault.rebalance(plan(vault, market), {"from": accounts[5]})
    vault.rebalance(plan(vault, market), {"from": keeper})
    for weight, target in zip(weights(vault, market), TARGETS):
        assert abs(weight - target) <= DESTINATION
    nonce, _, _, _, paused, loss_used, turnover_used, *_ = vault.status()
    assert (nonce, paused) == (1, False)
    assert 0 < loss_used < turnover_used
    for symbol in SYMBOLS:
        assert market.listings[symbol].token.allowance(vault, deployed["UniswapV3Venue"].address) == 0
    ((address, failure, registered, *_),) = contracts["VaultLens"].snapshots([vault])
    assert (address, str(failure), registered) == (vault.address, "0x", True)


def test_ledger__when_folded_from_its_logs__then_gives_the_head_on_chain(vault, contracts):
    ledger = contracts["Ledger"]
    topic = keccak(text="Entry(address,uint40,uint8,bytes27,bytes)")
    logs = web3.eth.get_logs({"address": ledger.address, "fromBlock": 0, "toBlock": "latest", "topics": [topic]})
    own = [log for log in logs if log["topics"][1][-20:] == bytes.fromhex(vault.address[2:])]
    head, kinds = bytes(27), []
    for seq, log in enumerate(own):
        assert int.from_bytes(log["topics"][2], "big") == seq
        kind = int.from_bytes(log["topics"][3], "big")
        said, payload = web3.codec.decode(["bytes27", "bytes"], bytes(log["data"]))
        head = keccak(encode(["bytes27", "uint40", "uint8", "bytes32"], [head, seq, kind, keccak(payload)]))[:27]
        assert said == head
        kinds.append(kind)
    assert kinds == [CREATED, MINTED, REBALANCED]
    on_chain, count = ledger.chain(vault)
    assert bytes(on_chain) == head
    assert count == len(own)
