"""Drift check: whether what `deployments/` says stands on the chain still stands there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from controller.chain.client import Chain
from controller.deploy.records import Deployment, code_hash, load_all
from controller.errors import CodeMismatchError
from controller.model import BlockRef


class DifferenceKind(Enum):
    MISSING_CODE = "missing code"
    ALTERED_CODE = "altered code"
    WRONG_CHAIN = "wrong chain"


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which records and chain disagree."""

    name: str  # of the record, or of its directory
    address: str
    kind: DifferenceKind
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.name} {self.address}: {self.kind.value}, expected {self.expected}, found {self.found}"


def compare(deployments: Iterable[Deployment], codes: Mapping[str, bytes]) -> tuple[Difference, ...]:
    """Every record whose code, by address in `codes`, is missing or not the recorded one."""
    differences = []
    for record in deployments:
        code = codes[record.address]
        found = code_hash(code) if code else "none"
        if found != record.code_hash:
            kind = DifferenceKind.ALTERED_CODE if code else DifferenceKind.MISSING_CODE
            differences.append(Difference(record.name, record.address, kind, record.code_hash, found))
    return tuple(differences)


def check(chain: Chain, directory: Path, block: BlockRef) -> tuple[Difference, ...]:
    """Every difference between the records of `directory`, ``deployments/<chainId>``, and `chain` at `block`.

    Raises
    ------
    InputError
        With every record that cannot be read.
    """
    if directory.name != str(chain.chain_id):
        wrong = Difference(directory.name, "", DifferenceKind.WRONG_CHAIN, directory.name, str(chain.chain_id))
        return (wrong,)
    records = load_all(directory).values()
    return compare(records, {record.address: chain.code(record.address, block) for record in records})


def require(chain: Chain, directory: Path, block: BlockRef) -> None:
    """Raises `CodeMismatchError` that names every difference."""
    differences = check(chain, directory, block)
    if differences:
        raise CodeMismatchError(
            "The contracts on the chain are not the recorded ones: " + "; ".join(map(str, differences)) + ".",
            "Check the node's address. On a development chain that was started afresh, delete "
            f"{directory} and deploy again.",
        )
