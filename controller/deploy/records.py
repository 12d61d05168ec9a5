"""Records of what is deployed: ``deployments/<chainId>/<Contract>.json``, as users of hardhat-deploy know them."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_utils.crypto import keccak

from controller.errors import InputError, Mistake, NotFoundError, StorageError


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployed contract."""

    name: str
    contract_name: str
    address: str
    abi: tuple[dict[str, Any], ...]
    args: tuple[str, ...]
    transaction_hash: str
    block_number: int
    code_hash: str  # keccak256 of the code on the chain, immutables included
    commit: str
    compiler: str

    def document(self) -> dict[str, Any]:
        """The record as it is written."""
        return {
            "address": self.address,
            "contractName": self.contract_name,
            "args": list(self.args),
            "transactionHash": self.transaction_hash,
            "blockNumber": self.block_number,
            "codeHash": self.code_hash,
            "commit": self.commit,
            "compiler": self.compiler,
            "abi": list(self.abi),
        }


def code_hash(code: bytes) -> str:
    """keccak256 as 0x-prefixed hex."""
    return "0x" + keccak(code).hex()


def folder(deployments: Path, chain_id: int) -> Path:
    return deployments / str(chain_id)


def write_json(path: Path, document: object) -> None:
    """Whole or not at all: a reader never sees half a file, and a full disk leaves the old one.

    Raises
    ------
    StorageError
        When it cannot be written.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("w") as file:
            json.dump(document, file, indent=2)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}.", "Free some space, or make its directory writable."
        ) from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()


def save(directory: Path, deployment: Deployment) -> None:
    write_json(directory / f"{deployment.name}.json", deployment.document())


def load_all(directory: Path) -> dict[str, Deployment]:
    """Every record of one chain by name, ordered by name; empty where nothing is deployed.

    Raises
    ------
    InputError
        With every record that cannot be read.
    """
    found: dict[str, Deployment] = {}
    mistakes: list[Mistake] = []
    # Records begin with a capital letter; tokens.json and files in the making do not.
    for path in sorted(directory.glob("[A-Z]*.json")):
        try:
            found[path.stem] = _deployment(path.stem, json.loads(path.read_text()))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            mistakes.append(Mistake(str(path), f"is no JSON document: {error}"))
        except (KeyError, TypeError, ValueError) as error:
            mistakes.append(Mistake(str(path), f"is no deployment record: {error!r}"))
    if mistakes:
        raise InputError(
            "Deployment records cannot be read.", "Restore or delete them, then deploy again.", tuple(mistakes)
        )
    return found


def find(directory: Path, name: str) -> Deployment:
    """One record.

    Raises
    ------
    NotFoundError
        When nothing of this name is deployed on the chain.
    """
    deployments = load_all(directory)
    if name not in deployments:
        raise NotFoundError(
            f"{name} is not deployed on chain {directory.name}: {directory / name}.json does not exist.",
            "Deploy first: evenkeel deploy --network NAME --broadcast",
        )
    return deployments[name]


def _deployment(name: str, document: Mapping[str, Any]) -> Deployment:
    return Deployment(
        name=name,
        contract_name=document["contractName"],
        address=document["address"],
        abi=tuple(document["abi"]),
        args=tuple(document["args"]),
        transaction_hash=document["transactionHash"],
        block_number=int(document["blockNumber"]),
        code_hash=document["codeHash"],
        commit=document["commit"],
        compiler=document["compiler"],
    )
