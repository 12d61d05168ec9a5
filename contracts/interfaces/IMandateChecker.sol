// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice How one asset trades against the first one at a venue of the mandate.
struct Pairing {
    uint8 venue; // index into the mandate's venues
    bytes route; // from asset 0 to this asset
}

/// @notice Whether a mandate is sound, what a change of it means, and whether its tokens, feeds and venues are real and fit
///         together. Stateless.
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

    /// @notice Passes a mandate that is sound by itself, or reverts by name (libraries/MandateRules.sol).
    /// @param words of the mandate (libraries/MandateCodec.sol)
    /// @param vault that it is for
    function validate(bytes calldata words, address vault) external pure;

    /// @notice What the change from one sound mandate to another means (libraries/MandateChange.sol).
    /// @param words of the mandate in force
    /// @param next words of the other one
    /// @return isSamePath whether path and tokens stay
    /// @return isTightening whether the other one is at most as loose in every respect
    /// @return hasNewParts whether it has to be checked as at creation
    function compare(bytes calldata words, bytes calldata next)
        external
        pure
        returns (bool isSamePath, bool isTightening, bool hasNewParts);

    /// @notice Passes a sound mandate whose parts fit together, or reverts by name.
    /// @param pairings one for each asset after the first
    function check(bytes calldata words, Pairing[] calldata pairings) external view;
}
