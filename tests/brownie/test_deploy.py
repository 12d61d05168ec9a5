"""One recipe, two drivers: what Brownie leaves is what `evenkeel deploy` leaves."""

import json

from brownie import accounts, project, web3

from controller.chain.artifacts import load
from controller.chain.client import Chain
from controller.chain.nodes import start_node
from controller.deploy import drift, records
from controller.deploy.recipe import load as load_recipe
from controller.deploy.run import Driver
from controller.deploy.sender import UnlockedSender
from controller.deploy.source import source_commit
from scripts.deploy import deploy_network


def canonical(abi):
    """Without order, and without the name that Brownie gives to a constructor."""
    unnamed = [{**entry, "name": ""} if entry["type"] == "constructor" else entry for entry in abi]
    return sorted(json.dumps(entry, sort_keys=True) for entry in unnamed)


def test_compiler__when_brownie_compiles__then_code_and_abi_are_the_packages_own():
    compiled = project.get_loaded_projects()[0]
    for step in load_recipe("recipe").steps:
        artifact = load(step.contract)
        assert bytes.fromhex(compiled[step.contract].bytecode) == artifact.bytecode, f"{step.contract}: make build"
        # the record of Vault says what a clone answers: its own functions and those of the contracts behind it
        assert set(canonical(compiled[step.contract].abi)) <= set(canonical(artifact.abi.entries))
        if step.contract != "Vault":
            assert len(compiled[step.contract].abi) == len(artifact.abi.entries)


def test_deploy__when_the_other_driver_deploys_to_a_twin__then_the_records_are_the_same(deployed, directory, tmp_path):
    twin = tmp_path / "1337"
    with start_node("ganache") as node:
        chain = Chain(node.url, 1337)
        driver = Driver(chain, UnlockedSender(node.accounts[0]), twin, source_commit(), broadcast=True)
        driver.network({})
        assert drift.check(chain, directory, chain.head()) == ()
    assert sorted(path.name for path in twin.iterdir()) == sorted(path.name for path in directory.iterdir())
    for name in deployed:
        ours, theirs = (json.loads((folder / f"{name}.json").read_text()) for folder in (directory, twin))
        # fees, and with them the transaction, are each driver's own
        assert list(ours) == list(theirs)
        assert {**ours, "transactionHash": ""} == {**theirs, "transactionHash": ""}


def test_deploy__when_done_before__then_everything_is_kept(deployed, directory):
    height = web3.eth.block_number
    again = deploy_network({}, directory, accounts[0])
    assert again == list(deployed.values())
    assert web3.eth.block_number == height
    assert records.load_all(directory) == deployed
