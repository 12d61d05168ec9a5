"""Revert data and node errors become names, in the shapes of each client."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.chain.abi import encode
from controller.chain.artifacts import load
from controller.chain.errors import HINTS, decode_revert, known_errors, name_revert, revert_of
from controller.errors import NotFoundError, Retry, RevertError

NOT_DUE = load("IVault").abi.errors["NotDue"].encode(4, 42)
HEX = "0x" + NOT_DUE.hex()


@pytest.mark.parametrize(
    "error",
    [
        {"code": 3, "message": "execution reverted: custom error 0x7d1a2b3c", "data": HEX},  # anvil, geth
        {"code": -32000, "message": "VM Exception while processing transaction: revert", "data": HEX},  # ganache call
        {
            "code": -32000,
            "message": "VM Exception while processing transaction: revert",
            "data": {"hash": None, "programCounter": 1, "result": HEX, "reason": None, "message": "revert"},
        },  # ganache estimate
        {"code": -32015, "message": "Reverted", "data": HEX},  # nethermind
    ],
)
def test_revert_of__when_a_custom_error__then_name_arguments_and_hint(error: dict[str, Any]) -> None:
    """F-24"""
    reverted = revert_of(error)
    assert isinstance(reverted, RevertError)
    assert (reverted.name, reverted.arguments) == ("NotDue", {"cause": "IN_BAND", "drift": 42})
    assert reverted.hint == HINTS["NotDue"][0]


@pytest.mark.parametrize(
    "error",
    [
        {"code": -32602, "message": "BlockOutOfRangeError: block height is 4 but requested was 53"},
        {"code": -32001, "message": "Resource not found"},
        {"message": "header not found"},
        {"code": -32601, "message": "the method does not exist"},
    ],
)
def test_revert_of__when_the_node_refuses__then_no_revert(error: dict[str, Any]) -> None:
    assert revert_of(error) is None


@pytest.mark.parametrize(
    "message",
    ["EVM error InvalidJump", "VM Exception while processing transaction: invalid JUMP", "invalid opcode: INVALID"],
)
def test_revert_of__when_the_evm_halts__then_unknown_revert(message: str) -> None:
    reverted = revert_of({"code": -32603, "message": message})
    assert reverted is not None
    assert reverted.name == "Unknown"


def test_decode_revert__when_error_string_or_panic__then_read() -> None:
    assert name_revert(bytes.fromhex("08c379a0") + encode(["string"], ["no"])) == "Error(reason=no)"
    assert decode_revert(bytes.fromhex("4e487b71") + encode(["uint256"], [0x11])).arguments["code"] == 0x11


def test_decode_revert__when_empty_or_foreign__then_unknown() -> None:
    assert decode_revert(b"").name == "Unknown"
    assert decode_revert(bytes.fromhex("deadbeef")).arguments == {"data": "0xdeadbeef"}


@given(st.binary(max_size=200), st.sampled_from(sorted(known_errors())))
def test_decode_revert__when_rubbish_follows_a_selector__then_never_fails(rest: bytes, selector: bytes) -> None:
    error = decode_revert(selector + rest)
    assert error.name in {known_errors()[selector].name, "Unknown"}


@pytest.mark.parametrize("name", ["BandInvalid", "SpreadInvalid", "TimelockRunning", "TwapInvalid", "NotAContract"])
def test_known_errors__of_libraries_and_of_what_a_vault_delegates_to__then_named(name: str) -> None:
    assert name in {item.name for item in known_errors().values()}


def test_decode_revert__when_an_enum_has_no_such_value__then_unknown() -> None:
    assert decode_revert(load("IVault").abi.errors["PowerRenounced"].encode(2)).arguments == {"power": "ROLES"}
    assert decode_revert(load("IVault").abi.errors["PowerRenounced"].encode(4)).name == "Unknown"


def test_hints__when_an_error_exists_in_the_contracts__then_spelled_the_same() -> None:
    names = {item.name for item in known_errors().values()}
    assert set(HINTS) <= names


def test_decode_revert__when_a_role_is_missing__then_never_retry() -> None:
    data = load("IVault").abi.errors["Unauthorised"].encode("0x" + "11" * 20)
    error = decode_revert(data)
    assert error.retry is Retry.NEVER
    assert error.arguments == {"caller": "0x1111111111111111111111111111111111111111"}


def test_load__when_missing__then_says_what_to_do() -> None:
    with pytest.raises(NotFoundError, match="make build"):
        load("Nothing")
