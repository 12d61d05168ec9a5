// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice Reads prices and vouches for them. Stateless: what makes a price acceptable is the mandate's word.
/// @dev Feeds come in the words of libraries/MandateCodec.sol, three for each asset, so that a vault passes on what it has
///      stored.
interface IPriceOracle {
    /// @notice The feed could not be called or answered something unreadable.
    error FeedUnreadable(address feed);
    /// @notice The answer is zero or negative.
    error PriceNotPositive(address feed, int256 answer);
    /// @notice The answer is outside the mandate's bounds.
    error PriceOutOfBounds(address feed, uint256 answer, uint256 minAnswer, uint256 maxAnswer);
    /// @notice The answer is older than the heartbeat, or dated in the future.
    error PriceStale(address feed, uint256 updatedAt, uint256 heartbeat);
    /// @notice The round is not complete.
    error RoundIncomplete(address feed, uint80 roundId);
    /// @notice The L2's sequencer is down.
    error SequencerDown(address feed);
    /// @notice The L2's sequencer has been up for less than the mandate's grace period.
    error SequencerInGrace(address feed, uint256 startedAt, uint256 grace);
    /// @notice The second source gives no price: no such pool, or too short a memory.
    error TwapUnreadable(address pool);
    /// @notice The two sources disagree.
    /// @param price D36{quote/qTok} of the feed
    /// @param twap D36{quote/qTok} of the pool
    error PriceDeviates(address feed, uint256 price, uint256 twap, uint256 maxDeviation);

    /// @notice Prices of all feeds, or a revert by name.
    /// @param sequencer its uptime feed 160 and its grace 32; zero: none
    /// @param feeds three words for each asset
    /// @return values D36{quote/qTok} = answer * 10^(36 - token decimals - feed decimals), so that balance * price is D36{quote}
    /// @return rounds the feeds' round ids
    function prices(uint256 sequencer, uint256[] calldata feeds)
        external
        view
        returns (uint256[] memory values, uint80[] memory rounds);

    /// @notice One price with its age; for lenses, which show a bad feed without hiding the good ones.
    /// @param asset whose price is wanted
    /// @return value D36{quote/qTok}
    /// @return roundId the feed's round id
    /// @return updatedAt {s}
    function price(uint256 sequencer, uint256[] calldata feeds, uint256 asset)
        external
        view
        returns (uint256 value, uint80 roundId, uint256 updatedAt);
}
