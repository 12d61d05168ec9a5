"""The web3 driver on real nodes: deploy, stop anywhere, go on, notice what is not as recorded."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from controller.chain.client import Chain
from controller.chain.contract import Contract
from controller.chain.nodes import Engine, Node, start_node
from controller.deploy import drift, records
from controller.deploy.drift import DifferenceKind
from controller.deploy.run import Action, Driver
from controller.deploy.sender import SigningSender, Transaction, UnlockedSender
from controller.errors import CodeMismatchError, InputError
from controller.execution.keys import LocalSigner, development_signer

ROOT = Path(__file__).resolve().parents[3]
NAMES = [
    "UniswapV3Factory",
    "SwapRouter",
    "QuoterV2",
    "UniswapV2Factory",
    "Ledger",
    "ChainlinkOracle",
    "UniswapV3Venue",
    "UniswapV2Venue",
    "MandateChecker",
    "VaultAdmin",
    "VaultFlows",
    "Vault",
    "VaultFactory",
    "VaultLens",
]


@pytest.fixture(params=["anvil", "ganache"])
def node(request: pytest.FixtureRequest) -> Iterator[Node]:
    engine: Engine = request.param
    with start_node(engine) as running:
        yield running


@pytest.fixture
def chain(node: Node) -> Chain:
    return Chain(node.url, node.chain_id)


@pytest.fixture
def driver(node: Node, chain: Chain, tmp_path: Path) -> Driver:
    directory = records.folder(tmp_path, chain.chain_id)
    return Driver(chain, UnlockedSender(node.accounts[0]), directory, commit="0" * 40, broadcast=True)


@pytest.fixture
def signer() -> LocalSigner:
    return development_signer(0)


class Killed(BaseException):
    """Stands for a kill at the worst moment."""


def _mining(chain: Chain, *, on: bool) -> None:
    if not chain.client.startswith("anvil"):
        chain.request("miner_start" if on else "miner_stop")
        return
    chain.request("evm_setAutomine", on)
    if on:
        chain.request("evm_mine")


def _dry(driver: Driver) -> Driver:
    return Driver(driver.chain, driver.sender, driver.directory, driver.commit)


def test_deploy__when_dry__then_says_where_and_what_it_costs_and_sends_nothing(driver: Driver, chain: Chain) -> None:
    would = _dry(driver).network({})
    assert [result.name for result in would] == NAMES
    assert all(result.action is Action.DEPLOY and result.deployment is None for result in would)
    assert chain.head().number == 0
    assert not driver.directory.exists()

    done = driver.network({})
    assert [result.address for result in done] == [result.address for result in would]
    for said, used in zip(would, done, strict=True):
        assert abs(said.gas - used.gas) < used.gas // 20, said.name


def test_deploy__when_done__then_contracts_refer_to_each_other_and_records_hold(driver: Driver, chain: Chain) -> None:
    done = {result.name: result for result in driver.network({})}
    block = chain.head()
    factory = Contract(chain, done["VaultFactory"].address, "VaultFactory")
    assert factory.read("implementation", block=block) == done["Vault"].address
    assert factory.read("ledger", block=block) == done["Ledger"].address
    assert factory.read("checker", block=block) == done["MandateChecker"].address
    for version in ("V3", "V2"):
        venue = Contract(chain, done[f"Uniswap{version}Venue"].address, f"Uniswap{version}Venue")
        assert venue.read("factory", block=block) == done[f"Uniswap{version}Factory"].address
    vault = Contract(chain, done["Vault"].address, "Vault")
    assert vault.read("next", block=block) == done["VaultFlows"].address
    flows = Contract(chain, done["VaultFlows"].address, "VaultFlows")
    assert flows.read("next", block=block) == done["VaultAdmin"].address

    standing = records.load_all(driver.directory)
    assert sorted(standing) == sorted(NAMES)
    for record in standing.values():
        assert record.code_hash == "0x" + chain.code_hash(record.address, block).hex()
        receipt = chain.receipt(bytes.fromhex(record.transaction_hash[2:]))
        assert receipt is not None
        assert receipt.block_number == record.block_number
    assert sorted(path.name for path in driver.directory.iterdir()) == sorted(f"{name}.json" for name in NAMES)
    assert drift.check(chain, driver.directory, block) == ()


def test_deploy__when_done_before__then_everything_is_kept(driver: Driver, chain: Chain) -> None:
    driver.network({})
    height = chain.head().number
    again = driver.network({})
    assert {result.action for result in again} == {Action.KEEP}
    assert chain.head().number == height


KILLED_AFTER_LEDGER = """
import os, signal, sys
from pathlib import Path
from controller.chain.client import Chain
from controller.deploy.run import Driver
from controller.deploy.sender import SigningSender, Transaction, UnlockedSender

def kill(result):
    if result.name == "Ledger":
        os.kill(os.getpid(), signal.SIGKILL)

url, account, directory = sys.argv[1:]
Driver(Chain(url), UnlockedSender(account), Path(directory), "0" * 40, broadcast=True, progress=kill).network({})
"""


def test_deploy__when_killed_between_steps__then_goes_on_where_it_was(driver: Driver, chain: Chain, node: Node) -> None:
    arguments = [node.url, node.accounts[0], str(driver.directory)]
    killed = subprocess.run([sys.executable, "-c", KILLED_AFTER_LEDGER, *arguments], check=False, cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    height = chain.head().number
    rest = driver.network({})
    assert [result.name for result in rest if result.action is Action.KEEP] == NAMES[:5]
    assert chain.head().number == height + len(NAMES) - 5


@pytest.mark.parametrize("moment", ["before sending", "after sending", "before recording"])
def test_deploy__when_killed_inside_a_step__then_no_contract_is_created_twice(
    driver: Driver, chain: Chain, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dying(UnlockedSender):
        def send(self, chain: Chain, transaction: Transaction, raw: bytes) -> bytes:
            if moment == "before sending":
                raise Killed
            super().send(chain, transaction, raw)
            raise Killed

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        if moment == "before recording":
            patch.setattr(records, "save", die)
            sender = driver.sender
        else:
            sender = Dying(driver.sender.address)
        with pytest.raises(Killed):
            Driver(chain, sender, driver.directory, driver.commit, broadcast=True).network({})
    assert (driver.directory / ".UniswapV3Factory.pending.json").exists()

    done = driver.network({})
    assert chain.head().number == len(NAMES)
    assert drift.check(chain, driver.directory, chain.head()) == ()
    assert not list(driver.directory.glob(".*"))
    adopted = done[0].deployment
    assert adopted is not None
    receipt = chain.receipt(bytes.fromhex(adopted.transaction_hash[2:]))
    assert receipt is not None
    assert receipt.contract == done[0].address


def test_deploy__when_signed_by_a_key_of_ours__then_stands_where_the_unlocked_account_would_put_it(
    driver: Driver, chain: Chain, signer: LocalSigner
) -> None:
    would = _dry(driver).network({})
    signing = Driver(chain, SigningSender(signer), driver.directory, driver.commit, broadcast=True)
    assert [result.address for result in signing.network({})] == [result.address for result in would]
    assert drift.check(chain, driver.directory, chain.head()) == ()


def test_deploy__when_a_signed_transaction_waits_in_the_pool__then_the_next_run_waits_for_it(
    driver: Driver, chain: Chain, node: Node, signer: LocalSigner
) -> None:
    class Dying(SigningSender):
        def send(self, chain: Chain, transaction: Transaction, raw: bytes) -> bytes:
            super().send(chain, transaction, raw)
            raise Killed

    _mining(chain, on=False)
    with pytest.raises(Killed):
        Driver(chain, Dying(signer), driver.directory, driver.commit, broadcast=True).network({})
    assert chain.head().number == 0
    later = Timer(1.0, lambda: _mining(Chain(node.url, node.chain_id), on=True))
    later.start()
    done = Driver(chain, SigningSender(signer), driver.directory, driver.commit, broadcast=True).network({})
    assert done[0].reason == "finished what an interrupted run had sent"
    assert chain.mined_nonce(signer.address, chain.head()) == len(NAMES)


def test_deploy__when_the_recipe_lacks_network_values__then_all_are_named(driver: Driver) -> None:
    with pytest.raises(InputError) as caught:
        driver.network({"uniswap_v3": {"swap_router": "0x"}})
    assert [mistake.what for mistake in caught.value.mistakes] == [
        "the network has no uniswap_v3.factory",
        "the network has no uniswap_v3.pool_init_code_hash",
    ] * 2


@pytest.mark.parametrize("node", ["anvil"], indirect=True)  # the only one that can set code
def test_drift__when_code_is_altered_or_missing__then_both_are_named(driver: Driver, chain: Chain) -> None:
    done = {result.name: result.address for result in driver.network({})}
    chain.request("anvil_setCode", done["Ledger"], "0x6001")
    chain.request("anvil_setCode", done["VaultLens"], "0x")
    found = {item.name: item.kind for item in drift.check(chain, driver.directory, chain.head())}
    assert found == {"Ledger": DifferenceKind.ALTERED_CODE, "VaultLens": DifferenceKind.MISSING_CODE}
    with pytest.raises(CodeMismatchError, match=r"Ledger .*altered code.*VaultLens .*missing code"):
        drift.require(chain, driver.directory, chain.head())

    # missing code is deployed again, foreign code is never built upon
    with pytest.raises(CodeMismatchError, match="Another contract stands where Ledger was deployed"):
        driver.network({})


def test_drift__when_the_chain_is_another__then_it_is_named(driver: Driver, chain: Chain) -> None:
    driver.network({})
    elsewhere = driver.directory.with_name("1")
    driver.directory.rename(elsewhere)
    (found,) = drift.check(chain, elsewhere, chain.head())
    assert (found.kind, found.expected, found.found) == (DifferenceKind.WRONG_CHAIN, "1", str(chain.chain_id))


def test_deploy__when_the_chain_was_started_afresh__then_deploys_again(driver: Driver, chain: Chain) -> None:
    driver.network({})
    with start_node("anvil", chain_id=chain.chain_id) as fresh:
        other = Chain(fresh.url, chain.chain_id)
        again = Driver(other, UnlockedSender(fresh.accounts[1]), driver.directory, driver.commit, broadcast=True)
        done = again.network({})
        assert {result.action for result in done} == {Action.DEPLOYED}
        assert done[0].reason.startswith("no code at the recorded 0x")
        assert drift.check(other, driver.directory, other.head()) == ()


def test_deploy__when_compiled_differently_since__then_deploys_anew_and_what_refers_to_it(
    driver: Driver,
) -> None:
    driver.network({})
    path = driver.directory / "Vault.json"
    record = json.loads(path.read_text())
    other = json.loads((driver.directory / "Ledger.json").read_text())
    # a record of another contract that really stands there: as if the sources had changed since
    path.write_text(json.dumps({**record, "address": other["address"], "codeHash": other["codeHash"]}))
    actions = {result.name: (result.action, result.reason) for result in driver.network({})}
    assert actions["Vault"] == (Action.DEPLOYED, "compiled differently since")
    assert actions["VaultFactory"] == (Action.DEPLOYED, "constructor arguments changed")
    assert actions["VaultLens"] == (Action.DEPLOYED, "constructor arguments changed")
    assert actions["Ledger"] == (Action.KEEP, "")


# Ganache leaves its pool out of the pending number; sending again with the same number is refused there.
@pytest.mark.parametrize("node", ["anvil"], indirect=True)
def test_deploy__when_an_unlocked_transaction_waits_in_the_pool_unknown__then_the_next_run_waits_for_it(
    driver: Driver, chain: Chain, node: Node
) -> None:
    class Dying(UnlockedSender):
        def send(self, chain: Chain, transaction: Transaction, raw: bytes) -> bytes:
            super().send(chain, transaction, raw)
            raise Killed

    _mining(chain, on=False)
    with pytest.raises(Killed):
        Driver(chain, Dying(node.accounts[0]), driver.directory, driver.commit, broadcast=True).network({})
    assert chain.head().number == 0
    later = Timer(1.0, lambda: _mining(Chain(node.url, node.chain_id), on=True))
    later.start()
    done = driver.network({})
    assert done[0].reason == "finished what an interrupted run had sent"
    assert chain.mined_nonce(node.accounts[0], chain.head()) == len(NAMES)
