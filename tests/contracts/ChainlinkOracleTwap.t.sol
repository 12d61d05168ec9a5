// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {TestFeed} from "../../contracts/dev/TestFeed.sol";
import {TestToken} from "../../contracts/dev/TestToken.sol";
import {IPriceOracle} from "../../contracts/interfaces/IPriceOracle.sol";
import {IUniswapV3Pool} from "../../contracts/interfaces/IUniswapV3.sol";
import {TickPrice} from "../../contracts/libraries/TickPrice.sol";
import {Asset, Twap} from "../../contracts/types/Types.sol";
import {MarketFixture} from "./base/MarketFixture.sol";

/// @notice The second source of the oracle, on real pools that are really traded over time.
/// @dev Assets of the mandate: 0 equity, 1 bond, 2 gold, 3 dollar, as in the fixture. The equity is vouched for by its pool
///      with the dollar over half an hour, 2% apart at most, unless a test says otherwise.
contract ChainlinkOracleTwapTest is MarketFixture {
    uint24 internal constant WINDOW = 1_800; // {s}
    uint16 internal constant MAX_DEVIATION = 200; // {bps}
    uint256 internal constant BLOCK_TIME = 12; // {s}

    Asset[] internal assets;

    function setUp() public {
        setUpMarket();
        for (uint256 i; i < 4; ++i) {
            assets.push(assetOf(i));
        }
        assets[EQUITY].feed.twap = Twap(WINDOW, FEE, MAX_DEVIATION, uint8(DOLLAR));
        for (uint256 i; i < 3; ++i) {
            remember(pools[i], 300);
        }
        _pass(2 * WINDOW);
    }

    // ---- what the pool says

    /// @dev Against the pool's own price, which has stood for longer than the window, in both directions of the pool.
    function test_twap__when_price_has_stood_for_the_window__then_the_pools_price(uint256 answer, bool reverse) public {
        // Between a third of the feed's price and three times it.
        skewPool(EQUITY, int256(bound(answer, 170e8, 1_500e8)));
        _pass(WINDOW);
        (uint256 asset, uint256 base) = reverse ? (DOLLAR, EQUITY) : (EQUITY, DOLLAR);
        uint256 twap = _twapOf(asset, base);
        (uint160 root,,,,,,) = IUniswapV3Pool(pools[EQUITY]).slot0();
        uint256 expected = FixedPointMathLib.fullMulDiv(root, root, 1 << 96);
        expected = address(tokens[asset]) < address(tokens[base])
            ? FixedPointMathLib.fullMulDiv(priceOf(base), expected, 1 << 96)
            : FixedPointMathLib.fullMulDiv(priceOf(base), 1 << 96, expected);
        // One tick, and what the square root loses.
        assertApproxEqRel(twap, expected, 0.000_101e18, "the pool's price");
    }

    /// @dev Constants worked out apart, with 80 digits (mpmath). $500 is the tick -214174.84 of 6 decimals per 18, so -214175
    ///      where the equity is token0; the pool's tick is 214174.84, so 214174, where it is token1.
    function test_twap__when_pool_stands_at_the_feed__then_the_closed_form() public view {
        bool first = address(tokens[EQUITY]) < address(tokens[DOLLAR]);
        // floor(10^30 * 1.0001^-214175) and floor(10^30 * 1.0001^-214174)
        uint256 expected = first ? 499_991_910_625_460_559_050 : 500_041_909_816_523_105_106;
        assertApproxEqRel(_twapOf(EQUITY, DOLLAR), expected, 1e9, "closed form");
    }

    /// @dev The mean is kept by hand: each tick that the pool has had, for the seconds that it has had it.
    function test_twap__when_pool_is_traded__then_the_mean_of_its_ticks(
        uint256[6] calldata answers_,
        uint256[6] calldata times
    ) public {
        int256 sum;
        uint256 left = WINDOW;
        for (uint256 i; i < 6; ++i) {
            skewPool(EQUITY, int256(bound(answers_[i], 400e8, 600e8)));
            uint256 time = i < 5 ? bound(times[i], 1, WINDOW / 6) : left;
            sum += int256(_tickOf(EQUITY)) * int256(time);
            left -= time;
            _pass(time);
        }
        int256 mean = sum / int256(uint256(WINDOW));
        if (sum < 0 && sum % int256(uint256(WINDOW)) != 0) --mean;
        bool first = address(tokens[EQUITY]) < address(tokens[DOLLAR]);
        uint256 expected = TickPrice.value(priceOf(DOLLAR), int24(first ? mean : -mean));
        assertEq(_twapOf(EQUITY, DOLLAR), expected, "mean of the ticks");
    }

    // ---- how far apart the two may be

    /// @dev A pool of two tokens with 18 decimals at tick 0 says exactly what the feed of the base says.
    function test_T14_deviation__when_on_the_bound__then_accepted_and_beyond_refused(
        uint256 answer,
        uint256 baseAnswer,
        uint16 maxDeviation
    ) public {
        (Asset[] memory pair, TestFeed[2] memory sources) = _evenPair(maxDeviation);
        baseAnswer = bound(baseAnswer, 1e8, 1e10);
        answer = bound(answer, 1e8, 1e10);
        _expectDeviation(pair, sources, answer, baseAnswer, maxDeviation);
        // Exactly on the bound: answers of 10,000 units, 10,000 +- maxDeviation from each other.
        _expectDeviation(pair, sources, 1e8, 1e4 * (10_000 + uint256(maxDeviation)), maxDeviation);
        _expectDeviation(pair, sources, 1e8, 1e4 * (10_000 + uint256(maxDeviation)) + 1, maxDeviation);
        if (maxDeviation >= 10_000) return;
        _expectDeviation(pair, sources, 1e8, 1e4 * (10_000 - uint256(maxDeviation)), maxDeviation);
        if (maxDeviation == 9_999) return;
        _expectDeviation(pair, sources, 1e8, 1e4 * (10_000 - uint256(maxDeviation)) - 1, maxDeviation);
    }

    function test_T14_deviation__when_feed_leaves_the_pool__then_deviates() public {
        TestFeed[] memory list = new TestFeed[](1);
        int256[] memory pushed = new int256[](1);
        (list[0], pushed[0]) = (feeds[EQUITY], 515e8);
        market.step(list, pushed, new address[](0), new uint160[](0));
        uint256[] memory words = wordsOf(assets);
        vm.expectPartialRevert(IPriceOracle.PriceDeviates.selector);
        oracle.prices(0, words);
        vm.expectPartialRevert(IPriceOracle.PriceDeviates.selector);
        oracle.price(0, words, EQUITY);
        // The others have no second source.
        oracle.price(0, words, GOLD);
    }

    // ---- T-01, T-05: who moves the pool moves nothing

    /// @dev Within one block no time passes, so that no tick of it counts; neither does what the skew does to the memory.
    function test_T01_T05_twap__when_pool_is_skewed_within_the_block__then_nothing_moves(uint256 answer) public {
        uint256[] memory words = wordsOf(assets);
        uint256 before = _twapOf(EQUITY, DOLLAR);
        (uint256[] memory prices,) = oracle.prices(0, words);
        skewPool(EQUITY, int256(bound(answer, 50e8, 5_000e8)));
        assertEq(_twapOf(EQUITY, DOLLAR), before, "second source");
        (uint256[] memory skewed,) = oracle.prices(0, words);
        assertEq(skewed, prices, "prices");
        skewPool(EQUITY, answers[EQUITY]);
        assertEq(_twapOf(EQUITY, DOLLAR), before, "second source afterwards");
    }

    /// @dev A skew that is held over one block, against everybody who would trade it back, moves the mean of half an hour
    ///      by at most its share of the ticks: doubling the price for 12 of 1,800 seconds, 0.47%.
    function test_T05_twap__when_skewed_over_one_block__then_moves_by_its_share(uint256 answer) public {
        uint256 before = _twapOf(EQUITY, DOLLAR);
        skewPool(EQUITY, int256(bound(answer, 250e8, 1_000e8)));
        _pass(BLOCK_TIME);
        assertApproxEqRel(_twapOf(EQUITY, DOLLAR), before, 0.0048e18, "share of the ticks");
        oracle.prices(0, wordsOf(assets));
    }

    function test_T05_twap__when_skew_is_sustained__then_deviates(bool up) public {
        uint256[] memory words = wordsOf(assets);
        skewPool(EQUITY, up ? int256(550e8) : int256(450e8));
        _pass(WINDOW / 2);
        vm.expectPartialRevert(IPriceOracle.PriceDeviates.selector);
        oracle.prices(0, words);
        vm.expectPartialRevert(IPriceOracle.PriceDeviates.selector);
        oracle.price(0, words, EQUITY);
        // And is forgotten again.
        skewPool(EQUITY, answers[EQUITY]);
        _pass(WINDOW);
        oracle.prices(0, words);
    }

    // ---- T-14: no second source

    function test_T14_twap__when_there_is_no_pool__then_unreadable_by_its_address(uint24 fee) public {
        vm.assume(fee != FEE);
        assets[EQUITY].feed.twap.fee = fee;
        _expectUnreadable(EQUITY, _poolAddress(address(tokens[EQUITY]), address(tokens[DOLLAR]), fee));
    }

    function test_T14_twap__when_base_is_the_asset_itself__then_unreadable() public {
        assets[EQUITY].feed.twap.base = uint8(EQUITY);
        _expectUnreadable(EQUITY, _poolAddress(address(tokens[EQUITY]), address(tokens[EQUITY]), FEE));
    }

    function test_T14_twap__when_base_does_not_exist__then_reverts(uint8 base) public {
        vm.assume(base > 3);
        assets[EQUITY].feed.twap.base = base;
        uint256[] memory words = wordsOf(assets);
        vm.expectRevert();
        oracle.prices(0, words);
        vm.expectRevert();
        oracle.price(0, words, EQUITY);
    }

    function test_T14_twap__when_pool_is_not_initialised__then_unreadable() public {
        address pool = uniswap.createPool(address(tokens[EQUITY]), address(tokens[DOLLAR]), 3_000);
        assets[EQUITY].feed.twap.fee = 3_000;
        _expectUnreadable(EQUITY, pool);
    }

    /// @dev One observation only, which the last trade has overwritten: what was before it is forgotten.
    function test_T14_twap__when_memory_is_too_short__then_unreadable() public {
        address pool = uniswap.createPool(address(tokens[EQUITY]), address(tokens[GOLD]), 3_000);
        IUniswapV3Pool(pool).initialize(sqrtPrice(address(tokens[EQUITY]), address(tokens[GOLD]), 4e18, 1e6));
        market.provide(pool, -887_220, 887_220, 1e12);
        assets[EQUITY].feed.twap = Twap(WINDOW, 3_000, 200, uint8(GOLD));
        _pass(WINDOW - 1);
        _expectUnreadable(EQUITY, pool); // a second too young
        _pass(1);
        oracle.prices(0, wordsOf(assets)); // nobody has traded yet
        address[] memory list = new address[](1);
        uint160[] memory roots = new uint160[](1);
        (list[0], roots[0]) = (pool, sqrtPrice(address(tokens[EQUITY]), address(tokens[GOLD]), 4.01e18, 1e6));
        _pass(1);
        market.arbitrage(list, roots);
        _expectUnreadable(EQUITY, pool);
    }

    // ---- the base asset

    /// @dev Its own feed is read by the rules of every feed.
    function test_T14_base__when_its_feed_is_stale__then_refused_by_its_name() public {
        assets[DOLLAR].feed.heartbeat = 60;
        uint256[] memory words = wordsOf(assets);
        uint256 updatedAt = block.timestamp;
        vm.warp(updatedAt + 61);
        bytes memory reason = abi.encodeWithSelector(IPriceOracle.PriceStale.selector, feeds[DOLLAR], updatedAt, 60);
        vm.expectRevert(reason);
        oracle.price(0, words, EQUITY);
        vm.expectRevert(reason);
        oracle.prices(0, words);
    }

    /// @dev `price` does not go on to the second source of the base, which may have the first asset for its own base;
    ///      `prices` asks for all.
    function test_base__when_it_has_a_second_source__then_asked_for_by_prices_alone() public {
        assets[DOLLAR].feed.twap = Twap(WINDOW, FEE, MAX_DEVIATION, uint8(EQUITY));
        oracle.prices(0, wordsOf(assets));
        assets[DOLLAR].feed.twap.fee = 100;
        uint256[] memory words = wordsOf(assets);
        oracle.price(0, words, EQUITY);
        address missing = _poolAddress(address(tokens[EQUITY]), address(tokens[DOLLAR]), 100);
        vm.expectRevert(abi.encodeWithSelector(IPriceOracle.TwapUnreadable.selector, missing));
        oracle.prices(0, words);
    }

    function test_prices__when_there_are_second_sources__then_still_the_feeds_prices() public {
        for (uint256 i; i < 3; ++i) {
            assets[i].feed.twap = Twap(WINDOW, FEE, MAX_DEVIATION, uint8(DOLLAR));
        }
        skewPool(EQUITY, 502e8);
        _pass(WINDOW);
        (uint256[] memory values, uint80[] memory rounds) = oracle.prices(0, wordsOf(assets));
        for (uint256 i; i < 4; ++i) {
            assertEq(values[i], priceOf(i), "the feed's price");
            assertEq(rounds[i], feeds[i].latestRound(), "the feed's round");
        }
    }

    // ---- helpers

    /// @notice Lets time go by; the feeds say the same again.
    function _pass(uint256 time) private {
        vm.warp(block.timestamp + time);
        vm.roll(block.number + 1 + time / BLOCK_TIME);
        TestFeed[] memory list = new TestFeed[](4);
        int256[] memory pushed = new int256[](4);
        for (uint256 i; i < 4; ++i) {
            (list[i], pushed[i]) = (feeds[i], answers[i]);
        }
        market.step(list, pushed, new address[](0), new uint160[](0));
    }

    /// @return twap D36{quote/qTok} what the oracle takes from the pool, out of the error that a bound of zero provokes
    function _twapOf(uint256 asset, uint256 base) private view returns (uint256 twap) {
        Asset[] memory list = assets;
        list[asset].feed.twap = Twap(WINDOW, FEE, 0, uint8(base));
        try oracle.price(0, wordsOf(list), asset) {
            revert("the two sources agree to the unit");
        } catch (bytes memory reason) {
            require(bytes4(reason) == IPriceOracle.PriceDeviates.selector, "another error");
            assembly ("memory-safe") {
                twap := mload(add(reason, 0x64))
            }
        }
    }

    function _tickOf(uint256 i) private view returns (int24 tick) {
        (, tick,,,,,) = IUniswapV3Pool(pools[i]).slot0();
    }

    /// @dev The formula in Uniswap's own words.
    function _poolAddress(address tokenA, address tokenB, uint24 fee) private view returns (address) {
        (address token0, address token1) = tokenA < tokenB ? (tokenA, tokenB) : (tokenB, tokenA);
        bytes32 salt = keccak256(abi.encode(token0, token1, fee));
        bytes memory preimage = abi.encodePacked(hex"ff", uniswap, salt, poolInitCodeHash);
        return address(uint160(uint256(keccak256(preimage))));
    }

    /// @return pair two tokens with 18 decimals, the first vouched for by their pool, which stands at tick 0
    function _evenPair(uint16 maxDeviation) private returns (Asset[] memory pair, TestFeed[2] memory sources) {
        pair = new Asset[](2);
        for (uint256 i; i < 2; ++i) {
            pair[i] = assetOf(i);
            (pair[i].token, pair[i].decimals) = (address(new TestToken("Even", "EVEN", 18, address(this))), 18);
            sources[i] = new TestFeed("EVEN / USD", 8, address(this));
            pair[i].feed.source = address(sources[i]);
            (pair[i].feed.minAnswer, pair[i].feed.maxAnswer) = (1, type(uint128).max);
        }
        createPool(TestToken(pair[0].token), TestToken(pair[1].token), 1e24, 1e24);
        pair[0].feed.twap = Twap(WINDOW, FEE, maxDeviation, 1);
        vm.warp(block.timestamp + WINDOW);
    }

    function _expectDeviation(
        Asset[] memory pair,
        TestFeed[2] memory sources,
        uint256 answer,
        uint256 baseAnswer,
        uint256 maxDeviation
    ) private {
        sources[0].push(int256(answer));
        sources[1].push(int256(baseAnswer));
        uint256[] memory words = wordsOf(pair);
        uint256 apart = answer > baseAnswer ? answer - baseAnswer : baseAnswer - answer;
        bool accepted = apart * 10_000 <= maxDeviation * answer;
        bytes memory reason = abi.encodeWithSelector(
            IPriceOracle.PriceDeviates.selector, sources[0], answer * 1e10, baseAnswer * 1e10, maxDeviation
        );
        if (!accepted) vm.expectRevert(reason);
        oracle.prices(0, words);
        if (!accepted) vm.expectRevert(reason);
        oracle.price(0, words, 0);
    }

    function _expectUnreadable(uint256 asset, address pool) private {
        uint256[] memory words = wordsOf(assets);
        bytes memory reason = abi.encodeWithSelector(IPriceOracle.TwapUnreadable.selector, pool);
        vm.expectRevert(reason);
        oracle.price(0, words, asset);
        vm.expectRevert(reason);
        oracle.prices(0, words);
    }
}
