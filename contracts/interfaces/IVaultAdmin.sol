// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Knot, Mandate, Power, Roles, Status} from "../types/Types.sol";
import {Pairing} from "./IMandateChecker.sol";

/// @notice What the owner, the strategist and the guardian do, and what everybody may read of it. Part of IVault.
/// @dev A call that loosens has to be submitted first, word for word, and waits for the mandate's timelock. A call that
///      tightens is made at once. `submit` of a loosening call writes it into the ledger, where everybody can read it.
interface IVaultAdmin {
    /// @notice `initialize` has been called before.
    error AlreadyInitialized();
    /// @notice A vault without an owner could never be minted from, nor changed.
    error OwnerZero();
    /// @notice The call was not submitted, or was revoked or made already.
    error NotSubmitted(bytes32 callHash);
    error AlreadySubmitted(bytes32 callHash, uint256 executableAt);
    error TimelockRunning(uint256 executableAt, uint256 timestamp);
    /// @notice The call waited too long after its timelock and has to be submitted again.
    error SubmissionExpired(uint256 expiredAt, uint256 timestamp);
    /// @notice The owner has given this power up for good.
    error PowerRenounced(Power power);
    /// @param next {s} from when on targets may be moved again
    error TargetStepTooSoon(uint256 next, uint256 timestamp);
    /// @param from {bps} present target
    /// @param to {bps} wanted target
    error TargetStepTooLarge(uint256 asset, uint256 from, uint256 to, uint256 maxStep);
    /// @notice An asset that the vault still holds cannot be dropped.
    /// @param value D36{quote} that it is worth
    /// @param dust D36{quote} that may be left: the smallest trade
    error AssetStillHeld(address token, uint256 value, uint256 dust);

    /// @notice Sets up a fresh clone with the mandate that it carries as its arguments: grants the roles, writes the
    ///         CREATED entry. Once.
    function initialize(Roles calldata roles) external;

    /// @notice Announces a call to this vault that loosens something. Owner only.
    /// @param call the encoded call, to be made by the owner within SUBMISSION_LIFE after the timelock
    /// @return executableAt {s}
    // The name says what the view of the same name tells later.
    // slither-disable-next-line shadowing-local
    function submit(bytes calldata call) external returns (uint256 executableAt);
    /// @notice Withdraws an announced call. Owner or guardian.
    function revoke(bytes calldata call) external;

    /// @notice Puts another mandate in force. Owner only. At once when it is at most as loose as the present one in every
    ///         respect (libraries/MandateChange.sol), else after the timelock.
    /// @dev Adding and removing assets is this, too. An asset is dropped only when what is left of it is worth no more
    ///      than the smallest trade. An open rebalance is closed.
    /// @param pairings one for each asset after the first, as at creation; empty when tokens, feeds, oracle and venues stay
    function setMandate(Mandate calldata mandate_, Pairing[] calldata pairings) external;

    /// @notice Moves the targets from where they are now to `weights`. Strategist only, within the mandate's minimum and
    ///         maximum weights, step and delay. Trades nothing by itself.
    /// @param weights {bps} one for each asset, sum exactly BPS
    /// @param duration {s} of the glide; zero: at once
    function setTargets(uint16[] calldata weights, uint32 duration) external;

    /// @notice Owner only. Removing is immediate, adding waits for the timelock.
    function setKeeper(address keeper, bool allowed) external;
    /// @notice Owner only. Removing (zero) is immediate, another one waits for the timelock.
    function setStrategist(address strategist_) external;
    /// @notice Owner only. Waits for the timelock: the guardian is who can stop an owner's mistake.
    function setGuardian(address guardian_) external;

    /// @notice Stops mint, deposit, withdraw and rebalance. Owner or guardian.
    function pause() external;
    /// @notice Owner only.
    function unpause() external;
    /// @notice Owner only; the new owner has to accept. Zero withdraws the proposal.
    function proposeOwner(address pendingOwner_) external;
    /// @notice The proposed owner only.
    function acceptOwner() external;
    /// @notice Gives a power up for good. Owner only. Renouncing PAUSE waits for the timelock, and also ends a pause.
    function renounce(Power power) external;

    /// @notice Puts the hash of a statement into the ledger, so that what the owner has said, and when, can be shown later
    ///         and not be changed: how he identifies what he sells, his profile. Owner only, also while paused. The vault
    ///         keeps nothing of it and does nothing by it; what a statement is about, and which one it replaces, is its own
    ///         matter.
    /// @param statement keccak256 of the statement's bytes
    function declare(bytes32 statement) external;

    /// @notice The mandate in force, with the path as the strategist last set it.
    function mandate() external view returns (Mandate memory);
    /// @return {bps} the targets at this moment
    function targets() external view returns (uint16[] memory);
    function status() external view returns (Status memory);
    /// @param callHash keccak256 of the submitted call
    /// @return {s} zero: not submitted
    function executableAt(bytes32 callHash) external view returns (uint256);
}
