// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Feed} from "../types/Types.sol";

/// @notice Reads prices and vouches for them. Stateless: what makes a price acceptable is the mandate's word.
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

    /// @notice Prices of all feeds, or a revert by name.
    /// @param feeds what to read and what is acceptable
    /// @param tokenDecimals of the priced tokens, one for each feed
    /// @return values D36{quote/qTok} = answer * 10^(36 - tokenDecimals - feed.decimals), so that balance * price is D36{quote}
    /// @return rounds the feed's round ids
    function prices(Feed[] calldata feeds, uint8[] calldata tokenDecimals)
        external
        view
        returns (uint256[] memory values, uint80[] memory rounds);

    /// @notice One price with its age; for lenses, which show a bad feed without hiding the good ones.
    /// @return value D36{quote/qTok}
    /// @return roundId the feed's round id
    /// @return updatedAt {s}
    function price(Feed calldata feed, uint8 tokenDecimals)
        external
        view
        returns (uint256 value, uint80 roundId, uint256 updatedAt);
}
