// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IPriceOracle} from "../interfaces/IPriceOracle.sol";
import {Feed, VALUE_DECIMALS} from "../types/Types.sol";

/// @title ChainlinkOracle
/// @notice Prices from Chainlink feeds, or from anything that answers `latestRoundData` as they do.
///
/// LIVENESS. Fails closed: one feed that is unreadable, incomplete, not positive, out of bounds or stale fails the whole
/// read by name. Redeeming needs no price, so it does not depend on this contract.
///
/// ROUNDING. None: a price is an integer answer times a power of ten.
///
/// ROLES. None: no owner, no state. Which feeds, which heartbeat and which bounds is the mandate's word on every call.
///
/// KNOWN LIMITS. A price inside its heartbeat may lag the market by up to the feed's deviation threshold. The uptime of
/// an L2's sequencer is not looked at.
contract ChainlinkOracle is IPriceOracle {
    /// @inheritdoc IPriceOracle
    function prices(Feed[] calldata feeds, uint8[] calldata tokenDecimals)
        external
        view
        returns (uint256[] memory values, uint80[] memory rounds)
    {
        values = new uint256[](feeds.length);
        rounds = new uint80[](feeds.length);
        for (uint256 i = 0; i < feeds.length; ++i) {
            (values[i], rounds[i],) = _price(feeds[i], tokenDecimals[i]);
        }
    }

    /// @inheritdoc IPriceOracle
    function price(Feed calldata feed, uint8 tokenDecimals)
        external
        view
        returns (uint256 value, uint80 roundId, uint256 updatedAt)
    {
        return _price(feed, tokenDecimals);
    }

    /// @return value D36{quote/qTok}
    function _price(Feed calldata feed, uint8 tokenDecimals)
        private
        view
        returns (uint256 value, uint80 roundId, uint256 updatedAt)
    {
        address source = feed.source;
        uint256 id;
        int256 signed;
        uint256 answeredIn;
        (id, signed, updatedAt, answeredIn) = _latest(source);
        // The cast cannot truncate: `_latest` refuses wider ids.
        roundId = uint80(id);
        require(updatedAt != 0 && answeredIn >= id, RoundIncomplete(source, roundId));
        require(signed > 0, PriceNotPositive(source, signed));
        uint256 answer = uint256(signed);
        require(
            answer >= feed.minAnswer && answer <= feed.maxAnswer,
            PriceOutOfBounds(source, answer, feed.minAnswer, feed.maxAnswer)
        );
        require(
            updatedAt <= block.timestamp && block.timestamp - updatedAt <= feed.heartbeat,
            PriceStale(source, updatedAt, feed.heartbeat)
        );
        // D36{quote/qTok} = {quote/tok in feed decimals} * 10^(36 - token decimals - feed decimals)
        // Cannot overflow: the answer is within the bounds, which are 128 bits, and 10^36 has 120.
        value = answer * 10 ** (VALUE_DECIMALS - tokenDecimals - feed.decimals);
    }

    /// @dev A typed call, also inside `try`, would revert without a name where the feed has no code or answers too
    ///      little or too wide. This one copies exactly five words, so that a long answer costs nothing either. They are
    ///      read at once and may lie above the free memory pointer.
    /// @return id of the round, at most 80 bits
    /// @return answer {quote/tok} in the feed's own decimals
    /// @return updatedAt {s}
    /// @return answeredIn id of the round that gave the answer, at most 80 bits
    function _latest(address source)
        private
        view
        returns (uint256 id, int256 answer, uint256 updatedAt, uint256 answeredIn)
    {
        bytes4 selector = IAggregatorV3.latestRoundData.selector;
        bool readable;
        assembly ("memory-safe") {
            let words := mload(0x40)
            mstore(0, selector)
            readable := staticcall(gas(), source, 0, 4, words, 0xa0)
            readable := and(readable, gt(returndatasize(), 0x9f))
            id := mload(words)
            answer := mload(add(words, 0x20))
            updatedAt := mload(add(words, 0x60))
            answeredIn := mload(add(words, 0x80))
        }
        readable = readable && id <= type(uint80).max && answeredIn <= type(uint80).max;
        require(readable, FeedUnreadable(source));
    }
}
