// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {LibCall} from "solady/utils/LibCall.sol";

import {VaultBase} from "./VaultBase.sol";
import {IPriceOracle} from "./interfaces/IPriceOracle.sol";
import {IVaultCore} from "./interfaces/IVaultCore.sol";
import {IVaultFlows} from "./interfaces/IVaultFlows.sol";
import {Calendar} from "./libraries/Calendar.sol";
import {FlowRules} from "./libraries/FlowRules.sol";
import {MandateCodec} from "./libraries/MandateCodec.sol";
import {Rules} from "./libraries/Rules.sol";
import {TargetPath} from "./libraries/TargetPath.sol";
import {Triggers} from "./libraries/Triggers.sol";
import {BPS, Cause, Due, Fees, Kind, Trigger, TriggerKind} from "./types/Types.sol";

/// @title VaultFlows
/// @notice What a vault does at the oracle's prices besides rebalancing: single assets in and out, fees, and the answer
///         whether a rebalance is due.
/// @dev Runs on a clone's storage, by Vault's delegate call, and passes on to VaultAdmin what it does not know.
///
/// SHARE PRICE
/// A share is worth its part of all that the vault holds, at the oracle's prices: balances count, not what was paid in, so
/// a donation belongs to all shares alike, as in kind. `deposit` and `withdraw` trade at that value with the mandate's
/// spread against the caller, and the spread stays in the vault: neither can lower the value of a share. The spread is at
/// least the sum of the two largest deviations of the mandate's feeds (MandateRules), so that this also holds against
/// whoever knows every next price, as long as no feed is off by more than its deviation:
///   (BPS - spread) * (BPS + deviation of one) <= BPS * (BPS - deviation of another).
///
/// FEES
/// Taken as new shares, before anything else changes the supply:
///   management   until now, at most a year at a time (VaultBase)
///   performance  fee value = (value of a share - mark) * supply * rate, and so many shares that they are worth at most
///                that after they are minted: supply * fee value / (total - fee value)
/// The mark is then what a share is worth after the fee, rounded up, so that each rise is charged once, be it in one call or
/// in many. (A mark before the fee would let the next gains, up to the fee, go free: calling often would lower it.) The
/// first call only sets the mark. While the mandate has taken the rate away a mark still rises, without a fee. `mint` and
/// `redeem` need no price, so they take the management fee alone.
///
/// ROUNDING
/// Always for the holders who stay: shares minted and fees down, shares burnt up. Routes down, so that `deposit` and
/// `withdraw` accept them as long as the units lost to rounding are worth less than the smallest trade. Decisions are exact.
///
/// TOKEN REQUIREMENTS
/// As Vault's. A fee on transfer is refused by `deposit`.
///
/// LIVENESS
/// `deposit`, `withdraw` and the performance fee need every price, and stop while the vault is paused; leaving in kind
/// needs neither. `due` names every reason why no rebalance is possible, and reverts only while the vault is locked, or
/// where a token or the arithmetic does.
///
/// ROLES
/// None. Anyone may take the fees: they go to the mandate's recipient.
///
/// KNOWN LIMITS
/// - A price that moves by more than the feed's deviation before the feed publishes it can be traded against.
/// - Who leaves in kind before a performance fee is taken pays none.
contract VaultFlows is VaultBase, IVaultFlows {
    using MandateCodec for bytes;

    /// @dev The vault at the oracle's prices.
    struct Book {
        bytes words; // the mandate
        address[] tokens;
        uint256[] held; // {qTok}
        uint256[] prices; // D36{quote/qTok}
        uint80[] rounds; // feed round ids behind `prices`
        uint256[] values; // D36{quote}
        uint256 total; // D36{quote}
    }

    /// @dev {qShare/share}
    uint256 private constant SHARE = 1e18;
    /// @dev {bytes} of the oracle's answer: more than the prices of 16 assets take, and the longest reason that is shown.
    uint16 private constant MAX_ANSWER = 2048;

    /// @notice VaultAdmin: does what this contract does not know.
    address public immutable next;

    constructor(address ledger_, address next_) VaultBase(ledger_) {
        next = next_;
    }

    fallback() external {
        _delegate(next);
    }

    // ---- in and out

    /// @inheritdoc IVaultFlows
    // What is written last is the lock given back; whatever else writes the state reverts while it is held.
    // slither-disable-next-line reentrancy-no-eth
    function deposit(uint256[] calldata amounts, uint256 minShares, address receiver)
        external
        returns (uint256 shares)
    {
        State memory s = _unlocked();
        require(s.flags & PAUSED == 0, IVaultCore.Paused());
        _checkReceiver(receiver);
        _lock(s);
        Book memory book = _read(_words(s));
        uint256 value = _valueOf(book, amounts);
        _takeFees(book.words, book.total);
        shares = _sharesDown(book, value, totalSupply());
        require(shares > 0, IVaultCore.ZeroShares());
        require(shares >= minShares, SharesBelowMinimum(shares, minShares));
        _checkDeposit(book, amounts, value);

        _take(book.tokens, book.held, amounts);
        // Minted last: while a token calls back, the receiver has nothing yet that it could use.
        _mint(receiver, shares);
        _append(Kind.DEPOSITED, abi.encode(msg.sender, receiver, shares, amounts, book.prices, book.rounds));
        _unlock(s);
    }

    /// @inheritdoc IVaultFlows
    // What is written last is the lock given back; whatever else writes the state reverts while it is held.
    // slither-disable-next-line reentrancy-no-eth
    function withdraw(uint256[] calldata amounts, uint256 maxShares, address receiver, address owner_)
        external
        returns (uint256 shares)
    {
        State memory s = _unlocked();
        require(s.flags & PAUSED == 0, IVaultCore.Paused());
        _checkReceiver(receiver);
        _lock(s);
        Book memory book = _read(_words(s));
        uint256 value = _valueOf(book, amounts);
        _takeFees(book.words, book.total);
        shares = _sharesUp(book, value, totalSupply());
        require(shares <= maxShares, SharesAboveMaximum(shares, maxShares));
        _checkWithdrawal(book, amounts, value);

        if (msg.sender != owner_) _spendAllowance(owner_, msg.sender, shares);
        _burn(owner_, shares);
        _give(book.tokens, amounts, receiver);
        _append(Kind.WITHDRAWN, abi.encode(msg.sender, receiver, owner_, shares, amounts, book.prices, book.rounds));
        _unlock(s);
    }

    /// @inheritdoc IVaultFlows
    function previewDeposit(uint256[] calldata amounts) external view returns (uint256 shares) {
        Book memory book = _read(_words(_unlocked()));
        return _sharesDown(book, _valueOf(book, amounts), _supplyAfterFees(book));
    }

    /// @inheritdoc IVaultFlows
    function previewWithdraw(uint256[] calldata amounts) external view returns (uint256 shares) {
        Book memory book = _read(_words(_unlocked()));
        return _sharesUp(book, _valueOf(book, amounts), _supplyAfterFees(book));
    }

    /// @inheritdoc IVaultFlows
    function routeDeposit(uint256 value) external view returns (uint256[] memory amounts) {
        Book memory book = _read(_words(_unlocked()));
        amounts = FlowRules.routeIn(book.values, TargetPath.weightsAt(book.words, block.timestamp), value);
        _toTokensDown(amounts, book.prices);
    }

    /// @inheritdoc IVaultFlows
    function routeWithdraw(uint256 value) external view returns (uint256[] memory amounts) {
        Book memory book = _read(_words(_unlocked()));
        require(value < book.total, WithdrawalTooLarge(value, book.total));
        amounts = FlowRules.routeOut(book.values, TargetPath.weightsAt(book.words, block.timestamp), value);
        _toTokensDown(amounts, book.prices);
    }

    // ---- fees

    /// @inheritdoc IVaultFlows
    function takeFees() external returns (uint256 managementShares, uint256 performanceShares) {
        State memory s = _unlocked();
        require(s.flags & PAUSED == 0, IVaultCore.Paused());
        bytes memory words = _words(s);
        uint256 total;
        // A mere management fee needs no price.
        if (words.fees().performance != 0 || _highWaterMark != 0) {
            // Round ids are for the record of trades and flows.
            // slither-disable-next-line unused-return
            (uint256[] memory prices,) = _readPrices(words);
            // slither-disable-next-line unused-return
            (, total) = Rules.valuesOf(_holdings(words, 0), prices);
        }
        return _takeFees(words, total);
    }

    // ---- due

    /// @inheritdoc IVaultFlows
    function due() external view returns (Due memory d) {
        State memory s = _unlocked();
        bytes memory words = _words(s);
        uint256 count = words.assetCount();
        d.moves = new int256[](count);
        uint256[] memory prices;
        (prices, d.failure) = _tryPrices(words, count);
        bool open = block.timestamp <= s.openUntil;
        uint256[] memory values;
        if (d.failure.length == 0) (values, d.total) = Rules.valuesOf(_holdings(words, 0), prices);
        if (d.total != 0) _assess(d, words, values, s, open);

        if (s.flags & PAUSED != 0) {
            (d.cause, d.failure) = (Cause.PAUSED, "");
        } else if (d.failure.length != 0) {
            d.cause = Cause.PRICE_UNUSABLE;
        } else if (d.total == 0) {
            d.cause = Cause.NO_VALUE;
        } else if (open) {
            d.cause = Cause.OPEN;
        } else if (s.lastRebalance != 0 && block.timestamp < _cooledDown(words, s)) {
            d.cause = Cause.COOLING_DOWN;
        }
        d.due = d.cause <= Cause.OPEN;
        d.next = uint40(FixedPointMathLib.min(_next(d.cause, words, s), type(uint40).max));
    }

    /// @dev Drifts, breaches and moves, and the trigger's own answer as the cause. Pause and cool-down leave the numbers as
    ///      they are: what a rebalance would have to do.
    /// @param values D36{quote}
    function _assess(Due memory d, bytes memory words, uint256[] memory values, State memory s, bool open)
        private
        view
    {
        uint256 targets = TargetPath.weightsAt(words, block.timestamp);
        uint256 breaches;
        uint256 largest;
        (d.cause, breaches, largest) =
            Triggers.assess(words, Triggers.bandsOf(words), values, targets, d.total, s.lastRebalance, block.timestamp);
        if (open) breaches |= s.breaches;
        // The cast is safe: there are at most 16 assets.
        d.breaches = uint16(breaches);
        d.largestDrift = Rules.drift(largest, d.total);
        _measure(d, words, values, targets);
    }

    /// @param targets {bps} packed
    function _measure(Due memory d, bytes memory words, uint256[] memory values, uint256 targets) private pure {
        uint256 total = d.total;
        uint256 wanted = Triggers.scopeOf(words, d.breaches, values.length);
        Rules.Bands memory bands = Triggers.bandsOf(words);
        uint256 sum;
        for (uint256 i; i < values.length; ++i) {
            uint256 target = uint16(targets >> (16 * i));
            uint256 off = Rules.deviation(values[i], target, total);
            sum += off;
            if (target != 0) {
                // D18{1} = D36{quote * bps} * D18{1} / ({bps} * D36{quote})
                uint256 relative = FixedPointMathLib.fullMulDiv(off, 1e18, target * total);
                if (relative > d.largestRelativeDrift) d.largestRelativeDrift = relative;
            }
            if (wanted >> i & 1 == 0 || Rules.isInside(bands, off, target, total)) continue;
            d.moves[i] = -Rules.side(values[i], target, total) * int256(_moveDown(bands, off, target, total));
        }
        // half of the sum
        d.turnoverDrift = Rules.drift(sum, 2 * total);
    }

    /// @dev From outside the destination to its nearest point. Rounded down: what is missing is far less than the smallest
    ///      trade, and nothing is sent past its target.
    /// @param off D36{quote * bps} deviation of the asset, outside its destination
    /// @param target {bps}
    /// @return D36{quote}
    function _moveDown(Rules.Bands memory bands, uint256 off, uint256 target, uint256 total)
        private
        pure
        returns (uint256)
    {
        // D36{quote * bps} = {bps} * D36{quote}
        uint256 edge = bands.drift * total;
        if (bands.relativeBand != 0) {
            // D36{quote * bps} = {bps} * {bps} * D36{quote} / {bps}, rounded down: towards the target
            uint256 relativeEdge = bands.relativeDrift * target * total / BPS;
            if (bands.band == 0 || relativeEdge < edge) edge = relativeEdge;
        }
        // D36{quote} = D36{quote * bps} / {bps}
        return (off - edge) / BPS;
    }

    /// @dev The first second at which time alone can change the answer; zero: never. Targets that glide are left out.
    /// @return {s}
    function _next(Cause cause, bytes memory words, State memory s) private view returns (uint256) {
        if (cause == Cause.OPEN) return uint256(s.openUntil) + 1;
        if (cause == Cause.COOLING_DOWN) return _cooledDown(words, s);
        Trigger memory t = words.trigger();
        bool waits = cause == Cause.BEFORE_PERIOD || (cause == Cause.IN_BAND && t.kind == TriggerKind.EITHER);
        return waits ? Calendar.nextStart(t, block.timestamp) : 0;
    }

    /// @return {s} end of the cool-down after the last rebalance
    function _cooledDown(bytes memory words, State memory s) private pure returns (uint256) {
        // {s} = {s} + {s}
        return uint256(s.lastRebalance) + words.cooldown();
    }

    /// @dev Prices, or why there are none: never both, never neither.
    /// @param count of the mandate's assets
    function _tryPrices(bytes memory words, uint256 count)
        private
        view
        returns (uint256[] memory prices, bytes memory failure)
    {
        address oracle = words.oracle();
        (bool success, bool cut, bytes memory answer) = LibCall.tryStaticCall(
            oracle, gasleft(), MAX_ANSWER, abi.encodeCall(IPriceOracle.prices, (words.sequencer(), words.feeds()))
        );
        // Two offsets, two lengths and two words for each asset. An oracle without code gives none of them.
        if (success && !cut && answer.length == 128 + 64 * count) {
            // slither-disable-next-line unused-return
            (prices,) = abi.decode(answer, (uint256[], uint80[]));
        } else if (success || answer.length == 0) {
            failure = abi.encodeWithSelector(IPriceOracle.FeedUnreadable.selector, oracle);
        } else {
            failure = answer;
        }
    }

    // ---- inside

    /// @dev All that a flow needs to know, at acceptable prices, or a revert by name.
    function _read(bytes memory words) private view returns (Book memory book) {
        require(words.spread() != 0, FlowsNotAllowed());
        book.words = words;
        book.tokens = words.tokens();
        book.held = _holdings(words, 0);
        (book.prices, book.rounds) = _readPrices(words);
        (book.values, book.total) = Rules.valuesOf(book.held, book.prices);
        // The first mint is the owner's, in kind.
        require(totalSupply() != 0 && book.total != 0, IVaultCore.NoValue());
    }

    /// @return value D36{quote} of what comes in or goes out, not zero
    function _valueOf(Book memory book, uint256[] calldata amounts) private pure returns (uint256 value) {
        uint256 count = book.tokens.length;
        require(amounts.length == count, IVaultCore.LengthMismatch(count, amounts.length));
        for (uint256 i; i < count; ++i) {
            // D36{quote} = {qTok} * D36{quote/qTok}
            value += amounts[i] * book.prices[i];
        }
        require(value != 0, NoAmounts());
    }

    /// @dev The product has 512 bits, so it cannot overflow.
    /// @param value D36{quote} that comes in
    /// @param supply {qShare} with the fees until now
    /// @return {qShare} less the spread, rounded down
    function _sharesDown(Book memory book, uint256 value, uint256 supply) private pure returns (uint256) {
        // {qShare} = D36{quote} * {bps} * {qShare} / (D36{quote} * {bps})
        return FixedPointMathLib.fullMulDiv(value * (BPS - book.words.spread()), supply, book.total * BPS);
    }

    /// @dev As above.
    /// @param value D36{quote} that goes out
    /// @param supply {qShare} with the fees until now
    /// @return shares {qShare} plus the spread, rounded up, fewer than there are
    function _sharesUp(Book memory book, uint256 value, uint256 supply) private pure returns (uint256 shares) {
        // {qShare} = D36{quote} * {bps} * {qShare} / (D36{quote} * {bps})
        shares = FixedPointMathLib.fullMulDivUp(value * BPS, supply, book.total * (BPS - book.words.spread()));
        require(shares < supply, WithdrawalTooLarge(value, book.total));
    }

    /// @param value D36{quote} of `amounts`
    function _checkDeposit(Book memory book, uint256[] calldata amounts, uint256 value) private view {
        uint256 targets = TargetPath.weightsAt(book.words, block.timestamp);
        uint256 tolerance = Triggers.bandsOf(book.words).tolerance;
        uint256 total = book.total + value;
        for (uint256 i; i < amounts.length; ++i) {
            if (amounts[i] == 0) continue;
            uint256 target = uint16(targets >> (16 * i));
            // D36{quote} = D36{quote} + {qTok} * D36{quote/qTok}
            uint256 after_ = book.values[i] + amounts[i] * book.prices[i];
            require(!FlowRules.isAbove(after_, target, total, tolerance), FlowAwayFromTarget(i, after_, target, total));
        }
    }

    /// @param value D36{quote} of `amounts`, below the total: fewer shares than there are pay for it
    function _checkWithdrawal(Book memory book, uint256[] calldata amounts, uint256 value) private view {
        uint256 targets = TargetPath.weightsAt(book.words, block.timestamp);
        uint256 tolerance = Triggers.bandsOf(book.words).tolerance;
        uint256 total = book.total - value;
        for (uint256 i; i < amounts.length; ++i) {
            if (amounts[i] == 0) continue;
            require(amounts[i] <= book.held[i], IVaultCore.AmountAboveMaximum(i, amounts[i], book.held[i]));
            uint256 target = uint16(targets >> (16 * i));
            // D36{quote} = D36{quote} - {qTok} * D36{quote/qTok}
            uint256 after_ = book.values[i] - amounts[i] * book.prices[i];
            require(!FlowRules.isBelow(after_, target, total, tolerance), FlowAwayFromTarget(i, after_, target, total));
        }
    }

    /// @dev In place.
    /// @param amounts D36{quote} in, {qTok} out, rounded down
    /// @param prices D36{quote/qTok}
    function _toTokensDown(uint256[] memory amounts, uint256[] memory prices) private pure {
        for (uint256 i; i < amounts.length; ++i) {
            // {qTok} = D36{quote} / D36{quote/qTok}
            amounts[i] /= prices[i];
        }
    }

    /// @dev One entry for both fees, and none when nothing is minted and the mark stays.
    /// @param total D36{quote}
    function _takeFees(bytes memory words, uint256 total)
        private
        returns (uint256 managementShares, uint256 performanceShares)
    {
        Fees memory f = words.fees();
        uint256 mark;
        (managementShares, performanceShares, mark) = _owed(words, total);
        if (f.management != 0) _lastFee = uint40(block.timestamp);
        uint256 shares = managementShares + performanceShares;
        if (shares == 0 && mark == _highWaterMark) return (0, 0);
        _highWaterMark = mark;
        if (shares != 0) _mint(f.recipient, shares);
        _append(Kind.FEES_TAKEN, abi.encode(f.recipient, managementShares, performanceShares, mark));
    }

    /// @return {qShare} supply once the fees until now are taken
    function _supplyAfterFees(Book memory book) private view returns (uint256) {
        // slither-disable-next-line unused-return
        (uint256 managementShares, uint256 performanceShares,) = _owed(book.words, book.total);
        return totalSupply() + managementShares + performanceShares;
    }

    /// @param total D36{quote}
    /// @return managementShares {qShare}
    /// @return performanceShares {qShare}, of a supply that has the other fee in it
    /// @return mark D36{quote/share} afterwards
    function _owed(bytes memory words, uint256 total)
        private
        view
        returns (uint256 managementShares, uint256 performanceShares, uint256 mark)
    {
        uint256 supply = totalSupply();
        managementShares = _managementShares(words, supply);
        mark = _highWaterMark;
        uint256 rate = words.fees().performance;
        // Without a rate a mark once set still rises, so that no later rate charges what was earned until then.
        if ((rate == 0 && mark == 0) || supply == 0) return (managementShares, 0, mark);
        supply += managementShares;
        // D36{quote/share} = D36{quote} * {qShare/share} / {qShare}, rounded down
        uint256 value = FixedPointMathLib.fullMulDiv(total, SHARE, supply);
        if (value <= mark) return (managementShares, 0, mark);
        if (mark != 0) {
            // D36{quote} = D36{quote/share} * {bps} * {qShare} / ({qShare/share} * {bps}), rounded down
            uint256 fee = FixedPointMathLib.fullMulDiv((value - mark) * rate, supply, SHARE * BPS);
            // {qShare} = {qShare} * D36{quote} / D36{quote}
            performanceShares = FixedPointMathLib.fullMulDiv(supply, fee, total - fee);
        }
        // D36{quote/share} = D36{quote} * {qShare/share} / {qShare}
        mark = FixedPointMathLib.fullMulDivUp(total, SHARE, supply + performanceShares);
    }
}
