"""ABI coding without web3's contract objects: selectors and types are worked out once, then only eth_abi runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from eth_abi.abi import default_codec
from eth_abi.codec import ABICodec
from eth_abi.decoding import AddressDecoder
from eth_abi.encoding import AddressEncoder
from eth_abi.exceptions import DecodingError, EncodingError
from eth_abi.registry import BaseEquals
from eth_abi.registry import registry as default_registry
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from controller.errors import InputError


@lru_cache(maxsize=65_536)
def checksum(raw: bytes) -> str:
    """EIP-55 form of a 20-byte address."""
    return str(to_checksum_address(raw))


def _address_of_word(word: bytes) -> str:
    return checksum(word[-20:])


class _ChecksumAddressDecoder(AddressDecoder):
    decoder_fn = staticmethod(_address_of_word)  # type: ignore[assignment]


def _codec() -> ABICodec:
    registry = default_registry.copy()  # type: ignore[no-untyped-call]
    registry.unregister("address")
    registry.register(
        BaseEquals("address"),  # type: ignore[no-untyped-call]
        AddressEncoder,
        _ChecksumAddressDecoder,
        label="address",
    )
    return ABICodec(registry)


_CODEC = _codec()


def encode(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """`abi.encode(...)`; raises `InputError` when a value does not fit its type."""
    try:
        return bytes(default_codec.encode(types, values))
    except (EncodingError, OverflowError, TypeError, ValueError) as error:
        raise InputError(f"A value does not fit the ABI type ({', '.join(types)}): {error}") from None


def decode(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """The inverse of `encode`, addresses checksummed; raises `InputError` when `data` is not of these types."""
    try:
        return tuple(_CODEC.decode(types, data))
    except (DecodingError, OverflowError, UnicodeDecodeError, ValueError) as error:
        raise InputError(f"The data is no ABI encoding of ({', '.join(types)}): {error}") from None


def canonical_type(parameter: Mapping[str, Any]) -> str:
    """``(address,uint8)[]`` of a tuple parameter as the JSON ABI describes it."""
    kind = str(parameter["type"])
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(canonical_type(inner) for inner in parameter['components'])}){kind[len('tuple') :]}"


@dataclass(frozen=True, slots=True)
class Item:
    """One function, event or error of an ABI."""

    name: str
    names: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    topic: bytes  # keccak256 of the signature; its first four bytes are the selector
    enums: Mapping[str, str]  # inputs that are enums: argument to the enum's name

    @property
    def selector(self) -> bytes:
        return self.topic[:4]

    def encode(self, *arguments: Any) -> bytes:
        """Call data."""
        return self.topic[:4] + encode(self.inputs, arguments)

    def decode_output(self, data: bytes) -> Any:
        """The single output bare, several as a tuple."""
        values = decode(self.outputs, data)
        return values[0] if len(values) == 1 else values

    def decode_arguments(self, data: bytes) -> dict[str, Any]:
        """Arguments by name, of what follows a selector."""
        return dict(zip(self.names, decode(self.inputs, data), strict=True))


def _item(entry: Mapping[str, Any]) -> Item:
    inputs = tuple(canonical_type(parameter) for parameter in entry.get("inputs", ()))
    names = tuple(parameter["name"] or str(index) for index, parameter in enumerate(entry.get("inputs", ())))
    return Item(
        name=entry.get("name", ""),
        names=names,
        inputs=inputs,
        outputs=tuple(canonical_type(parameter) for parameter in entry.get("outputs", ())),
        topic=keccak(text=f"{entry.get('name', '')}({','.join(inputs)})"),
        enums={
            parameter["name"]: parameter["internalType"].removeprefix("enum ")
            for parameter in entry.get("inputs", ())
            if parameter.get("internalType", "").startswith("enum ")
        },
    )


class Abi:
    """A contract's functions, events and errors by name. No overloads: the contracts here have none."""

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        self.entries = tuple(entries)
        self.functions = self._of("function")
        self.events = self._of("event")
        self.errors = self._of("error")
        self.constructor = next((_item(entry) for entry in entries if entry["type"] == "constructor"), None)

    def _of(self, kind: str) -> dict[str, Item]:
        return {entry["name"]: _item(entry) for entry in self.entries if entry["type"] == kind}
