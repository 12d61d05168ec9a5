// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {TestToken} from "../../contracts/dev/TestToken.sol";
import {IUniswapV2Pair} from "../../contracts/interfaces/IUniswapV2.sol";
import {IVenue} from "../../contracts/interfaces/IVenue.sol";
import {UniswapV2Venue} from "../../contracts/venues/UniswapV2Venue.sol";
import {Payer} from "./base/Payer.sol";
import {UniswapV2Fixture} from "./base/UniswapV2Fixture.sol";
import {OddToken} from "./hostile/OddToken.sol";

/// @notice The venue alone, on real pairs, with a trader in the vault's place.
/// @dev Tokens: 0 equity (18 decimals), 1 gold (6), 2 dollar (6). Equity and gold have a pair with the dollar.
contract UniswapV2VenueTest is UniswapV2Fixture {
    uint256 internal constant EQUITY = 0;
    uint256 internal constant GOLD = 1;
    uint256 internal constant DOLLAR = 2;

    Payer internal payer;
    address internal trader; // the same
    address internal stranger = makeAddr("stranger");

    TestToken[3] internal tokens;
    address[2] internal pairs;
    UniswapV2Venue internal venue;

    function setUp() public {
        setUpUniswapV2();
        tokens[EQUITY] = new TestToken("Equity", "EQUITY", 18, address(this));
        tokens[GOLD] = new TestToken("Gold", "GOLD", 6, address(this));
        tokens[DOLLAR] = new TestToken("Dollar", "DOLLAR", 6, address(this));
        pairs[EQUITY] = createPair(tokens[EQUITY], tokens[DOLLAR], 100_000e18, 50_000_000e6);
        pairs[GOLD] = createPair(tokens[GOLD], tokens[DOLLAR], 25_000e6, 50_000_000e6);
        venue = new UniswapV2Venue(address(uniswapV2), pairInitCodeHash);
        payer = new Payer(venue);
        trader = address(payer);
    }

    // ---- swap

    function test_swap__when_one_pair__then_the_routers_output(uint256 seed, uint256 amountIn) public {
        (uint256 sell, uint256 buy) = seed % 2 == 0 ? (EQUITY, DOLLAR) : (DOLLAR, EQUITY);
        // From the least that buys a unit to a hundred times the reserve.
        amountIn = sell == EQUITY ? bound(amountIn, 1e10, 1e25) : bound(amountIn, 1, 5e15);
        _fund(sell, amountIn);
        uint256 expected = _routed(EQUITY, sell, amountIn);
        uint256 k = _product(EQUITY);
        _swap(sell, buy, amountIn, "");
        assertEq(tokens[buy].balanceOf(trader), expected, "output");
        assertEq(tokens[sell].balanceOf(trader), 0, "input taken whole");
        assertGe(_product(EQUITY), k, "k never falls");
        _assertNothingLeft();
    }

    function test_swap__when_two_pairs__then_the_routers_output(uint256 seed, uint256 amountIn) public {
        (uint256 sell, uint256 buy) = seed % 2 == 0 ? (EQUITY, GOLD) : (GOLD, EQUITY);
        amountIn = sell == EQUITY ? bound(amountIn, 1e16, 1e24) : bound(amountIn, 1, 1e12);
        _fund(sell, amountIn);
        uint256 dollars = _routed(sell, sell, amountIn);
        uint256 expected = _routed(buy, DOLLAR, dollars);
        (uint256 k, uint256 l) = (_product(EQUITY), _product(GOLD));
        _swap(sell, buy, amountIn, abi.encodePacked(tokens[DOLLAR]));
        assertEq(tokens[buy].balanceOf(trader), expected, "output");
        assertEq(tokens[sell].balanceOf(trader), 0, "input taken whole");
        assertGe(_product(EQUITY), k, "k of the equity's pair never falls");
        assertGe(_product(GOLD), l, "k of the gold's pair never falls");
        _assertNothingLeft();
    }

    /// @dev Many trades, so that a rounding in the trader's favour would add up.
    function test_swap__when_traded_to_and_fro__then_k_never_falls(uint256[8] calldata amounts) public {
        for (uint256 i; i < amounts.length; ++i) {
            (uint256 sell, uint256 buy) = i % 2 == 0 ? (EQUITY, DOLLAR) : (DOLLAR, EQUITY);
            uint256 amountIn = sell == EQUITY ? bound(amounts[i], 1e13, 1e22) : bound(amounts[i], 1e3, 1e12);
            _fund(sell, amountIn);
            uint256 k = _product(EQUITY);
            _swap(sell, buy, amountIn, "");
            assertGe(_product(EQUITY), k, "k never falls");
        }
    }

    function test_swap__when_one_unit_more_were_asked__then_the_pair_would_refuse(uint256 amountIn) public {
        amountIn = bound(amountIn, 1e13, 1e24);
        uint256 expected = _routed(EQUITY, EQUITY, amountIn);
        tokens[EQUITY].mint(pairs[EQUITY], amountIn);
        bool first = address(tokens[DOLLAR]) < address(tokens[EQUITY]);
        vm.expectRevert("UniswapV2: K");
        IUniswapV2Pair(pairs[EQUITY]).swap(first ? expected + 1 : 0, first ? 0 : expected + 1, trader, "");
    }

    function test_swap__when_too_small_to_buy_a_unit__then_the_pair_refuses() public {
        _fund(EQUITY, 1e9);
        vm.expectRevert("UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT");
        payer.swap(address(tokens[EQUITY]), address(tokens[DOLLAR]), 1e9, "");
    }

    function test_swap__when_amount_has_more_than_112_bits__then_refused(uint256 amountIn) public {
        amountIn = bound(amountIn, uint256(type(uint112).max) + 1, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(UniswapV2Venue.AmountTooLarge.selector, amountIn));
        venue.swap(address(tokens[EQUITY]), address(tokens[DOLLAR]), amountIn, "");
    }

    function test_swap__when_amount_has_112_bits__then_the_pair_overflows_by_name() public {
        _fund(EQUITY, type(uint112).max);
        vm.expectRevert("UniswapV2: OVERFLOW");
        payer.swap(address(tokens[EQUITY]), address(tokens[DOLLAR]), type(uint112).max, "");
    }

    function test_swap__when_route_has_another_length__then_route_invalid(bytes calldata junk) public {
        vm.assume(junk.length != 0 && junk.length != 20);
        _expectRouteInvalid(tokens[EQUITY], tokens[DOLLAR], junk);
    }

    /// @dev One route has one spelling.
    function test_swap__when_a_good_route_goes_on__then_route_invalid(bytes calldata more) public {
        vm.assume(more.length != 0);
        _fund(EQUITY, 1e18);
        vm.startPrank(trader);
        _expectRouteInvalid(tokens[EQUITY], tokens[GOLD], abi.encodePacked(tokens[DOLLAR], more));
        vm.stopPrank();
    }

    function test_swap__when_route_names_no_pair__then_route_invalid(address middle) public {
        vm.assume(middle != address(tokens[DOLLAR]));
        _expectRouteInvalid(tokens[EQUITY], tokens[GOLD], "");
        _expectRouteInvalid(tokens[EQUITY], tokens[EQUITY], "");
        _expectRouteInvalid(tokens[EQUITY], tokens[GOLD], abi.encodePacked(middle));
        _expectRouteInvalid(tokens[EQUITY], tokens[DOLLAR], abi.encodePacked(tokens[DOLLAR]));
        _expectRouteInvalid(tokens[DOLLAR], tokens[GOLD], abi.encodePacked(tokens[DOLLAR]));
    }

    function test_swap__when_pair_is_empty__then_route_invalid() public {
        uniswapV2.createPair(address(tokens[EQUITY]), address(tokens[GOLD]));
        _fund(EQUITY, 1e18);
        bytes memory reason = abi.encodeWithSelector(IVenue.RouteInvalid.selector, bytes(""));
        vm.expectRevert(reason);
        payer.swap(address(tokens[EQUITY]), address(tokens[GOLD]), 1e18, "");
        vm.expectRevert(reason);
        venue.spot(address(tokens[EQUITY]), address(tokens[GOLD]), 1e18, "");
    }

    // ---- tokens that are not what they seem

    function test_swap__when_sold_token_takes_a_fee__then_input_missing(uint256 amountIn, uint256 fee) public {
        (OddToken odd, address pair) = _oddPair(1e24);
        amountIn = bound(amountIn, 10_000, 1e24);
        fee = bound(fee, 1, 9_999);
        odd.mint(trader, amountIn);
        odd.setFee(fee);
        uint256 arrived = amountIn - amountIn * fee / 10_000;
        vm.expectRevert(abi.encodeWithSelector(UniswapV2Venue.InputMissing.selector, pair, amountIn, arrived));
        payer.swap(address(odd), address(tokens[DOLLAR]), amountIn, "");
    }

    function test_swap__when_middle_token_takes_a_fee__then_input_missing() public {
        (OddToken odd, address pair) = _oddPair(1e24);
        address second = uniswapV2.createPair(address(odd), address(tokens[EQUITY]));
        odd.mint(second, 1e24);
        tokens[EQUITY].mint(second, 1e24);
        IUniswapV2Pair(second).mint(address(this));
        odd.setFee(100);
        _fund(DOLLAR, 1e6);
        (uint256 dollars, uint256 odds) = _reserves(pair, address(tokens[DOLLAR]), address(odd));
        uint256 sent = _formula(dollars, odds, 1e6);
        vm.expectRevert(
            abi.encodeWithSelector(UniswapV2Venue.InputMissing.selector, second, sent, sent - sent * 100 / 10_000)
        );
        payer.swap(address(tokens[DOLLAR]), address(tokens[EQUITY]), 1e6, abi.encodePacked(odd));
    }

    /// @dev The pair's balance fell below its reserve: a token that rebases.
    function test_swap__when_pair_has_lost_tokens__then_input_missing() public {
        (OddToken odd, address pair) = _oddPair(1e24);
        odd.burn(pair, 1e20);
        odd.mint(trader, 1e18);
        vm.expectRevert(abi.encodeWithSelector(UniswapV2Venue.InputMissing.selector, pair, 1e18, 0));
        payer.swap(address(odd), address(tokens[DOLLAR]), 1e18, "");
    }

    function test_swap__when_token_returns_false__then_refused() public {
        (OddToken odd,) = _oddPair(1e24);
        odd.setReturnsFalse(true);
        vm.expectRevert(SafeTransferLib.TransferFailed.selector);
        payer.swap(address(odd), address(tokens[DOLLAR]), 1e18, "");
    }

    // ---- T-10, T-19: donations, who pays, callbacks

    /// @dev A donation to a pair neither stops a trade nor changes what it gives.
    function test_T10_swap__when_somebody_donates_to_the_pairs__then_the_same_output(uint256 donation) public {
        donation = bound(donation, 1, 1e12);
        _fund(EQUITY, 1e18);
        uint256 expected = _routed(GOLD, DOLLAR, _routed(EQUITY, EQUITY, 1e18));
        for (uint256 i; i < 3; ++i) {
            if (i != GOLD) tokens[i].mint(pairs[EQUITY], donation);
            if (i != EQUITY) tokens[i].mint(pairs[GOLD], donation);
        }
        _swap(EQUITY, GOLD, 1e18, abi.encodePacked(tokens[DOLLAR]));
        assertEq(tokens[GOLD].balanceOf(trader), expected, "output");
        _assertNothingLeft();
    }

    /// @dev Not even an allowance, given by mistake, is of use to anybody.
    function test_T19_swap__when_somebody_else_could_pay__then_only_the_caller_is_asked() public {
        _fund(EQUITY, 1e18);
        payer.open(address(tokens[EQUITY]));
        vm.prank(trader);
        tokens[EQUITY].approve(address(venue), type(uint256).max);
        vm.prank(stranger);
        vm.expectRevert(bytes(""));
        venue.swap(address(tokens[EQUITY]), address(tokens[DOLLAR]), 1e18, "");
        assertEq(tokens[EQUITY].balanceOf(trader), 1e18, "trader keeps the tokens");
    }

    function test_T19_swap__when_tokens_were_donated_to_the_venue__then_they_stay() public {
        tokens[DOLLAR].mint(address(venue), 7e6);
        _fund(EQUITY, 1e18);
        _swap(EQUITY, GOLD, 1e18, abi.encodePacked(tokens[DOLLAR]));
        assertEq(tokens[DOLLAR].balanceOf(address(venue)), 7e6, "donation");
    }

    /// @dev A contract that says it is a pair is never asked: pairs are found by their CREATE2 address.
    function test_T19_swap__when_a_false_pair_exists__then_it_is_not_called(address tokenA, address tokenB) public {
        vm.assume(tokenA != tokenB && tokenA != address(0) && tokenB != address(0));
        address genuine = uniswapV2.getPair(tokenA, tokenB);
        if (genuine == address(0)) genuine = uniswapV2.createPair(tokenA, tokenB);
        vm.expectCall(genuine, abi.encodeCall(IUniswapV2Pair.getReserves, ()));
        vm.expectPartialRevert(IVenue.RouteInvalid.selector);
        venue.spot(tokenA, tokenB, 1, "");
    }

    /// @dev The venue has no callback at all: what a pair would call with data does not exist.
    function test_T19_callback__when_called__then_no_such_function(bytes calldata data) public {
        (bool success,) = address(venue)
            .call(abi.encodeWithSignature("uniswapV2Call(address,uint256,uint256,bytes)", trader, 1, 1, data));
        assertFalse(success, "no callback");
    }

    // ---- spot

    function test_spot__when_one_pair__then_reserves_in_proportion(uint128 amountIn) public view {
        uint256 out = venue.spot(address(tokens[EQUITY]), address(tokens[DOLLAR]), amountIn, "");
        // $500 for 10^18 units
        assertEq(out, uint256(amountIn) * 500e6 / 1e18, "dollars");
        assertEq(venue.spot(address(tokens[DOLLAR]), address(tokens[GOLD]), amountIn, ""), amountIn / 2_000, "gold");
    }

    function test_spot__when_two_pairs__then_one_after_the_other(uint96 amountIn) public view {
        uint256 out =
            venue.spot(address(tokens[EQUITY]), address(tokens[GOLD]), amountIn, abi.encodePacked(tokens[DOLLAR]));
        assertEq(out, uint256(amountIn) * 500e6 / 1e18 / 2_000, "gold");
    }

    function test_spot__when_swapped__then_never_less_than_the_swap_gives(uint256 amountIn) public {
        amountIn = bound(amountIn, 1e13, 1e24);
        _fund(EQUITY, amountIn);
        uint256 spot = venue.spot(address(tokens[EQUITY]), address(tokens[DOLLAR]), amountIn, "");
        _swap(EQUITY, DOLLAR, amountIn, "");
        assertGe(spot, tokens[DOLLAR].balanceOf(trader), "no fee and no impact");
    }

    // ---- addresses

    function test_factory__when_pairs_exist__then_addresses_are_derived_right() public view {
        // What the pairs on the main network have.
        assertEq(pairInitCodeHash, 0x96e8ac4277198ff8b6f785478aa9a39f403cb768dd02cbee326c3e7da348845f, "init code hash");
        assertEq(venue.factory(), address(uniswapV2), "factory");
        assertEq(venue.pairInitCodeHash(), pairInitCodeHash, "the venue's hash");
    }

    // ---- helpers

    function _fund(uint256 i, uint256 amount) private {
        tokens[i].mint(trader, amount);
    }

    function _swap(uint256 sell, uint256 buy, uint256 amountIn, bytes memory route) private {
        uint256 before = tokens[buy].balanceOf(trader);
        payer.swap(address(tokens[sell]), address(tokens[buy]), amountIn, route);
        assertGt(tokens[buy].balanceOf(trader), before, "something came back");
    }

    /// @return {qTok} what Uniswap's Router02 gives for `sell` at the pair of `pairOf` and the dollar
    function _routed(uint256 pairOf, uint256 sell, uint256 amountIn) private view returns (uint256) {
        uint256 buy = sell == DOLLAR ? pairOf : DOLLAR;
        (uint256 reserveIn, uint256 reserveOut) = _reserves(pairs[pairOf], address(tokens[sell]), address(tokens[buy]));
        return _formula(reserveIn, reserveOut, amountIn);
    }

    /// @dev UniswapV2Library.getAmountOut, word for word.
    function _formula(uint256 reserveIn, uint256 reserveOut, uint256 amountIn) private pure returns (uint256) {
        uint256 amountInWithFee = amountIn * 997;
        uint256 numerator = amountInWithFee * reserveOut;
        uint256 denominator = reserveIn * 1000 + amountInWithFee;
        return numerator / denominator;
    }

    function _reserves(address pair, address sell, address buy) private view returns (uint256, uint256) {
        (uint112 reserve0, uint112 reserve1,) = IUniswapV2Pair(pair).getReserves();
        return sell < buy ? (reserve0, reserve1) : (reserve1, reserve0);
    }

    function _product(uint256 pairOf) private view returns (uint256) {
        (uint112 reserve0, uint112 reserve1,) = IUniswapV2Pair(pairs[pairOf]).getReserves();
        return uint256(reserve0) * reserve1;
    }

    /// @notice A pair of an odd token and the dollar, with $1,000,000 in it.
    function _oddPair(uint256 amount) private returns (OddToken odd, address pair) {
        odd = new OddToken(18);
        pair = uniswapV2.createPair(address(odd), address(tokens[DOLLAR]));
        odd.mint(pair, amount);
        tokens[DOLLAR].mint(pair, 1_000_000e6);
        IUniswapV2Pair(pair).mint(address(this));
    }

    function _expectRouteInvalid(TestToken sell, TestToken buy, bytes memory route) private {
        bytes memory reason = abi.encodeWithSelector(IVenue.RouteInvalid.selector, route);
        vm.expectRevert(reason);
        venue.swap(address(sell), address(buy), 1e18, route);
        vm.expectRevert(reason);
        venue.spot(address(sell), address(buy), 1e18, route);
    }

    function _assertNothingLeft() private view {
        for (uint256 i; i < 3; ++i) {
            assertEq(tokens[i].balanceOf(address(venue)), 0, "the venue holds nothing");
        }
    }
}
