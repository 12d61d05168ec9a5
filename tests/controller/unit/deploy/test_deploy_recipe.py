"""The recipe: what it refers to, and what it says when it cannot be carried out."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from controller.deploy.recipe import Recipe, Step, load, resolve
from controller.errors import InputError

ROOT = Path(__file__).resolve().parents[4]


def test_resolve__when_values_are_complete__then_only_references_to_steps_are_left() -> None:
    values = {"uniswap_v3": {"factory": "0xF", "pool_init_code_hash": "0xH"}}
    steps = {step.name: step for step in resolve(load("recipe"), values)}
    assert steps["UniswapV3Venue"].args == ("0xF", "0xH")
    assert steps["Vault"].args == ("@Ledger", "@VaultFlows")
    assert steps["Vault"].arguments({"VaultFlows": "0xV", "Ledger": "0xL"}) == ("0xL", "0xV")


def test_resolve__when_the_network_lacks_what_a_step_needs__then_the_step_is_left_out() -> None:
    values = {"uniswap_v3": {"factory": "0xF", "pool_init_code_hash": "0xH"}}
    without = [step.name for step in resolve(load("recipe"), values)]
    assert "UniswapV2Venue" not in without
    values["uniswap_v2"] = {"factory": "0xG", "pair_init_code_hash": "0xI"}
    added = {step.name: step.args for step in resolve(load("recipe"), values) if step.name not in without}
    assert added == {"UniswapV2Venue": ("0xG", "0xI")}


def test_resolve__when_several_things_are_wrong__then_all_are_named() -> None:
    recipe = Recipe(
        "solc",
        (
            Step("A", "A", ("@B", "$uniswap_v3.factory")),
            Step("B", "B", ("$confirmations.deep", "$empty")),
            Step("B", "B", ()),
        ),
    )
    with pytest.raises(InputError) as caught:
        resolve(recipe, {"confirmations": 2, "empty": ""})
    assert [str(mistake) for mistake in caught.value.mistakes] == [
        "A: @B is not deployed before it",
        "A: the network has no uniswap_v3.factory",
        "B: the network has no confirmations.deep",
        "B: the network has no empty",
        "B: stands twice in the recipe",
    ]


def test_load__when_uniswap__then_needs_nothing_of_the_network() -> None:
    names = [step.name for step in resolve(load("uniswap"), {})]
    assert names == ["UniswapV3Factory", "SwapRouter", "QuoterV2", "UniswapV2Factory"]


def test_recipe__when_the_compiler_is_set_in_three_places__then_all_say_the_same() -> None:
    forge = tomllib.loads((ROOT / "foundry.toml").read_text())["profile"]["default"]
    package = json.loads((ROOT / "package.json").read_text())
    brownie = (ROOT / "brownie-config.yaml").read_text()
    version, evm, runs = package["devDependencies"]["solc"], forge["evm_version"], forge["optimizer_runs"]
    assert forge["cbor_metadata"] is False
    assert load("recipe").compiler == f"solc {version}, {evm}, optimizer {runs} runs, no metadata"
    assert re.search(rf"evm_version: {evm}$", brownie, re.MULTILINE)
    assert re.search(rf"version: {re.escape(version)}$", brownie, re.MULTILINE)
    assert re.search(rf"runs: {runs}$", brownie, re.MULTILINE)
