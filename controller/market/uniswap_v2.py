"""Quotes of Uniswap V2 pairs, exact: from their reserves, by their own formula in integers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from eth_utils.crypto import keccak

from controller.chain.abi import checksum, decode
from controller.chain.client import Chain
from controller.market.quotes import Path, paths
from controller.model import BlockRef

FEE = 3_000
"""{1e-6} of every pair."""
_RESERVES = keccak(text="getReserves()")[:4]
_ANSWER = ("uint112", "uint112", "uint32")
_MOST = 2**112 - 1
"""{qTok} the largest reserve that a pair can hold."""

Reserves = dict[str, int]
"""{qTok} of each of a pair's two tokens; empty for a pair that does not exist."""


@dataclass(frozen=True, slots=True)
class UniswapV2:
    """A venue over Uniswap V2.

    Parameters
    ----------
    address : of the UniswapV2Venue that mandates name.
    factory : deployer of the pairs.
    pair_init_code_hash : keccak256 of their creation code, from which their addresses follow.
    hubs : tokens that two pairs may be joined over.
    """

    chain: Chain
    address: str
    factory: str
    pair_init_code_hash: bytes
    hubs: tuple[str, ...]
    read: dict[bytes, dict[str, Reserves]] = field(default_factory=dict, compare=False, repr=False)
    """By address, the pairs of the newest block that was asked for: many vaults share them."""

    def pools(self, block: BlockRef) -> UniswapV2Pools:
        if block.hash not in self.read:
            self.read.clear()
        return UniswapV2Pools(self, block, self.read.setdefault(block.hash, {}))

    def pair(self, one: str, other: str) -> str:
        """Where the pair of two tokens is, or would be."""
        return _place(self.factory, self.pair_init_code_hash, frozenset((one, other)))


@lru_cache(maxsize=65_536)
def _place(factory: str, code_hash: bytes, tokens: frozenset[str]) -> str:
    salt = keccak(b"".join(sorted(bytes.fromhex(token[2:]) for token in tokens)))
    return checksum(keccak(b"\xff" + bytes.fromhex(factory[2:]) + salt + code_hash)[12:])


@dataclass(slots=True)
class UniswapV2Pools:
    """The pairs at one block; what a trade leaves behind is exact, in both directions."""

    venue: UniswapV2
    block: BlockRef
    known: dict[str, Reserves]
    moved: dict[str, Reserves] = field(default_factory=dict)

    def paths(self, sell: str, buy: str) -> Iterator[Path]:
        return paths(sell, buy, (FEE,), self.venue.hubs)

    def load(self, wanted: Iterable[Path]) -> None:
        """Reads the pairs of all these paths in one round trip."""
        hops = {self.venue.pair(sell, buy): (sell, buy) for path in wanted for sell, _, buy in path}
        new = {pair: tokens for pair, tokens in hops.items() if pair not in self.known}
        answers = self.venue.chain.calls([(pair, _RESERVES) for pair in new], self.block) if new else []
        for (pair, tokens), answer in zip(new.items(), answers, strict=True):
            self.known[pair] = _reserves(answer, tokens)

    def through(self, path: Path, amount: int) -> int:
        for sell, _, buy in path:
            amount = amount_out(self._reserves(sell, buy), sell, buy, amount)
        return amount

    def spend(self, path: Path, amount: int) -> None:
        for sell, _, buy in path:
            reserves = self._reserves(sell, buy)
            received = amount_out(reserves, sell, buy, amount)
            self.moved[self.venue.pair(sell, buy)] = {sell: reserves[sell] + amount, buy: reserves[buy] - received}
            amount = received

    def route(self, path: Path) -> bytes:
        """Nothing for one pair, the token between for two (contracts/venues/UniswapV2Venue.sol)."""
        return b"".join(bytes.fromhex(token[2:]) for _, _, token in path[:-1])

    def _reserves(self, sell: str, buy: str) -> Reserves:
        pair = self.venue.pair(sell, buy)
        return self.moved.get(pair, self.known[pair])


def _reserves(answer: bytes, tokens: tuple[str, str]) -> Reserves:
    if not answer:
        return {}
    first, second, _ = decode(_ANSWER, answer)
    return dict(zip(sorted(tokens, key=lambda token: int(token, 16)), (first, second), strict=True))


def amount_out(reserves: Reserves, sell: str, buy: str, amount: int) -> int:
    """{qTok of buy} rounded down, as UniswapV2Library.getAmountOut; 0 when the pair cannot take the amount.

    out = in * 997 * reserve out / (reserve in * 1,000 + in * 997)
    """
    if not reserves or amount == 0 or reserves[sell] + amount > _MOST:
        return 0
    paid = amount * 997
    return paid * reserves[buy] // (reserves[sell] * 1_000 + paid)
