"""Quotes of Uniswap V3 pools, from its own QuoterV2 at a pinned block: fee and impact included."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from eth_utils.crypto import keccak

from controller.chain.abi import decode, encode
from controller.chain.client import Chain
from controller.errors import RevertError
from controller.model import BlockRef, Quote, Snapshot
from controller.planning.plan import Want, best

_QUOTE = keccak(text="quoteExactInput(bytes,uint256)")[:4]
_ANSWER = ("uint256", "uint160[]", "uint32[]", "uint256")
_ENDS = (4_295_128_740, 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_341)
"""X96 square roots of price at which a pool has nothing left on one side: it took only a part of the amount."""

Hop = tuple[str, int, str]
"""Token in, fee {1e-6}, token out: one pool in one direction."""


QuoteReader = Callable[[Snapshot, tuple[Want, ...]], Sequence[Quote]]
"""Quotes for the wants of one snapshot, read at its block."""


@dataclass(frozen=True, slots=True)
class Routes:
    """Where to look for pools."""

    venue: int  # index into the mandate's venues
    fees: tuple[int, ...]  # {1e-6} fee tiers
    hubs: tuple[str, ...]  # tokens that a two-hop route may go through


@dataclass(frozen=True, slots=True)
class UniswapV3Quotes:
    """A `QuoteReader` over Uniswap V3."""

    chain: Chain
    quoter: str
    routes: Routes

    def __call__(self, snapshot: Snapshot, wants: tuple[Want, ...]) -> list[Quote]:
        tokens = [asset.token for asset in snapshot.mandate.assets]
        return uniswap_v3_quotes(self.chain, self.quoter, snapshot.block, wants, tokens, self.routes)


def uniswap_v3_quotes(
    chain: Chain, quoter: str, block: BlockRef, wants: Sequence[Want], tokens: Sequence[str], routes: Routes
) -> list[Quote]:
    """What each want would return, over every route that exists.

    The wants are quoted in their order, each against what the best routes of those before it leave in the pools: two
    trades of one plan often share a pool, and the second gets less. A pool's output does not depend on how its input is
    split, but for rounding, so the second trade gets the quote of both inputs together less the quote of the first.
    What a trade moves in the other direction is not counted: it can only make the real output larger.

    Parameters
    ----------
    quoter : address of Uniswap's QuoterV2.
    wants : amounts in {qTok of sell}.
    tokens : address of each asset of the mandate.

    Returns
    -------
    Any number of quotes for each want: none where no pool exists, a pool cannot take the amount, or nothing comes out.
    """
    pools = _Pools(chain, quoter, block)
    quotes: list[Quote] = []
    for want in wants:
        found: dict[Quote, tuple[Hop, ...]] = {}
        for hops in _paths(tokens[want.sell], tokens[want.buy], routes):
            amount_out = pools.through(hops, want.amount_in)
            if amount_out > 0:
                route = _route(hops)
                found[Quote(want.sell, want.buy, routes.venue, want.amount_in, amount_out, route)] = hops
        chosen = best(want, tuple(found))
        if chosen is not None:
            pools.spend(found[chosen], want.amount_in)
        quotes += found
    return quotes


def _paths(sell: str, buy: str, routes: Routes) -> Iterator[tuple[Hop, ...]]:
    for fee in routes.fees:
        yield ((sell, fee, buy),)
    for hub in routes.hubs:
        if hub not in (sell, buy):
            yield from (((sell, first, hub), (hub, second, buy)) for first in routes.fees for second in routes.fees)


def _route(hops: tuple[Hop, ...]) -> bytes:
    """`fee` for one hop, `fee ++ hub ++ fee` for two (contracts/venues/UniswapV3Venue.sol)."""
    fees = [fee.to_bytes(3, "big") for _, fee, _ in hops]
    return fees[0] if len(hops) == 1 else fees[0] + bytes.fromhex(hops[0][2][2:]) + fees[1]


@dataclass(slots=True)
class _Pools:
    """The pools at one block, with what earlier wants have put into them."""

    chain: Chain
    quoter: str
    block: BlockRef
    spent: dict[Hop, int] = field(default_factory=dict)
    known: dict[tuple[Hop, int], int] = field(default_factory=dict)

    def through(self, hops: tuple[Hop, ...], amount: int) -> int:
        """{qTok} out of the last hop; 0 when any hop gives nothing."""
        for hop in hops:
            amount = self._out(hop, amount)
        return amount

    def spend(self, hops: tuple[Hop, ...], amount: int) -> None:
        for hop in hops:
            received = self._out(hop, amount)
            self.spent[hop] = self.spent.get(hop, 0) + amount
            amount = received

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
        try:
            answer = self.chain.call(self.quoter, _QUOTE + encode(("bytes", "uint256"), (path, amount)), self.block)
        except RevertError:
            return 0
        amount_out, after, _, _ = decode(_ANSWER, answer)
        return 0 if after[0] in _ENDS else int(amount_out)
