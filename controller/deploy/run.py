"""The web3 driver: carries out a recipe, step by step, so that it can be stopped anywhere and run again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from controller.chain.artifacts import Artifact, load
from controller.chain.client import Chain
from controller.deploy import records, uniswap
from controller.deploy.creation import code_matches, create_address, creation_gas, init_code
from controller.deploy.recipe import Recipe, Step, resolve
from controller.deploy.recipe import load as load_recipe
from controller.deploy.records import Deployment
from controller.deploy.sender import Sender
from controller.deploy.transaction import Creation, adopt, create
from controller.errors import CodeMismatchError
from controller.model import BlockRef

PLACEHOLDER = "0x" + "00" * 20


class Action(Enum):
    KEEP = "keep"
    DEPLOY = "deploy"
    DEPLOYED = "deployed"


@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of one step, or would become of it."""

    name: str
    action: Action
    reason: str  # why it is deployed, empty when it is kept
    address: str  # where it is, or will be when nothing else is sent by the same account
    gas: int  # {gas} used, or about what it will take; 0 when it is kept
    deployment: Deployment | None  # None for what is not deployed yet


Progress = Callable[[StepResult], None]


def ignore(_result: StepResult) -> None:
    """A `Progress` that shows nothing."""


@dataclass(frozen=True)
class Driver:
    """Carries out recipes on one chain.

    Parameters
    ----------
    sender : who deploys.
    directory : ``deployments/<chainId>``.
    commit : of the sources, for the records.
    broadcast : False only says what would be done.
    confirmations : blocks that must stand on a contract's block before the next step.
    progress : called after each step.
    """

    chain: Chain
    sender: Sender
    directory: Path
    commit: str
    broadcast: bool = False
    confirmations: int = 0
    progress: Progress = ignore

    def run(self, recipe: Recipe, values: Mapping[str, Any], ahead: int = 0) -> tuple[StepResult, ...]:
        """Deploys every contract of `recipe` that is not there yet.

        Parameters
        ----------
        ahead : transactions of a dry run before this one, which a real one would have sent by now.

        Raises
        ------
        InputError
            With every network value that is missing, or every record that cannot be read.
        CodeMismatchError
            When other code stands at a recorded address, or a fresh contract has not the code it should have.
        RevertError, SendError, NodeError
            When a transaction fails. Run again: what is done is kept.
        """
        steps = resolve(recipe, values)
        nonce = self.chain.nonce(self.sender.address) + ahead
        standing = records.load_all(self.directory)
        addresses: dict[str, str] = {}
        results = []
        for step in steps:
            bound = replace(step, args=step.arguments(addresses))
            result = self._keep(bound, standing)
            if result.action is Action.DEPLOY and self.broadcast:
                result = self._deploy(bound, result.reason, recipe.compiler)
            elif result.action is Action.DEPLOY:
                result = replace(result, address=create_address(self.sender.address, nonce))
                nonce += 1
            addresses[step.name] = result.address
            results.append(result)
            self.progress(result)
        return tuple(results)

    def _keep(self, step: Step, standing: Mapping[str, Deployment]) -> StepResult:
        """The step kept, when its record, its code on the chain and the compiled contract all agree."""
        artifact = load(step.contract)
        record = standing.get(step.name)
        reason = self._reason(step, artifact, record, self.chain.head())
        if record is not None and not reason:
            return StepResult(step.name, Action.KEEP, "", record.address, 0, record)
        gas = creation_gas(init_code(artifact, step.args), len(artifact.deployed_bytecode))
        return StepResult(step.name, Action.DEPLOY, reason, PLACEHOLDER, gas, None)

    def _reason(self, step: Step, artifact: Artifact, record: Deployment | None, block: BlockRef) -> str:
        if record is None:
            return "not deployed yet"
        code = self.chain.code(record.address, block)
        if not code:
            return f"no code at the recorded {record.address}"
        found = records.code_hash(code)
        if found != record.code_hash:
            raise CodeMismatchError(
                f"Another contract stands where {step.name} was deployed: {record.address} has code {found}, "
                f"recorded is {record.code_hash}.",
                f"Check the node's address, or delete {self.directory} to deploy afresh.",
            )
        if not code_matches(artifact, code):
            return "compiled differently since"
        return "" if record.args == step.args else "constructor arguments changed"

    def _deploy(self, step: Step, reason: str, compiler: str) -> StepResult:
        artifact = load(step.contract)
        creation = Creation(artifact, init_code(artifact, step.args), self.directory / f".{step.name}.pending.json")
        receipt = adopt(self.chain, creation, self.confirmations)
        if receipt is None:
            receipt = create(self.chain, self.sender, creation, self.confirmations)
        else:
            reason = "finished what an interrupted run had sent"
        code = self.chain.code(receipt.address, receipt.block)
        if not code_matches(artifact, code):
            raise CodeMismatchError(
                f"{step.name} was created at {receipt.address} with other code than compiled.",
                "Compile again (make build) and deploy again; do not use this contract.",
            )
        deployment = Deployment(
            name=step.name,
            contract_name=step.contract,
            address=receipt.address,
            abi=tuple(dict(entry) for entry in artifact.abi.entries),
            args=step.args,
            transaction_hash="0x" + receipt.transaction.hex(),
            block_number=receipt.block.number,
            code_hash=records.code_hash(code),
            commit=self.commit,
            compiler=compiler,
        )
        records.save(self.directory, deployment)
        creation.pending.unlink(missing_ok=True)
        return StepResult(step.name, Action.DEPLOYED, reason, receipt.address, receipt.gas_used, deployment)

    def network(self, values: Mapping[str, Any]) -> tuple[StepResult, ...]:
        """The whole project: Uniswap first where the network's `values` name no V3, then the project's recipe."""
        first: tuple[StepResult, ...] = ()
        if not values.get("uniswap_v3"):
            first = self.run(load_recipe(uniswap.RECIPE), {})
            values = {**values, **uniswap.values({result.name: result.address for result in first})}
        ahead = sum(result.action is Action.DEPLOY for result in first)
        return first + self.run(load_recipe("recipe"), values, ahead)
