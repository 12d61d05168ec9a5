// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TestFeed} from "../../../contracts/dev/TestFeed.sol";
import {TestToken} from "../../../contracts/dev/TestToken.sol";
import {MandateCodec} from "../../../contracts/libraries/MandateCodec.sol";
import {ChainlinkOracle} from "../../../contracts/oracles/ChainlinkOracle.sol";
import {Asset, Feed, Mandate, Twap} from "../../../contracts/types/Types.sol";
import {UniswapV3Venue} from "../../../contracts/venues/UniswapV3Venue.sol";
import {UniswapV3Fixture} from "./UniswapV3Fixture.sol";

/// @notice A living market: tokens, feeds and real pools that agree, and the adapters; all that a test without a vault
///         needs.
/// @dev Tokens: 0 equity (18 decimals, $500), 1 bond (8, $100), 2 gold (6, $2,000), 3 dollar (6, $1). Each but the dollar
///      has one pool, against the dollar, with $50m on each side.
abstract contract MarketFixture is UniswapV3Fixture {
    uint256 internal constant EQUITY = 0;
    uint256 internal constant BOND = 1;
    uint256 internal constant GOLD = 2;
    uint256 internal constant DOLLAR = 3;

    uint8 internal constant FEED_DECIMALS = 8;
    uint32 internal constant HEARTBEAT = 1 days; // {s}
    uint256 internal constant POOL_DOLLARS = 50_000_000e6; // {qTok of dollar} on each side

    address internal stranger = makeAddr("stranger");

    TestToken[4] internal tokens;
    TestFeed[4] internal feeds;
    address[4] internal pools; // the dollar has none
    int256[4] internal answers; // {quote/tok in feed decimals} last pushed

    ChainlinkOracle internal oracle;
    UniswapV3Venue internal venue;

    function setUpMarket() internal {
        vm.warp(1_750_000_000);
        vm.roll(20_000_000);
        setUpUniswap();
        tokens[EQUITY] = new TestToken("S&P 500 with dividends", "EQUITY", 18, address(this));
        tokens[BOND] = new TestToken("US 10-year bonds", "BOND", 8, address(this));
        tokens[GOLD] = new TestToken("Gold", "GOLD", 6, address(this));
        tokens[DOLLAR] = new TestToken("Dollar", "DOLLAR", 6, address(this));
        answers = [int256(500e8), 100e8, 2_000e8, 1e8];
        for (uint256 i = 0; i < 4; ++i) {
            feeds[i] = new TestFeed(string.concat(tokens[i].symbol(), " / USD"), FEED_DECIMALS, address(market));
        }
        for (uint256 i = 0; i < DOLLAR; ++i) {
            // {qTok} = {qTok of dollar} * 10^(decimals + 8 - 6) / {quote/tok in feed decimals}
            uint256 amount = POOL_DOLLARS * 10 ** (tokens[i].decimals() + 2) / uint256(answers[i]);
            pools[i] = createPool(tokens[i], tokens[DOLLAR], amount, POOL_DOLLARS);
        }
        refreshFeeds();
        oracle = new ChainlinkOracle(address(uniswap), poolInitCodeHash);
        venue = new UniswapV3Venue(address(uniswap), poolInitCodeHash);
    }

    // ---- the market moves

    /// @notice Moves the feed and the pool of token `i` to `answer`.
    function setPrice(uint256 i, int256 answer) internal {
        TestFeed[] memory feedList = new TestFeed[](1);
        int256[] memory answerList = new int256[](1);
        (feedList[0], answerList[0]) = (feeds[i], answer);
        address[] memory poolList = new address[](i == DOLLAR ? 0 : 1);
        uint160[] memory priceList = new uint160[](poolList.length);
        if (i != DOLLAR) (poolList[0], priceList[0]) = (pools[i], poolPrice(i, answer));
        answers[i] = answer;
        market.step(feedList, answerList, poolList, priceList);
    }

    /// @notice Pushes every feed's last answer again, dated now.
    function refreshFeeds() internal {
        for (uint256 i = 0; i < 4; ++i) {
            setPrice(i, answers[i]);
        }
    }

    /// @notice Moves the pool of token `i` alone, as somebody who trades against the oracle would.
    function skewPool(uint256 i, int256 answer) internal {
        address[] memory poolList = new address[](1);
        uint160[] memory priceList = new uint160[](1);
        (poolList[0], priceList[0]) = (pools[i], poolPrice(i, answer));
        market.arbitrage(poolList, priceList);
    }

    /// @notice Where the pool of token `i` stands when the token costs `answer` dollars.
    function poolPrice(uint256 i, int256 answer) internal view returns (uint160) {
        // 10^decimals {qTok} are worth answer / 10^8 * 10^6 {qTok of dollar}; both times 100, for a whole number
        return sqrtPrice(address(tokens[i]), address(tokens[DOLLAR]), 10 ** tokens[i].decimals() * 100, uint256(answer));
    }

    // ---- what tests ask of it

    /// @notice Gives `account` tokens and lets `spender` take them.
    function fund(address account, address spender, uint256 i, uint256 amount) internal {
        tokens[i].mint(account, amount);
        vm.prank(account);
        tokens[i].approve(spender, amount);
    }

    /// @notice One pool where the dollar is traded, else two with the dollar in the middle.
    function route(uint256 sell, uint256 buy) internal view returns (bytes memory) {
        if (sell == DOLLAR || buy == DOLLAR) return abi.encodePacked(FEE);
        return abi.encodePacked(FEE, address(tokens[DOLLAR]), FEE);
    }

    /// @return D36{quote/qTok} what the oracle says of token `i`
    function priceOf(uint256 i) internal view returns (uint256) {
        return uint256(answers[i]) * 10 ** (36 - tokens[i].decimals() - FEED_DECIMALS);
    }

    /// @notice Bounds of a tenth and ten times the last price, no second source.
    function feedOf(uint256 i) internal view returns (Feed memory) {
        return Feed({
            source: address(feeds[i]),
            heartbeat: HEARTBEAT,
            decimals: FEED_DECIMALS,
            deviation: 50,
            minAnswer: uint128(uint256(answers[i]) / 10),
            maxAnswer: uint128(uint256(answers[i]) * 10),
            twap: Twap({window: 0, fee: 0, maxDeviation: 0, base: 0})
        });
    }

    function assetOf(uint256 i) internal view returns (Asset memory) {
        return Asset({
            token: address(tokens[i]), decimals: tokens[i].decimals(), minWeight: 0, maxWeight: 10_000, feed: feedOf(i)
        });
    }

    /// @notice The words of these assets, as a vault hands them to its oracle.
    function wordsOf(Asset[] memory assets) internal pure returns (uint256[] memory) {
        Mandate memory m;
        m.assets = assets;
        return MandateCodec.feeds(MandateCodec.pack(m));
    }
}
