"""Quotes of Uniswap V3 pools, from its own QuoterV2."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from eth_utils.crypto import keccak

from controller.chain.abi import decode, encode
from controller.chain.client import Chain
from controller.errors import RevertError
from controller.market.quotes import Hop, Path, paths
from controller.model import BlockRef

_QUOTE = keccak(text="quoteExactInput(bytes,uint256)")[:4]
_ANSWER = ("uint256", "uint160[]", "uint32[]", "uint256")
_ENDS = (4_295_128_740, 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_341)
"""X96 square roots of price at which a pool has nothing left on one side: it took only a part of the amount."""


@dataclass(frozen=True, slots=True)
class UniswapV3:
    """A venue over Uniswap V3.

    Parameters
    ----------
    address : of the UniswapV3Venue that mandates name.
    quoter : of Uniswap's QuoterV2.
    fees : {1e-6} fee tiers to look for pools in.
    hubs : tokens that two pools may be joined over.
    """

    chain: Chain
    address: str
    quoter: str
    fees: tuple[int, ...]
    hubs: tuple[str, ...]

    def pools(self, block: BlockRef) -> UniswapV3Pools:
        return UniswapV3Pools(self, block)


@dataclass(slots=True)
class UniswapV3Pools:
    """The pools at one block.

    A pool's output does not depend on how its input is split, but for rounding, so a second trade gets the quote of
    both inputs together less the quote of the first. What a trade moves in the other direction is not counted: it can
    only make the real output larger.
    """

    venue: UniswapV3
    block: BlockRef
    spent: dict[Hop, int] = field(default_factory=dict)
    known: dict[tuple[Hop, int], int] = field(default_factory=dict)

    def paths(self, sell: str, buy: str) -> Iterator[Path]:
        return paths(sell, buy, self.venue.fees, self.venue.hubs)

    def through(self, path: Path, amount: int) -> int:
        for hop in path:
            amount = self._out(hop, amount)
        return amount

    def spend(self, path: Path, amount: int) -> None:
        for hop in path:
            received = self._out(hop, amount)
            self.spent[hop] = self.spent.get(hop, 0) + amount
            amount = received

    def route(self, path: Path) -> bytes:
        """`fee` for one hop, `fee ++ hub ++ fee` for two (contracts/venues/UniswapV3Venue.sol)."""
        fees = [fee.to_bytes(3, "big") for _, fee, _ in path]
        return fees[0] if len(path) == 1 else fees[0] + bytes.fromhex(path[0][2][2:]) + fees[1]

    def _out(self, hop: Hop, amount: int) -> int:
        before = self.spent.get(hop, 0)
        if amount == 0:
            return 0
        both = self._quote(hop, before + amount)
        return both - self._quote(hop, before) if both and before else both

    def _quote(self, hop: Hop, amount: int) -> int:
        if (hop, amount) not in self.known:
            self.known[hop, amount] = self._ask(hop, amount)
        return self.known[hop, amount]

    def _ask(self, hop: Hop, amount: int) -> int:
        """One call of the quoter; 0 for a pool that does not exist or cannot take the whole amount."""
        sell, fee, buy = hop
        path = bytes.fromhex(sell[2:]) + fee.to_bytes(3, "big") + bytes.fromhex(buy[2:])
        data = _QUOTE + encode(("bytes", "uint256"), (path, amount))
        try:
            answer = self.venue.chain.call(self.venue.quoter, data, self.block)
        except RevertError:
            return 0
        amount_out, after, _, _ = decode(_ANSWER, answer)
        return 0 if after[0] in _ENDS else int(amount_out)
