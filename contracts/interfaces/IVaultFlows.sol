// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Due} from "../types/Types.sol";

/// @notice What a vault does at the oracle's prices besides rebalancing: single assets in and out, fees, and the answer
///         whether a rebalance is due. Part of IVault.
interface IVaultFlows {
    /// @notice The mandate has no spread, so it allows no deposits and withdrawals.
    error FlowsNotAllowed();
    /// @notice Nothing comes in or goes out.
    error NoAmounts();
    /// @notice The flow takes an asset away from its target or past it.
    /// @param valueAfter D36{quote} of the asset
    /// @param target {bps}
    /// @param totalAfter D36{quote} of the vault
    error FlowAwayFromTarget(uint256 asset, uint256 valueAfter, uint256 target, uint256 totalAfter);
    error SharesBelowMinimum(uint256 shares, uint256 minimum);
    error SharesAboveMaximum(uint256 shares, uint256 maximum);
    /// @notice A withdrawal needs shares that stay behind.
    error WithdrawalTooLarge(uint256 value, uint256 total);

    /// @notice Mints shares for tokens at the oracle's prices less the mandate's spread, rounded down. One asset or
    ///         several: none may end above its target, give or take the smallest trade, so a deposit reduces drift.
    /// @param amounts {qTok} exactly what the caller pays, one for each asset, zero for those left out
    /// @param minShares {qShare} the least that is minted
    /// @return shares {qShare} minted
    function deposit(uint256[] calldata amounts, uint256 minShares, address receiver) external returns (uint256 shares);

    /// @notice Burns shares for tokens at the oracle's prices plus the mandate's spread, rounded up. None of the assets paid
    ///         may end below its target, give or take the smallest trade, so a withdrawal takes the overweight first.
    /// @param amounts {qTok} exactly what is paid, one for each asset, zero for those left out
    /// @param maxShares {qShare} the most that is burnt
    /// @param owner_ of the shares; another caller needs an allowance
    /// @return shares {qShare} burnt
    function withdraw(uint256[] calldata amounts, uint256 maxShares, address receiver, address owner_)
        external
        returns (uint256 shares);

    /// @notice Mints what is owed of the management and the performance fee to the mandate's recipient. Anyone.
    /// @return managementShares {qShare}
    /// @return performanceShares {qShare}
    function takeFees() external returns (uint256 managementShares, uint256 performanceShares);

    /// @return shares {qShare} that `deposit` would mint, rounded down
    function previewDeposit(uint256[] calldata amounts) external view returns (uint256 shares);
    /// @return shares {qShare} that `withdraw` would burn, rounded up
    function previewWithdraw(uint256[] calldata amounts) external view returns (uint256 shares);

    /// @notice How a deposit of this value is spread by the rule of equal fractional deviation: the assets farthest below
    ///         their targets in proportion to them are filled first, to one common level.
    /// @param value D36{quote}
    /// @return amounts {qTok} rounded down, worth at most `value`; `deposit` accepts them
    function routeDeposit(uint256 value) external view returns (uint256[] memory amounts);
    /// @notice The same for a withdrawal: the assets farthest above their targets are paid first.
    /// @param value D36{quote}
    /// @return amounts {qTok} rounded down, worth at most `value`; `withdraw` accepts them
    function routeWithdraw(uint256 value) external view returns (uint256[] memory amounts);

    /// @notice Whether a rebalance is due, by which rule, how far the vault has drifted and what has to move; or why not.
    ///         For keepers, dashboards and upkeep services alike: the same rules that `rebalance` applies.
    function due() external view returns (Due memory);
}
