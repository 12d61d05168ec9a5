// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IUniswapV3Pool} from "../../contracts/interfaces/IUniswapV3.sol";
import {IVenue} from "../../contracts/interfaces/IVenue.sol";
import {UniswapV3Venue} from "../../contracts/venues/UniswapV3Venue.sol";
import {MarketFixture} from "./base/MarketFixture.sol";
import {Payer} from "./base/Payer.sol";
import {ISwapRouter} from "./base/UniswapV3Fixture.sol";
import {OddToken} from "./hostile/OddToken.sol";

/// @notice The venue alone, on real pools, with a trader in the vault's place.
contract UniswapV3VenueTest is MarketFixture {
    Payer internal payer;
    address internal trader; // the same

    function setUp() public {
        setUpMarket();
        payer = new Payer(venue);
        trader = address(payer);
    }

    // ---- swap

    function test_swap__when_one_pool__then_same_output_as_the_router(uint256 amountIn) public {
        amountIn = bound(amountIn, 1e12, 10_000e18);
        tokens[EQUITY].mint(trader, amountIn);
        uint256 expected = _routed(EQUITY, DOLLAR, amountIn);
        _swap(EQUITY, DOLLAR, amountIn, route(EQUITY, DOLLAR));
        assertEq(tokens[DOLLAR].balanceOf(trader), expected, "output");
        _assertNothingLeft();
    }

    function test_swap__when_two_pools__then_same_output_as_the_router(uint256 seed, uint256 amountIn) public {
        uint256 sell = seed % 3;
        uint256 buy = (sell + 1 + (seed >> 128) % 2) % 3;
        // From about ten cents to about $500,000 of what is sold.
        uint256 one = 10 ** tokens[sell].decimals();
        amountIn = bound(amountIn, one / 1000, one * 250);
        tokens[sell].mint(trader, amountIn);
        uint256 expected = _routed(sell, buy, amountIn);
        _swap(sell, buy, amountIn, route(sell, buy));
        assertEq(tokens[buy].balanceOf(trader), expected, "output");
        assertEq(tokens[sell].balanceOf(trader), 0, "input taken whole");
        _assertNothingLeft();
    }

    function test_swap__when_pool_cannot_fill__then_partial_fill() public {
        // Far more than the end of the curve takes from a pool of $50m.
        uint256 amountIn = 1e45;
        tokens[EQUITY].mint(trader, amountIn);
        vm.expectPartialRevert(UniswapV3Venue.PartialFill.selector);
        payer.swap(address(tokens[EQUITY]), address(tokens[DOLLAR]), amountIn, route(EQUITY, DOLLAR));
    }

    function test_swap__when_second_pool_cannot_fill__then_partial_fill() public {
        // A second pool so thin that the dollars of the first run through its whole curve.
        address thin = uniswap.createPool(address(tokens[GOLD]), address(tokens[DOLLAR]), 3_000);
        IUniswapV3Pool(thin).initialize(poolPrice(GOLD, answers[GOLD]));
        market.provide(thin, -600, 600, 1);
        tokens[EQUITY].mint(trader, 1e18);
        vm.expectPartialRevert(UniswapV3Venue.PartialFill.selector);
        payer.swap(
            address(tokens[EQUITY]),
            address(tokens[GOLD]),
            1e18,
            abi.encodePacked(FEE, address(tokens[DOLLAR]), uint24(3_000))
        );
    }

    function test_swap__when_amount_has_256_bits__then_refused(uint256 amountIn) public {
        amountIn = bound(amountIn, uint256(type(int256).max) + 1, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(UniswapV3Venue.AmountTooLarge.selector, amountIn));
        venue.swap(address(tokens[EQUITY]), address(tokens[DOLLAR]), amountIn, route(EQUITY, DOLLAR));
    }

    function test_swap__when_route_has_another_length__then_route_invalid(bytes calldata junk) public {
        vm.assume(junk.length != 3 && junk.length != 26);
        bytes memory reason = abi.encodeWithSelector(IVenue.RouteInvalid.selector, junk);
        vm.expectRevert(reason);
        venue.swap(address(tokens[EQUITY]), address(tokens[DOLLAR]), 1e18, junk);
        vm.expectRevert(reason);
        venue.spot(address(tokens[EQUITY]), address(tokens[DOLLAR]), 1e18, junk);
    }

    /// @dev One route has one spelling.
    function test_swap__when_a_good_route_goes_on__then_route_invalid(bytes calldata more) public {
        vm.assume(more.length != 0);
        bytes memory longer = abi.encodePacked(route(EQUITY, GOLD), more);
        fund(trader, address(venue), EQUITY, 1e18);
        bytes memory reason = abi.encodeWithSelector(IVenue.RouteInvalid.selector, longer);
        vm.prank(trader);
        vm.expectRevert(reason);
        venue.swap(address(tokens[EQUITY]), address(tokens[GOLD]), 1e18, longer);
        vm.expectRevert(reason);
        venue.spot(address(tokens[EQUITY]), address(tokens[GOLD]), 1e18, longer);
    }

    function test_swap__when_route_names_no_pool__then_route_invalid() public {
        bytes memory unknownFee = abi.encodePacked(uint24(10_000));
        vm.expectRevert(abi.encodeWithSelector(IVenue.RouteInvalid.selector, unknownFee));
        venue.swap(address(tokens[EQUITY]), address(tokens[DOLLAR]), 1e18, unknownFee);
        vm.expectRevert(abi.encodeWithSelector(IVenue.RouteInvalid.selector, unknownFee));
        venue.spot(address(tokens[EQUITY]), address(tokens[DOLLAR]), 1e18, unknownFee);
        bytes memory circular = abi.encodePacked(FEE, address(tokens[EQUITY]), FEE);
        vm.expectRevert(abi.encodeWithSelector(IVenue.RouteInvalid.selector, circular));
        venue.swap(address(tokens[EQUITY]), address(tokens[DOLLAR]), 1e18, circular);
    }

    /// @dev The first pool has traded by then: all of it is undone.
    function test_swap__when_second_pool_does_not_exist__then_route_invalid() public {
        tokens[EQUITY].mint(trader, 1e18);
        bytes memory path = abi.encodePacked(FEE, address(tokens[DOLLAR]), uint24(10_000));
        vm.expectRevert(abi.encodeWithSelector(IVenue.RouteInvalid.selector, path));
        payer.swap(address(tokens[EQUITY]), address(tokens[GOLD]), 1e18, path);
        assertEq(tokens[EQUITY].balanceOf(trader), 1e18, "trader keeps the tokens");
    }

    /// @dev What a pool says when it refuses reaches the caller.
    function test_swap__when_pool_reverts__then_in_its_own_words() public {
        bytes memory path = route(EQUITY, DOLLAR);
        vm.expectRevert(bytes("AS"));
        venue.swap(address(tokens[EQUITY]), address(tokens[DOLLAR]), 0, path);
    }

    /// @dev A pool that takes a token with a fee on transfer is paid too little and says so.
    function test_T20_swap__when_token_takes_a_fee__then_the_pool_refuses() public {
        OddToken odd = new OddToken(18);
        address pool = uniswap.createPool(address(odd), address(tokens[DOLLAR]), FEE);
        IUniswapV3Pool(pool).initialize(sqrtPrice(address(odd), address(tokens[DOLLAR]), 1e18, 1e6));
        odd.mint(address(market), 1e24);
        market.provide(pool, -FULL_RANGE, FULL_RANGE, 1e15);
        odd.mint(trader, 1e18);
        odd.setFee(1);
        vm.expectRevert(bytes("IIA"));
        payer.swap(address(odd), address(tokens[DOLLAR]), 1e18, abi.encodePacked(FEE));
    }

    // ---- T-19: callbacks and who pays

    function test_T19_callback__when_caller_is_no_pool__then_unauthorised(address caller, address payer) public {
        vm.assume(caller != pools[EQUITY]);
        bytes memory data = abi.encode(payer, address(tokens[EQUITY]), address(tokens[DOLLAR]), FEE);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IVenue.CallbackUnauthorised.selector, caller));
        venue.uniswapV3SwapCallback(1, -1, data);
    }

    function test_T19_callback__when_caller_is_another_pool__then_unauthorised() public {
        bytes memory data = abi.encode(trader, address(tokens[EQUITY]), address(tokens[DOLLAR]), FEE);
        vm.prank(pools[GOLD]);
        vm.expectRevert(abi.encodeWithSelector(IVenue.CallbackUnauthorised.selector, pools[GOLD]));
        venue.uniswapV3SwapCallback(1, -1, data);
    }

    /// @dev Data that nobody wrote is read as it comes: too short, too long, words that are no addresses.
    function test_T19_callback__when_data_is_rubbish__then_unauthorised(bool pool, address caller, bytes calldata data)
        public
    {
        caller = pool ? pools[GOLD] : caller;
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IVenue.CallbackUnauthorised.selector, caller));
        venue.uniswapV3SwapCallback(1, -1, data);
    }

    /// @dev A genuine pool calls back its own caller and nobody else, so an attacker's swap never reaches the venue.
    function test_T19_callback__when_attacker_swaps_on_genuine_pool__then_nobody_else_pays() public {
        tokens[EQUITY].mint(trader, 1e18);
        payer.open(address(tokens[EQUITY]));
        bytes memory data = abi.encode(trader, address(tokens[EQUITY]), address(tokens[DOLLAR]), FEE);
        bool zeroForOne = address(tokens[EQUITY]) < address(tokens[DOLLAR]);
        uint160 limit = poolPrice(EQUITY, answers[EQUITY] / 2);
        vm.prank(stranger);
        vm.expectRevert();
        IUniswapV3Pool(pools[EQUITY]).swap(stranger, zeroForOne, 1e18, limit, data);
        assertEq(tokens[EQUITY].balanceOf(trader), 1e18, "trader keeps the tokens");
    }

    /// @dev Not even an allowance, given by mistake, is of use to anybody.
    function test_T19_swap__when_somebody_else_could_pay__then_only_the_caller_is_asked() public {
        tokens[EQUITY].mint(trader, 1e18);
        payer.open(address(tokens[EQUITY]));
        vm.prank(trader);
        tokens[EQUITY].approve(address(venue), type(uint256).max);
        vm.prank(stranger);
        vm.expectRevert(bytes("IIA"));
        venue.swap(address(tokens[EQUITY]), address(tokens[DOLLAR]), 1e18, route(EQUITY, DOLLAR));
        assertEq(tokens[EQUITY].balanceOf(trader), 1e18, "trader keeps the tokens");
    }

    /// @dev Tokens that somebody left in the venue are neither spent by a swap nor able to stop one.
    function test_T19_swap__when_tokens_were_donated__then_they_stay() public {
        tokens[DOLLAR].mint(address(venue), 7e6);
        tokens[EQUITY].mint(trader, 1e18);
        _swap(EQUITY, GOLD, 1e18, route(EQUITY, GOLD));
        assertEq(tokens[DOLLAR].balanceOf(address(venue)), 7e6, "donation");
    }

    // ---- spot

    function test_spot__when_pools_stand_at_the_oracle__then_value_is_kept(uint256 seed, uint256 dollars) public {
        uint256 sell = seed % 4;
        uint256 buy = (sell + 1 + (seed >> 128) % 3) % 4;
        dollars = bound(dollars, 10_000, 1e15);
        uint256 amountIn = dollars * 1e36 / priceOf(sell);
        uint256 out = venue.spot(address(tokens[sell]), address(tokens[buy]), amountIn, route(sell, buy));
        // One part in a million, for units that round and prices that are square roots.
        assertApproxEqRel(out * priceOf(buy), amountIn * priceOf(sell), 1e12, "value");
    }

    /// @dev The highest and lowest prices that a pool can have, both ways.
    function test_spot__when_price_is_extreme__then_rounded_down_both_ways(uint160 sqrtPriceX96, uint64 amountIn)
        public
    {
        sqrtPriceX96 = uint160(
            bound(sqrtPriceX96, 4_295_128_739, 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_341)
        );
        _mockPrice(sqrtPriceX96);
        (address token0, address token1) = _ordered();
        uint256 up = venue.spot(token0, token1, amountIn, abi.encodePacked(FEE));
        uint256 back = venue.spot(token1, token0, up, abi.encodePacked(FEE));
        assertLe(back, amountIn, "rounded down both ways");
    }

    function test_spot__when_result_does_not_fit__then_reverts() public {
        _mockPrice(1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_341);
        (address token0, address token1) = _ordered();
        vm.expectRevert(bytes4(keccak256("FullMulDivFailed()")));
        venue.spot(token0, token1, type(uint256).max, abi.encodePacked(FEE));
    }

    function test_spot__when_pool_is_not_initialised__then_route_invalid() public {
        _mockPrice(0);
        bytes memory path = route(EQUITY, DOLLAR);
        vm.expectRevert(abi.encodeWithSelector(IVenue.RouteInvalid.selector, path));
        venue.spot(address(tokens[EQUITY]), address(tokens[DOLLAR]), 1e18, path);
    }

    function test_factory__when_pool_exists__then_address_is_derived_right() public view {
        for (uint256 i = 0; i < 3; ++i) {
            assertEq(uniswap.getPool(address(tokens[i]), address(tokens[DOLLAR]), FEE), pools[i], "pool");
        }
        assertEq(venue.factory(), address(uniswap), "factory");
        assertEq(venue.poolInitCodeHash(), poolInitCodeHash, "init code hash");
    }

    // ---- helpers

    function _swap(uint256 sell, uint256 buy, uint256 amountIn, bytes memory path) private {
        payer.swap(address(tokens[sell]), address(tokens[buy]), amountIn, path);
    }

    /// @return amountOut {qTok of buy} what the same swap gives through Uniswap's router; the state is put back
    function _routed(uint256 sell, uint256 buy, uint256 amountIn) private returns (uint256 amountOut) {
        uint256 snapshot = vm.snapshotState();
        bytes memory path = buy == DOLLAR
            ? abi.encodePacked(tokens[sell], FEE, tokens[buy])
            : abi.encodePacked(tokens[sell], FEE, tokens[DOLLAR], FEE, tokens[buy]);
        vm.startPrank(trader);
        tokens[sell].approve(address(router), amountIn);
        amountOut = router.exactInput(ISwapRouter.ExactInputParams(path, trader, block.timestamp, amountIn, 0));
        vm.stopPrank();
        vm.revertToStateAndDelete(snapshot);
    }

    function _assertNothingLeft() private view {
        for (uint256 i = 0; i < 4; ++i) {
            assertEq(tokens[i].balanceOf(address(venue)), 0, "the venue holds nothing");
        }
    }

    function _ordered() private view returns (address token0, address token1) {
        (token0, token1) = (address(tokens[EQUITY]), address(tokens[DOLLAR]));
        if (token0 > token1) (token0, token1) = (token1, token0);
    }

    function _mockPrice(uint160 sqrtPriceX96) private {
        vm.mockCall(
            pools[EQUITY],
            abi.encodeCall(IUniswapV3Pool.slot0, ()),
            abi.encode(sqrtPriceX96, int24(0), uint16(0), uint16(0), uint16(0), uint8(0), true)
        );
    }
}
