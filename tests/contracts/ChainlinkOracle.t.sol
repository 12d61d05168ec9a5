// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Test} from "forge-std/Test.sol";

import {TestFeed} from "../../contracts/dev/TestFeed.sol";
import {TestFeedProxy} from "../../contracts/dev/TestFeedProxy.sol";
import {IAggregatorV3} from "../../contracts/interfaces/IAggregatorV3.sol";
import {IPriceOracle} from "../../contracts/interfaces/IPriceOracle.sol";
import {ChainlinkOracle} from "../../contracts/oracles/ChainlinkOracle.sol";
import {Feed} from "../../contracts/types/Types.sol";

/// @notice T-14: every answer that must not be believed is refused by name.
contract ChainlinkOracleTest is Test {
    uint32 internal constant HEARTBEAT = 3_600;
    uint128 internal constant MIN = 10e8;
    uint128 internal constant MAX = 10_000e8;

    ChainlinkOracle internal oracle;
    TestFeed internal source;
    Feed internal feed;

    function setUp() public {
        vm.warp(1_750_000_000);
        oracle = new ChainlinkOracle();
        source = new TestFeed("EQUITY / USD", 8, address(this));
        source.push(500e8);
        feed = Feed(address(source), HEARTBEAT, 8, MIN, MAX);
    }

    // ---- the price

    function test_price__when_good__then_exact(uint8 tokenDecimals, uint8 feedDecimals, uint128 answer) public {
        tokenDecimals = uint8(bound(tokenDecimals, 0, 18));
        feedDecimals = uint8(bound(feedDecimals, 0, 18));
        answer = uint128(bound(answer, 1, type(uint128).max));
        _answer(7, int256(uint256(answer)), block.timestamp, 7);
        (uint256 price, uint80 round, uint256 updatedAt) =
            oracle.price(Feed(address(source), HEARTBEAT, feedDecimals, 1, type(uint128).max), tokenDecimals);
        // One whole token, 10^tokenDecimals {qTok}, is worth answer / 10^feedDecimals {quote}.
        assertEq(price * 10 ** tokenDecimals / 10 ** (36 - feedDecimals), answer, "value of one token");
        assertEq(price, uint256(answer) * 10 ** (36 - tokenDecimals - feedDecimals), "D36{quote/qTok}");
        assertEq(round, 7, "round");
        assertEq(updatedAt, block.timestamp, "updatedAt");
    }

    function test_prices__when_several__then_same_as_one_by_one() public {
        TestFeed other = new TestFeed("GOLD / USD", 8, address(this));
        other.push(1_900e8);
        other.push(2_000e8);
        Feed[] memory feeds = new Feed[](2);
        (feeds[0], feeds[1]) = (feed, Feed(address(other), HEARTBEAT, 8, MIN, MAX));
        uint8[] memory decimals = new uint8[](2);
        (decimals[0], decimals[1]) = (18, 6);
        (uint256[] memory prices, uint80[] memory rounds) = oracle.prices(feeds, decimals);
        assertEq(prices[0], 500e18, "18 decimals");
        assertEq(prices[1], 2_000e30, "6 decimals");
        assertEq(rounds[0], 1, "first round");
        assertEq(rounds[1], 2, "second round");
    }

    function test_price__when_through_a_proxy__then_the_same_price_and_the_proxys_round() public {
        (uint256 direct,,) = oracle.price(feed, 18);
        feed.source = address(new TestFeedProxy(address(source)));
        (uint256 proxied, uint80 round,) = oracle.price(feed, 18);
        assertEq(proxied, direct, "price");
        assertEq(round, 1 << 64 | 1, "phase and round");
    }

    // ---- T-14: sign and bounds

    function test_T14_price__when_not_positive__then_refused(int256 answer) public {
        answer = bound(answer, type(int256).min, 0);
        _answer(1, answer, block.timestamp, 1);
        _expect(abi.encodeWithSelector(IPriceOracle.PriceNotPositive.selector, source, answer));
    }

    function test_T14_price__when_out_of_bounds__then_refused(uint256 answer) public {
        answer = bound(answer, 1, uint256(type(int256).max));
        vm.assume(answer < MIN || answer > MAX);
        _answer(1, int256(answer), block.timestamp, 1);
        _expect(abi.encodeWithSelector(IPriceOracle.PriceOutOfBounds.selector, source, answer, MIN, MAX));
    }

    function test_T14_price__when_on_a_bound__then_accepted() public {
        _answer(1, int256(uint256(MIN)), block.timestamp, 1);
        oracle.price(feed, 18);
        _answer(1, int256(uint256(MAX)), block.timestamp, 1);
        oracle.price(feed, 18);
        _answer(1, int256(uint256(MIN)) - 1, block.timestamp, 1);
        _expect(abi.encodeWithSelector(IPriceOracle.PriceOutOfBounds.selector, source, MIN - 1, MIN, MAX));
        _answer(1, int256(uint256(MAX)) + 1, block.timestamp, 1);
        _expect(abi.encodeWithSelector(IPriceOracle.PriceOutOfBounds.selector, source, MAX + 1, MIN, MAX));
    }

    // ---- T-14: age

    function test_T14_price__when_as_old_as_the_heartbeat__then_accepted_and_a_second_older_refused() public {
        uint256 updatedAt = block.timestamp;
        vm.warp(updatedAt + HEARTBEAT);
        oracle.price(feed, 18);
        vm.warp(updatedAt + HEARTBEAT + 1);
        _expect(abi.encodeWithSelector(IPriceOracle.PriceStale.selector, source, updatedAt, HEARTBEAT));
    }

    function test_T14_price__when_dated_in_the_future__then_refused(uint256 updatedAt) public {
        updatedAt = bound(updatedAt, block.timestamp + 1, type(uint256).max);
        _answer(1, 500e8, updatedAt, 1);
        _expect(abi.encodeWithSelector(IPriceOracle.PriceStale.selector, source, updatedAt, HEARTBEAT));
    }

    /// @dev One heartbeat for two feeds would call a slow feed's good price stale, or a fast feed's stale price good.
    function test_T14_prices__when_feeds_differ_in_heartbeat__then_each_has_its_own() public {
        TestFeed slow = new TestFeed("BOND / USD", 8, address(this));
        slow.push(100e8);
        Feed[] memory feeds = new Feed[](2);
        (feeds[0], feeds[1]) = (Feed(address(slow), 24 * HEARTBEAT, 8, MIN, MAX), feed);
        uint8[] memory decimals = new uint8[](2);
        uint256 updatedAt = block.timestamp;
        vm.warp(block.timestamp + HEARTBEAT + 1);
        vm.expectRevert(abi.encodeWithSelector(IPriceOracle.PriceStale.selector, source, updatedAt, HEARTBEAT));
        oracle.prices(feeds, decimals);
        source.push(500e8);
        oracle.prices(feeds, decimals);
    }

    // ---- T-14: completeness

    function test_T14_price__when_round_has_no_date__then_incomplete() public {
        _answer(3, 500e8, 0, 3);
        _expect(abi.encodeWithSelector(IPriceOracle.RoundIncomplete.selector, source, uint80(3)));
    }

    function test_T14_price__when_answered_in_an_earlier_round__then_incomplete(uint80 round, uint80 answeredIn)
        public
    {
        round = uint80(bound(round, 1, type(uint80).max));
        answeredIn = uint80(bound(answeredIn, 0, round - 1));
        _answer(round, 500e8, block.timestamp, answeredIn);
        _expect(abi.encodeWithSelector(IPriceOracle.RoundIncomplete.selector, source, round));
    }

    // ---- T-14: unreadable

    function test_T14_price__when_feed_reverts__then_unreadable() public {
        vm.mockCallRevert(address(source), abi.encodeCall(IAggregatorV3.latestRoundData, ()), "access denied");
        _expectUnreadable();
    }

    function test_T14_price__when_feed_has_no_code__then_unreadable(address account) public {
        vm.assume(account.code.length == 0 && uint160(account) > 0xffff);
        feed.source = account;
        _expectUnreadable();
    }

    function test_T14_price__when_answer_is_short__then_unreadable(bytes calldata rubbish) public {
        vm.mockCall(
            address(source), abi.encodeCall(IAggregatorV3.latestRoundData, ()), rubbish[:_min(rubbish.length, 159)]
        );
        _expectUnreadable();
    }

    function test_T14_price__when_round_ids_are_too_wide__then_unreadable(uint256 wide) public {
        wide = bound(wide, uint256(type(uint80).max) + 1, type(uint256).max);
        _answer(wide, 500e8, block.timestamp, wide);
        _expectUnreadable();
        _answer(1, 500e8, block.timestamp, wide);
        _expectUnreadable();
    }

    /// @dev Twelve words in answer, of which only five are copied.
    function test_price__when_answer_is_long__then_the_rest_is_ignored() public {
        bytes memory more = bytes.concat(abi.encode(1, 500e8, 0, block.timestamp, 1), new bytes(7 * 32));
        vm.mockCall(address(source), abi.encodeCall(IAggregatorV3.latestRoundData, ()), more);
        (uint256 price,,) = oracle.price(feed, 18);
        assertEq(price, 500e18, "price");
    }

    function test_prices__when_one_feed_fails__then_all_fail_by_its_name() public {
        Feed[] memory feeds = new Feed[](2);
        (feeds[0], feeds[1]) = (feed, feed);
        feeds[1].source = makeAddr("nothing here");
        vm.expectRevert(abi.encodeWithSelector(IPriceOracle.FeedUnreadable.selector, feeds[1].source));
        oracle.prices(feeds, new uint8[](2));
    }

    // ---- helpers

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }

    function _answer(uint256 round, int256 answer, uint256 updatedAt, uint256 answeredIn) private {
        vm.mockCall(
            address(source),
            abi.encodeCall(IAggregatorV3.latestRoundData, ()),
            abi.encode(round, answer, updatedAt, updatedAt, answeredIn)
        );
    }

    function _expect(bytes memory reason) private {
        vm.expectRevert(reason);
        oracle.price(feed, 18);
    }

    function _expectUnreadable() private {
        _expect(abi.encodeWithSelector(IPriceOracle.FeedUnreadable.selector, feed.source));
    }
}
