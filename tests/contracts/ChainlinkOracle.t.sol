// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {VmSafe} from "forge-std/Vm.sol";

import {TestFeed} from "../../contracts/dev/TestFeed.sol";
import {TestFeedProxy} from "../../contracts/dev/TestFeedProxy.sol";
import {IAggregatorV3} from "../../contracts/interfaces/IAggregatorV3.sol";
import {IPriceOracle} from "../../contracts/interfaces/IPriceOracle.sol";
import {ChainlinkOracle} from "../../contracts/oracles/ChainlinkOracle.sol";
import {Asset, Feed, Twap} from "../../contracts/types/Types.sol";
import {MarketFixture} from "./base/MarketFixture.sol";

/// @notice T-14: every answer that must not be believed is refused by name.
contract ChainlinkOracleTest is MarketFixture {
    uint128 internal constant MIN = 10e8;
    uint128 internal constant MAX = 10_000e8;

    TestFeed internal source;
    Asset internal asset;

    function setUp() public {
        vm.warp(1_750_000_000);
        oracle = new ChainlinkOracle(makeAddr("factory"), keccak256("pool"));
        source = new TestFeed("EQUITY / USD", 8, address(this));
        source.push(500e8);
        asset = _asset(source, HEARTBEAT, 8, 18);
    }

    // ---- the price

    function test_price__when_good__then_exact(uint8 tokenDecimals, uint8 feedDecimals, uint128 answer) public {
        tokenDecimals = uint8(bound(tokenDecimals, 0, 36));
        feedDecimals = uint8(bound(feedDecimals, 0, 36 - tokenDecimals));
        answer = uint128(bound(answer, 1, type(uint128).max));
        _answer(7, int256(uint256(answer)), block.timestamp, 7);
        asset = _asset(source, HEARTBEAT, feedDecimals, tokenDecimals);
        (asset.feed.minAnswer, asset.feed.maxAnswer) = (1, type(uint128).max);
        (uint256 value, uint80 round, uint256 updatedAt) = _price();
        assertEq(value, uint256(answer) * 10 ** (36 - uint256(tokenDecimals) - feedDecimals), "D36{quote/qTok}");
        // One whole token, 10^tokenDecimals {qTok}, is worth answer / 10^feedDecimals {quote}.
        assertEq(value * 10 ** tokenDecimals / 10 ** (36 - feedDecimals), answer, "value of one token");
        assertEq(round, 7, "round");
        assertEq(updatedAt, block.timestamp, "updatedAt");
    }

    function test_prices__when_several__then_same_as_one_by_one(uint256 count, uint256 seed) public {
        count = bound(count, 0, 16);
        Asset[] memory assets = new Asset[](count);
        for (uint256 i; i < count; ++i) {
            uint256 random = uint256(keccak256(abi.encode(seed, i)));
            TestFeed feed = new TestFeed("X / USD", 8, address(this));
            for (uint256 round; round <= random % 3; ++round) {
                feed.push(int256(bound(random >> 128, MIN, MAX)));
            }
            assets[i] = _asset(feed, HEARTBEAT, uint8(random >> 8) % 19, uint8(random >> 16) % 18);
        }
        uint256[] memory words = wordsOf(assets);
        (uint256[] memory values, uint80[] memory rounds) = oracle.prices(0, words);
        assertEq(values.length, count, "as many prices");
        assertEq(rounds.length, count, "as many rounds");
        for (uint256 i; i < count; ++i) {
            (uint256 value, uint80 round,) = oracle.price(0, words, i);
            assertEq(values[i], value, "price");
            assertEq(rounds[i], round, "round");
        }
    }

    function test_price__when_through_a_proxy__then_the_same_price_and_the_proxys_round() public {
        (uint256 direct,,) = _price();
        asset.feed.source = address(new TestFeedProxy(address(source)));
        (uint256 proxied, uint80 round,) = _price();
        assertEq(proxied, direct, "price");
        assertEq(round, 1 << 64 | 1, "phase and round");
    }

    function test_price__when_there_is_no_such_asset__then_reverts(uint256 index) public {
        index = bound(index, 1, type(uint256).max);
        uint256[] memory words = _words();
        vm.expectRevert();
        oracle.price(0, words, index);
    }

    /// @dev A mandate cannot have them; a price that is not a whole number would be taken for zero.
    function test_price__when_decimals_are_too_many__then_unreadable(uint8 tokenDecimals, uint8 feedDecimals) public {
        vm.assume(uint256(tokenDecimals) + feedDecimals > 36);
        asset = _asset(source, HEARTBEAT, feedDecimals, tokenDecimals);
        _expectUnreadable();
    }

    /// @dev Four feeds read directly, every account and slot warm, so that what a feed costs by itself can be taken off.
    function test_gas_prices__when_4_feeds__then_measured() public {
        vm.skip(vm.isContext(VmSafe.ForgeContext.Coverage));
        Asset[] memory assets = new Asset[](4);
        for (uint256 i; i < 4; ++i) {
            TestFeed feed = new TestFeed("X / USD", 8, address(this));
            feed.push(500e8);
            assets[i] = _asset(feed, HEARTBEAT, 8, 18);
        }
        _price();
        uint256 none = _gas(address(oracle), abi.encodeCall(oracle.prices, (0, new uint256[](0))));
        uint256 four = _gas(address(oracle), abi.encodeCall(oracle.prices, (0, wordsOf(assets))));
        uint256 own = (four - none) / 4 - _gas(assets[0].feed.source, abi.encodeCall(source.latestRoundData, ()));
        emit log_named_uint("fixed", none);
        emit log_named_uint("for each feed, above its own", own);
        assertLt(none, 1_100, "fixed");
        assertLt(own, 700, "for each feed");
    }

    // ---- T-14: sign and bounds

    /// @dev Also where the lowest acceptable answer is zero, which no mandate has.
    function test_T14_price__when_not_positive__then_refused(int256 answer, bool zero, bool unbounded) public {
        answer = zero ? int256(0) : bound(answer, type(int256).min, 0);
        if (unbounded) asset.feed.minAnswer = 0;
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
        _price();
        _answer(1, int256(uint256(MAX)), block.timestamp, 1);
        _price();
        _answer(1, int256(uint256(MIN)) - 1, block.timestamp, 1);
        _expect(abi.encodeWithSelector(IPriceOracle.PriceOutOfBounds.selector, source, MIN - 1, MIN, MAX));
        _answer(1, int256(uint256(MAX)) + 1, block.timestamp, 1);
        _expect(abi.encodeWithSelector(IPriceOracle.PriceOutOfBounds.selector, source, MAX + 1, MIN, MAX));
    }

    // ---- T-14: age

    function test_T14_price__when_as_old_as_the_heartbeat__then_accepted_and_a_second_older_refused() public {
        uint256 updatedAt = block.timestamp;
        vm.warp(updatedAt + HEARTBEAT);
        _price();
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
        Asset[] memory assets = new Asset[](2);
        (assets[0], assets[1]) = (_asset(slow, 24 * HEARTBEAT, 8, 18), asset);
        uint256[] memory words = wordsOf(assets);
        uint256 updatedAt = block.timestamp;
        vm.warp(block.timestamp + HEARTBEAT + 1);
        vm.expectRevert(abi.encodeWithSelector(IPriceOracle.PriceStale.selector, source, updatedAt, HEARTBEAT));
        oracle.prices(0, words);
        source.push(500e8);
        oracle.prices(0, words);
    }

    // ---- T-14: completeness

    /// @dev Also where the heartbeat is longer than all the time since 1970.
    function test_T14_price__when_round_has_no_date__then_incomplete(bool longest) public {
        if (longest) asset.feed.heartbeat = type(uint32).max;
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

    /// @dev What looks like a round is no answer when it comes with a revert.
    function test_T14_price__when_feed_reverts_with_a_round__then_unreadable() public {
        bytes memory round = abi.encode(1, 500e8, block.timestamp - 1, block.timestamp, 1);
        vm.mockCallRevert(address(source), abi.encodeCall(IAggregatorV3.latestRoundData, ()), round);
        _expectUnreadable();
    }

    function test_T14_price__when_feed_has_no_code__then_unreadable(address account) public {
        vm.assume(account.code.length == 0 && uint160(account) > 0xffff);
        asset.feed.source = account;
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
        (uint256 value,,) = _price();
        assertEq(value, 500e18, "price");
    }

    function test_T14_prices__when_one_feed_fails__then_all_fail_by_its_name() public {
        Asset[] memory assets = new Asset[](2);
        (assets[0], assets[1]) = (asset, asset);
        assets[1].feed.source = makeAddr("nothing here");
        uint256[] memory words = wordsOf(assets);
        vm.expectRevert(abi.encodeWithSelector(IPriceOracle.FeedUnreadable.selector, assets[1].feed.source));
        oracle.prices(0, words);
        oracle.price(0, words, 0);
    }

    /// @dev What several checks refuse has the name of the first of them.
    function test_T14_price__when_all_is_wrong__then_named_in_order() public {
        _answer(3, -1, 0, 2);
        _expect(abi.encodeWithSelector(IPriceOracle.RoundIncomplete.selector, source, uint80(3)));
        _answer(3, -1, 1, 3);
        _expect(abi.encodeWithSelector(IPriceOracle.PriceNotPositive.selector, source, int256(-1)));
        _answer(3, 1, 1, 3);
        _expect(abi.encodeWithSelector(IPriceOracle.PriceOutOfBounds.selector, source, 1, MIN, MAX));
        _answer(3, 500e8, 1, 3);
        _expect(abi.encodeWithSelector(IPriceOracle.PriceStale.selector, source, 1, HEARTBEAT));
    }

    // ---- T-14: the sequencer

    /// @dev A price is acceptable once more than the grace period has passed.
    function test_T14_sequencer__when_up_for_longer_than_grace__then_accepted_and_not_before(uint32 grace) public {
        grace = uint32(bound(grace, 0, 30 days));
        TestFeed uptime = _uptime(0);
        uint256 startedAt = block.timestamp;
        uint256 word = _sequencer(address(uptime), grace);
        vm.warp(startedAt + grace);
        source.push(500e8);
        _expectBoth(
            word, abi.encodeWithSelector(IPriceOracle.SequencerInGrace.selector, uptime, startedAt, uint256(grace))
        );
        vm.warp(startedAt + grace + 1);
        oracle.prices(word, _words());
        oracle.price(word, _words(), 0);
    }

    function test_T14_sequencer__when_down__then_refused_for_any_age(uint256 age) public {
        TestFeed uptime = _uptime(0);
        uptime.push(1);
        vm.warp(block.timestamp + bound(age, 0, 365 days));
        source.push(500e8);
        _expectBoth(
            _sequencer(address(uptime), 3_600), abi.encodeWithSelector(IPriceOracle.SequencerDown.selector, uptime)
        );
    }

    function test_T14_sequencer__when_status_is_unknown__then_counts_as_down(int256 status) public {
        vm.assume(status != 0);
        address uptime = address(_uptime(0));
        _mockRound(uptime, 1, status, 1);
        _expectBoth(_sequencer(uptime, 3_600), abi.encodeWithSelector(IPriceOracle.SequencerDown.selector, uptime));
    }

    function test_T14_sequencer__when_restarted__then_grace_runs_anew() public {
        TestFeed uptime = _uptime(0);
        uptime.push(1);
        vm.warp(block.timestamp + 7_200);
        uptime.push(0);
        uint256 startedAt = block.timestamp;
        vm.warp(startedAt + 60);
        source.push(500e8);
        uint256 word = _sequencer(address(uptime), 3_600);
        _expectBoth(word, abi.encodeWithSelector(IPriceOracle.SequencerInGrace.selector, uptime, startedAt, 3_600));
    }

    function test_T14_sequencer__when_never_started__then_incomplete() public {
        address uptime = address(_uptime(0));
        _mockRound(uptime, 5, 0, 0);
        _expectBoth(
            _sequencer(uptime, 3_600), abi.encodeWithSelector(IPriceOracle.RoundIncomplete.selector, uptime, uint80(5))
        );
    }

    function test_T14_sequencer__when_started_in_the_future__then_in_grace(uint256 startedAt) public {
        startedAt = bound(startedAt, block.timestamp + 1, type(uint256).max);
        address uptime = address(_uptime(0));
        _mockRound(uptime, 1, 0, startedAt);
        _expectBoth(
            _sequencer(uptime, 0), abi.encodeWithSelector(IPriceOracle.SequencerInGrace.selector, uptime, startedAt, 0)
        );
    }

    function test_T14_sequencer__when_unreadable__then_refused(address account, bytes calldata rubbish) public {
        vm.assume(account.code.length == 0 && uint160(account) > 0xffff);
        _expectBoth(_sequencer(account, 3_600), abi.encodeWithSelector(IPriceOracle.FeedUnreadable.selector, account));
        address uptime = address(_uptime(0));
        bytes memory reason = abi.encodeWithSelector(IPriceOracle.FeedUnreadable.selector, uptime);
        bytes memory call = abi.encodeCall(IAggregatorV3.latestRoundData, ());
        vm.mockCall(uptime, call, rubbish[:_min(rubbish.length, 159)]);
        _expectBoth(_sequencer(uptime, 3_600), reason);
        vm.mockCallRevert(uptime, call, abi.encode(1, 0, 1, 1, 1));
        _expectBoth(_sequencer(uptime, 3_600), reason);
    }

    /// @dev A grace period without a feed is no mandate's word, and does not pass for "no sequencer".
    function test_T14_sequencer__when_grace_without_feed__then_unreadable(uint32 grace) public {
        vm.assume(grace != 0);
        _expectBoth(
            _sequencer(address(0), grace), abi.encodeWithSelector(IPriceOracle.FeedUnreadable.selector, address(0))
        );
    }

    // ---- helpers

    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }

    function _asset(TestFeed feed, uint32 heartbeat, uint8 feedDecimals, uint8 tokenDecimals)
        private
        pure
        returns (Asset memory a)
    {
        // Words that the oracle has no use for are full, so that it would show if they got in the way.
        (a.token, a.minWeight, a.maxWeight) = (address(type(uint160).max), type(uint16).max, type(uint16).max);
        a.decimals = tokenDecimals;
        a.feed = Feed(
            address(feed),
            heartbeat,
            feedDecimals,
            type(uint16).max,
            MIN,
            MAX,
            Twap(0, type(uint24).max, type(uint16).max, 255)
        );
    }

    function _words() private view returns (uint256[] memory) {
        Asset[] memory assets = new Asset[](1);
        assets[0] = asset;
        return wordsOf(assets);
    }

    function _price() private view returns (uint256, uint80, uint256) {
        return oracle.price(0, _words(), 0);
    }

    function _uptime(int256 status) private returns (TestFeed feed) {
        feed = new TestFeed("L2 sequencer uptime", 0, address(this));
        feed.push(status);
    }

    function _sequencer(address feed, uint32 grace) private pure returns (uint256) {
        return uint256(grace) << 160 | uint160(feed);
    }

    function _answer(uint256 round, int256 answer, uint256 updatedAt, uint256 answeredIn) private {
        vm.mockCall(
            address(source),
            abi.encodeCall(IAggregatorV3.latestRoundData, ()),
            abi.encode(round, answer, updatedAt, updatedAt, answeredIn)
        );
    }

    function _mockRound(address uptime, uint80 round, int256 status, uint256 startedAt) private {
        vm.mockCall(
            uptime,
            abi.encodeCall(IAggregatorV3.latestRoundData, ()),
            abi.encode(round, status, startedAt, block.timestamp, round)
        );
    }

    function _gas(address target, bytes memory data) private view returns (uint256 used) {
        used = gasleft();
        assembly ("memory-safe") {
            pop(staticcall(gas(), target, add(data, 0x20), mload(data), 0, 0))
        }
        used -= gasleft();
    }

    /// @dev Both ways of reading refuse for the same reason.
    function _expectBoth(uint256 sequencer, bytes memory reason) private {
        uint256[] memory words = _words();
        vm.expectRevert(reason);
        oracle.price(sequencer, words, 0);
        vm.expectRevert(reason);
        oracle.prices(sequencer, words);
    }

    function _expect(bytes memory reason) private {
        _expectBoth(0, reason);
    }

    function _expectUnreadable() private {
        _expect(abi.encodeWithSelector(IPriceOracle.FeedUnreadable.selector, asset.feed.source));
    }
}
