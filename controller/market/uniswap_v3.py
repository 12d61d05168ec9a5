"""Quotes of Uniswap V3 pools, exact: from their ticks at one block, by their own arithmetic in integers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from eth_utils.crypto import keccak

from controller.chain.abi import checksum, decode, encode
from controller.chain.client import Chain
from controller.market import concentrated
from controller.market.concentrated import WORD, Standing
from controller.market.quotes import Hop, Path, paths
from controller.market.ticks import MAX_TICK, MIN_TICK
from controller.model import BlockRef

FIRST_WORDS = 4
"""Words of the bitmap read to either side of the price at first; twice as many whenever a swap walks out of them."""

_SLOT0, _LIQUIDITY, _SPACING = (keccak(text=f"{name}()")[:4] for name in ("slot0", "liquidity", "tickSpacing"))
_BITMAP, _TICKS = keccak(text="tickBitmap(int16)")[:4], keccak(text="ticks(int24)")[:4]
_SLOT0_ANSWER = ("uint160", "int24", "uint16", "uint16", "uint16", "uint8", "bool")
_TICK_ANSWER = ("uint128", "int128")


@dataclass(frozen=True, slots=True)
class UniswapV3:
    """A venue over Uniswap V3.

    Parameters
    ----------
    address : of the UniswapV3Venue that mandates name.
    factory : deployer of the pools.
    pool_init_code_hash : keccak256 of their creation code, from which their addresses follow.
    fees : {1e-6} fee tiers to look for pools in.
    hubs : tokens that two pools may be joined over.
    """

    chain: Chain
    address: str
    factory: str
    pool_init_code_hash: bytes
    fees: tuple[int, ...]
    hubs: tuple[str, ...]
    read: dict[bytes, dict[str, Pool | None]] = field(default_factory=dict, compare=False, repr=False)
    """By address, the pools of the newest block that was asked for: many vaults share them."""

    def pools(self, block: BlockRef) -> UniswapV3Pools:
        if block.hash not in self.read:
            self.read.clear()
        return UniswapV3Pools(self, block, self.read.setdefault(block.hash, {}))

    def pool(self, one: str, other: str, fee: int) -> str:
        """Where the pool of two tokens is, or would be."""
        return _place(self.factory, self.pool_init_code_hash, frozenset((one, other)), fee)


@lru_cache(maxsize=65_536)
def _place(factory: str, code_hash: bytes, tokens: frozenset[str], fee: int) -> str:
    first, second = sorted(bytes.fromhex(token[2:]) for token in tokens)
    salt = keccak(encode(("address", "address", "uint24"), (first, second, fee)))
    return checksum(keccak(b"\xff" + bytes.fromhex(factory[2:]) + salt + code_hash)[12:])


@dataclass(slots=True)
class Pool:
    """One pool at one block; more of its ticks are read as swaps walk to them."""

    chain: Chain
    block: BlockRef
    address: str
    fee: int  # {1e-6}
    spacing: int  # {tick}
    standing: Standing
    words: dict[int, int] = field(default_factory=dict)
    nets: dict[int, int] = field(default_factory=dict)
    reach: int = FIRST_WORDS

    def word(self, position: int) -> int:
        while position not in self.words:
            self.reach *= 2
            read_words([self])
        return self.words[position]

    def net(self, tick: int) -> int:
        return self.nets[tick]

    @property
    def missing(self) -> list[int]:
        """Words within reach that are not read yet."""
        middle = self.standing.tick // self.spacing // WORD
        lowest, highest = MIN_TICK // self.spacing // WORD, MAX_TICK // self.spacing // WORD
        within = range(max(middle - self.reach, lowest), min(middle + self.reach, highest) + 1)
        return [position for position in within if position not in self.words]


@dataclass(slots=True)
class UniswapV3Pools:
    """The pools at one block; what a trade leaves behind is exact, in both directions."""

    venue: UniswapV3
    block: BlockRef
    known: dict[str, Pool | None]
    moved: dict[str, Standing] = field(default_factory=dict)

    def paths(self, sell: str, buy: str) -> Iterator[Path]:
        return paths(sell, buy, self.venue.fees, self.venue.hubs)

    def load(self, wanted: Iterable[Path]) -> None:
        """Reads the pools of all these paths in three round trips."""
        hops = {self._address(hop): hop for path in wanted for hop in path}
        new = {address: hop for address, hop in hops.items() if address not in self.known}
        if not new:
            return
        asked = [(address, data) for address in new for data in (_SLOT0, _LIQUIDITY, _SPACING)]
        answers = iter(self.venue.chain.calls(asked, self.block))
        for (address, (_, fee, _)), slot0, liquidity, spacing in zip(
            new.items(), answers, answers, answers, strict=True
        ):
            self.known[address] = self._pool(address, fee, slot0, liquidity, spacing)
        read_words([pool for address in new if (pool := self.known[address]) is not None])

    def through(self, path: Path, amount: int) -> int:
        for hop in path:
            amount, _ = self._swap(hop, amount)
        return amount

    def spend(self, path: Path, amount: int) -> None:
        for hop in path:
            amount, standing = self._swap(hop, amount)
            if standing is not None:
                self.moved[self._address(hop)] = standing

    def route(self, path: Path) -> bytes:
        """`fee` for one hop, `fee ++ hub ++ fee` for two (contracts/venues/UniswapV3Venue.sol)."""
        fees = [fee.to_bytes(3, "big") for _, fee, _ in path]
        return fees[0] if len(path) == 1 else fees[0] + bytes.fromhex(path[0][2][2:]) + fees[1]

    def _swap(self, hop: Hop, amount: int) -> tuple[int, Standing | None]:
        """{qTok out}, 0 where there is no pool or it cannot take the whole amount; and how it stands afterwards."""
        address, (sell, _, buy) = self._address(hop), hop
        pool = self.known[address]
        if pool is None or amount == 0:
            return 0, None
        done = concentrated.swap(
            pool, self.moved.get(address, pool.standing), amount, down=int(sell, 16) < int(buy, 16)
        )
        return (0, None) if done.left else (done.given, done.standing)

    def _address(self, hop: Hop) -> str:
        sell, fee, buy = hop
        return self.venue.pool(sell, buy, fee)

    def _pool(self, address: str, fee: int, slot0: bytes, liquidity: bytes, spacing: bytes) -> Pool | None:
        """None where there is no pool, or one that has no price yet."""
        if not slot0:
            return None
        price, tick = decode(_SLOT0_ANSWER, slot0)[:2]
        standing = Standing(price, tick, decode(("uint128",), liquidity)[0])
        found = Pool(self.venue.chain, self.block, address, fee, decode(("int24",), spacing)[0], standing)
        return found if price else None


def read_words(pools: Iterable[Pool]) -> None:
    """What is missing of each pool's bitmap, and of the ticks in it, in two round trips.

    All pools are of one chain and block.
    """
    wanted = [(pool, position) for pool in pools for position in pool.missing]
    if not wanted:
        return
    chain, block = wanted[0][0].chain, wanted[0][0].block
    calls = [(pool.address, _BITMAP + encode(("int16",), (position,))) for pool, position in wanted]
    ends: list[tuple[Pool, int]] = []
    for (pool, position), answer in zip(wanted, chain.calls(calls, block), strict=True):
        word = pool.words[position] = int.from_bytes(answer)
        ends += [(pool, (position * WORD + bit) * pool.spacing) for bit in range(WORD) if word >> bit & 1]
    calls = [(pool.address, _TICKS + encode(("int24",), (tick,))) for pool, tick in ends]
    for (pool, tick), answer in zip(ends, chain.calls(calls, block) if calls else (), strict=True):
        pool.nets[tick] = decode(_TICK_ANSWER, answer[:64])[1]
