"""Signing keys: from an encrypted keystore or from the environment, held where nothing prints them.

A raw key is a local of as few frames as possible, and always inside a `Secret`, so that neither a log line nor a
traceback with local variables shows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.exceptions import ValidationError

from controller.errors import SigningKeyError

KEY_VARIABLE: Final = "EVENKEEL_KEY"
PASSPHRASE_VARIABLE: Final = "EVENKEEL_PASSPHRASE"  # noqa: S105 - the name of a variable, not a secret
DEVELOPMENT_MNEMONIC: Final = "test test test test test test test test test test test junk"


class Secret:
    """A text that shows itself to nobody who does not ask for it by name."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(hidden)"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A secret is never pickled or copied.")


class Signer(Protocol):
    """Whoever signs transactions of one account; a remote signer fits as well."""

    @property
    def address(self) -> str: ...

    def sign(self, transaction: Mapping[str, Any]) -> bytes:
        """The signed transaction as it is broadcast."""
        ...


class LocalSigner:
    """A key in this process. It has an address and signs; the key itself does not come out."""

    __slots__ = ("_account", "address")

    def __init__(self, account: LocalAccount) -> None:
        self._account = account
        self.address = str(account.address)

    def sign(self, transaction: Mapping[str, Any]) -> bytes:
        return bytes(self._account.sign_transaction(dict(transaction)).raw_transaction)

    def __repr__(self) -> str:
        return f"LocalSigner({self.address})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A signing key is never pickled or copied.")


def from_key(key: Secret) -> LocalSigner:
    """A signer of a raw private key in hex.

    Raises
    ------
    SigningKeyError
        When it is no key; the message repeats nothing of it.
    """
    try:
        return LocalSigner(Account.from_key(key.reveal().strip()))
    except (ValidationError, ValueError, TypeError):
        raise SigningKeyError(
            "The private key is not 32 bytes of hex.", "Set 64 hex digits, 0x in front or not."
        ) from None


def from_keystore(path: Path, passphrase: Secret) -> LocalSigner:
    """A signer of an encrypted keystore file (web3 secret storage, version 3), as geth, cast and Brownie write it.

    Raises
    ------
    SigningKeyError
        When the file cannot be read, is no keystore, or the passphrase is wrong.
    """
    try:
        document = json.loads(path.read_text())
    except OSError as error:
        raise SigningKeyError(f"The keystore {path} cannot be read: {error.strerror}.", "Check the path.") from None
    except ValueError:
        raise SigningKeyError(f"The keystore {path} is no JSON file.", "Make one: cast wallet import.") from None
    if not isinstance(document, dict) or document.get("version") != 3:
        raise SigningKeyError(f"The file {path} is no version 3 keystore.", "Make one: cast wallet import.")
    try:
        return LocalSigner(Account.from_key(Account.decrypt(document, passphrase.reveal())))
    except ValueError:
        raise SigningKeyError(f"The passphrase does not open {path}.", "Try again; nothing has been signed.") from None
    except (KeyError, TypeError, NotImplementedError):
        raise SigningKeyError(f"The keystore {path} is damaged or uses an unknown cipher.", "Restore a copy.") from None


def find_passphrase(
    environment: Mapping[str, str], file: Path | None = None, prompt: Callable[[], str] | None = None
) -> Secret:
    """From the file if one is named, else from the environment, else by asking."""
    if file is not None:
        try:
            return Secret(file.read_text().rstrip("\r\n"))
        except (OSError, UnicodeDecodeError):
            raise SigningKeyError(
                f"The passphrase file {file} cannot be read.", "Check path and permissions."
            ) from None
    if PASSPHRASE_VARIABLE in environment:
        return Secret(environment[PASSPHRASE_VARIABLE])
    if prompt is not None:
        return Secret(prompt())
    raise SigningKeyError("The keystore needs a passphrase.", f"Set {PASSPHRASE_VARIABLE}, or name a passphrase file.")


def find_signer(
    environment: Mapping[str, str],
    keystore: Path | None = None,
    passphrase_file: Path | None = None,
    prompt: Callable[[], str] | None = None,
) -> LocalSigner | None:
    """The keystore if one is named, else the key in the environment, else None: a dry run."""
    if keystore is not None:
        return from_keystore(keystore, find_passphrase(environment, passphrase_file, prompt))
    if environment.get(KEY_VARIABLE):
        return from_key(Secret(environment[KEY_VARIABLE]))
    return None


def development_signer(index: int) -> LocalSigner:
    """One of the accounts that every development node funds; its key is public knowledge."""
    Account.enable_unaudited_hdwallet_features()
    return LocalSigner(Account.from_mnemonic(DEVELOPMENT_MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}"))
