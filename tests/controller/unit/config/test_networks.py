"""Networks: the file of the package, overrides, the environment, and every mistake at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from controller.config.networks import load_network, load_tokens
from controller.errors import InputError, NotFoundError

URL = "https://node.example/secret"


@pytest.mark.parametrize(("name", "chain_id"), [("anvil", 31337), ("ganache", 1337)])
def test_load_network__when_local__then_needs_nothing(name: str, chain_id: int) -> None:
    network = load_network(name, {})
    assert (network.chain_id, network.urls) == (chain_id, ("http://127.0.0.1:8545",))
    assert network.values() == {}


def test_load_network__when_sepolia__then_url_comes_from_the_environment_and_is_not_shown() -> None:
    network = load_network("sepolia", {"EVENKEEL_SEPOLIA_URL": URL})
    assert network.urls == (URL,)
    assert "secret" not in repr(network)
    assert network.values()["uniswap_v3"]["factory"] == "0x0227628f3F023bb0B980b67D528571c95c6DaC1c"
    assert {symbol: token.decimals for symbol, token in network.tokens.items()} == {
        "WETH": 18,
        "WBTC": 8,
        "LINK": 18,
        "USDC": 6,
    }


def test_load_network__when_it_has_uniswap_v2__then_the_recipe_is_told() -> None:
    network = load_network("sepolia", {"EVENKEEL_SEPOLIA_URL": URL})
    assert network.values()["uniswap_v2"]["factory"] == "0xF62c03E08ada871A0bEb309762E260a7a6a880E6"
    assert network.sequencer is None


@pytest.mark.parametrize("name", ["optimism", "base"])
def test_load_network__when_an_l2__then_names_the_uptime_feed_of_its_sequencer(name: str) -> None:
    network = load_network(name, {f"EVENKEEL_{name.upper()}_URL": URL})
    assert network.sequencer is not None
    assert network.sequencer.grace == 3_600
    assert set(network.values()) == {"uniswap_v3", "uniswap_v2"}


def test_load_network__when_a_variable_is_set__then_goes_before_the_file() -> None:
    assert load_network("anvil", {"EVENKEEL_ANVIL_URL": "http://127.0.0.1:9"}).urls == ("http://127.0.0.1:9",)


def test_load_network__when_variables_hold_several__then_all_are_known_and_none_is_shown() -> None:
    environment = {
        "EVENKEEL_BASE_URL": f"{URL}/1, {URL}/2,",
        "EVENKEEL_BASE_WS_URL": "wss://node.example/secret",
        "EVENKEEL_BASE_PRIVATE_URL": "https://private.example/secret",
    }
    network = load_network("base", environment)
    assert network.urls == (f"{URL}/1", f"{URL}/2")
    assert (network.ws_url, network.private_url) == ("wss://node.example/secret", "https://private.example/secret")
    assert (network.quorum, network.block_time, network.max_age) == (1, 2.0, 60.0)
    assert "secret" not in repr(network)


def test_F23_load_network__when_endpoints_are_wrong__then_all_mistakes_at_once_without_the_address(
    tmp_path: Path,
) -> None:
    own = tmp_path / "networks.toml"
    own.write_text(
        f"""
[bad]
chain_id = 1
url = "{URL}"
urls = ["{URL}", "{URL}"]
ws_url = "{URL}"
private_url = "wss://node.example/secret"
quorum = 0
block_time = 12000
blocktime = 12
confirmations = 1
fee_tiers = [100]
hub_tokens = []
[few]
chain_id = 1
urls = ["{URL}"]
quorum = 2
block_time = 0
confirmations = 1
fee_tiers = [100]
hub_tokens = []
[none]
chain_id = 1
urls = []
quorum = 1
confirmations = 1
fee_tiers = [100]
hub_tokens = []
"""
    )
    wrong = {}
    for name in ("bad", "few", "none"):
        with pytest.raises(InputError) as caught:
            load_network(name, {}, own)
        assert "secret" not in str(caught.value)
        wrong |= {mistake.where: mistake.what for mistake in caught.value.mistakes}
    assert wrong["bad.url"] == "stands beside urls: put it there"
    assert wrong["bad.urls"].startswith("names an address twice")
    assert wrong["bad.block_time"] == "is in seconds: 12000 looks like milliseconds"
    assert wrong["bad.blocktime"] == "is no setting of a network"
    assert wrong["few.quorum"] == "2 endpoints cannot agree where urls has 1"
    assert set(wrong) == {
        "bad.url",
        "bad.urls",
        "bad.ws_url",
        "bad.private_url",
        "bad.quorum",
        "bad.block_time",
        "bad.blocktime",
        "few.quorum",
        "few.block_time",
        "none.urls",
    }


def test_load_network__when_nothing_names_a_node__then_says_which_variable() -> None:
    with pytest.raises(InputError) as caught:
        load_network("sepolia", {})
    assert [str(mistake) for mistake in caught.value.mistakes] == [
        "sepolia.url: set the variable EVENKEEL_SEPOLIA_URL to the address of a node"
    ]


def test_load_network__when_unknown__then_names_the_known(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no network mainnet.*anvil, base, ganache, optimism, sepolia"):
        load_network("mainnet", {})
    with pytest.raises(NotFoundError, match="no networks file"):
        load_network("anvil", {}, tmp_path / "missing.toml")


def test_load_network__when_overridden__then_the_file_adds_and_replaces(tmp_path: Path) -> None:
    own = tmp_path / "networks.toml"
    own.write_text(
        'anvil = {chain_id = 5, url = "http://a", confirmations = 1, fee_tiers = [100], hub_tokens = []}\n'
        'mine = {chain_id = 6, url = "http://b", confirmations = 0, fee_tiers = [100], hub_tokens = []}\n'
    )
    assert load_network("anvil", {}, own).chain_id == 5
    assert load_network("mine", {}, own).chain_id == 6
    assert load_network("ganache", {}, own).chain_id == 1337
    assert load_network("mine", os.environ, own).urls == ("http://b",), "a file names no variable"


def test_load_network__when_many_things_are_wrong__then_all_are_named(tmp_path: Path) -> None:
    own = tmp_path / "networks.toml"
    own.write_text(
        """
[bad]
chain_id = "1"
url_variable = "NOWHERE"
confirmations = -1
fee_tiers = []
hub_tokens = ["USD"]
gas = 1
[bad.uniswap_v3]
factory = "0x0227628f3F023bb0B980b67D528571c95c6DaC1C"
pool_init_code_hash = "0x12"
swap_router = "nonsense"
quoter_v2 = "0xed1f6473345f45b75f8179591dd5ba1888cf2fb3"
[bad.uniswap_v2]
factory = "0x0227628f3f023bb0b980b67d528571c95c6dac1c"
[bad.sequencer]
feed = "0x0227628f3f023bb0b980b67d528571c95c6dac1c"
grace = 0
[bad.tokens.USD]
address = "0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7238"
decimals = 40
feed = "0xA2F78ab2355fe2f984D808B5CeE7FD0A93D5270E"
"""
    )
    with pytest.raises(InputError) as caught:
        load_network("bad", {}, own)
    wrong = {mistake.where: mistake.what for mistake in caught.value.mistakes}
    assert wrong["bad.url"] == "set the variable NOWHERE to the address of a node"
    assert wrong["bad.gas"] == "is no setting of a network"
    assert wrong["bad.uniswap_v3.factory"].startswith("has a wrong checksum")
    assert wrong["bad.uniswap_v3.swap_router"] == "is no address"
    assert set(wrong) == {
        "bad.url",
        "bad.chain_id",
        "bad.confirmations",
        "bad.fee_tiers",
        "bad.gas",
        "bad.uniswap_v3.factory",
        "bad.uniswap_v3.pool_init_code_hash",
        "bad.uniswap_v3.swap_router",
        "bad.uniswap_v2.pair_init_code_hash",
        "bad.sequencer.grace",
        "bad.tokens.USD.decimals",
        "bad.tokens.USD.feed_decimals",
    }


def test_load_network__when_a_hub_has_no_token__then_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "networks.toml"
    own.write_text(
        """
[bad]
chain_id = 1
url = "http://a"
confirmations = 0
fee_tiers = [500]
hub_tokens = ["EUR"]
[bad.tokens.USD]
address = "0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7238"
decimals = 6
feed = "0xA2F78ab2355fe2f984D808B5CeE7FD0A93D5270E"
feed_decimals = 8
"""
    )
    with pytest.raises(InputError, match="hub tokens without an entry in tokens: EUR"):
        load_network("bad", {}, own)


def test_load_network__when_the_file_is_no_toml__then_says_where(tmp_path: Path) -> None:
    own = tmp_path / "networks.toml"
    own.write_text("[anvil\n")
    with pytest.raises(InputError, match=r"networks\.toml is no TOML document.*line 1"):
        load_network("anvil", {}, own)


def test_load_tokens__when_a_world_has_written_some__then_they_are_known(tmp_path: Path) -> None:
    network = load_network("anvil", {})
    assert load_tokens(network, tmp_path) == {}
    address = "0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7238"
    (tmp_path / "tokens.json").write_text(
        f'{{"USD": {{"address": "{address}", "decimals": 6, "feed": "{address}", "feedDecimals": 8}}}}'
    )
    token = load_tokens(network, tmp_path)["USD"]
    assert (token.address, token.decimals, token.feed_decimals) == (address, 6, 8)


@pytest.mark.parametrize("text", ["{", '{"USD": {"address": 1}}', "[]"])
def test_load_tokens__when_the_file_is_broken__then_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "tokens.json").write_text(text)
    with pytest.raises(InputError, match=r"tokens\.json"):
        load_tokens(load_network("anvil", {}), tmp_path)
