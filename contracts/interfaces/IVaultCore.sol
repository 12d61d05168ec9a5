// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Cause, Plan} from "../types/Types.sol";
import {IPayer} from "./IVenue.sol";

/// @notice What every vault does by itself: shares in kind, rebalances, pausing. Part of IVault.
interface IVaultCore is IPayer {
    // ---- who and when
    /// @notice The caller lacks the role.
    error Unauthorised(address caller);
    /// @notice The guardian or the owner has paused the vault; redeeming stays open.
    error Paused();
    /// @notice A state-changing call or a view was made while another call of this vault is under way.
    error Locked();

    /// @notice The token does not tell its balance.
    error TokenUnreadable(address token);
    /// @notice The oracle answers something that is no price list.
    error PricesUnreadable(address oracle);
    /// @notice The ledger has not recorded an entry, so nothing has happened.
    error LedgerFailed();

    // ---- the plan
    error NonceMismatch(uint256 expected, uint256 given);
    error DeadlinePassed(uint256 deadline, uint256 timestamp);
    /// @notice The reference block is unknown here: too old, in the future, or on another branch.
    error ReferenceBlockMismatch(uint256 referenceBlock, bytes32 expected, bytes32 given);
    error NoTrades();
    error TooManyTrades(uint256 count, uint256 maximum);
    /// @notice The mandate wants every rebalance whole.
    error PartsNotAllowed();

    // ---- the trigger
    error CoolingDown(uint256 until, uint256 timestamp);
    /// @param cause IN_BAND or BEFORE_PERIOD
    /// @param drift D18{1} largest absolute drift, rounded down
    error NotDue(Cause cause, uint256 drift);
    /// @notice The vault holds nothing of value.
    error NoValue();

    // ---- one trade
    error UnknownAsset(uint256 trade, uint256 index);
    error UnknownVenue(uint256 trade, uint256 index);
    error SameAsset(uint256 trade, uint256 index);
    /// @param value D36{quote} of what is sold
    /// @param minimum D36{quote}
    error TradeTooSmall(uint256 trade, uint256 value, uint256 minimum);
    /// @notice The venue took another amount than the trade says.
    error AmountInMismatch(uint256 trade, uint256 expected, uint256 taken);
    /// @param minimum {qTok of buy} the higher of the oracle's floor and the plan's
    error OutputTooLow(uint256 trade, uint256 amountOut, uint256 minimum);

    // ---- the net result
    /// @notice The asset was traded away from its target or past it.
    /// @param valueBefore D36{quote} of the asset
    /// @param valueAfter D36{quote} of the asset
    /// @param target {bps}
    error TargetCrossed(uint256 asset, uint256 valueBefore, uint256 valueAfter, uint256 target);
    /// @param drift D18{1} of the asset, rounded down
    /// @param target {bps}
    error DestinationMissed(uint256 asset, uint256 drift, uint256 target);
    /// @notice A part must trade at least one of the assets that the rebalance is about.
    /// @param breaches bitmap of those assets
    error NoProgress(uint256 breaches);
    /// @param loss D36{quote} sum over the trades that lost
    /// @param maximum D36{quote}, rounded down
    error LossTooHigh(uint256 loss, uint256 maximum);
    /// @param used D14{1} with this rebalance
    /// @param maximum D14{1} half of the mandate's budget
    error LossBudgetExceeded(uint256 used, uint256 maximum);
    /// @param used D14{1} with this rebalance
    /// @param maximum D14{1} half of the mandate's budget
    error TurnoverBudgetExceeded(uint256 used, uint256 maximum);

    // ---- shares
    error ZeroShares();
    /// @notice Shares or tokens would go to nobody, or to the vault itself.
    error InvalidReceiver(address receiver);
    error LengthMismatch(uint256 expected, uint256 given);
    /// @notice The first mint must lock MIN_SUPPLY shares for good and leave some over.
    error FirstMintTooSmall(uint256 shares, uint256 minimum);
    error AmountAboveMaximum(uint256 asset, uint256 amount, uint256 maximum);
    error AmountBelowMinimum(uint256 asset, uint256 amount, uint256 minimum);
    /// @notice The token delivered another amount than it was asked for.
    error TransferMismatch(uint256 asset, uint256 expected, uint256 received);

    /// @notice Mints shares in kind, pro rata to what the vault holds, rounded up. Needs no price.
    /// @dev The first mint is the owner's: it pays exactly `maxAmounts`, and MIN_SUPPLY of `shares` are locked for good.
    /// @param shares {qShare} to mint
    /// @param maxAmounts {qTok} the most that the caller pays, one for each asset
    /// @return amounts {qTok} paid
    function mint(uint256 shares, uint256[] calldata maxAmounts, address receiver)
        external
        returns (uint256[] memory amounts);

    /// @notice Burns shares for their part of the basket, rounded down. Works while paused and without any price.
    /// @param shares {qShare} to burn
    /// @param minAmounts {qTok} the least that is paid, one for each asset
    /// @param owner_ of the shares; another caller needs an allowance
    /// @param skip bitmap of assets not to be paid: their part stays with the remaining holders
    /// @return amounts {qTok} paid
    function redeem(uint256 shares, uint256[] calldata minAmounts, address receiver, address owner_, uint256 skip)
        external
        returns (uint256[] memory amounts);

    /// @notice Executes a keeper's plan, if the mandate allows all of it.
    /// @dev Checks, in this order: caller, pause; nonce, deadline, reference block; prices; cool-down and trigger, or the
    ///      open rebalance; each trade; the net result and the budgets. Then it appends a REBALANCED entry.
    /// @return planHash keccak256 of the encoded plan
    function rebalance(Plan calldata plan) external returns (bytes32 planHash);

    /// @return held {qTok} of each asset. Reverts while the vault is locked, so that nobody reads a half-done rebalance.
    function balances() external view returns (uint256[] memory held);
    /// @return amounts {qTok} that `mint` would take, rounded up, the management fee until now included
    function previewMint(uint256 shares) external view returns (uint256[] memory amounts);
    /// @return amounts {qTok} that `redeem` would pay, rounded down, the management fee until now included
    function previewRedeem(uint256 shares, uint256 skip) external view returns (uint256[] memory amounts);
    function owner() external view returns (address);
    function pendingOwner() external view returns (address);
    function guardian() external view returns (address);
    function strategist() external view returns (address);
    function isKeeper(address account) external view returns (bool);
    function ledger() external view returns (address);
}
