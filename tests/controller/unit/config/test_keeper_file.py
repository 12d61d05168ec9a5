"""The keeper file: what is read from a good one, and every mistake of a bad one in one report. F-23"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.config import keeper_template
from controller.config.keeper_file import CoinFeed, KeeperFile, load, parse
from controller.config.keeper_tables import TABLES
from controller.errors import ConfigurationError
from controller.keeper.alerts import Severity
from controller.keeper.guards import Costs
from controller.keeper.schedule import Pace, Schedule
from controller.keeper.standing import Trips

LEAST = '[keeper]\nnetwork = "anvil"\n'
VAULT = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
OTHER = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"


def _parse(text: str, environment: Mapping[str, str] | None = None) -> KeeperFile:
    return parse(text.encode(), environment or {})


def _mistakes(text: str, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    with pytest.raises(ConfigurationError) as caught:
        _parse(text, environment)
    assert caught.value.exit_code == 78
    found = {mistake.where: mistake.what for mistake in caught.value.mistakes}
    assert len(found) == len(caught.value.mistakes), "each place is named once"
    return found


def test_parse__when_it_says_the_least__then_the_defaults() -> None:
    file = _parse(LEAST)
    assert file.network.chain_id == 31337
    assert (file.vaults, file.schedule) == (None, Schedule(Pace.INTERVAL, 60))
    assert (file.costs, file.trips, file.daily_spend) == (Costs(None, None, 10), Trips(3, 5), None)
    assert (file.accounts, file.alert_urls, file.port, file.journal) == ((), (), None, None)
    assert (file.least, file.repeat, file.patience) == (Severity.WARNING, 21_600, 300)


def test_parse__when_it_says_everything__then_all_of_it_in_base_units(tmp_path: Path) -> None:
    for name in ("keeper.json", "passphrase", "urls"):
        (tmp_path / name).write_text("json://localhost/one\n\n json://localhost/two \n")
    text = f"""
        [keeper]
        network = "anvil"
        vaults = ["{VAULT}", "{OTHER}"]
        schedule = "calendar"
        interval_seconds = 7.5
        silence_seconds = 90
        skew_seconds = 30
        kill_file = "/run/stop"
        [guards]
        gas_ceiling_gwei = 0.5
        max_gas_cost_bps = 25
        wrapped_coin = "WETH"
        coin_feed = {{address = "{VAULT}", decimals = 8, heartbeat_seconds = 3600}}
        daily_spend_eth = 0.123456789012345678
        low_balance_rebalances = 4
        vault_failures = 2
        fleet_failures = 9
        [accounts.first]
        keystore = "{tmp_path}/keeper.json"
        passphrase_credential = "passphrase"
        vaults = ["{VAULT}"]
        [accounts.second]
        signer_url_variable = "SIGNER"
        address = "{OTHER}"
        [alerts]
        urls_file = "{tmp_path}/urls"
        least = "critical"
        repeat_hours = 1.5
        [metrics]
        port = 0
        heartbeat_file = "/run/heartbeat"
        patience_intervals = 2
        [journal]
        url_variable = "JOURNAL"
        lease_seconds = 7.5
    """
    environment = {
        "CREDENTIALS_DIRECTORY": str(tmp_path),
        "SIGNER": "https://signer.example/hunter2",
        "JOURNAL": "postgresql://keeper:hunter2@host/journal",
    }
    file = _parse(text, environment)
    assert file.vaults == (VAULT, OTHER)
    assert file.schedule == Schedule(Pace.CALENDAR, 7.5)
    assert (file.silence, file.skew, str(file.kill_file)) == (90, 30, "/run/stop")
    assert file.costs == Costs(gas_ceiling=5 * 10**8, max_gas_cost=25, low_balance=4)
    assert (file.wrapped_coin, file.coin_feed) == ("WETH", CoinFeed(VAULT, 8, 3_600))
    assert file.daily_spend == 123_456_789_012_345_678, "exact to the wei"
    assert file.trips == Trips(2, 9)
    first, second = file.accounts
    assert (first.name, first.keystore, first.passphrase_file) == (
        "first",
        tmp_path / "keeper.json",
        tmp_path / "passphrase",
    )
    assert (first.vaults, second.vaults, second.address) == (frozenset({VAULT}), None, OTHER)
    assert second.signer_url is not None
    assert second.signer_url.reveal() == "https://signer.example/hunter2"
    assert [url.reveal() for url in file.alert_urls] == ["json://localhost/one", "json://localhost/two"]
    assert (file.least, file.repeat) == (Severity.CRITICAL, 5_400)
    assert (file.port, str(file.heartbeat_file), file.patience) == (0, "/run/heartbeat", 15)
    assert file.journal is not None
    assert file.journal.reveal() == environment["JOURNAL"]
    assert file.lease == 7.5
    assert "hunter2" not in repr(file)


def test_parse__when_alert_addresses_are_in_the_environment__then_from_there() -> None:
    file = _parse(LEAST, {"EVENKEEL_ALERT_URLS": "json://localhost/"})
    assert [url.reveal() for url in file.alert_urls] == ["json://localhost/"]


def test_parse__when_everything_is_wrong__then_one_report() -> None:
    """F-23"""
    found = _mistakes(f"""
        [keeper]
        networc = "anvil"
        vaults = ["{VAULT}", "{VAULT.lower()[:-1]}"]
        schedule = "hourly"
        interval_seconds = "60"
        kill_file = 3
        [guards]
        daily_spend_wei = 1
        interval_seconds = 3
        max_gas_cost_bps = 5
        fleet_failures = true
        [accounts.main]
        keystore = "nowhere.json"
        key_variable = "NOWHERE"
        passphrase_credential = "phrase"
        [accounts.none]
        [alert]
        [metrics]
        port = 99999
        [journal]
        path = "journal.db"
        url_variable = "NOWHERE"
    """)
    assert found == {
        "keeper.network": 'is missing, for example network = "sepolia"',
        "keeper.networc": "is no key of a keeper file; did you mean network?",
        "keeper.vaults[1]": "is no address",
        "keeper.schedule": "is 'hourly', must be 'block', 'interval' or 'calendar'",
        "keeper.interval_seconds": "must be a number of seconds, without quotes",
        "keeper.kill_file": "must be a path in quotes",
        "guards.daily_spend_wei": "is no key of a keeper file; did you mean daily_spend_eth?",
        "guards.interval_seconds": "is no key of a keeper file here; it belongs under [keeper]",
        "guards.fleet_failures": "must be a number of vaults, without quotes",
        "accounts.main": "needs exactly one of keystore, key_variable, signer_url_variable, dev_account; "
        "it has keystore and key_variable",
        "accounts.none": "needs exactly one of keystore, key_variable, signer_url_variable, dev_account; it has none",
        "accounts.main.keystore": "there is no file nowhere.json",
        "accounts.main.key_variable": "the variable NOWHERE is not set",
        "accounts.main.passphrase_credential": "is for a keeper that systemd starts, with LoadCredential in its unit",
        "alert": "is no key of a keeper file; did you mean alerts?",
        "metrics.port": "is 99999, must be 0 to 65535",
        "journal": "names two journals: keep path (SQLite) or url_variable (PostgreSQL)",
        "journal.url_variable": "the variable NOWHERE is not set",
    }


@pytest.mark.parametrize(
    ("key", "value", "unit"),
    [
        ("gas_ceiling_gwei", "30000000000", "it looks like wei"),
        ("gas_ceiling_gwei", "100000.1", "it looks like wei"),
        ("gas_ceiling_gwei", "0", "must be above 0"),
        ("gas_ceiling_gwei", "0.0000000001", "no whole number of wei"),
        ("daily_spend_eth", "50000000", "it looks like gwei or wei"),
        ("daily_spend_eth", "-1", "must be above 0"),
        ("daily_spend_eth", "nan", "must be a number"),
        ("max_gas_cost_bps", "0.5", "0.5% are 50"),
        ("max_gas_cost_bps", "0", "must be 1 to 10000"),
    ],
)
def test_guards__when_the_unit_is_another__then_says_which_one_is_wanted(key: str, value: str, unit: str) -> None:
    """F-23"""
    found = _mistakes(f'{LEAST}[guards]\nwrapped_coin = "WETH"\n{key} = {value}\n')
    assert list(found) == [f"guards.{key}"]
    assert unit in found[f"guards.{key}"]


@pytest.mark.parametrize(
    ("key", "value", "unit"),
    [
        ("interval_seconds", "0.5", "it looks like minutes or hours"),
        ("interval_seconds", "86401", "it looks like milliseconds"),
        ("interval_seconds", "inf", "must be a number of seconds"),
        ("silence_seconds", "5", "it looks like minutes"),
        ("skew_seconds", "120000", "it looks like milliseconds"),
    ],
)
def test_keeper__when_the_unit_is_another__then_says_which_one_is_wanted(key: str, value: str, unit: str) -> None:
    """F-23"""
    found = _mistakes(f"{LEAST}{key} = {value}\n")
    assert unit in found[f"keeper.{key}"]


def test_bounds__when_exactly_there__then_taken() -> None:
    """F-23"""
    text = f"{LEAST}interval_seconds = {{}}\n[guards]\ngas_ceiling_gwei = 100000\ndaily_spend_eth = 1000\n"
    assert [_parse(text.format(seconds)).schedule.interval for seconds in (1, 86_400)] == [1, 86_400]
    assert _parse(text.format(1)).costs.gas_ceiling == 10**14
    assert _parse(text.format(1)).daily_spend == 10**21


@given(gwei=st.integers(1, 10**14))
def test_gas_ceiling__when_written_with_any_decimals__then_exact_to_the_wei(gwei: int) -> None:
    """F-23: a float would lose the last digits."""
    written = f"{gwei // 10**9}.{gwei % 10**9:09d}"
    assert _parse(f"{LEAST}[guards]\ngas_ceiling_gwei = {written}\n").costs.gas_ceiling == gwei


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ('[keeper]\nnetwork = "nowhere"\n', "keeper.network", "There is no network nowhere"),
        ('[keeper]\nnetwork = "sepolia"\n', "sepolia.url", "set the variable EVENKEEL_SEPOLIA_URL"),
        ("", "keeper", "is missing; write [keeper]"),
        (f"{LEAST}vaults = []\n", "keeper.vaults", "a list with something in it"),
        (f'{LEAST}vaults = "each"\n', "keeper.vaults", 'must be "all" or a list of addresses'),
        (f'{LEAST}vaults = ["{VAULT}", "{VAULT}"]\n', "keeper.vaults", "names a vault twice"),
        (f'{LEAST}vaults = ["{VAULT.swapcase().replace("0X", "0x")}"]\n', "keeper.vaults[0]", "wrong checksum"),
        (f"{LEAST}[guards]\nmax_gas_cost_bps = 5\n", "guards", "needs the price of the chain's coin"),
        (f'{LEAST}[accounts.a]\nsigner_url_variable = "A"\n', "accounts.a", "needs the address"),
        (f'{LEAST}[accounts.a]\ndev_account = 1\npassphrase_file = "{__file__}"\n', "accounts.a", "no keystore"),
        (f"{LEAST}[accounts]\na = 3\n", "accounts.a", "must be a table"),
        (f'{LEAST}[alerts]\nurls_credential = "urls"\n', "alerts.urls_credential", "no credential urls"),
    ],
)
def test_parse__when_one_thing_is_wrong__then_where_and_what(text: str, where: str, what: str, tmp_path: Path) -> None:
    """F-23"""
    found = _mistakes(text, {"A": "http://localhost", "CREDENTIALS_DIRECTORY": str(tmp_path)})
    assert what in found[where]


def test_parse__when_a_key_is_pasted_into_it__then_refused_and_not_repeated() -> None:
    found = _mistakes(f'{LEAST}[accounts.a]\nkey = "hunter2"\nkey_variable = "0xhunter2"\n')
    assert "hunter2" not in str(found)
    assert found["accounts.a.key"].startswith("is no key of a keeper file")
    assert found["accounts.a.key_variable"] == "must be the name of a variable, in capitals"


def test_parse__when_it_is_no_toml__then_says_the_line() -> None:
    for source in (b"[keeper\n", b"\xff\xfe"):
        with pytest.raises(ConfigurationError, match="no TOML text"):
            parse(source, {})


def test_load__when_there_is_no_file__then_says_so_with_the_code_of_a_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        load(tmp_path / "keeper.toml", {})
    assert caught.value.exit_code == 78
    (tmp_path / "keeper.toml").write_text(LEAST)
    assert load(tmp_path / "keeper.toml", {}) == _parse(LEAST)


# ---- the template


def test_template__when_read_as_it_stands__then_the_defaults() -> None:
    assert _parse(keeper_template.render("anvil")) == _parse(LEAST)


def test_strategy__of_a_keeper_file__then_its_own_mistakes_are_in_the_same_report(tmp_path: Path) -> None:
    path = tmp_path / "strategy.toml"
    text = f'{LEAST}[strategy]\nfile = "{path}"\ngas_of_trade = 80000\n'
    assert set(_mistakes(text)) == {"strategy.file"}
    path.write_text('name = "X"\n[strategy]\nmethod = "fixd"\n')
    assert set(_mistakes(text + "[keper]\n")) == {"strategy.method", "keper"}
    path.write_text('name = "X"\n[strategy]\nmethod = "fixed"\n')
    file = _parse(text)
    assert file.strategy is not None
    assert (file.strategy.table.name, file.gas) == ("X", (350_000, 80_000))


def test_template__when_its_defaults_are_uncommented__then_they_are_what_holds_without_them() -> None:
    text = keeper_template.render("anvil")
    head, accounts, tail = (
        text.partition("# [accounts.main]")[0],
        *text.partition("# [accounts.main]")[2].partition("[alerts]")[1:],
    )
    assert accounts == "[alerts]"
    without_example = "\n".join(line for line in (head + accounts + tail).splitlines() if "coin_feed =" not in line)
    uncommented, count = re.subn(r"^# (\w+ = )", r"\1", without_example, flags=re.MULTILINE)
    assert count >= 9
    assert _parse(uncommented) == _parse(LEAST)


def test_template__when_a_key_exists__then_it_is_explained() -> None:
    text = keeper_template.render("anvil")
    assert tomllib.loads(text)["keeper"] == {"network": "anvil"}
    for name, table in TABLES.items():
        for key in table.model_fields:
            assert re.search(rf"\b{key}\b", text), f"{name}.{key}"
