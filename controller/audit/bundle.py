"""An evidence bundle: all that an audit looked at, in one file that is judged again without a node or a network.

LINES are canonical JSON, each with ``hash = keccak256(hash before || canonical JSON of {part, key, body})``, the first
hash before being zero. The first is the manifest, the last the seal: the number of lines, the head, and whoever signed
the head (EIP-191 over its 32 bytes). A byte that is altered anywhere breaks its own line, or the seal.

What a bundle cannot do by itself is to say which chain is the right one: that is the auditor's trusted block, given
again to whoever verifies.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, get_args, get_origin, get_type_hints

from eth_utils.crypto import keccak

from controller import __version__
from controller.audit.evidence import Evidence
from controller.audit.shelf import Shelf
from controller.audit.signatures import signed_by
from controller.documents import canonical, read_document, to_document
from controller.errors import FindingError, InputError

FORMAT: Final = "evenkeel evidence 1"
MANIFEST, SEAL = "manifest", "seal"
_NO_HASH: Final = bytes(32)
_HINT: Final = "Ask for the bundle again, from whoever made it."

Sign = Callable[[bytes], tuple[str, bytes]]
"""From the head to who signs and the 65 bytes of the signature."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a whole, unaltered bundle holds."""

    evidence: Evidence
    tool: str  # version that made it
    lines: int
    head: bytes
    signer: str | None


def write_bundle(path: Path, evidence: Evidence, sign: Sign | None = None) -> bytes:
    """Write a bundle and return its head; the file is only there once it is whole."""
    draft = path.with_name(path.name + ".part")
    head, count = _NO_HASH, 0
    with draft.open("wb") as file:
        for line in _lines(evidence):
            head = _hash(head, line)
            file.write(canonical({**line, "hash": "0x" + head.hex()}) + b"\n")
            count += 1
        signer, signature = sign(head) if sign else (None, b"")
        seal = {"lines": count, "head": head, "signer": signer, "signature": signature}
        body = {name: to_document(value) for name, value in seal.items()}
        file.write(canonical({"part": SEAL, "body": body}) + b"\n")
    draft.replace(path)
    return head


def read_bundle(path: Path, signer: str | None = None) -> Bundle:
    """Read a bundle, with its chain and its signature checked.

    Parameters
    ----------
    signer : who must have signed it; None takes whoever did, or nobody.

    Raises
    ------
    FindingError
        Naming the first line that is not what was written.
    InputError
        When the file cannot be read, or is of another format.
    """
    parts = _Parts()
    head, count, seal = _NO_HASH, 0, None
    for number, raw in enumerate(_raw_lines(path), start=1):
        if seal is not None:
            raise _altered(number, "comes after the seal")
        line = _parsed(number, raw)
        if line.get("part") == SEAL:
            seal = line.get("body")
            continue
        stated = line.pop("hash", None)
        head = _hash(head, line)
        if stated != "0x" + head.hex():
            raise _altered(number, f"(part {line.get('part')}, key {line.get('key')}) does not hash to what it states")
        if (number == 1) != (line["part"] == MANIFEST):
            raise _altered(number, "is not where it belongs")
        parts.add(number, line)
        count += 1
    if not isinstance(seal, dict):
        raise FindingError(f"The bundle is cut off after line {count}: it has no seal.", _HINT)
    found = _sealed(seal, head, count)
    if signer is not None and found != signer:
        who = f"signed by {found}" if found else "not signed"
        raise FindingError(f"The bundle is {who}, it should be by {signer}.", _HINT)
    return Bundle(parts.evidence(), parts.tool, count, head, found)


def recovered(head: bytes, signature: bytes) -> str | None:
    """Whose EIP-191 signature of a head this is; None where it is none."""
    if len(signature) != 65:
        return None
    message = bytes(keccak(b"\x19Ethereum Signed Message:\n32" + head))
    return signed_by(message, signature[64] - 27, int.from_bytes(signature[:32]), int.from_bytes(signature[32:64]))


# ---- writing


@cache
def _shape() -> dict[str, Any]:
    """Type by field of the evidence."""
    return get_type_hints(Evidence)


def _many(kind: Any) -> Any | None:
    """The type among those of a field that has one line for each item; None where there is none."""
    options = get_args(kind) if get_origin(kind) not in (tuple, Mapping) else (kind,)
    return next((option for option in options if get_origin(option) in (tuple, Mapping)), None)


def _lines(evidence: Evidence) -> Iterator[dict[str, Any]]:
    single: dict[str, Any] = {}
    many: list[str] = []
    for field in fields(evidence):
        value = getattr(evidence, field.name)
        if isinstance(value, Mapping) or (isinstance(value, tuple) and _many(_shape()[field.name])):
            many.append(field.name)
        else:
            single[field.name] = to_document(value)
    yield {"part": MANIFEST, "key": None, "body": {"format": FORMAT, "tool": __version__, "many": many, **single}}
    for name in many:
        value = getattr(evidence, name)
        if isinstance(value, Mapping):
            keys = value if isinstance(value, Shelf) else sorted(value, key=lambda key: (str(type(key)), key))
            yield from ({"part": name, "key": to_document(key), "body": to_document(value[key])} for key in keys)
        else:
            yield from ({"part": name, "key": place, "body": to_document(item)} for place, item in enumerate(value))


def _hash(head: bytes, line: Mapping[str, Any]) -> bytes:
    return bytes(keccak(head + canonical({name: line.get(name) for name in ("part", "key", "body")})))


# ---- reading


def _raw_lines(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            yield from file
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check the path.") from None


def _parsed(number: int, raw: bytes) -> dict[str, Any]:
    try:
        line = json.loads(raw)
        sound = isinstance(line, dict) and canonical(line) + b"\n" == raw
    except (ValueError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise _altered(number, "is not a canonical line")
    found: dict[str, Any] = line
    return found


def _sealed(seal: Mapping[str, Any], head: bytes, count: int) -> str | None:
    wanted = {"lines": count, "head": "0x" + head.hex()}
    if {name: seal.get(name) for name in wanted} != wanted or set(seal) != {*wanted, "signer", "signature"}:
        raise FindingError(f"The bundle's seal is of {seal.get('lines')} lines, here are {count}.", _HINT)
    signer, signature = seal["signer"], seal["signature"]
    if signer is None and signature == "0x":
        return None
    try:
        found = recovered(head, bytes.fromhex(str(signature).removeprefix("0x")))
    except ValueError:
        found = None
    if found is None or found != signer:
        raise FindingError(f"The bundle's signature is not that of {signer}.", _HINT)
    return found


def _altered(number: int, what: str) -> FindingError:
    return FindingError(f"The bundle was altered: line {number} {what}.", _HINT)


class _Parts:
    """Evidence in the making."""

    def __init__(self) -> None:
        self._single: dict[str, Any] = {}
        self._many: dict[str, Any] = {}
        self.tool = ""

    def add(self, number: int, line: Mapping[str, Any]) -> None:
        part, body = line["part"], line["body"]
        try:
            if part == MANIFEST:
                self._begin(body)
            else:
                self._put(self._many[part], part, line["key"], body)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"Line {number} of the bundle ({part}) cannot be read: {error}.",
                f"It is no {FORMAT!r}, or made by hand.",
            ) from None

    def _begin(self, body: Mapping[str, Any]) -> None:
        if body["format"] != FORMAT:
            raise ValueError(f"its format is {body['format']!r}")
        shape = _shape()
        self.tool = str(body["tool"])
        self._single = {name: read_document(shape[name], body[name]) for name in shape if name in body}
        for name in body["many"]:
            kind = _many(shape[name])
            is_raw = get_origin(kind) is Mapping and get_args(kind) == (int, bytes)
            self._many[name] = Shelf() if is_raw else {} if get_origin(kind) is Mapping else []

    def _put(self, into: Any, part: str, key: Any, body: Any) -> None:
        types = get_args(_many(_shape()[part]))
        if isinstance(into, Shelf):
            into.put(int(key), read_document(bytes, body))
        elif isinstance(into, dict):
            into[read_document(types[0], key)] = read_document(types[1], body)
        else:
            into.append(read_document(types[0], body))

    def evidence(self) -> Evidence:
        many: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in self._many.items()
        }
        try:
            return Evidence(**self._single, **many)
        except TypeError as error:
            raise InputError(f"The bundle lacks a part: {error}.", f"It is no {FORMAT!r}.") from None


def trusting(bundle: Bundle, trusted: bytes) -> Evidence:
    """The bundle's evidence, to be judged against the block that whoever verifies it trusts."""
    return replace(bundle.evidence, trusted=trusted) if trusted else bundle.evidence
