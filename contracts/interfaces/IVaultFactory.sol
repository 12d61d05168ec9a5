// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Mandate, Roles} from "../types/Types.sol";

/// @notice How one asset trades against the first one at a venue of the mandate.
struct Pairing {
    uint8 venue; // index into the mandate's venues
    bytes route; // from asset 0 to this asset
}

/// @notice Lets a vault exist only when its tokens, feeds and venues fit together, and remembers the ones it let.
interface IVaultFactory {
    event VaultCreated(address indexed vault, address indexed creator, bytes32 salt);

    /// @notice The address has no code.
    error NotAContract(address account);
    error TokenDecimalsMismatch(uint256 asset, uint256 stated, uint256 actual);
    error FeedDecimalsMismatch(uint256 asset, uint256 stated, uint256 actual);
    error PairingsMismatch(uint256 expected, uint256 given);
    error PairingUnknownVenue(uint256 asset, uint256 venue);
    /// @notice The venue's price of the asset is too far from the oracle's: a wrong token, feed or pool is wired.
    /// @param venueValue D36{quote} of what the venue gives for `oracleValue`
    error PriceImplausible(uint256 asset, uint256 oracleValue, uint256 venueValue);

    /// @notice Creates a vault at the address that `predict` tells.
    /// @param pairings one for each asset after the first
    /// @param salt of the caller's choice
    function create(Mandate calldata mandate, Roles calldata roles, Pairing[] calldata pairings, bytes32 salt)
        external
        returns (address vault);

    function predict(address creator, bytes32 salt) external view returns (address vault);
    function isVault(address account) external view returns (bool);
    function implementation() external view returns (address);
    function ledger() external view returns (address);
}
