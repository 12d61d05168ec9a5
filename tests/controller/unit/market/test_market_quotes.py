"""Which routes are asked, in which order, and what trades of one plan leave to one another; real pools: chain tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest
from eth_utils.crypto import keccak
from planning_pieces import NOW, address, make_mandate, make_snapshot

from controller.chain.abi import decode, encode
from controller.chain.client import Chain
from controller.errors import NodeError
from controller.market.quotes import Hop, VenueQuotes
from controller.market.uniswap_v2 import UniswapV2
from controller.market.uniswap_v3 import UniswapV3
from controller.model import BlockRef, Quote
from controller.planning.wants import Want, best, taken

BLOCK = BlockRef(7, b"\x01" * 32, NOW)
HUB, OTHER_HUB = address(60), address(61)
TOKENS = (address(1), address(2), address(3))
VENUE, SECOND = address(70), address(71)
NAMED = (address(72), address(73), VENUE, SECOND)
FEES, HUBS = (500, 3_000), (HUB,)
FACTORY, PAIR_HASH = address(80), bytes.fromhex("96e8ac4277198ff8b6f785478aa9a39f403cb768dd02cbee326c3e7da348845f")
POOL_HASH = bytes.fromhex("e34f199b19b2b4f47f68442619d555527d244f78a3297ea89325f843f87b8b54")
FULL_RANGE = 887_272
SPACINGS = {500: 10, 3_000: 60}
SELECTORS = {
    keccak(text=signature)[:4]: signature
    for signature in ("slot0()", "liquidity()", "tickSpacing()", "tickBitmap(int16)", "ticks(int24)")
}


class FakeChain:
    """Answers as Uniswap V3 pools do that all stand at a price of one; nothing where there is no pool."""

    def __init__(self, pools: dict[Hop, int], ends: int = FULL_RANGE) -> None:
        self.ends = ends
        self.venue = v3(self)
        self.pools = {self.venue.pool(sell, buy, fee): (fee, depth) for (sell, fee, buy), depth in pools.items()}
        self.asked: list[tuple[str, bytes]] = []
        self.trips = 0
        self.broken = False

    def calls(self, calls: Sequence[tuple[str, bytes]], block: BlockRef) -> list[bytes]:
        assert block == BLOCK
        if self.broken:
            raise NodeError("The node is away.")
        self.trips += 1
        self.asked += calls
        return [self.answer(*self.pools[to], data) if to in self.pools else b"" for to, data in calls]

    def answer(self, fee: int, depth: int, data: bytes) -> bytes:
        spacing = SPACINGS[fee]
        low, high = -self.ends // spacing * spacing, self.ends // spacing * spacing
        signature = SELECTORS[data[:4]]
        if signature == "slot0()":
            return encode(("uint160", *["uint256"] * 6), (2**96, *[0] * 6))
        if signature == "liquidity()":
            return encode(("uint128",), (depth,))
        if signature == "tickSpacing()":
            return encode(("int24",), (spacing,))
        (argument,) = decode(("int256",), data[4:])
        if signature == "tickBitmap(int16)":
            bits = [tick // spacing - 256 * argument for tick in (low, high)]
            return encode(("uint256",), (sum(1 << bit for bit in bits if 0 <= bit < 256),))
        return encode(("uint128", "int128", "uint256"), (depth, depth if argument == low else -depth, 0))

    def out(self, hop: Hop, amount: int) -> int:
        """x * y = k, the fee taken before: what a pool of full range gives, but for the rounding of its price."""
        depth = self.pools[self.venue.pool(hop[0], hop[2], hop[1])][1]
        paid = amount * (10**6 - hop[1]) // 10**6
        return depth * paid // (depth + paid)


def v3(chain: FakeChain, fees: tuple[int, ...] = FEES, hubs: tuple[str, ...] = HUBS, at: str = VENUE) -> UniswapV3:
    return UniswapV3(cast(Chain, chain), at, FACTORY, POOL_HASH, fees, hubs)


def quotes(chain: FakeChain, *wants: Want, fees: tuple[int, ...] = FEES, hubs: tuple[str, ...] = HUBS) -> list[Quote]:
    return VenueQuotes((v3(chain, fees, hubs),)).at(BLOCK, wants, TOKENS, NAMED)


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
    chain = FakeChain({hop: 10**9}, ends=10)
    assert quotes(chain, Want(0, 1, 10**5)) != []
    assert quotes(chain, Want(0, 1, 10**6)) == [], "beyond the ends of the only range"


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
    places = {chain.venue.pool(TOKENS[0], TOKENS[1], 500)}
    places |= {chain.venue.pool(token, OTHER_HUB, 500) for token in TOKENS[:2]}
    assert {to for to, _ in chain.asked} == places


def test_quotes__when_two_trades_share_a_pool__then_the_second_gets_what_the_first_leaves() -> None:
    shared, one, other = (TOKENS[0], 500, HUB), (HUB, 500, TOKENS[1]), (HUB, 500, TOKENS[2])
    chain = FakeChain({shared: 10**9, one: 10**9, other: 10**9})
    both = quotes(chain, Want(0, 1, 10**8), Want(0, 2, 10**8), fees=(500,))
    alone = quotes(chain, Want(0, 2, 10**8), fees=(500,))
    hub = chain.out(shared, 2 * 10**8) - chain.out(shared, 10**8)
    assert both[1].amount_out == pytest.approx(chain.out(other, hub), abs=2)
    assert both[1].amount_out < alone[0].amount_out == both[0].amount_out


def test_quotes__there_and_back_through_one_pool__then_the_second_finds_what_the_first_left() -> None:
    pool = (TOKENS[0], 500, TOKENS[1])
    there, back = quotes(FakeChain({pool: 10**9}), Want(0, 1, 10**8), Want(1, 0, 10**7), fees=(500,), hubs=())
    alone = quotes(FakeChain({pool: 10**9}), Want(1, 0, 10**7), fees=(500,), hubs=())
    assert back.amount_out > alone[0].amount_out
    assert there.amount_out < 10**8


def test_quotes__of_many_wants_again_and_again__then_pools_are_read_once_for_a_block() -> None:
    first, second = (TOKENS[0], 500, HUB), (HUB, 500, TOKENS[1])
    chain = FakeChain({first: 10**9, second: 10**9})
    reader = VenueQuotes((v3(chain),))
    for amount in (10**6, 2 * 10**6):
        assert reader.at(BLOCK, [Want(0, 1, amount), Want(1, 0, amount)], TOKENS, NAMED)
    assert chain.trips == 2, "pools and bitmaps; no range ends near"
    assert len(chain.asked) == len(set(chain.asked))


def test_quotes__of_a_trade_that_leaves_what_was_read__then_more_is_read() -> None:
    pool = (TOKENS[0], 500, TOKENS[1])
    chain = FakeChain({pool: 10**9})
    (quote,) = quotes(chain, Want(0, 1, 10**11), fees=(500,), hubs=())
    assert quote.amount_out == pytest.approx(chain.out(pool, 10**11), abs=100)  # a unit for each of many words
    assert 3 < chain.trips < 10


def test_reader__for_a_snapshot__then_at_its_block_with_its_tokens() -> None:
    hop = (TOKENS[0], 500, TOKENS[1])
    chain = FakeChain({hop: 10**9})
    snapshot = make_snapshot(make_mandate((5_000, 3_000, 2_000)), (1, 1, 1), (1, 1, 1), block=BLOCK)
    named, other = v3(chain, (500,), (), snapshot.mandate.venues[0]), v3(chain, (500,), ())
    expected = [Quote(0, 1, 0, 1_000, chain.out(hop, 1_000), b"\x00\x01\xf4")]
    assert VenueQuotes((other, named))(snapshot, (Want(0, 1, 1_000),)) == expected
    assert VenueQuotes((other,))(snapshot, (Want(0, 1, 1_000),)) == [], "a venue that the mandate does not name"


class Pairs(FakeChain):
    """Answers as Uniswap V2 pairs do, too."""

    def __init__(self, reserves: dict[str, tuple[int, int]], pools: dict[Hop, int] | None = None) -> None:
        super().__init__(pools or {})
        self.reserves = reserves

    def calls(self, calls: Sequence[tuple[str, bytes]], block: BlockRef) -> list[bytes]:
        answers = super().calls(calls, block)
        for place, (to, _) in enumerate(calls):
            if to in self.reserves:
                answers[place] = encode(("uint112", "uint112", "uint32"), (*self.reserves[to], 0))
        return answers


def v2(chain: FakeChain, hubs: tuple[str, ...] = ()) -> UniswapV2:
    return UniswapV2(cast(Chain, chain), SECOND, FACTORY, PAIR_HASH, hubs)


def test_pair__of_two_tokens_on_mainnet__then_where_it_is_known_to_be() -> None:
    usdc, weth = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
    factory = "0x5C69bEe701ef814a2B6a3EDD4B1652CB9cc5aA6f"
    mainnet = UniswapV2(cast(Chain, None), SECOND, factory, PAIR_HASH, ())
    assert mainnet.pair(usdc, weth) == mainnet.pair(weth, usdc) == "0xB4e16d0168e52d35CaCD2c6185b44281Ec28C9Dc"


def test_pool__of_two_tokens_on_mainnet__then_where_it_is_known_to_be() -> None:
    usdc, weth = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"
    mainnet = UniswapV3(cast(Chain, None), VENUE, "0x1F98431c8aD98523631AE4a59f267346ea31F984", POOL_HASH, (), ())
    assert (
        mainnet.pool(usdc, weth, 500) == mainnet.pool(weth, usdc, 500) == "0x88e6A0c2dDD26FEEb64F039a2c41296FcB3f5640"
    )


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


def test_quotes__of_a_trade_that_may_be_split__then_parts_over_pools_that_share_nothing_return_more() -> None:
    deep, other = (TOKENS[0], 500, TOKENS[1]), (TOKENS[0], 3_000, TOKENS[1])
    first, second = (TOKENS[0], 500, HUB), (HUB, 500, TOKENS[1])
    shallow = (HUB, 3_000, TOKENS[1])
    chain = FakeChain(dict.fromkeys((deep, other, first, second, shallow), 10**12))
    want = Want(0, 1, 10**10, parts=4, smallest=10**8, further=10**3)
    found = quotes(chain, want)
    parts = taken(want, found)
    assert len(parts) == 3, "the fourth route goes through a pool of the third one"
    assert sum(part.amount_in for part in parts) == want.amount_in
    whole = best(want, found)
    assert whole is not None
    assert sum(part.amount_out for part in parts) - 2 * want.further > whole.amount_out
    marginal = [
        chain.out(hop, part.amount_in + 10**6) - chain.out(hop, part.amount_in)
        for hop, part in zip((deep, other), (parts[0], parts[1]), strict=True)
    ]
    assert marginal[0] == pytest.approx(marginal[1], rel=1e-3)


@pytest.mark.parametrize(
    "want",
    [
        Want(0, 1, 10**10, parts=1),
        Want(0, 1, 10**10, parts=4, smallest=10**8, further=10**9),
        Want(0, 1, 10**10, parts=4, smallest=10**10),
        Want(0, 1, 10, parts=4),
    ],
    ids=["not allowed", "not worth the gas", "parts too small", "nothing comes out of a probe"],
)
def test_quotes__of_a_trade_that_is_better_left_whole__then_no_parts(want: Want) -> None:
    chain = FakeChain(dict.fromkeys([(TOKENS[0], 500, TOKENS[1]), (TOKENS[0], 3_000, TOKENS[1])], 10**12))
    assert all(quote.amount_in == want.amount_in for quote in quotes(chain, want))


def test_quotes__of_two_venues__then_each_named_by_its_place_and_the_better_one_spent() -> None:
    hop = (TOKENS[0], 500, TOKENS[1])
    pair = v2(FakeChain({})).pair(TOKENS[0], TOKENS[1])
    chain = Pairs({pair: (10**12, 10**12)}, {hop: 10**7})
    venues = (v3(chain, (500,), ()), v2(chain))
    found = VenueQuotes(venues).at(BLOCK, [Want(0, 1, 10**6), Want(0, 1, 10**6)], TOKENS, NAMED)
    assert [quote.venue for quote in found] == [2, 3, 2, 3]
    assert found[2].amount_out == found[0].amount_out, "nothing was spent there"
    assert found[3].amount_out < found[1].amount_out
