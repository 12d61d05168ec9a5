"""Creation code, addresses, and telling the contract that was meant from any other."""

from __future__ import annotations

import pytest

from controller.chain.abi import Abi
from controller.chain.artifacts import Artifact, load
from controller.deploy.creation import code_matches, create_address, init_code
from controller.deploy.drift import DifferenceKind, compare
from controller.deploy.records import Deployment, code_hash
from controller.deploy.uniswap import PAIR, POOL, init_code_hash
from controller.errors import InputError

ADDRESS = "0x" + "ab" * 20
RECORD = Deployment("Ledger", "Ledger", ADDRESS, (), (), "0x" + "33" * 32, 7, "0x" + "44" * 32, "commit", "solc")


def _artifact(code: str, *immutables: tuple[int, int]) -> Artifact:
    return Artifact("Any", Abi([]), b"\x01", bytes.fromhex(code), tuple(((place),) for place in immutables), ())


def test_create_address__when_known_from_anvil__then_is_the_same() -> None:
    first = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert create_address(first, 0) == "0x5FbDB2315678afecb367f032d93F642f64180aa3"
    assert create_address(first, 1) == "0xe7f1725E7734CE288F8367e1Bb143E90bb3F0512"


def test_init_code__when_arguments_fit__then_follow_the_code() -> None:
    venue = load("UniswapV3Venue")
    code = init_code(venue, (ADDRESS, "0x" + "cd" * 32))
    assert code == venue.bytecode + bytes(12) + bytes.fromhex("ab" * 20 + "cd" * 32)


@pytest.mark.parametrize("args", [(), (ADDRESS,), ("0xno", "0x" + "cd" * 32)])
def test_init_code__when_arguments_do_not_fit__then_refuses(args: tuple[str, ...]) -> None:
    with pytest.raises(InputError):
        init_code(load("UniswapV3Venue"), args)


def test_code_matches__when_only_immutables_differ__then_is_the_same_contract() -> None:
    artifact = _artifact("60aa0000bb", (2, 2))
    assert code_matches(artifact, bytes.fromhex("60aa1234bb"))
    assert not code_matches(artifact, bytes.fromhex("60aa1234bc"))
    assert not code_matches(artifact, bytes.fromhex("60aa1234"))
    assert not code_matches(artifact, b"")


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        (POOL, "0xe34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54"),
        (PAIR, "0x96e8ac4277198ff8b6f785478aa9a39f403cb768dd02cbee326c3e7da348845f"),
    ],
)
def test_init_code_hash__when_published_bytecode__then_is_the_one_of_public_networks(
    contract: str, expected: str
) -> None:
    assert init_code_hash(contract) == expected


def test_compare__when_code_is_right_missing_or_other__then_says_which() -> None:
    assert compare([RECORD], {RECORD.address: b""})[0].kind is DifferenceKind.MISSING_CODE
    (altered,) = compare([RECORD], {RECORD.address: b"\x60"})
    assert altered.kind is DifferenceKind.ALTERED_CODE
    assert str(altered) == (
        f"Ledger {RECORD.address}: altered code, expected {RECORD.code_hash}, found {code_hash(bytes([0x60]))}"
    )
