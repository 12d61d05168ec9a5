"""Networks: where a node is, which chain it must serve, and what stands on that chain already."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Final

from eth_utils.address import is_checksum_address, to_checksum_address
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel

from controller.errors import InputError, Mistake, NotFoundError

STALE_BLOCKS: Final = 30
STALE_SECONDS: Final = 60.0
"""A head is stale when it is older than so many blocks take, and than so many seconds."""


def _checksummed(text: str) -> str:
    if not is_checksum_address(text):
        try:
            right = to_checksum_address(text)
        except ValueError:
            raise ValueError("is no address") from None
        if text != text.lower():
            raise ValueError(f"has a wrong checksum; if it is the right address, write {right}")
        return str(right)
    return text


Address = Annotated[str, AfterValidator(_checksummed)]
Word = Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
FeeTier = Annotated[int, Field(gt=0, lt=1_000_000)]
HttpUrl = Annotated[str, Field(pattern=r"^https?://")]
WsUrl = Annotated[str, Field(pattern=r"^wss?://")]
LONGEST_BLOCK_TIME: Final = 3_600
"""{s}. No chain is slower: a larger number is milliseconds."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class UniswapV3(_Frozen):
    factory: Address
    pool_init_code_hash: Word
    swap_router: Address
    quoter_v2: Address


class UniswapV2(_Frozen):
    factory: Address
    pair_init_code_hash: Word


class Sequencer(_Frozen):
    """The uptime feed of an L2's sequencer."""

    feed: Address
    grace: int = Field(gt=0, lt=2**32)  # {s} after a restart in which no price is acceptable


class Token(_Frozen):
    """A token that a mandate file may name, and its feed."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, loc_by_alias=False)

    address: Address
    decimals: int = Field(ge=0, le=36)
    feed: Address
    feed_decimals: int = Field(ge=0, le=36)


class Network(_Frozen):
    """One network of the configuration."""

    name: str
    chain_id: int = Field(gt=0)
    # addresses may hold a key
    urls: Annotated[tuple[HttpUrl, ...], Field(strict=False, min_length=1, repr=False)]  # the preferred one first
    ws_url: WsUrl | None = Field(default=None, repr=False)  # tells of new heads
    private_url: HttpUrl | None = Field(default=None, repr=False)  # takes transactions in place of `urls`
    quorum: int = Field(default=1, ge=1)  # endpoints that must agree before money moves
    block_time: float | None = Field(default=None, gt=0)  # {s} between blocks; None where they come as they are wanted
    confirmations: int = Field(ge=0)
    depth: int = Field(default=1, ge=0, le=64)
    fee_tiers: Annotated[tuple[FeeTier, ...], Field(strict=False, min_length=1)]
    hub_tokens: Annotated[tuple[str, ...], Field(strict=False)]
    uniswap_v3: UniswapV3 | None = None
    uniswap_v2: UniswapV2 | None = None
    sequencer: Sequencer | None = None
    tokens: dict[str, Token] = Field(default_factory=dict)

    @field_validator("urls")
    @classmethod
    def _each_once(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(urls)) < len(urls):
            # not which one: it may hold a key
            raise ValueError("names an address twice, which gives neither safety nor agreement")
        return urls

    @field_validator("block_time")
    @classmethod
    def _in_seconds(cls, block_time: float | None) -> float | None:
        if block_time is not None and block_time > LONGEST_BLOCK_TIME:
            raise ValueError(f"is in seconds: {block_time:g} looks like milliseconds")
        return block_time

    @field_validator("quorum")
    @classmethod
    def _reachable(cls, quorum: int, read: ValidationInfo) -> int:
        urls = read.data.get("urls")
        if urls is not None and quorum > len(urls):
            raise ValueError(f"{quorum} endpoints cannot agree where urls has {len(urls)}")
        return quorum

    @model_validator(mode="after")
    def _hubs_are_known(self) -> Network:
        unknown = [symbol for symbol in self.hub_tokens if self.tokens and symbol not in self.tokens]
        if unknown:
            raise ValueError(f"hub tokens without an entry in tokens: {', '.join(unknown)}")
        return self

    @property
    def max_age(self) -> float | None:
        """{s} after which a head is stale: time for many blocks, and for a clock that is a little off."""
        return None if self.block_time is None else max(STALE_BLOCKS * self.block_time, STALE_SECONDS)

    def values(self) -> dict[str, Any]:
        """What a deployment recipe may refer to."""
        return self.model_dump(include={"uniswap_v3", "uniswap_v2"}, exclude_none=True)


_TOKENS = TypeAdapter(dict[str, Token])


def load_network(name: str, environment: Mapping[str, str], overrides: Path | None = None) -> Network:
    """One network, from the file of the package and `overrides`.

    Raises
    ------
    NotFoundError
        When no such network, or no such file, exists.
    InputError
        With every mistake of the network's entry.
    """
    tables = _toml(resources.files("controller.config").joinpath("networks.toml").read_text(), "networks.toml")
    if overrides is not None:
        if not overrides.is_file():
            raise NotFoundError(f"There is no networks file {overrides}.", "Check the path.")
        tables |= _toml(overrides.read_text(), str(overrides))
    if name not in tables:
        raise NotFoundError(f"There is no network {name}.", f"Known are: {', '.join(sorted(tables))}.")
    table = dict(tables[name])
    mistakes = _addresses(name, table, environment)
    try:
        network = Network.model_validate({"name": name, **table})
    except ValidationError as error:
        mistakes += _mistakes(name, error)
    if mistakes:
        raise InputError(f"The network {name} is not usable.", "", tuple(mistakes))
    return network


def split_urls(text: str) -> list[str]:
    """Several addresses, separated by commas."""
    return [url.strip() for url in text.split(",") if url.strip()]


def _addresses(name: str, table: dict[str, Any], environment: Mapping[str, str]) -> list[Mistake]:
    """Puts the addresses of nodes into `table`, those of the environment first; what is wrong with that."""
    mistakes: list[Mistake] = []
    variable = table.pop("url_variable", None)
    single = table.pop("url", None)
    if single is not None and "urls" in table:
        mistakes.append(Mistake(f"{name}.url", "stands beside urls: put it there"))
    if variable is not None and variable in environment:
        table["urls"] = split_urls(environment[variable])
    elif single is not None:
        table.setdefault("urls", [single])
    elif "urls" not in table:
        what = f"set the variable {variable} to the address of a node" if variable else "names no node"
        mistakes.append(Mistake(f"{name}.url", what))
        table["urls"] = ["http://missing"]  # so that the other mistakes are found as well
    for field in ("ws_url", "private_url"):
        override = f"EVENKEEL_{name.upper()}_{field.upper()}"
        if override in environment:
            table[field] = environment[override]
    return mistakes


def load_tokens(network: Network, directory: Path) -> dict[str, Token]:
    """The network's tokens and those that a development world has written to ``deployments/<chainId>/tokens.json``.

    Raises
    ------
    InputError
        With every mistake of that file.
    """
    path = directory / "tokens.json"
    if not path.is_file():
        return dict(network.tokens)
    try:
        return {**network.tokens, **_TOKENS.validate_python(json.loads(path.read_text()))}
    except json.JSONDecodeError as error:
        raise InputError(f"{path} is no JSON document: {error}", "Deploy the tokens again.") from None
    except ValidationError as error:
        raise InputError(f"{path} does not list tokens.", "Deploy the tokens again.", _mistakes("", error)) from None


def _toml(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where} is no TOML document: {error}", "Correct the line that it names.") from None


def _mistakes(name: str, error: ValidationError) -> tuple[Mistake, ...]:
    return tuple(
        Mistake(".".join(str(part) for part in (name, *item["loc"]) if part != ""), _words(item["msg"]))
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    )


def _words(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Extra inputs are not permitted", "is no setting of a network")
