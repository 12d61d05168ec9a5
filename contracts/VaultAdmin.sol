// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {LibClone} from "solady/utils/LibClone.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";

import {VaultBase} from "./VaultBase.sol";
import {IMandateChecker, Pairing} from "./interfaces/IMandateChecker.sol";
import {IPriceOracle} from "./interfaces/IPriceOracle.sol";
import {IVaultAdmin} from "./interfaces/IVaultAdmin.sol";
import {IVaultCore} from "./interfaces/IVaultCore.sol";
import {Budget} from "./libraries/Budget.sol";
import {MandateCodec} from "./libraries/MandateCodec.sol";
import {MandateRules} from "./libraries/MandateRules.sol";
import {Rules} from "./libraries/Rules.sol";
import {TargetPath} from "./libraries/TargetPath.sol";
import {Kind, Knot, Limits, Mandate, Power, Roles, Status} from "./types/Types.sol";

/// @title VaultAdmin
/// @notice What owner, strategist and guardian do to a vault, and what everybody may read of it: the last of the three
///         contracts behind every clone.
///
/// TIME
/// What loosens is submitted, word for word, waits for the timelock of the mandate in force at that moment, and is made
/// within SUBMISSION_LIFE after it, once. It is in the ledger all the while, so that holders can leave and the guardian can
/// revoke it; it cannot be submitted anew to gain time before it has expired. Loosening is: a mandate that is not tighter in
/// every respect (libraries/MandateChange.sol), another keeper, strategist or guardian, no guardian any more, and the end of
/// pausing. Everything else is made at once. Handing over the ownership loosens nothing; it takes two steps.
///
/// ANOTHER MANDATE
/// - The management fee until now is taken first, at the old rate; the new rate counts from now.
/// - The high-water mark stays. A higher performance fee is a loosening like any other: who does not want what has been
///   earned until then to be charged at the new rate calls `takeFees`, which is open to everybody, during the timelock.
/// - The levels of the budgets stay, and leak as if the new mandate had been in force since the last rebalance: its own
///   budgets hold for every window of its own.
/// - An open rebalance is closed; cool-down and calendar count from the last rebalance as before.
/// - An asset is dropped when what is held of it is worth at most the smallest trade, both by the mandate in force: nothing
///   that the holders have can be taken out of their reach, and a donated unit blocks nothing. What little is left stays in
///   the vault and counts again when the asset comes back.
/// - New parts are checked as at creation (MandateChecker.sol).
/// - The path is part of the mandate: it replaces what the strategist has set since.
///
/// LIVENESS
/// Nothing here blocks redeeming. A pause stops neither the strategist, whose targets trade nothing by themselves, nor the
/// owner.
///
/// ROLES, and what each can do at most
/// owner       everything that the timelock lets through, if holders stay and the guardian agrees. At once: stop the vault,
///             by a pause or by limits that nothing can meet; remove keepers and the strategist; raise the timelock to a
///             year; give powers up for good; put hashes of statements into the ledger. Cannot move tokens.
/// strategist  targets within each asset's minimum and maximum, by `maxStep` in each `stepDelay`. Through a keeper, what
///             trading towards them can cost.
/// guardian    pauses and revokes, its own replacement too: that costs time, for ever if it must. Were it otherwise, a
///             stolen owner key would begin with the guardian.
///
/// KNOWN LIMITS
/// - An asset whose feed is dead and of which anything is left is dropped in two steps: another feed first. One whose
///   `balanceOf` reverts cannot be dropped; redeemers skip it.
/// - `targets` and `mandate` can be read while the vault is locked: no call that locks changes them.
contract VaultAdmin is VaultBase, IVaultAdmin {
    using MandateCodec for bytes;

    /// @notice {s} after its timelock in which a submitted call can be made.
    uint256 public constant SUBMISSION_LIFE = 14 days;

    IMandateChecker private immutable _checker;

    constructor(address ledger_, address checker_) VaultBase(ledger_) {
        _checker = IMandateChecker(checker_);
    }

    /// @inheritdoc IVaultAdmin
    function initialize(Roles memory roles) external {
        require(_owner == address(0), AlreadyInitialized());
        require(roles.owner != address(0), OwnerZero());
        bytes memory words = LibClone.argsOnClone(address(this));
        _checker.validate(words, address(this));
        _owner = roles.owner;
        _strategist = roles.strategist;
        _guardian = roles.guardian;
        for (uint256 i; i < roles.keepers.length; ++i) {
            _isKeeper[roles.keepers[i]] = true;
        }
        _lastFee = uint40(block.timestamp);
        _append(Kind.CREATED, abi.encode(words.unpack(), roles));
    }

    // ---- time

    /// @inheritdoc IVaultAdmin
    function submit(bytes calldata call) external onlyOwner returns (uint256 readyAt) {
        bytes32 callHash = keccak256(call);
        readyAt = _submitted[callHash];
        // Zero, of what was never submitted, is long past.
        require(block.timestamp > readyAt + SUBMISSION_LIFE, AlreadySubmitted(callHash, readyAt));
        readyAt = block.timestamp + _words(_load()).timelock();
        _submitted[callHash] = readyAt;
        _append(Kind.SUBMITTED, abi.encode(call, readyAt));
    }

    /// @inheritdoc IVaultAdmin
    function revoke(bytes calldata call) external {
        _checkOwnerOrGuardian();
        bytes32 callHash = keccak256(call);
        require(_submitted[callHash] != 0, NotSubmitted(callHash));
        delete _submitted[callHash];
        _append(Kind.REVOKED, abi.encode(msg.sender, callHash));
    }

    // ---- mandate and targets

    /// @inheritdoc IVaultAdmin
    function setMandate(Mandate memory next, Pairing[] calldata pairings) external onlyOwner {
        _checkPower(Power.MANDATE);
        MandateRules.validateCounts(next);
        bytes memory words = _words(_load());
        bytes memory nextWords = MandateCodec.pack(next);
        _checker.validate(nextWords, address(this));
        (bool isSamePath, bool isTightening, bool hasNewParts) = _checker.compare(words, nextWords);
        if (!isSamePath) _checkPower(Power.TARGETS);
        if (!isTightening) _useSubmission();
        _checkDropped(words, nextWords.tokens());
        if (hasNewParts) _checker.check(nextWords, pairings);

        // How much was minted is in the ledger.
        // slither-disable-next-line unused-return
        _takeManagementFee(words);
        _lastFee = uint40(block.timestamp);
        State memory s = _load();
        (s.openUntil, s.breaches) = (0, 0);
        _write(s, nextWords);
        _append(Kind.MANDATE_SET, abi.encode(next));
    }

    /// @inheritdoc IVaultAdmin
    function setTargets(uint16[] calldata weights, uint32 duration) external {
        State memory s = _unlocked();
        require(msg.sender == _strategist, IVaultCore.Unauthorised(msg.sender));
        _checkPower(Power.TARGETS);
        bytes memory words = _words(s);
        Mandate memory m = words.unpack();
        _checkStepDelay(m.limits.stepDelay);
        uint256 count = m.assets.length;
        require(weights.length == count, IVaultCore.LengthMismatch(count, weights.length));
        uint16[] memory from = MandateCodec.unpackWeights(TargetPath.weightsAt(words, block.timestamp), count);
        for (uint256 i; i < count; ++i) {
            require(
                FixedPointMathLib.dist(from[i], weights[i]) <= m.limits.maxStep,
                TargetStepTooLarge(i, from[i], weights[i], m.limits.maxStep)
            );
        }
        m.path = new Knot[](duration == 0 ? 1 : 2);
        m.path[0] = Knot(uint40(block.timestamp), from);
        m.path[m.path.length - 1] = Knot(uint40(block.timestamp + duration), weights);
        words = MandateCodec.pack(m);
        _checker.validate(words, address(this));
        _lastTargetChange = uint40(block.timestamp);
        _write(s, words);
        _append(Kind.TARGETS_SET, abi.encode(msg.sender, m.path));
    }

    // ---- roles

    /// @inheritdoc IVaultAdmin
    function setKeeper(address keeper, bool allowed) external onlyOwner {
        if (allowed) {
            _checkPower(Power.ROLES);
            _useSubmission();
        }
        _isKeeper[keeper] = allowed;
        _append(Kind.KEEPER_SET, abi.encode(keeper, allowed));
    }

    /// @inheritdoc IVaultAdmin
    function setStrategist(address strategist_) external onlyOwner {
        if (strategist_ != address(0)) {
            _checkPower(Power.ROLES);
            _useSubmission();
        }
        _strategist = strategist_;
        _append(Kind.STRATEGIST_SET, abi.encode(strategist_));
    }

    /// @inheritdoc IVaultAdmin
    function setGuardian(address guardian_) external onlyOwner {
        if (guardian_ != address(0)) _checkPower(Power.ROLES);
        _useSubmission();
        _guardian = guardian_;
        _append(Kind.GUARDIAN_SET, abi.encode(guardian_));
    }

    /// @inheritdoc IVaultAdmin
    function pause() external {
        _checkOwnerOrGuardian();
        _checkPower(Power.PAUSE);
        State memory s = _load();
        s.flags |= PAUSED;
        _save(s);
        _append(Kind.PAUSED, abi.encode(msg.sender));
    }

    /// @inheritdoc IVaultAdmin
    function unpause() external onlyOwner {
        _unpause();
    }

    /// @inheritdoc IVaultAdmin
    function proposeOwner(address pendingOwner_) external onlyOwner {
        _pendingOwner = pendingOwner_;
        _append(Kind.OWNER_PROPOSED, abi.encode(pendingOwner_));
    }

    /// @inheritdoc IVaultAdmin
    function acceptOwner() external {
        _unlocked();
        require(msg.sender == _pendingOwner, IVaultCore.Unauthorised(msg.sender));
        _owner = msg.sender;
        delete _pendingOwner;
        _append(Kind.OWNER_SET, abi.encode(msg.sender));
    }

    /// @inheritdoc IVaultAdmin
    function renounce(Power power) external onlyOwner {
        _checkPower(power);
        // Nobody could stop the vault any more: that loosens.
        if (power == Power.PAUSE) _useSubmission();
        _renounced |= uint8(1 << uint8(power));
        _append(Kind.RENOUNCED, abi.encode(power));
        if (power == Power.PAUSE && _load().flags & PAUSED != 0) _unpause();
    }

    // ---- statements

    /// @inheritdoc IVaultAdmin
    function declare(bytes32 statement) external onlyOwner {
        _append(Kind.DECLARED, abi.encode(statement));
    }

    // ---- views

    /// @inheritdoc IVaultAdmin
    function mandate() external view returns (Mandate memory) {
        return _words(_load()).unpack();
    }

    /// @inheritdoc IVaultAdmin
    function targets() external view returns (uint16[] memory) {
        bytes memory words = _words(_load());
        return MandateCodec.unpackWeights(TargetPath.weightsAt(words, block.timestamp), words.assetCount());
    }

    /// @inheritdoc IVaultAdmin
    function status() external view returns (Status memory status_) {
        State memory s = _unlocked();
        Limits memory l = _words(s).limits();
        // Saturating for nodes that answer from a block with the state of the next one.
        uint256 elapsed = FixedPointMathLib.zeroFloorSub(block.timestamp, s.lastRebalance);
        status_ = Status({
            nonce: uint40(s.nonce),
            lastRebalance: uint40(s.lastRebalance),
            openUntil: uint40(s.openUntil),
            breaches: uint16(s.breaches),
            paused: s.flags & PAUSED != 0,
            lossUsed: Budget.leaked(s.lossLevel, elapsed, l.lossBudget, l.budgetWindow),
            turnoverUsed: Budget.leaked(s.turnoverLevel, elapsed, l.turnoverBudget, l.budgetWindow),
            lastTargetChange: _lastTargetChange,
            lastFee: _lastFee,
            highWaterMark: _highWaterMark,
            renounced: _renounced
        });
    }

    /// @inheritdoc IVaultAdmin
    function executableAt(bytes32 callHash) external view returns (uint256) {
        return _submitted[callHash];
    }

    // ---- inside

    function _checkOwnerOrGuardian() private view {
        _unlocked();
        require(msg.sender == _owner || msg.sender == _guardian, IVaultCore.Unauthorised(msg.sender));
    }

    function _checkPower(Power power) private view {
        require(_renounced >> uint8(power) & 1 == 0, PowerRenounced(power));
    }

    /// @dev Uses up the announcement of the very call that is being made.
    function _useSubmission() private {
        bytes32 callHash = keccak256(msg.data);
        uint256 readyAt = _submitted[callHash];
        require(readyAt != 0, NotSubmitted(callHash));
        require(block.timestamp >= readyAt, TimelockRunning(readyAt, block.timestamp));
        require(
            block.timestamp <= readyAt + SUBMISSION_LIFE, SubmissionExpired(readyAt + SUBMISSION_LIFE, block.timestamp)
        );
        delete _submitted[callHash];
    }

    /// @dev The first change waits for nothing.
    function _checkStepDelay(uint256 stepDelay) private view {
        uint256 last = _lastTargetChange;
        if (last == 0) return;
        // {s} = {s} + {s}
        require(block.timestamp >= last + stepDelay, TargetStepTooSoon(last + stepDelay, block.timestamp));
    }

    /// @dev Only an asset that is held is priced, so that a dead feed does not keep an empty one in the mandate.
    /// @param words of the mandate in force
    /// @param kept tokens of the next one
    function _checkDropped(bytes memory words, address[] memory kept) private view {
        uint256 dust = Rules.minTradeValue(words.limits().minTrade);
        address[] memory tokens = words.tokens();
        for (uint256 i; i < tokens.length; ++i) {
            address token = tokens[i];
            if (_isIn(kept, token)) continue;
            uint256 held = _held(token);
            if (held == 0) continue;
            // When and in which round is for lenses and records.
            // slither-disable-next-line unused-return
            (uint256 price,,) = IPriceOracle(words.oracle()).price(words.sequencer(), words.feeds(), i);
            // D36{quote} = {qTok} * D36{quote/qTok}; saturating, so that too much is called so
            uint256 value = FixedPointMathLib.saturatingMul(held, price);
            require(value <= dust, AssetStillHeld(token, value, dust));
        }
    }

    function _isIn(address[] memory list, address token) private pure returns (bool) {
        for (uint256 i; i < list.length; ++i) {
            if (list[i] == token) return true;
        }
        return false;
    }

    /// @param words of a sound mandate, which are now in force
    function _write(State memory s, bytes memory words) private {
        _mandate = SSTORE2.write(words);
        s.flags |= MOVED;
        _save(s);
    }

    function _unpause() private {
        State memory s = _load();
        s.flags &= ~PAUSED;
        _save(s);
        _append(Kind.UNPAUSED, abi.encode(msg.sender));
    }
}
