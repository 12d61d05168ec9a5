"""The Brownie driver: `scripts/brownie run deploy --network ganache|anvil|sepolia`.

The first unlocked account of the node deploys, or the key in EVENKEEL_KEY, or a keystore or an account of Brownie's own:
`scripts/brownie run deploy main KEYSTORE --network sepolia` (its passphrase from EVENKEEL_PASSPHRASE or by asking).

It carries out the same recipe as `evenkeel deploy`, with contracts that Brownie has compiled, and leaves the same
records. What is deployed already is kept; run it again after an interruption.
"""

import os
from pathlib import Path

from brownie import accounts, network, project, web3

from controller.chain.artifacts import load as load_artifact
from controller.config.networks import load_network
from controller.deploy import records, uniswap
from controller.deploy.creation import code_matches, init_code
from controller.deploy.recipe import load as load_recipe
from controller.deploy.recipe import resolve
from controller.deploy.source import source_commit
from controller.errors import CodeMismatchError, SigningKeyError, WrongChainError
from controller.execution.keys import KEY_VARIABLE, PASSPHRASE_VARIABLE

ROOT = Path(__file__).resolve().parent.parent


def main(keystore=None):
    """Deploys to the active network and prints where everything is."""
    name = network.show_active()
    configured = load_network(name, os.environ)
    if web3.eth.chain_id != configured.chain_id:
        raise WrongChainError(f"The node serves chain {web3.eth.chain_id}, not {configured.chain_id}.")
    directory = records.folder(ROOT / "deployments", configured.chain_id)
    done = deploy_network(configured.values(), directory, sender(keystore), configured.confirmations)
    print(f"{len(done)} contracts stand on chain {configured.chain_id}, recorded in {directory.relative_to(ROOT)}.")


def sender(keystore=None):
    """The keystore if one is named, else the key in the environment, else the node's first unlocked account."""
    if keystore is not None:
        return accounts.load(keystore, password=os.environ.get(PASSPHRASE_VARIABLE))
    if os.environ.get(KEY_VARIABLE):
        return accounts.add(os.environ[KEY_VARIABLE])
    if len(accounts) == 0:
        raise SigningKeyError("The node has no unlocked account.", f"Set {KEY_VARIABLE}, or name a keystore.")
    return accounts[0]


def deploy_network(values, directory, account, confirmations=0):
    """Uniswap V3 where the network has none, then the project. Returns the records in order."""
    first = []
    if not values.get("uniswap_v3"):
        first = deploy(load_recipe("uniswap"), {}, directory, account, confirmations)
        values = {**values, **uniswap.values({record.name: record.address for record in first})}
    return first + deploy(load_recipe("recipe"), values, directory, account, confirmations)


def deploy(recipe, values, directory, account, confirmations=0):
    """Carries out one recipe. Returns the records in order."""
    steps = resolve(recipe, values)
    standing = records.load_all(directory)
    done = {}
    for step in steps:
        args = step.arguments({name: record.address for name, record in done.items()})
        record = standing.get(step.name)
        if not keeps(record, step, args):
            record = create(step, args, recipe.compiler, account, confirmations)
            records.save(directory, record)
        done[step.name] = record
    return list(done.values())


def keeps(record, step, args):
    """Whether record, code on the chain and compiled contract agree; never builds upon foreign code."""
    code = bytes(web3.eth.get_code(record.address)) if record else b""
    if not code:
        return False
    if records.code_hash(code) != record.code_hash:
        raise CodeMismatchError(f"Another contract stands where {step.name} was deployed: {record.address}.")
    return code_matches(load_artifact(step.contract), code) and record.args == args


def create(step, args, compiler, account, confirmations):
    """One contract: of this project as Brownie has compiled it, of Uniswap as it is published."""
    artifact = load_artifact(step.contract)
    compiled = project.get_loaded_projects()[0]
    if step.contract in compiled.keys():
        data = compiled[step.contract].deploy.encode_input(*args)
    else:
        data = "0x" + init_code(artifact, args).hex()
    # not `ContractContainer.deploy`: on a live network Brownie 1.22 fails while it stores the contract in its database
    receipt = account.transfer(data=data, required_confs=max(confirmations, 1), silent=True)
    print(f"{step.name:20} {receipt.contract_address}  {receipt.gas_used:,} gas")
    code = bytes(web3.eth.get_code(receipt.contract_address))
    if not code_matches(artifact, code):
        raise CodeMismatchError(f"{step.name} was created with other code than compiled.", "Run make build.")
    return records.Deployment(
        name=step.name,
        contract_name=step.contract,
        address=receipt.contract_address,
        abi=artifact.abi.entries,
        args=args,
        transaction_hash=receipt.txid,
        block_number=receipt.block_number,
        code_hash=records.code_hash(code),
        commit=source_commit(),
        compiler=compiler,
    )
