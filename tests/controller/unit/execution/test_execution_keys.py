"""Keys open, or say why not, and show themselves nowhere."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from eth_account import Account
from rich.console import Console
from rich.pretty import pretty_repr
from rich.traceback import Traceback

from controller.errors import SigningKeyError
from controller.execution import keys
from controller.execution.keys import LocalSigner, Secret

KEY = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
ADDRESS = "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23"
TRANSACTION = {
    "type": 2,
    "chainId": 1,
    "nonce": 0,
    "to": ADDRESS,
    "value": 0,
    "data": b"",
    "gas": 21_000,
    "maxFeePerGas": 1,
    "maxPriorityFeePerGas": 1,
}


@pytest.fixture(scope="module")
def keystore(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("keys") / "keystore.json"
    path.write_text(json.dumps(Account.encrypt(KEY, "correct horse", kdf="scrypt", iterations=2)))
    return path


@pytest.fixture
def signer() -> LocalSigner:
    return keys.from_key(Secret(KEY))


def test_from_key__when_it_is_a_key__then_signs_for_its_address(signer: LocalSigner) -> None:
    assert signer.address == ADDRESS
    assert Account.recover_transaction(signer.sign(TRANSACTION)) == ADDRESS


def test_from_keystore__when_the_passphrase_is_right__then_the_same_signer(keystore: Path) -> None:
    assert keys.from_keystore(keystore, Secret("correct horse")).address == ADDRESS


def test_from_keystore__when_the_passphrase_is_wrong__then_says_so(keystore: Path) -> None:
    with pytest.raises(SigningKeyError, match="does not open") as caught:
        keys.from_keystore(keystore, Secret("WRONG-WORD"))
    assert "WRONG-WORD" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"version": 3}', '{"version": 3, "crypto": {"kdf": "rot13"}}', '{"version": 1}']
)
def test_from_keystore__when_the_file_is_damaged__then_signing_key_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(SigningKeyError) as caught:
        keys.from_keystore(path, Secret("x"))
    assert caught.value.hint


def test_from_keystore__when_missing__then_signing_key_error(tmp_path: Path) -> None:
    with pytest.raises(SigningKeyError, match="cannot be read"):
        keys.from_keystore(tmp_path / "none", Secret("x"))


@pytest.mark.parametrize("text", ["", "0x", KEY[:-1] + "Z", KEY + "00", "0" * 64, "f" * 64, "not a key"])
def test_from_key__when_it_is_no_key__then_says_so_without_repeating_it(text: str) -> None:
    with pytest.raises(SigningKeyError) as caught:
        keys.from_key(Secret(text))
    assert len(text) < 3 or text not in str(caught.value)


def test_find_signer__when_nothing_is_configured__then_dry() -> None:
    assert keys.find_signer({}) is None
    assert keys.find_signer({keys.KEY_VARIABLE: ""}) is None


def test_find_signer__when_in_the_environment__then_that() -> None:
    found = keys.find_signer({keys.KEY_VARIABLE: f"0x{KEY}\n"})
    assert found is not None
    assert found.address == ADDRESS


def test_find_signer__when_a_keystore__then_passphrase_from_file_environment_or_prompt(
    keystore: Path, tmp_path: Path
) -> None:
    file = tmp_path / "passphrase"
    file.write_text("correct horse\n")
    for found in (
        keys.find_signer({}, keystore, file),
        keys.find_signer({keys.PASSPHRASE_VARIABLE: "correct horse"}, keystore),
        keys.find_signer({}, keystore, prompt=lambda: "correct horse"),
    ):
        assert found is not None
        assert found.address == ADDRESS
    with pytest.raises(SigningKeyError, match="needs a passphrase"):
        keys.find_signer({}, keystore)
    with pytest.raises(SigningKeyError, match="cannot be read"):
        keys.find_signer({}, keystore, tmp_path / "none")


def test_signer__when_shown_in_any_way__then_the_key_is_not_there(
    signer: LocalSigner, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("x").warning("signer %s %r", signer, signer)
    shown = [repr(signer), str(signer), f"{signer}", f"{signer!r:>60}", pretty_repr(signer), caplog.text]
    shown += [repr(Secret(KEY)), f"{Secret(KEY)}", pretty_repr(Secret(KEY)), pretty_repr([signer._account])]
    assert not any(KEY in text or str(int(KEY, 16)) in text for text in shown)


@pytest.mark.parametrize("make", [lambda: keys.from_key(Secret(KEY)), lambda: Secret(KEY)])
@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_signer__when_pickled_or_copied__then_refused(
    make: Callable[[], object], take: Callable[[object], object]
) -> None:
    with pytest.raises(TypeError, match="never pickled"):
        take(make())


def test_traceback__when_it_shows_locals__then_no_key() -> None:
    secret = Secret(KEY[:-1] + "Z")
    output = StringIO()
    try:
        keys.from_key(secret)
    except SigningKeyError as error:
        trace = Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True)
        Console(file=output, width=300).print(trace)
    assert "Secret(hidden)" in output.getvalue()
    assert KEY[:-1] not in output.getvalue()


def test_development_signer__when_asked__then_the_accounts_that_everybody_knows() -> None:
    assert keys.development_signer(0).address == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert keys.development_signer(1).address == "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
