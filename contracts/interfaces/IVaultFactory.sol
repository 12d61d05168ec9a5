// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Mandate, Roles} from "../types/Types.sol";
import {Pairing} from "./IMandateChecker.sol";

/// @notice Lets a vault exist only when its tokens, feeds and venues fit together, and remembers the ones it let.
interface IVaultFactory {
    event VaultCreated(address indexed vault, address indexed creator, bytes32 salt);

    /// @notice The address has no code.
    error NotAContract(address account);
    /// @notice The implementation writes to another ledger.
    error LedgerMismatch(address expected, address actual);
    /// @notice The creator has created this very mandate with this salt before.
    error SaltUsed(address vault);

    /// @notice Creates a vault at the address that `predict` tells.
    /// @param pairings one for each asset after the first
    /// @param salt of the caller's choice
    function create(Mandate calldata mandate, Roles calldata roles, Pairing[] calldata pairings, bytes32 salt)
        external
        returns (address vault);

    /// @notice Where `creator` would create a vault. The address commits to the whole mandate, which is part of the vault's
    ///         code: what is found there can have no other one. The roles are not part of it, but only `creator` can set
    ///         them.
    function predict(address creator, bytes32 salt, Mandate calldata mandate) external view returns (address vault);
    function isVault(address account) external view returns (bool);
    function implementation() external view returns (address);
    function checker() external view returns (address);
    function ledger() external view returns (address);
}
