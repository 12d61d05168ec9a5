"""Which routes are asked, in which order, and what trades of one plan leave to one another; real pools: chain tests."""

from __future__ import annotations

from typing import cast

import pytest
from planning_pieces import NOW, address, make_mandate, make_snapshot

from controller.chain.abi import decode, encode
from controller.chain.client import Chain
from controller.errors import NodeError, RevertError
from controller.market.quotes import Hop, VenueQuotes
from controller.market.uniswap_v2 import UniswapV2
from controller.market.uniswap_v3 import UniswapV3
from controller.model import BlockRef, Quote
from controller.planning.plan import Want

BLOCK = BlockRef(7, b"\x01" * 32, NOW)
QUOTER, HUB, OTHER_HUB = address(50), address(60), address(61)
TOKENS = (address(1), address(2), address(3))
VENUE, SECOND = address(70), address(71)
NAMED = (address(72), address(73), VENUE, SECOND)
FEES, HUBS = (500, 3_000), (HUB,)
FACTORY, PAIR_HASH = address(80), bytes.fromhex("96e8ac4277198ff8b6f785478aa9a39f403cb768dd02cbee326c3e7da348845f")
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


def quotes(chain: FakeChain, *wants: Want, fees: tuple[int, ...] = FEES, hubs: tuple[str, ...] = HUBS) -> list[Quote]:
    venue = UniswapV3(cast(Chain, chain), VENUE, QUOTER, fees, hubs)
    return VenueQuotes((venue,)).at(BLOCK, wants, TOKENS, NAMED)


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
    chain = FakeChain({pool: 10**9})
    found = quotes(chain, Want(0, 1, 1_000), fees=(500,), hubs=(TOKENS[1], OTHER_HUB))
    assert [quote.route for quote in found] == [bytes.fromhex("0001f4")]
    assert [hop for hop, _ in chain.asked] == [pool, (TOKENS[0], 500, OTHER_HUB)]


def test_quotes__when_two_trades_share_a_pool__then_the_second_gets_what_the_first_leaves() -> None:
    shared, one, other = (TOKENS[0], 500, HUB), (HUB, 500, TOKENS[1]), (HUB, 500, TOKENS[2])
    chain = FakeChain({shared: 10**9, one: 10**9, other: 10**9})
    both = quotes(chain, Want(0, 1, 10**8), Want(0, 2, 10**8), fees=(500,))
    alone = quotes(chain, Want(0, 2, 10**8), fees=(500,))
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
    named = UniswapV3(cast(Chain, chain), snapshot.mandate.venues[0], QUOTER, (500,), ())
    other = UniswapV3(cast(Chain, chain), VENUE, QUOTER, (500,), ())
    expected = [Quote(0, 1, 0, 1_000, chain.out(hop, 1_000), b"\x00\x01\xf4")]
    assert VenueQuotes((other, named))(snapshot, (Want(0, 1, 1_000),)) == expected
    assert VenueQuotes((other,))(snapshot, (Want(0, 1, 1_000),)) == [], "a venue that the mandate does not name"


class Pairs(FakeChain):
    """Answers as Uniswap V2 pairs do, and as QuoterV2 of no pool at all."""

    def __init__(self, reserves: dict[str, tuple[int, int]]) -> None:
        super().__init__({})
        self.reserves = reserves

    def call(self, to: str, data: bytes, block: BlockRef, sender: str | None = None) -> bytes:
        if to == QUOTER:
            return super().call(to, data, block, sender)
        assert data.hex() == "0902f1ac"  # getReserves()
        if to not in self.reserves:
            return b""
        return encode(("uint112", "uint112", "uint32"), (*self.reserves[to], 0))


def v2(chain: FakeChain, hubs: tuple[str, ...] = ()) -> UniswapV2:
    return UniswapV2(cast(Chain, chain), SECOND, FACTORY, PAIR_HASH, hubs)


def test_pair__of_two_tokens_on_mainnet__then_where_it_is_known_to_be() -> None:
    usdc, weth = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
    factory = "0x5C69bEe701ef814a2B6a3EDD4B1652CB9cc5aA6f"
    mainnet = UniswapV2(cast(Chain, None), SECOND, factory, PAIR_HASH, ())
    assert mainnet.pair(usdc, weth) == mainnet.pair(weth, usdc) == "0xB4e16d0168e52d35CaCD2c6185b44281Ec28C9Dc"


def test_v2_quotes__over_a_pair__then_as_its_library_rounds() -> None:
    pair = v2(FakeChain({})).pair(TOKENS[0], TOKENS[1])
    (quote,) = VenueQuotes((v2(Pairs({pair: (10**9, 2 * 10**9)})),)).at(BLOCK, [Want(0, 1, 1_000)], TOKENS, NAMED)
    assert quote == Quote(0, 1, 3, 1_000, 997_000 * 2 * 10**9 // (10**12 + 997_000), b"")
    (back,) = VenueQuotes((v2(Pairs({pair: (10**9, 2 * 10**9)})),)).at(BLOCK, [Want(1, 0, 1_000)], TOKENS, NAMED)
    assert back.amount_out == 997_000 * 10**9 // (2 * 10**12 + 997_000)


def test_v2_quotes__over_two_pairs__then_by_way_of_the_hub() -> None:
    pairs = v2(FakeChain({}))
    first, second = pairs.pair(TOKENS[0], HUB), pairs.pair(HUB, TOKENS[1])
    chain = Pairs({first: (10**9, 10**9), second: (10**9, 10**9)})
    (quote,) = VenueQuotes((v2(chain, (HUB,)),)).at(BLOCK, [Want(0, 1, 10**6)], TOKENS, NAMED)
    middle = 997 * 10**6 * 10**9 // (10**12 + 997 * 10**6)
    assert quote.amount_out == 997 * middle * 10**9 // (10**12 + 997 * middle)
    assert quote.route == bytes.fromhex(HUB[2:])


@pytest.mark.parametrize("amount", [0, 2**112])
def test_v2_quotes__when_a_pair_cannot_take_the_amount__then_none(amount: int) -> None:
    pair = v2(FakeChain({})).pair(TOKENS[0], TOKENS[1])
    chain = Pairs({pair: (10**9, 10**9)})
    assert VenueQuotes((v2(chain),)).at(BLOCK, [Want(0, 1, amount)], TOKENS, NAMED) == []
    assert VenueQuotes((v2(Pairs({})),)).at(BLOCK, [Want(0, 1, 10**6)], TOKENS, NAMED) == []


def test_v2_quotes__when_trades_share_a_pair__then_the_product_never_falls_and_coming_back_loses() -> None:
    pair = v2(FakeChain({})).pair(TOKENS[0], TOKENS[1])
    there, again, back = VenueQuotes((v2(Pairs({pair: (10**9, 10**9)})),)).at(
        BLOCK, [Want(0, 1, 10**8), Want(0, 1, 10**8), Want(1, 0, 10**8)], TOKENS, NAMED
    )
    assert again.amount_out < there.amount_out
    out = there.amount_out + again.amount_out
    reserves = (10**9 + 2 * 10**8, 10**9 - out)
    assert back.amount_out == 997 * 10**8 * reserves[0] // (reserves[1] * 1_000 + 997 * 10**8)


def test_quotes__of_two_venues__then_each_named_by_its_place_and_the_better_one_spent() -> None:
    hop = (TOKENS[0], 500, TOKENS[1])
    pair = v2(FakeChain({})).pair(TOKENS[0], TOKENS[1])
    chain = Pairs({pair: (10**12, 10**12)})
    chain.pools = {hop: 10**7}
    venues = (UniswapV3(cast(Chain, chain), VENUE, QUOTER, (500,), ()), v2(chain))
    found = VenueQuotes(venues).at(BLOCK, [Want(0, 1, 10**6), Want(0, 1, 10**6)], TOKENS, NAMED)
    assert [quote.venue for quote in found] == [2, 3, 2, 3]
    assert found[2].amount_out == found[0].amount_out, "nothing was spent there"
    assert found[3].amount_out < found[1].amount_out
