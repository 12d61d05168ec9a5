// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Due, Mandate, Status} from "../types/Types.sol";

/// @notice One price as the mandate's oracle gives it, or why it does not.
struct PriceView {
    uint256 price; // D36{quote/qTok}, zero when there is none
    uint80 roundId;
    uint40 updatedAt; // {s}
    bytes failure; // revert data of the oracle, empty when the price is good
}

/// @notice All that one tick needs of one vault.
struct VaultView {
    address vault;
    bytes failure; // revert data of the first read that failed; everything else is then empty
    bool registered; // by the lens's factory
    Status status;
    uint256 supply; // {qShare}
    bytes27 ledgerHead;
    uint40 ledgerCount;
    Mandate mandate;
    uint16[] targets; // {bps} now
    uint256[] balances; // {qTok}
    PriceView[] prices;
    Due due; // with a bad price only its cause and its failure
}

/// @notice Reads many vaults in one call; one vault's trouble does not hide another.
interface IVaultLens {
    function snapshots(address[] calldata vaults) external view returns (VaultView[] memory);
    /// The roles that `account` holds at `vault`.
    function rolesOf(address vault, address account)
        external
        view
        returns (bool owner, bool strategist, bool guardian, bool keeper);
    function factory() external view returns (address);
}
