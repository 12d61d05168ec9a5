// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Asset, BPS, MAX_ASSETS, MIN_ASSETS, Mandate, VALUE_DECIMALS} from "../types/Types.sol";

/// @notice What a mandate must satisfy by itself. Whether its tokens, feeds and venues are real and fit together is the
///         factory's question.
library MandateRules {
    uint256 internal constant MAX_VENUES = 255; // a trade names its venue in a uint8, the codec counts them in one

    error AssetCountInvalid(uint256 count, uint256 minimum, uint256 maximum);
    /// @notice The token is zero, the vault itself, or the token of an earlier asset.
    error TokenInvalid(uint256 asset, address token);
    error FeedMissing(uint256 asset);
    error HeartbeatZero(uint256 asset);
    error AnswerBoundsInvalid(uint256 asset, uint256 minAnswer, uint256 maxAnswer);
    /// @notice A price of this token could not be a whole number of D36{quote/qTok}.
    error DecimalsTooMany(uint256 asset, uint256 tokenDecimals, uint256 feedDecimals);
    /// @param sum {bps}
    error TargetsInvalid(uint256 sum);
    error BandInvalid(uint256 band);
    /// @notice The destination must lie inside the band, or a rebalance could end due again.
    error DestinationInvalid(uint256 destination, uint256 band);
    error MaxSlippageInvalid(uint256 maxSlippage);
    error MaxLossInvalid(uint256 maxLoss);
    error MinTradeZero();
    error VenueCountInvalid(uint256 count, uint256 maximum);
    /// @notice The venue is zero or listed before.
    error VenueInvalid(uint256 index, address venue);
    error OracleMissing();
    /// @notice A name or symbol is empty, longer than 31 bytes, or goes on after its end.
    error NameInvalid(bytes32 text);

    /// @param vault that the mandate is for; its own share cannot be one of its assets
    function validate(Mandate memory m, address vault) internal pure {
        require(m.oracle != address(0), OracleMissing());
        require(m.band > 0 && m.band <= BPS, BandInvalid(m.band));
        require(m.destination < m.band, DestinationInvalid(m.destination, m.band));
        require(m.maxSlippage < BPS, MaxSlippageInvalid(m.maxSlippage));
        require(m.maxLoss < BPS, MaxLossInvalid(m.maxLoss));
        require(m.minTrade > 0, MinTradeZero());
        require(isText(m.name), NameInvalid(m.name));
        require(isText(m.symbol), NameInvalid(m.symbol));
        _validateVenues(m.venues);
        _validateAssets(m.assets, vault);
    }

    /// @notice Whether the bytes are 1 to 31 of printable ASCII followed by zeros only: what every reader shows alike.
    function isText(bytes32 text) internal pure returns (bool) {
        uint256 length;
        while (length < 32 && text[length] >= 0x20 && text[length] <= 0x7e) ++length;
        // A length of 32 leaves no terminator. Shifting out the text leaves what goes on after its end.
        return length > 0 && length < 32 && text << (8 * length) == 0;
    }

    function _validateVenues(address[] memory venues) private pure {
        uint256 count = venues.length;
        require(count > 0 && count <= MAX_VENUES, VenueCountInvalid(count, MAX_VENUES));
        for (uint256 i; i < count; ++i) {
            require(venues[i] != address(0), VenueInvalid(i, venues[i]));
            for (uint256 j; j < i; ++j) {
                require(venues[i] != venues[j], VenueInvalid(i, venues[i]));
            }
        }
    }

    function _validateAssets(Asset[] memory assets, address vault) private pure {
        uint256 count = assets.length;
        require(count >= MIN_ASSETS && count <= MAX_ASSETS, AssetCountInvalid(count, MIN_ASSETS, MAX_ASSETS));
        uint256 sum;
        for (uint256 i; i < count; ++i) {
            Asset memory a = assets[i];
            require(a.token != address(0) && a.token != vault, TokenInvalid(i, a.token));
            for (uint256 j; j < i; ++j) {
                require(a.token != assets[j].token, TokenInvalid(i, a.token));
            }
            _validateFeed(i, a);
            // A target of zero is allowed: an asset to be sold, or to be bought later under another mandate.
            sum += a.target;
        }
        require(sum == BPS, TargetsInvalid(sum));
    }

    function _validateFeed(uint256 i, Asset memory a) private pure {
        require(a.feed.source != address(0), FeedMissing(i));
        require(a.feed.heartbeat > 0, HeartbeatZero(i));
        require(
            a.feed.minAnswer > 0 && a.feed.minAnswer <= a.feed.maxAnswer,
            AnswerBoundsInvalid(i, a.feed.minAnswer, a.feed.maxAnswer)
        );
        require(
            uint256(a.decimals) + a.feed.decimals <= VALUE_DECIMALS, DecimalsTooMany(i, a.decimals, a.feed.decimals)
        );
    }
}
