"""Which routes are asked, in which order, and what trades of one plan leave to one another; real pools: chain tests."""

from __future__ import annotations

from typing import cast

import pytest
from planning_pieces import NOW, address, make_mandate, make_snapshot

from controller.chain.abi import decode, encode
from controller.chain.client import Chain
from controller.errors import NodeError, RevertError
from controller.market.quotes import Hop, Routes, UniswapV3Quotes, uniswap_v3_quotes
from controller.model import BlockRef, Quote
from controller.planning.plan import Want

BLOCK = BlockRef(7, b"\x01" * 32, NOW)
QUOTER, HUB, OTHER_HUB = address(50), address(60), address(61)
TOKENS = (address(1), address(2), address(3))
ROUTES = Routes(venue=2, fees=(500, 3_000), hubs=(HUB,))
EMPTIED = 4_295_128_740


class FakeChain:
    """Answers as QuoterV2 does: constant-product pools with `reserves`, a fee, and a revert where there is no pool."""

    def __init__(self, pools: dict[Hop, int], emptied: frozenset[Hop] = frozenset()) -> None:
        self.pools = pools
        self.emptied = emptied
        self.asked: list[tuple[Hop, int]] = []
        self.broken = False

    def call(self, to: str, data: bytes, block: BlockRef, sender: str | None = None) -> bytes:
        assert (to, block, sender) == (QUOTER, BLOCK, None)
        assert data[:4].hex() == "cdca1753"  # quoteExactInput(bytes,uint256)
        if self.broken:
            raise NodeError("The node is away.")
        path, amount = decode(("bytes", "uint256"), data[4:])
        hop = ("0x" + path[:20].hex(), int.from_bytes(path[20:23], "big"), "0x" + path[23:].hex())
        self.asked.append((hop, amount))
        if hop not in self.pools:
            raise RevertError("Unknown", {})
        after = EMPTIED if hop in self.emptied else 2**96
        return encode(("uint256", "uint160[]", "uint32[]", "uint256"), (self.out(hop, amount), [after], [0], 0))

    def out(self, hop: Hop, amount: int) -> int:
        paid = amount * (10**6 - hop[1]) // 10**6
        return self.pools[hop] * paid // (self.pools[hop] + paid)


def quotes(chain: FakeChain, *wants: Want, routes: Routes = ROUTES) -> list[Quote]:
    return uniswap_v3_quotes(cast(Chain, chain), QUOTER, BLOCK, wants, TOKENS, routes)


def test_quotes__over_every_route_that_exists__then_one_each_with_its_packed_route() -> None:
    direct = (TOKENS[0], 3_000, TOKENS[1])
    first, second = (TOKENS[0], 500, HUB), (HUB, 3_000, TOKENS[1])
    chain = FakeChain({direct: 10**9, first: 10**9, second: 10**9})
    found = quotes(chain, Want(0, 1, 1_000))
    through = chain.out(second, chain.out(first, 1_000))
    assert found == [
        Quote(0, 1, 2, 1_000, chain.out(direct, 1_000), bytes.fromhex("000bb8")),
        Quote(0, 1, 2, 1_000, through, bytes.fromhex("0001f4" + HUB[2:] + "000bb8")),
    ]


def test_quotes__when_no_pool_exists__then_none() -> None:
    assert quotes(FakeChain({}), Want(0, 1, 1_000)) == []


def test_quotes__when_a_pool_cannot_take_the_whole_amount__then_it_does_not_count() -> None:
    hop = (TOKENS[0], 500, TOKENS[1])
    assert quotes(FakeChain({hop: 10**9}, frozenset({hop})), Want(0, 1, 1_000)) == []


def test_quotes__when_a_trade_is_too_small_to_return_anything__then_none() -> None:
    first, second = (TOKENS[0], 500, HUB), (HUB, 500, TOKENS[1])
    assert quotes(FakeChain({first: 10**9, second: 10**9}), Want(0, 1, 1)) == []


def test_quotes__when_the_node_is_away__then_the_error_is_not_taken_for_a_missing_pool() -> None:
    chain = FakeChain({})
    chain.broken = True
    with pytest.raises(NodeError):
        quotes(chain, Want(0, 1, 1_000))


def test_quotes__when_the_hub_is_what_is_traded__then_only_direct() -> None:
    pool = (TOKENS[0], 500, TOKENS[1])
    routes = Routes(0, (500,), (TOKENS[1], OTHER_HUB))
    chain = FakeChain({pool: 10**9})
    assert [quote.route for quote in quotes(chain, Want(0, 1, 1_000), routes=routes)] == [bytes.fromhex("0001f4")]
    assert [hop for hop, _ in chain.asked] == [pool, (TOKENS[0], 500, OTHER_HUB)]


def test_quotes__when_two_trades_share_a_pool__then_the_second_gets_what_the_first_leaves() -> None:
    shared, one, other = (TOKENS[0], 500, HUB), (HUB, 500, TOKENS[1]), (HUB, 500, TOKENS[2])
    chain = FakeChain({shared: 10**9, one: 10**9, other: 10**9})
    routes = Routes(0, (500,), (HUB,))
    both = quotes(chain, Want(0, 1, 10**8), Want(0, 2, 10**8), routes=routes)
    alone = quotes(chain, Want(0, 2, 10**8), routes=routes)
    hub = chain.out(shared, 2 * 10**8) - chain.out(shared, 10**8)
    assert both[1].amount_out == chain.out(other, hub)
    assert both[1].amount_out < alone[0].amount_out == both[0].amount_out


def test_quotes__of_each_hop__then_asked_once() -> None:
    first, second = (TOKENS[0], 500, HUB), (HUB, 500, TOKENS[1])
    chain = FakeChain({first: 10**9, second: 10**9})
    quotes(chain, Want(0, 1, 10**6))
    assert len(chain.asked) == len(set(chain.asked))


def test_reader__for_a_snapshot__then_at_its_block_with_its_tokens() -> None:
    hop = (TOKENS[0], 500, TOKENS[1])
    chain = FakeChain({hop: 10**9})
    snapshot = make_snapshot(make_mandate((5_000, 3_000, 2_000)), (1, 1, 1), (1, 1, 1), block=BLOCK)
    reader = UniswapV3Quotes(cast(Chain, chain), QUOTER, Routes(0, (500,), ()))
    assert reader(snapshot, (Want(0, 1, 1_000),)) == [Quote(0, 1, 0, 1_000, chain.out(hop, 1_000), b"\x00\x01\xf4")]
