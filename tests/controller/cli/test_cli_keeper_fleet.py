"""A keeper made from its file, pass by pass and as a process, on a real node: what it does, and what holds it back."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from command import Here, background, wait_until
from keeper_world import FILE, JOURNAL, another, keeping, kinds, mined, passes
from vault_world import VaultWorld

from controller.chain import dev
from controller.chain.contract import Contract
from controller.errors import ConfigurationError, StorageError
from controller.execution.documents import from_document
from controller.execution.journal import Journal, RecordKind
from controller.keeper.alerts import AlertKind
from controller.keeper.fleet import FleetRecord
from controller.keeper.loop import Keeper
from controller.keeper.standing import Control, Word
from controller.model import ZERO_ADDRESS

RUN = ("keeper", "run", "--config", "keeper.toml", "--broadcast")


def written(guards: str = "") -> None:
    source = FILE.format(network="anvil", keeper="", guards=guards, schedule="block", account="dev_account = 1")
    Path("keeper.toml").write_text(source)


def said(control: Control, vault: str = "") -> None:
    with Journal(JOURNAL) as journal:
        journal.append_all([control.draft(vault)])


def nonce(world: VaultWorld, vault: str) -> int:
    return int(Contract(world.chain, vault, "IVault").read("status", block=world.chain.head())[0])


# ---- what it does


def test_keeper__when_a_vault_drifts__then_executed_once_and_idle_again(world: VaultWorld) -> None:
    with keeping(world) as (keeper, _):
        passes(keeper, 1)
        world.move(140)
        passes(keeper, 4)
        assert world.nonce() == 1
        assert not keeper.flights
    found = kinds()
    assert [kind for kind in found if kind is not RecordKind.FLEET] == [
        RecordKind.INTENT, RecordKind.SIGNED, RecordKind.BROADCAST, RecordKind.OUTCOME
    ]  # fmt: skip
    with Journal(JOURNAL) as journal:
        fleet = [from_document(FleetRecord, each.body) for each in journal.records(kind=RecordKind.FLEET)]
    assert [each.complete for each in fleet] == [True, *[False] * (len(fleet) - 1)]
    assert [tick.reason.name if tick.reason else "PLAN" for each in fleet for tick in each.listed] == [
        "IN_BAND", "PLAN", "COOLING_DOWN"
    ]  # fmt: skip


def test_keeper__when_two_vaults_drift__then_one_account_serves_both_in_turn(world: VaultWorld) -> None:
    second = another(world, 2)
    with keeping(world) as (keeper, _):
        world.move(140)
        passes(keeper, 1)
        assert len(keeper.flights) == 1
        for _ in range(4):
            mined(world)
            passes(keeper, 1)
        assert (world.nonce(), nonce(world, second)) == (1, 1)


def test_keeper__when_dry__then_it_decides_and_records_and_sends_nothing(world: VaultWorld) -> None:
    with keeping(world, broadcast=False) as (keeper, _):
        world.move(140)
        passes(keeper)
    assert set(kinds()) == {RecordKind.FLEET}
    assert world.nonce() == 0


# ---- what holds it back


def test_F28_keeper__when_stopped_by_file_word_or_the_chain__then_no_new_intents_at_once(world: VaultWorld) -> None:
    with keeping(world) as (keeper, told):
        world.move(140)
        Path("stop").touch()
        passes(keeper)
        assert told.kinds() == {AlertKind.KILLED}
        Path("stop").unlink()
        said(Control(Word.PAUSE, "a test"))
        mined(world)
        passes(keeper)
        assert AlertKind.PAUSED in told.kinds()
        guardian = world.world.accounts.guardian
        pausing = Contract(world.chain, world.vault, "IVault")
        said(Control(Word.RESUME, "a test"))
        _transact(world, guardian, world.vault, pausing.encode("pause"))
        passes(keeper)
        assert AlertKind.VAULT_PAUSED in told.kinds()
        assert RecordKind.INTENT not in kinds()
        _transact(world, world.world.accounts.owner, world.vault, pausing.encode("unpause"))
        passes(keeper)
        assert world.nonce() == 1


def _transact(world: VaultWorld, sender: str, to: str, data: bytes) -> None:
    dev.transact(world.chain, sender, to, data)


def test_F02_keeper__when_its_account_runs_dry__then_held_and_told_and_goes_on_once_it_is_funded(
    world: VaultWorld,
) -> None:
    account = world.world.accounts.keeper
    with keeping(world) as (keeper, told):
        world.move(140)
        world.chain.request("anvil_setBalance", account, hex(10**12))
        passes(keeper)
        assert told.kinds() == {AlertKind.BALANCE_EMPTY}
        assert world.nonce() == 0
        world.chain.request("anvil_setBalance", account, hex(10**17))
        mined(world)
        passes(keeper)
        assert world.nonce() == 1
    assert AlertKind.BALANCE_EMPTY in {alert.condition.kind for alert in told.alerts if alert.phase.value == "over"}


@pytest.mark.parametrize(
    ("guard", "limits"),
    [
        ("gas_ceiling", "gas_ceiling_gwei = 0.000001"),
        ("daily_spend", "daily_spend_eth = 0.000001"),
        (
            "gas_cost",
            'max_gas_cost_bps = 1\ncoin_feed = {{address = "{feed}", decimals = 0, heartbeat_seconds = 3600}}',
        ),
        ("coin_price", 'max_gas_cost_bps = 1\nwrapped_coin = "GOLD"'),
    ],
)
def test_F01_F27_keeper__when_gas_costs_more_than_the_operator_pays__then_held_by_name_before_anything_is_signed(
    world: VaultWorld, guard: str, limits: str
) -> None:
    world.move(140)
    # an answer that makes the chain's coin dear
    feed = world.world.by_symbol("EQUITY").feed
    with keeping(world, guards=limits.format(feed=feed)) as (keeper, _):
        passes(keeper)
        held = keeper.watch.metrics.registry.get_sample_value("evenkeel_holds_total", {"guard": guard})
        assert held == 1.0
    assert RecordKind.INTENT not in kinds()
    with keeping(world, guards="daily_spend_eth = 1\ngas_ceiling_gwei = 100") as (keeper, _):
        passes(keeper)
        assert world.nonce() == 1


def test_F27_keeper__when_plans_fail_again_and_again__then_the_breaker_opens_until_a_person_resets_it(
    world: VaultWorld,
) -> None:
    world.move(140)
    with keeping(world, guards="vault_failures = 2") as (keeper, told):
        for _ in range(2):
            _fails_once(world, keeper)
        assert AlertKind.VAULT_BREAKER_OPEN not in told.kinds()
        mined(world)
        passes(keeper)
        assert AlertKind.VAULT_BREAKER_OPEN in told.kinds()
        assert kinds().count(RecordKind.INTENT) == 2
    # a restart does not close it
    with keeping(world, guards="vault_failures = 2") as (keeper, _):
        passes(keeper)
        assert kinds().count(RecordKind.INTENT) == 2
        said(Control(Word.RESET, "a test"), world.vault)
        mined(world)
        passes(keeper)
        assert world.nonce() == 1


def _fails_once(world: VaultWorld, keeper: Keeper) -> None:
    """A plan that is refused on the chain, because the vault is paused just before it is mined."""
    vault = Contract(world.chain, world.vault, "IVault")
    accounts = world.world.accounts
    world.chain.request("evm_mine")
    world.chain.request("evm_setAutomine", False)
    try:
        passes(keeper, 1)
        assert keeper.flights
        world.chain.request("anvil_impersonateAccount", accounts.guardian)
        pausing = {"from": accounts.guardian, "to": world.vault, "data": "0x" + vault.encode("pause").hex()}
        # first in the block
        world.chain.request("eth_sendTransaction", {**pausing, "gas": hex(200_000), "gasPrice": hex(10**12)})
        world.chain.request("evm_mine")
    finally:
        world.chain.request("evm_setAutomine", True)
    passes(keeper, 1)
    assert not keeper.flights
    _transact(world, accounts.owner, world.vault, vault.encode("unpause"))


def test_F18_keeper__when_the_vault_refuses_in_the_block__then_decoded_told_and_counted(world: VaultWorld) -> None:
    world.move(140)
    with keeping(world) as (keeper, told):
        _fails_once(world, keeper)
        assert keeper.standing.failures == {world.vault: 1}
        assert AlertKind.PLAN_FAILED in told.kinds()
    with Journal(JOURNAL) as journal:
        (outcome,) = journal.records(kind=RecordKind.OUTCOME)
    assert outcome.body["fate"] == "REVERTED"
    assert outcome.body["revert"]["name"] == "Paused"


def test_F15_keeper__when_the_chain_halts__then_it_is_told_and_no_tick_is_owed_afterwards(world: VaultWorld) -> None:
    now = [1_000.0]
    with keeping(world, keeper="silence_seconds = 60") as (keeper, told):
        keeper.clock = lambda: now[0]
        passes(keeper, 1)
        for _ in range(10):
            now[0] += 30
            passes(keeper, 1)
        assert keeper.schedule.ticks == 1
        assert told.kinds() == {AlertKind.CHAIN_SILENT}
        mined(world)
        passes(keeper, 3)
        assert keeper.schedule.ticks == 2
        assert told.alerts[-1].phase.value == "over"


def test_F20_keepers__when_two_share_a_journal__then_one_leads_and_the_other_finishes_what_it_left(
    world: VaultWorld,
) -> None:
    world.move(140)
    world.chain.request("evm_setAutomine", False)
    try:
        with keeping(world) as (standby, _), keeping(world) as (leader, _):
            passes(leader, 1)
            passes(standby, 2)
            assert (len(leader.flights), len(standby.flights)) == (1, 0)
            assert standby.schedule.ticks == 0
            lease = leader.place.lease
            assert lease is not None
            lease.release()
            passes(standby, 1)
            assert len(standby.flights) == 1
            world.chain.request("evm_mine")
            # the one that lost it may not write, and so not sign
            passes(leader, 2)
            passes(standby, 2)
            assert not standby.flights
    finally:
        world.chain.request("evm_setAutomine", True)
    assert world.nonce() == 1
    assert kinds().count(RecordKind.INTENT) == 1
    assert kinds().count(RecordKind.OUTCOME) == 1


# ---- as a process


def test_F26_keeper__when_told_to_stop_with_a_transaction_on_its_way__then_at_once_and_it_executes_once(
    world: VaultWorld, tmp_path: Path
) -> None:
    written()
    world.move(140)
    settings = {"EVENKEEL_ANVIL_URL": world.node.url}
    world.chain.request("evm_setAutomine", False)
    try:
        with background(*RUN, cwd=tmp_path, settings=settings) as running:
            wait_until(lambda: Path("keeper.db").exists() and RecordKind.BROADCAST in kinds())
            begun = time.monotonic()
            assert running.end() == 0
            assert time.monotonic() - begun < 20
            assert "Traceback" not in running.said
    finally:
        world.chain.request("evm_setAutomine", True)
        mined(world)
    with background(*RUN, "--once", cwd=tmp_path, settings=settings) as running:
        assert running.process.wait(60) == 0, running.said
    assert world.nonce() == 1
    assert kinds().count(RecordKind.INTENT) == 1


def test_keeper__when_the_operator_asks__then_status_pause_resume_reset_and_drain_answer(
    world: VaultWorld, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    written()
    monkeypatch.setenv("EVENKEEL_ANVIL_URL", world.node.url)
    monkeypatch.delenv("EVENKEEL_URL")
    world.move(140)
    assert here(*RUN, "--once").code == 0
    status = here("keeper", "status", "--config", "keeper.toml", "--json").document
    assert status["outcomes"] == {"EXECUTED": 1}
    assert status["last_tick"]["vaults"] == 1
    assert here("keeper", "pause", "--config", "keeper.toml", "--why", "to look", "--json").document["said"] == "pause"
    assert here("keeper", "status", "--config", "keeper.toml", "--json").document["paused"] == "to look"
    assert "to look" in here("keeper", "status", "--config", "keeper.toml").said
    assert here("keeper", "resume", "--config", "keeper.toml").code == 0
    assert here("keeper", "reset", "--config", "keeper.toml", world.vault).code == 0
    assert here("keeper", "reset", "--config", "keeper.toml", "0x12").code == 64
    assert here("keeper", "drain", "--config", "keeper.toml", "--json").document == {"drained": True}
    assert here("keeper", "status", "--config", "keeper.toml", "--json").document["paused"] == "drained"


def test_pause__when_no_node_answers__then_it_is_said_all_the_same(
    tmp_path: Path, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVENKEEL_ANVIL_URL", "http://127.0.0.1:9")
    written()
    assert here("keeper", "pause", "--config", "keeper.toml").code == 0


# ---- what does not start


def test_F23_keeper__when_its_accounts_are_wrong__then_all_of_it_at_once_and_78(
    world: VaultWorld, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(guards='max_gas_cost_bps = 50\nwrapped_coin = "WETHH"')
    text = Path("keeper.toml").read_text().replace("dev_account = 1", f'dev_account = 3\naddress = "{ZERO_ADDRESS}"')
    Path("keeper.toml").write_text(text)
    monkeypatch.setenv("EVENKEEL_ANVIL_URL", world.node.url)
    done = here(*RUN, "--once")
    assert done.code == 78
    for part in ("WETHH is no token of the network", "accounts.main.address", "is no keeper of", "set-role keeper"):
        assert part in done.said


def test_F23_keeper__when_code_is_altered_and_a_role_is_missing__then_both_in_one_report_and_78(
    world: VaultWorld,
) -> None:
    world.chain.request("anvil_setCode", world.contracts["VaultLens"], "0x00")
    lines = {"keeper": f'vaults = ["{world.vault}"]', "account": "dev_account = 3"}
    with pytest.raises(ConfigurationError) as caught, keeping(world, **lines):
        pass
    assert caught.value.exit_code == 78
    for part in (f"VaultLens {world.contracts['VaultLens']}: altered code", f"is no keeper of {world.vault}"):
        assert part in str(caught.value)


def test_F23_keeper__when_its_file_has_no_journal_that_can_be_made__then_a_named_error(world: VaultWorld) -> None:
    Path("keeper.db").mkdir()
    with pytest.raises(StorageError, match="journal"), keeping(world):
        pass
