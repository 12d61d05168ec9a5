// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "solady/tokens/ERC20.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
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

    /// @dev One slot, all that a rebalance writes. Stored by `_save`, because the compiler would write it field by field.
    struct State {
        uint256 lastRebalance; // 40 bits, {s}, zero before the first; also the time at which the two levels hold
        uint256 nonce; // 32 bits, of the next plan
        uint256 lossLevel; // 48 bits, D14{1} of the loss budget in use
        uint256 turnoverLevel; // 56 bits, D14{1} of the turnover budget in use
        uint256 openUntil; // 40 bits, {s} end of the open rebalance
        uint256 breaches; // 16 bits, bitmap of assets that the open rebalance has to bring home
        uint256 flags; // 24 bits
    }

    /// @dev Since the first mint, so that the slot is never zero again and no later call pays for filling it.
    uint256 internal constant LIVE = 1;
    uint256 internal constant PAUSED = 2;
    /// @dev While a call that moves tokens is under way.
    uint256 internal constant LOCKED = 4;
    /// @dev The mandate in force is no longer the one that the clone carries.
    uint256 internal constant MOVED = 8;

    /// @dev While the venue of the trade under way may ask for what is sold. The indices of the asset and of the venue stand
    ///      in the bits from these on, 8 each.
    uint256 internal constant PAYING = 16;
    uint256 internal constant PAYING_ASSET = 8;
    uint256 internal constant PAYING_VENUE = 16;

    /// @dev {s} what a year of management fee is counted by.
    uint256 internal constant YEAR = 365 days;

    /// @dev The ledger that all vaults of this implementation write to.
    address internal immutable _ledger;

    uint256 private _state; // State
    address internal _mandate; // data contract with the words of MandateCodec, once MOVED
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
        _state = LOCKED;
        _owner = address(this);
    }

    function name() public view override returns (string memory) {
        return LibString.fromSmallString(_words(_load()).name());
    }

    function symbol() public view override returns (string memory) {
        return LibString.fromSmallString(_words(_load()).symbol());
    }

    // ---- the lock

    function _load() internal view returns (State memory s) {
        _fill(s, _state);
    }

    function _fill(State memory s, uint256 word) private pure {
        s.lastRebalance = word >> 216;
        s.nonce = uint32(word >> 184);
        s.lossLevel = uint48(word >> 136);
        s.turnoverLevel = uint56(word >> 80);
        s.openUntil = uint40(word >> 40);
        s.breaches = uint16(word >> 24);
        s.flags = uint24(word);
    }

    /// @dev Every field fits: times until the year 36812; a nonce for each of 2^32 rebalances; what MandateRules allows as a
    ///      budget; at most 16 assets.
    function _save(State memory s) internal {
        _saveWith(s, s.flags);
    }

    function _saveWith(State memory s, uint256 flags) private {
        _state = s.lastRebalance << 216 | s.nonce << 184 | s.lossLevel << 136 | s.turnoverLevel << 80 | s.openUntil
            << 40 | s.breaches << 24 | flags;
    }

    /// @dev The state, if no call of this vault is under way.
    function _unlocked() internal view returns (State memory s) {
        uint256 word = _state;
        require(word & LOCKED == 0, IVaultCore.Locked());
        _fill(s, word);
    }

    function _lock(State memory s) internal {
        s.flags |= LOCKED;
        _save(s);
    }

    /// @dev Locks the vault, with one payment open: of this asset, for this venue.
    /// @param asset index, at most 15
    /// @param venue index, at most 254
    function _lockPaying(State memory s, uint256 asset, uint256 venue) internal {
        _saveWith(s, s.flags | LOCKED | PAYING | asset << PAYING_ASSET | venue << PAYING_VENUE);
    }

    /// @dev Closes the payment that `_lockPaying` has opened.
    /// @return flags of the state, as they were
    function _closePayment() internal returns (uint256 flags) {
        uint256 word = _state;
        require(word & PAYING != 0, IVaultCore.Unauthorised(msg.sender));
        _state = word ^ PAYING;
        return uint24(word);
    }

    /// @dev Nothing else can have written the state since `_lock`: whatever writes it reverts while the vault is locked, but
    ///      for `pay`, which only closes the payment.
    function _unlock(State memory s) internal {
        s.flags &= ~LOCKED;
        _save(s);
    }

    // ---- what the vault knows and holds

    /// @dev The words of the mandate in force: a clone's own arguments until another mandate is set. The clone's code is
    ///      warm, so the first mandate is read without touching another account.
    function _words(State memory s) internal view returns (bytes memory) {
        return _wordsBy(s.flags);
    }

    /// @param flags of the state
    function _wordsBy(uint256 flags) internal view returns (bytes memory) {
        return flags & MOVED != 0 ? SSTORE2.read(_mandate) : LibClone.argsOnClone(address(this));
    }

    /// @dev A token that cannot answer reverts here and is never taken for an empty balance.
    /// @return amount {qTok}
    function _held(address token) internal view returns (uint256 amount) {
        bytes4 selector = ERC20.balanceOf.selector;
        bool answered;
        assembly ("memory-safe") {
            mstore(0x00, selector)
            mstore(0x04, address())
            answered := staticcall(gas(), token, 0x00, 0x24, 0x00, 0x20)
            answered := and(answered, gt(returndatasize(), 0x1f))
            amount := mload(0x00)
        }
        require(answered, IVaultCore.TokenUnreadable(token));
    }

    /// @dev `_held` of each token of the mandate, with one call for all of them in the scratch space, and the answers where
    ///      they belong.
    /// @param skip bitmap of tokens that are not called and count as zero
    /// @return held {qTok}
    function _holdings(bytes memory words, uint256 skip) internal view returns (uint256[] memory held) {
        (uint256 from, uint256 count) = words.tokensAt();
        bytes4 selector = ERC20.balanceOf.selector;
        bool unreadable;
        assembly ("memory-safe") {
            held := mload(0x40)
            mstore(held, count)
            let to := add(held, 0x20)
            let end := add(to, shl(5, count))
            mstore(0x40, end)
            mstore(0x00, selector)
            mstore(0x04, address())
            for {} lt(to, end) { to := add(to, 0x20) } {
                mstore(to, 0)
                if iszero(and(skip, 1)) {
                    // A call takes the low 160 bits of the word.
                    let answered := staticcall(gas(), mload(from), 0x00, 0x24, to, 0x20)
                    if iszero(and(answered, gt(returndatasize(), 0x1f))) {
                        unreadable := 1
                        from := mload(from)
                        break
                    }
                }
                skip := shr(1, skip)
                from := add(from, 96) // PER_ASSET words
            }
        }
        require(!unreadable, IVaultCore.TokenUnreadable(address(uint160(from))));
    }

    /// @return prices D36{quote/qTok}
    /// @return rounds the feeds' round ids
    function _readPrices(bytes memory words) internal view returns (uint256[] memory prices, uint80[] memory rounds) {
        address oracle = words.oracle();
        (bool success, uint256 assets) = _askPrices(words, oracle);
        bool readable;
        // The two lists of the answer are used where they arrive.
        assembly ("memory-safe") {
            let answer := mload(0x40)
            returndatacopy(answer, 0, returndatasize())
            if iszero(success) { revert(answer, returndatasize()) }
            mstore(0x40, add(answer, and(add(returndatasize(), 31), not(31))))
            // The only encoding there is of two lists of one word for each asset, or else nothing that can be read.
            let size := add(0x20, shl(5, assets))
            prices := add(answer, 0x40)
            rounds := add(prices, size)
            if eq(returndatasize(), add(0x40, shl(1, size))) {
                readable := and(
                    and(eq(mload(answer), 0x40), eq(mload(add(answer, 0x20)), add(0x40, size))),
                    and(eq(mload(prices), assets), eq(mload(rounds), assets))
                )
            }
        }
        require(readable, IVaultCore.PricesUnreadable(oracle));
    }

    /// @dev The call is never copied, which the compiler would do three times over: the feeds are sent from where they lie
    ///      among the mandate's words, the 100 bytes before them lent to the head of the call and given back.
    function _askPrices(bytes memory words, address oracle) private view returns (bool success, uint256 assets) {
        uint256 sequencer = words.sequencer();
        (uint256 from, uint256 count) = words.feedsAt();
        bytes4 selector = IPriceOracle.prices.selector;
        assembly ("memory-safe") {
            let head := sub(from, 0x80)
            let word0 := mload(head)
            let word1 := mload(add(head, 0x20))
            let word2 := mload(add(head, 0x40))
            let word3 := mload(add(head, 0x60))
            mstore(add(head, 0x1c), selector)
            mstore(add(head, 0x20), sequencer)
            mstore(add(head, 0x40), 0x40)
            mstore(add(head, 0x60), count)
            success := staticcall(gas(), oracle, add(head, 0x1c), add(0x64, shl(5, count)), 0, 0)
            mstore(head, word0)
            mstore(add(head, 0x20), word1)
            mstore(add(head, 0x40), word2)
            mstore(add(head, 0x60), word3)
            assets := div(count, 3)
        }
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
