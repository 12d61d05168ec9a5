// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IVaultAdmin} from "./IVaultAdmin.sol";
import {IVaultCore} from "./IVaultCore.sol";
import {IVaultFlows} from "./IVaultFlows.sol";

/// @notice An ERC-20 share over a basket of tokens that only moves towards its owner's mandate.
/// @dev One address, three contracts: what Vault does not know itself, VaultFlows and VaultAdmin do in its name.
interface IVault is IVaultCore, IVaultFlows, IVaultAdmin {}
