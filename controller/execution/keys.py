"""Who signs: a key from an encrypted keystore or from the environment, or a signer elsewhere that is asked by JSON-RPC.

A raw key is a local of as few frames as possible, and always inside a `Secret`, so that neither a log line nor a
traceback with local variables shows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NoReturn, Protocol

from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError
from hexbytes import HexBytes
from rlp.exceptions import RLPException

from controller.chain.abi import checksum
from controller.chain.transport import RpcError, Transport
from controller.errors import EvenkeelError, Retry, SigningKeyError

KEY_VARIABLE: Final = "EVENKEEL_KEY"
PASSPHRASE_VARIABLE: Final = "EVENKEEL_PASSPHRASE"  # noqa: S105 - the name of a variable, not a secret
DEVELOPMENT_MNEMONIC: Final = "test test test test test test test test test test test junk"
_SIGNING_METHODS: Final = ("eth_signTransaction", "account_signTransaction")  # web3signer and geth, Clef
_NO_SUCH_METHOD: Final = -32601
_IMPLIED: Final = ("type", "accessList")  # by the fees, and by being absent


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
    """Whoever signs transactions of one account."""

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

    def sign_message(self, message: bytes) -> bytes:
        """65 bytes over an EIP-191 personal message, which no transaction can be."""
        return bytes(self._account.sign_message(encode_defunct(message)).signature)

    def __repr__(self) -> str:
        return f"LocalSigner({self.address})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A signing key is never pickled or copied.")


class RemoteSigner:
    """A key in another process, behind JSON-RPC: web3signer, geth or Clef. What it signs is not taken on trust.

    Parameters
    ----------
    url : http or https address; it may hold a credential and is never shown.
    address : the account that it signs for.
    timeout : {s} for one signature; a person may have to approve it.
    """

    def __init__(self, url: str, address: str, *, timeout: float = 60.0) -> None:
        self._transport = Transport(url, timeout)
        self._method = _SIGNING_METHODS[0]
        self.address = checksum(bytes(HexBytes(address)))

    def __repr__(self) -> str:
        return f"RemoteSigner({self._transport.shown}, {self.address})"

    def sign(self, transaction: Mapping[str, Any]) -> bytes:
        """The signed transaction, which is exactly `transaction` and signed by this account.

        Raises
        ------
        SigningKeyError
            When the signer cannot be reached, refuses, or returns anything else.
        """
        wanted = _fields(transaction)
        raw = self._asked(wanted)
        wrong = _differences(raw, wanted, self.address)
        if wrong:
            raise SigningKeyError(
                f"The signer at {self._transport.shown} returned something else than it was asked for: {wrong}.",
                "Nothing was sent. Find out who answers there before it is used again.",
            )
        return raw

    def _asked(self, wanted: Mapping[str, Any]) -> bytes:
        try:
            answer = self._answered({**_request(wanted), "from": self.address})
        except EvenkeelError as error:
            refused = SigningKeyError(
                f"The signer at {self._transport.shown} did not sign: {error.message}",
                "Start or unlock it, and let it sign for this account; nothing was sent.",
            )
            refused.retry = Retry.NOW
            raise refused from None
        try:
            return bytes(HexBytes(answer["raw"] if isinstance(answer, dict) else answer))
        except (KeyError, TypeError, ValueError):
            raise SigningKeyError(
                f"The signer at {self._transport.shown} returned no signed transaction.", "Check its address."
            ) from None

    def _answered(self, request: dict[str, Any]) -> Any:
        try:
            return self._transport.request(self._method, [request])
        except RpcError as error:
            if error.code != _NO_SUCH_METHOD or self._method == _SIGNING_METHODS[-1]:
                raise
        self._method = _SIGNING_METHODS[-1]
        return self._transport.request(self._method, [request])


def _fields(transaction: Mapping[str, Any]) -> dict[str, Any]:
    """Integers and bytes, under the names that all signers know."""
    given = {"to": b"", **transaction}
    wanted = {name: value if isinstance(value, int) else HexBytes(value) for name, value in given.items()}
    return {**wanted, "accessList": ()}


def _request(wanted: Mapping[str, Any]) -> dict[str, str]:
    """As JSON-RPC takes it; a contract that is created has no address."""
    named = {name: value for name, value in wanted.items() if name not in _IMPLIED and (name, value) != ("to", b"")}
    return {name: hex(value) if isinstance(value, int) else value.to_0x_hex() for name, value in named.items()}


def _differences(raw: bytes, wanted: Mapping[str, Any], address: str) -> str:
    """What is wrong with a signed transaction; empty when it is the wanted one."""
    try:
        found = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        signer = str(Account.recover_transaction(raw))
    except (RLPException, ValidationError, ValueError, TypeError, BadSignature):
        return "it is no signed transaction of type 2"
    wrong = [f"{name} is {found.get(name)!r:.80}" for name, value in wanted.items() if found.get(name) != value]
    return ", ".join(wrong if signer == address else [*wrong, f"it is signed by {signer}"])


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
