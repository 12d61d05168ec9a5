// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "solady/tokens/ERC20.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {LibCall} from "solady/utils/LibCall.sol";
import {LibClone} from "solady/utils/LibClone.sol";
import {LibString} from "solady/utils/LibString.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {ILedger} from "./interfaces/ILedger.sol";
import {IPriceOracle} from "./interfaces/IPriceOracle.sol";
import {IVaultCore} from "./interfaces/IVaultCore.sol";
import {MandateCodec} from "./libraries/MandateCodec.sol";
import {BPS, Kind} from "./types/Types.sol";

/// @title VaultBase
/// @notice The storage of a vault and what the contracts that act on it share.
/// @dev Vault, VaultFlows and VaultAdmin run on the storage of the same clone, by delegate calls. This contract alone
///      declares storage.
abstract contract VaultBase is ERC20 {
    using MandateCodec for bytes;

    /// @dev One slot: all that a rebalance writes.
    struct State {
        uint40 lastRebalance; // {s}, zero before the first; also the time at which the two levels hold
        uint32 nonce; // of the next plan
        uint48 lossLevel; // D14{1} of the loss budget in use
        uint56 turnoverLevel; // D14{1} of the turnover budget in use
        uint40 openUntil; // {s} end of the open rebalance
        uint16 breaches; // bitmap of assets that the open rebalance has to bring home
        bool paused;
        bool locked; // while a call that moves tokens is under way
        bool moved; // whether the mandate in force is no longer the one that the clone carries
    }

    /// @dev {s} what a year of management fee is counted by.
    uint256 internal constant YEAR = 365 days;

    /// @dev The ledger that all vaults of this implementation write to.
    address internal immutable _ledger;

    State internal _state;
    address internal _mandate; // data contract with the words of MandateCodec, once `moved`
    uint40 internal _lastTargetChange; // {s}
    uint8 internal _renounced; // bitmap of Power
    address internal _strategist;
    uint40 internal _lastFee; // {s} until when the management fee has been taken
    address internal _owner;
    address internal _pendingOwner;
    address internal _guardian;
    uint256 internal _highWaterMark; // D36{quote/share}
    mapping(address account => bool) internal _isKeeper;
    mapping(bytes32 callHash => uint256 executableAt) internal _submitted; // {s}

    modifier onlyOwner() {
        _unlocked();
        require(msg.sender == _owner, IVaultCore.Unauthorised(msg.sender));
        _;
    }

    /// @dev An implementation itself can never be used: it stays locked and counts as initialised.
    constructor(address ledger_) {
        _ledger = ledger_;
        _state.locked = true;
        _owner = address(this);
    }

    function name() public view override returns (string memory) {
        return LibString.fromSmallString(_words(_state).name());
    }

    function symbol() public view override returns (string memory) {
        return LibString.fromSmallString(_words(_state).symbol());
    }

    // ---- the lock

    /// @dev The state, if no call of this vault is under way.
    function _unlocked() internal view returns (State memory s) {
        s = _state;
        require(!s.locked, IVaultCore.Locked());
    }

    function _lock(State memory s) internal {
        s.locked = true;
        _state = s;
    }

    /// @dev Nothing else can have written the state since `_lock`: whatever writes it reverts while the vault is locked.
    function _unlock(State memory s) internal {
        s.locked = false;
        _state = s;
    }

    // ---- what the vault knows and holds

    /// @dev The words of the mandate in force: a clone's own arguments until another mandate is set. The clone's code is
    ///      warm, so the first mandate is read without touching another account.
    function _words(State memory s) internal view returns (bytes memory) {
        return s.moved ? SSTORE2.read(_mandate) : LibClone.argsOnClone(address(this));
    }

    /// @dev A token that cannot answer reverts here and is never taken for an empty balance.
    function _held(address token) internal view returns (uint256) {
        (bool answered, uint256 amount) = SafeTransferLib.checkBalanceOf(token, address(this));
        require(answered, IVaultCore.TokenUnreadable(token));
        return amount;
    }

    /// @param skip bitmap of tokens that are not called and count as zero
    function _holdings(address[] memory tokens, uint256 skip) internal view returns (uint256[] memory held) {
        held = new uint256[](tokens.length);
        for (uint256 i; i < tokens.length; ++i) {
            if (skip >> i & 1 == 0) held[i] = _held(tokens[i]);
        }
    }

    /// @dev Put together by hand, because the compiler would copy the feeds three times. An oracle without code answers
    ///      nothing, which cannot be decoded.
    /// @return prices D36{quote/qTok}
    /// @return rounds the feeds' round ids
    function _readPrices(bytes memory words) internal view returns (uint256[] memory prices, uint80[] memory rounds) {
        bytes memory call = MandateCodec.callOf(IPriceOracle.prices.selector, words);
        // slither-disable-next-line low-level-calls
        (bool success, bytes memory answer) = words.oracle().staticcall(call);
        if (!success) LibCall.bubbleUpRevert(answer);
        return abi.decode(answer, (uint256[], uint80[]));
    }

    // ---- shares

    /// @dev Takes exactly `amounts` from the caller.
    /// @param held {qTok} before
    function _take(address[] memory tokens, uint256[] memory held, uint256[] memory amounts) internal {
        for (uint256 i; i < tokens.length; ++i) {
            if (amounts[i] == 0) continue;
            SafeTransferLib.safeTransferFrom(tokens[i], msg.sender, address(this), amounts[i]);
            uint256 received = FixedPointMathLib.zeroFloorSub(_held(tokens[i]), held[i]);
            require(received == amounts[i], IVaultCore.TransferMismatch(i, amounts[i], received));
        }
    }

    /// @dev Nothing is sent for nothing: it was skipped, or some tokens revert on it.
    function _give(address[] memory tokens, uint256[] memory amounts, address receiver) internal {
        for (uint256 i; i < tokens.length; ++i) {
            if (amounts[i] > 0) SafeTransferLib.safeTransfer(tokens[i], receiver, amounts[i]);
        }
    }

    /// @dev Redeeming to the vault would record a payment that never left.
    function _checkReceiver(address receiver) internal view {
        require(receiver != address(0) && receiver != address(this), IVaultCore.InvalidReceiver(receiver));
    }

    /// @dev The shares that the management fee is owed since it was taken last: such that the recipient then owns the fee's
    ///      part of all shares. At most a year at a time, so that the part stays below one and leaving is never blocked.
    /// @return {qShare}, rounded down
    function _managementShares(bytes memory words, uint256 supply) internal view returns (uint256) {
        uint256 rate = words.managementFee();
        if (rate == 0) return 0;
        // {bps * s} = {bps / year} * {s}
        uint256 owed = rate * FixedPointMathLib.min(block.timestamp - _lastFee, YEAR);
        // {qShare} = {qShare} * {bps * s} / ({bps * s} - {bps * s})
        return FixedPointMathLib.fullMulDiv(supply, owed, BPS * YEAR - owed);
    }

    /// @dev Before every change of the supply, so that who comes pays for no time before and who leaves for all of his.
    /// @return shares {qShare} minted to the fee's recipient
    function _takeManagementFee(bytes memory words) internal returns (uint256 shares) {
        if (words.managementFee() == 0) return 0;
        shares = _managementShares(words, totalSupply());
        _lastFee = uint40(block.timestamp);
        if (shares == 0) return 0;
        address recipient = words.fees().recipient;
        _mint(recipient, shares);
        _append(Kind.FEES_TAKEN, abi.encode(recipient, shares, 0, _highWaterMark));
    }

    /// @dev Without copying the payload once more: the 68 bytes before it are lent to the head of the call and given back.
    function _append(Kind kind, bytes memory payload) internal {
        address ledger_ = _ledger;
        bytes4 selector = ILedger.append.selector;
        bool success;
        assembly ("memory-safe") {
            let before0 := mload(sub(payload, 0x60))
            let before1 := mload(sub(payload, 0x40))
            let before2 := mload(sub(payload, 0x20))
            mstore(sub(payload, 0x44), selector)
            mstore(sub(payload, 0x40), kind)
            mstore(sub(payload, 0x20), 0x40)
            // Beyond the payload lies only what pads it to whole words.
            let size := add(0x64, and(add(mload(payload), 31), not(31)))
            success := call(gas(), ledger_, 0, sub(payload, 0x44), size, 0, 0)
            mstore(sub(payload, 0x60), before0)
            mstore(sub(payload, 0x40), before1)
            mstore(sub(payload, 0x20), before2)
        }
        require(success, IVaultCore.LedgerFailed());
    }

    // ---- inside

    /// @dev An allowance is given by the holder alone: no address is trusted with all shares from the start.
    function _givePermit2InfiniteAllowance() internal pure override returns (bool) {
        return false;
    }

    /// @dev Does `msg.data` in this contract's name with the code of `other`, and ends the call with its answer.
    function _delegate(address other) internal {
        assembly {
            calldatacopy(0, 0, calldatasize())
            let success := delegatecall(gas(), other, 0, calldatasize(), 0, 0)
            returndatacopy(0, 0, returndatasize())
            if iszero(success) { revert(0, returndatasize()) }
            return(0, returndatasize())
        }
    }
}
