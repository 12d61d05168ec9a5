// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TestFeed} from "../../contracts/dev/TestFeed.sol";
import {TestFeedProxy} from "../../contracts/dev/TestFeedProxy.sol";
import {TestMarket} from "../../contracts/dev/TestMarket.sol";
import {TestToken} from "../../contracts/dev/TestToken.sol";
import {IUniswapV3Pool} from "../../contracts/interfaces/IUniswapV3.sol";
import {VaultFixture} from "./base/VaultFixture.sol";

/// @notice The stand-ins that demos and tests rely on.
contract DevTest is VaultFixture {
    function setUp() public override {
        setUpMarket();
    }

    // ---- TestToken

    function test_TestToken_mint__when_not_the_minter__then_unauthorised(address caller) public {
        vm.assume(caller != address(this));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(TestToken.Unauthorised.selector, caller));
        tokens[0].mint(caller, 1);
    }

    function test_TestToken__when_deployed__then_as_told() public view {
        assertEq(tokens[GOLD].name(), "Gold", "name");
        assertEq(tokens[GOLD].symbol(), "GOLD", "symbol");
        assertEq(tokens[GOLD].decimals(), 6, "decimals");
    }

    // ---- TestFeed

    function test_TestFeed_push__when_owner__then_every_round_is_remembered(int192[5] calldata pushed) public {
        TestFeed feed = new TestFeed("X / USD", 8, address(this));
        uint256 start = block.timestamp;
        for (uint80 i = 0; i < 5; ++i) {
            vm.warp(start + i * 60);
            feed.push(pushed[i]);
        }
        for (uint80 i = 0; i < 5; ++i) {
            _assertRound(feed, i + 1, pushed[i], start + i * 60);
        }
        (uint80 id, int256 answer,,,) = feed.latestRoundData();
        assertEq(id, 5, "latest round");
        assertEq(answer, pushed[4], "latest answer");
        assertEq(feed.description(), "X / USD", "description");
    }

    function test_TestFeed__when_nothing_was_pushed__then_no_data() public {
        TestFeed feed = new TestFeed("X / USD", 8, address(this));
        vm.expectRevert(abi.encodeWithSelector(TestFeed.NoData.selector, 0));
        feed.latestRoundData();
        vm.expectRevert(abi.encodeWithSelector(TestFeed.NoData.selector, 1));
        feed.getRoundData(1);
    }

    function test_TestFeed_push__when_not_the_owner__then_unauthorised() public {
        vm.expectRevert(abi.encodeWithSelector(TestFeed.Unauthorised.selector, address(this)));
        feeds[0].push(1);
    }

    // ---- TestFeedProxy

    function test_TestFeedProxy__when_read__then_the_aggregators_rounds_with_the_phase() public {
        TestFeedProxy proxy = new TestFeedProxy(address(feeds[0]));
        (uint80 id, int256 answer,, uint256 updatedAt, uint80 answeredIn) = proxy.latestRoundData();
        assertEq(id, 1 << 64 | 1, "round");
        assertEq(answeredIn, id, "answered in");
        assertEq(answer, answers[0], "answer");
        assertEq(updatedAt, block.timestamp, "updatedAt");
        (uint80 again, int256 sameAnswer,,,) = proxy.getRoundData(id);
        assertEq(again, id, "same round");
        assertEq(sameAnswer, answer, "same answer");
        assertEq(proxy.decimals(), FEED_DECIMALS, "decimals");
        assertEq(proxy.description(), "EQUITY / USD", "description");
        assertEq(proxy.version(), 1, "version");
    }

    // ---- TestMarket

    function test_TestMarket_step__when_prices_move__then_feeds_and_pools_stand_there(uint256[3] memory moved) public {
        for (uint256 i = 0; i < 3; ++i) {
            // Between a third of the last price and three times it.
            int256 answer = int256(bound(moved[i], uint256(answers[i]) / 3, uint256(answers[i]) * 3));
            setPrice(i, answer);
            (, int256 pushed,,,) = feeds[i].latestRoundData();
            (uint160 price,,,,,,) = IUniswapV3Pool(pools[i]).slot0();
            assertEq(pushed, answer, "feed");
            assertEq(price, poolPrice(i, answer), "pool");
        }
    }

    function test_TestMarket_step__when_lists_differ_in_length__then_refused() public {
        vm.expectRevert(abi.encodeWithSelector(TestMarket.LengthMismatch.selector, 1, 0));
        market.step(new TestFeed[](1), new int256[](0), new address[](0), new uint160[](0));
        vm.expectRevert(abi.encodeWithSelector(TestMarket.LengthMismatch.selector, 0, 1));
        market.arbitrage(new address[](0), new uint160[](1));
    }

    function test_TestMarket__when_not_the_owner__then_unauthorised() public {
        bytes memory reason = abi.encodeWithSelector(TestMarket.Unauthorised.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(reason);
        market.step(new TestFeed[](0), new int256[](0), new address[](0), new uint160[](0));
        vm.expectRevert(reason);
        market.arbitrage(new address[](0), new uint160[](0));
        vm.expectRevert(reason);
        market.provide(pools[0], -10, 10, 1);
        vm.expectRevert(reason);
        market.uniswapV3SwapCallback(1, 1, "");
        vm.expectRevert(reason);
        market.uniswapV3MintCallback(1, 1, "");
        vm.stopPrank();
    }

    function _assertRound(TestFeed feed, uint80 round, int256 answer, uint256 updatedAt) private view {
        (uint80 id, int256 actual, uint256 startedAt, uint256 actualAt, uint80 answeredIn) = feed.getRoundData(round);
        assertEq(id, round, "id");
        assertEq(actual, answer, "answer");
        assertEq(startedAt, updatedAt, "startedAt");
        assertEq(actualAt, updatedAt, "updatedAt");
        assertEq(answeredIn, round, "answered in");
    }
}
