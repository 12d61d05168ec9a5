"""`evenkeel doctor --config`: everything that the keeper of a file depends on, all findings at once."""

from __future__ import annotations

import json
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from command import Done, Here, free_port
from vault_world import VaultWorld

from controller.chain import dev
from controller.chain.contract import Contract
from controller.chain.nodes import start_node
from controller.execution.journal import Journal
from controller.execution.lease import Lease

FILE = """
[keeper]
network = "anvil"
kill_file = "stop"

[accounts.main]
dev_account = 1

[journal]
path = "keeper.db"
"""
JOURNAL = "sqlite:///keeper.db"
STRANGER = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"
"""Development account 3, which is no keeper."""


@pytest.fixture(autouse=True)
def _address(world: VaultWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVENKEEL_URL")
    monkeypatch.setenv("EVENKEEL_ANVIL_URL", world.node.url)


def _doctor(here: Here, text: str = FILE) -> Done:
    Path("keeper.toml").write_text(text)
    return here("doctor", "--config", "keeper.toml", "--json")


def _checks(done: Done) -> dict[str, dict[str, Any]]:
    return {check["what"]: check for check in done.document["checks"]}


def _bad(done: Done) -> dict[str, str]:
    assert done.code == 78
    assert done.document["healthy"] is False
    return {check["what"]: check["found"] for check in done.document["checks"] if not check["well"]}


def test_doctor__when_all_is_well__then_0_and_everything_is_named(
    world: VaultWorld, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENKEEL_ANVIL_WS_URL", world.node.url.replace("http", "ws", 1))
    monkeypatch.setenv("EVENKEEL_ALERT_URLS", "json://127.0.0.1:9/")
    port = free_port()
    done = _doctor(here, f"{FILE}[metrics]\nport = {port}\n")
    assert done.code == 0, done.said
    checks = _checks(done)
    assert list(checks) == [
        f"endpoint {world.node.url}",
        "clock",
        "websocket",
        "contracts",
        "vaults",
        "feed EQUITY",
        "feed BOND",
        "feed GOLD",
        "account main",
        "journal",
        "lease",
        "disk",
        "port",
        "kill file",
        "alerts",
    ]
    assert checks["vaults"]["found"].startswith("1 of 1 are well")
    assert checks["journal"]["found"].endswith("keeper.db), 0 records, the newest 100 verified")
    assert checks["port"]["found"] == f"{port} is free"
    table = here("doctor", "--config", "keeper.toml")
    assert table.code == 0
    assert "feed GOLD" in table.said


def test_doctor__when_many_things_are_wrong__then_each_is_a_finding(
    world: VaultWorld, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    dev.transact(
        world.chain,
        world.world.accounts.guardian,
        world.vault,
        Contract(world.chain, world.vault, "IVault").encode("pause"),
    )
    world.push("GOLD", 0)
    monkeypatch.setenv("EVENKEEL_ANVIL_WS_URL", f"ws://127.0.0.1:{free_port()}")
    monkeypatch.setenv("EVENKEEL_ALERT_URLS", "nothing-that-exists://secret")
    world.chain.request("anvil_setBalance", STRANGER, hex(10**9))
    Path("stop").touch()
    Path("keeper.db").write_bytes(b"no database" * 100)
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        text = FILE.replace("dev_account = 1", "dev_account = 3") + f"[metrics]\nport = {port}\n"
        done = _doctor(here, text)
    bad = _bad(done)
    assert set(bad) == {
        "websocket",
        f"vault {world.vault}",
        "feed GOLD",
        "account main",
        "journal",
        "port",
        "kill file",
        "alerts",
    }
    assert "is paused" in bad[f"vault {world.vault}"]
    assert "PriceNotPositive" in bad["feed GOLD"]
    accounts = [
        each["found"] for each in done.document["checks"] if each["what"] == "account main" and not each["well"]
    ]
    assert "is no keeper of" in accounts[0]
    assert "may need" in accounts[1]
    assert "not a database" in bad["journal"]
    assert "address 1: is no address that apprise knows" in bad["alerts"]
    assert "secret" not in done.said


def test_doctor__when_no_node_answers__then_what_needs_none_is_still_looked_at(
    world: VaultWorld, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("EVENKEEL_ANVIL_URL", url)
    Path("stop").touch()
    text = FILE.replace("[journal]", f'address = "{STRANGER}"\n[journal]')
    bad = _bad(_doctor(here, text))
    assert set(bad) == {f"endpoint {url}", "quorum", "account main", "kill file"}
    assert "cannot be reached" in bad[f"endpoint {url}"]
    assert f"the file says {STRANGER}" in bad["account main"]


def test_doctor__when_one_of_two_endpoints_serves_another_chain__then_named_and_the_rest_examined(
    world: VaultWorld, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    with start_node("anvil", chain_id=5) as other:
        monkeypatch.setenv("EVENKEEL_ANVIL_URL", f"{world.node.url},{other.url}")
        monkeypatch.setenv("EVENKEEL_ANVIL_PRIVATE_URL", other.url)
        bad = _bad(_doctor(here))
    assert set(bad) == {f"endpoint {other.url}", "private endpoint"}
    assert "serves chain 5, not 31337" in bad[f"endpoint {other.url}"]


def test_doctor__when_a_kept_vault_is_none__then_the_other_one_is_examined_all_the_same(
    world: VaultWorld, here: Here
) -> None:
    vaults = json.dumps([STRANGER, world.vault])
    text = FILE.replace('kill_file = "stop"', f"vaults = {vaults}").replace(
        "[journal]", f"vaults = {json.dumps([STRANGER])}\n[journal]"
    )
    bad = _bad(_doctor(here, text))
    assert set(bad) == {f"vault {STRANGER}", "accounts"}
    assert "no vault at" in bad[f"vault {STRANGER}"]
    assert bad["accounts"] == f"none sends for {world.vault}"


def test_doctor__when_code_is_altered__then_contract_and_vault_are_named(world: VaultWorld, here: Here) -> None:
    for address in (world.contracts["Ledger"], world.vault):
        code = world.chain.code(address, world.chain.head())
        world.chain.request("anvil_setCode", address, "0x" + (code + b"\0").hex())
    bad = _bad(_doctor(here))
    assert set(bad) == {"contracts", f"vault {world.vault}"}
    assert "altered code" in bad["contracts"]
    assert "is not a clone of" in bad[f"vault {world.vault}"]


def test_doctor__when_a_signer_is_away_or_a_variable_holds_no_key__then_each_account_is_named(
    world: VaultWorld, here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIGNER", f"http://user:word@127.0.0.1:{free_port()}/path")
    monkeypatch.setenv("KEY", "not a key")
    keeper = world.world.accounts.keeper
    text = FILE.replace("dev_account = 1", f'signer_url_variable = "SIGNER"\naddress = "{keeper}"')
    done = _doctor(here, text + '[accounts.other]\nkey_variable = "KEY"\n')
    bad = _bad(done)
    assert set(bad) == {"account main", "account other"}
    assert "nobody listens" in bad["account main"]
    assert "not 32 bytes of hex" in bad["account other"]
    assert "word" not in done.said.replace("words", "")
    assert "not a key" not in done.said


def test_doctor__when_a_keeper_holds_the_lease__then_its_port_is_its_own(world: VaultWorld, here: Here) -> None:
    with (
        closing(Lease(JOURNAL, "keeper")) as lease,
        Journal(JOURNAL, lease=lease),
        closing(socket.create_server(("127.0.0.1", 0))) as served,
    ):
        assert lease.acquire()
        text = f"{FILE}[metrics]\nport = {served.getsockname()[1]}\n"
        done = _doctor(here, text)
        assert done.code == 0, done.said
        assert _checks(done)["lease"]["found"] == f"held by {lease.holder}"
        lease.release()
        assert set(_bad(_doctor(here, text))) == {"port"}


def test_doctor__when_the_journal_is_damaged__then_the_record_is_named(world: VaultWorld, here: Here) -> None:
    assert here("keeper", "pause", "--config", _written(), "--why", "a reason").code == 0
    assert "1 records" in _checks(_doctor(here))["journal"]["found"]
    text = Path("keeper.db").read_bytes()
    Path("keeper.db").write_bytes(text.replace(b"a reason", b"b reason"))
    assert "record 0 was altered" in _bad(_doctor(here))["journal"]


def _written() -> str:
    Path("keeper.toml").write_text(FILE)
    return "keeper.toml"
