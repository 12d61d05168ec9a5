// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Mandate} from "../types/Types.sol";

/// @notice How one asset trades against the first one at a venue of the mandate.
struct Pairing {
    uint8 venue; // index into the mandate's venues
    bytes route; // from asset 0 to this asset
}

/// @notice Whether the tokens, feeds and venues of a mandate are real and fit together. Stateless.
interface IMandateChecker {
    /// @notice The address has no code.
    error NotAContract(address account);
    error TokenDecimalsMismatch(uint256 asset, uint256 stated, uint256 actual);
    error FeedDecimalsMismatch(uint256 asset, uint256 stated, uint256 actual);
    error PairingsMismatch(uint256 expected, uint256 given);
    error PairingUnknownVenue(uint256 asset, uint256 venue);
    /// @notice The venue's price of the asset is too far from the oracle's: a wrong token, feed or pool is wired.
    /// @param venueValue D36{quote} of what the venue gives for `oracleValue`
    error PriceImplausible(uint256 asset, uint256 oracleValue, uint256 venueValue);

    /// @notice Passes, or reverts by name. The mandate is sound by itself (libraries/MandateRules.sol).
    /// @param pairings one for each asset after the first
    function check(Mandate calldata mandate, Pairing[] calldata pairings) external view;
}
