// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {VaultBase} from "./VaultBase.sol";
import {IVaultCore} from "./interfaces/IVaultCore.sol";
import {IPayer, IVenue} from "./interfaces/IVenue.sol";
import {Budget} from "./libraries/Budget.sol";
import {MandateCodec} from "./libraries/MandateCodec.sol";
import {RebalanceCodec} from "./libraries/RebalanceCodec.sol";
import {Rules} from "./libraries/Rules.sol";
import {TargetPath} from "./libraries/TargetPath.sol";
import {Triggers} from "./libraries/Triggers.sol";
import {BPS, Cause, Fill, Kind, Plan, Rebalance, Trade} from "./types/Types.sol";

/// @title Vault
/// @notice An ERC-20 share over a basket of tokens that only moves towards its owner's mandate.
/// @dev Deployed once as an implementation and used through clones that carry their first mandate. What this contract does
///      not know, VaultFlows does in its name, and what that does not know, VaultAdmin: together they are IVault.
///
/// SHARE PRICE
/// A share is a part of every token that the vault holds. Paid in and out in kind, no price decides what it is worth. A
/// donation belongs to all shares alike: the donor loses it, and nobody can sell it on at the others' cost. Shares are
/// what a minter asks for and tokens are what is rounded, so a swollen share never rounds a minter's shares to zero; it
/// costs at most one unit more of each token. MIN_SUPPLY shares of the first mint are locked for good, so that the supply
/// never returns to zero or to dust, and only the owner can make the first mint.
///
/// ROUNDING
/// Always for the vault: `mint` takes up, `redeem` pays down, the oracle's floor on a trade is rounded up, what counts
/// against a budget is rounded up. Decisions are exact (libraries/Rules.sol).
///
/// TOKEN REQUIREMENTS
/// ERC-20, with or without return values. A fee on transfer is refused by `mint` and fails a trade. A rebasing token is
/// not supported: its gains and losses are shared like donations, but a plan in flight may fail. A token that calls its
/// receiver or sender back meets a locked vault. A token that stops working stops mint and rebalance, and is left out of
/// `redeem` by the redeemer's choice.
///
/// LIVENESS
/// `redeem` reads no price and no pause, and does not touch the tokens it is told to skip. What was skipped stays in the
/// vault for the remaining shares; the redeemed shares have no claim on it any more.
///
/// ROLES, and what each can cost the holders at most: docs/SECURITY.md. In short, a keeper moves assets towards their
/// targets only, and loses at most `lossBudget` of the vault's value against the oracle in any `budgetWindow`.
/// Nobody ever has an allowance of the vault's tokens. What a trade sells leaves by `pay` alone: to the venue of the trade
/// under way, once, in the token that the trade sells.
///
/// KNOWN LIMITS
/// - An asset that is not traded can still change its weight, by no more than the loss of the rebalance.
/// - ERC-20 functions of the share (transfer, approve, permit, totalSupply) work while the vault is locked; who values
///   shares takes `balances`, which then reverts.
contract Vault is VaultBase, IVaultCore {
    using MandateCodec for bytes;

    /// @notice {qShare} of the first mint that nobody owns. Large enough that rounding against them is negligible, small
    ///         enough to be worth nothing: 10^-12 of one share.
    uint256 public constant MIN_SUPPLY = 1e6;
    /// @dev Holds the locked shares. Nobody has its key, and unlike zero it shows in every explorer.
    address private constant DEAD = 0x000000000000000000000000000000000000dEaD;

    /// @dev One rebalance in memory.
    struct Book {
        bytes words; // the mandate
        uint256 targets; // {bps} packed, now
        uint256[] prices; // D36{quote/qTok}
        uint256[] balances; // {qTok}, kept up to date trade by trade
        uint256[] values; // D36{quote} before the first trade
        uint256 total; // D36{quote} before the first trade
        uint256 breaches; // bitmap of assets that have to reach the destination
        uint256 sold; // bitmap of assets
        uint256 bought; // bitmap of assets
        uint256 loss; // D36{quote} of the trades that lost
        uint256 turnover; // D36{quote} sold
    }

    /// @notice VaultFlows: does what this contract does not know.
    address public immutable next;

    constructor(address ledger_, address next_) VaultBase(ledger_) {
        next = next_;
    }

    fallback() external {
        _delegate(next);
    }

    // ---- shares

    /// @inheritdoc IVaultCore
    // What is written last is the lock given back; whatever else writes the state reverts while it is held.
    // slither-disable-next-line reentrancy-no-eth
    function mint(uint256 shares, uint256[] calldata maxAmounts, address receiver)
        external
        returns (uint256[] memory amounts)
    {
        State memory s = _unlocked();
        require(s.flags & PAUSED == 0, Paused());
        require(shares > 0, ZeroShares());
        _checkReceiver(receiver);
        _lock(s);
        bytes memory words = _words(s);
        address[] memory tokens = words.tokens();
        require(maxAmounts.length == tokens.length, LengthMismatch(tokens.length, maxAmounts.length));
        _takeManagementFee(words);

        uint256 locked;
        uint256[] memory held = _holdings(words, 0);
        if (totalSupply() == 0) {
            require(msg.sender == _owner, Unauthorised(msg.sender));
            require(shares > MIN_SUPPLY, FirstMintTooSmall(shares, MIN_SUPPLY));
            locked = MIN_SUPPLY;
            s.flags |= LIVE;
            _mint(DEAD, locked);
            amounts = maxAmounts;
        } else {
            amounts = _portionsUp(held, shares, totalSupply());
        }
        bool paid;
        for (uint256 i; i < amounts.length; ++i) {
            require(amounts[i] <= maxAmounts[i], AmountAboveMaximum(i, amounts[i], maxAmounts[i]));
            if (amounts[i] > 0) paid = true;
        }
        // All amounts zero would be shares for nothing.
        require(paid, NoValue());
        _take(tokens, held, amounts);
        // Minted last: while a token calls back, the receiver has nothing yet that it could use.
        _mint(receiver, shares - locked);
        _append(Kind.MINTED, abi.encode(msg.sender, receiver, shares, amounts));
        _unlock(s);
    }

    /// @inheritdoc IVaultCore
    // What is written last is the lock given back; whatever else writes the state reverts while it is held.
    // slither-disable-next-line reentrancy-no-eth
    function redeem(uint256 shares, uint256[] calldata minAmounts, address receiver, address owner_, uint256 skip)
        external
        returns (uint256[] memory amounts)
    {
        State memory s = _unlocked();
        require(shares > 0, ZeroShares());
        _checkReceiver(receiver);
        if (msg.sender != owner_) _spendAllowance(owner_, msg.sender, shares);
        _lock(s);
        bytes memory words = _words(s);
        address[] memory tokens = words.tokens();
        require(minAmounts.length == tokens.length, LengthMismatch(tokens.length, minAmounts.length));
        _takeManagementFee(words);

        uint256 supply = totalSupply();
        _burn(owner_, shares);
        amounts = _portionsDown(_holdings(words, skip), shares, supply);
        for (uint256 i; i < tokens.length; ++i) {
            require(amounts[i] >= minAmounts[i], AmountBelowMinimum(i, amounts[i], minAmounts[i]));
        }
        _give(tokens, amounts, receiver);
        _append(Kind.REDEEMED, abi.encode(msg.sender, receiver, owner_, shares, amounts, skip));
        _unlock(s);
    }

    // ---- rebalance

    /// @inheritdoc IVaultCore
    // What is written last is the lock given back; whatever else writes the state reverts while it is held.
    // slither-disable-next-line reentrancy-no-eth
    function rebalance(Plan calldata plan) external returns (bytes32 planHash) {
        State memory s = _unlocked();
        require(_isKeeper[msg.sender], Unauthorised(msg.sender));
        require(s.flags & PAUSED == 0, Paused());
        Trade[] calldata trades = plan.trades;
        _checkPlan(plan, trades.length, s.nonce);
        Book memory book;
        Rebalance memory entry;
        book.words = _words(s);
        (book.prices, entry.rounds) = _readPrices(book.words);
        entry.nonce = uint40(s.nonce++);
        Rules.Bands memory bands = Triggers.bandsOf(book.words);
        _open(book, bands, entry, s);
        entry.fills = _trade(book, s, trades);
        _close(book, bands, entry, s, plan.part);

        planHash = _hashOfPlan();
        entry.keeper = msg.sender;
        entry.planHash = planHash;
        entry.journalHead = plan.journalHead;
        entry.prices = book.prices;
        _append(Kind.REBALANCED, RebalanceCodec.pack(entry));
        _unlock(s);
    }

    /// @inheritdoc IPayer
    /// @dev Only in a trade, only to its venue, only once. How much is not asked here: the trade fails unless exactly its
    ///      amount is gone in the end. The payment is closed before the token is called.
    function pay(address to, uint256 amount) external {
        uint256 flags = _closePayment();
        bytes memory words = _wordsBy(flags);
        require(msg.sender == words.venue(flags >> PAYING_VENUE), Unauthorised(msg.sender));
        SafeTransferLib.safeTransfer(words.token(uint8(flags >> PAYING_ASSET)), to, amount);
    }

    /// @dev The encoded plan is all that follows the selector.
    function _hashOfPlan() private pure returns (bytes32 planHash) {
        assembly ("memory-safe") {
            let m := mload(0x40)
            let size := sub(calldatasize(), 4)
            calldatacopy(m, 4, size)
            planHash := keccak256(m, size)
        }
    }

    /// @dev A block hash is known for the last 256 blocks and zero for all others.
    /// @param count of the plan's trades
    function _checkPlan(Plan calldata plan, uint256 count, uint256 nonce) private view {
        uint256 given;
        uint256 deadline;
        uint256 height; // of the reference block
        assembly ("memory-safe") {
            given := calldataload(plan)
            deadline := calldataload(add(plan, 0x20))
            height := calldataload(add(plan, 0x40))
            // All at once what the compiler would refuse one by one: more bits than the types have.
            if or(shr(40, or(given, deadline)), shr(64, height)) { revert(0, 0) }
        }
        require(given == nonce, NonceMismatch(nonce, given));
        require(block.timestamp <= deadline, DeadlinePassed(deadline, block.timestamp));
        bytes32 known = blockhash(height);
        bytes32 hash = plan.referenceHash;
        require(known != 0 && known == hash, ReferenceBlockMismatch(height, known, hash));
        require(count > 0, NoTrades());
    }

    /// @dev Fills the book with what is held and what it is worth. Goes on with an open rebalance, or refuses unless one is
    ///      due.
    function _open(Book memory book, Rules.Bands memory bands, Rebalance memory entry, State memory s) private view {
        bytes memory words = book.words;
        book.balances = _holdings(words, 0);
        uint256 total;
        (book.values, total) = Rules.valuesOf(book.balances, book.prices);
        require(total > 0, NoValue());
        book.total = total;
        book.targets = TargetPath.weightsAt(words, block.timestamp);
        (Cause cause, uint256 breaches, uint256 largest) =
            Triggers.assess(words, bands, book.values, book.targets, total, s.lastRebalance, block.timestamp);
        entry.valueBefore = total;
        entry.driftBefore = Rules.drift(largest, total);
        if (block.timestamp <= s.openUntil) {
            // Also when the drift has fallen below the band: what was begun may be finished.
            cause = Cause.OPEN;
            breaches |= s.breaches;
        } else {
            // {s} = {s} + {s}; the first rebalance waits for nothing
            uint256 until = s.lastRebalance == 0 ? 0 : s.lastRebalance + words.cooldown();
            require(block.timestamp >= until, CoolingDown(until, block.timestamp));
            require(Triggers.isDue(cause), NotDue(cause, entry.driftBefore));
            s.openUntil = 0;
        }
        entry.cause = cause;
        book.breaches = breaches;
    }

    /// @dev Until the first trade nothing is called that could call back; from then on the vault is locked.
    function _trade(Book memory book, State memory s, Trade[] calldata trades) private returns (Fill[] memory fills) {
        uint256 maxTrades = book.words.maxTrades();
        require(trades.length <= maxTrades, TooManyTrades(trades.length, maxTrades));
        fills = new Fill[](trades.length);
        for (uint256 k; k < trades.length; ++k) {
            Trade calldata trade = trades[k];
            Fill memory fill = fills[k];
            _readTrade(trade, fill);
            uint256 valueIn = _checkTrade(book, fill, k);
            _lockPaying(s, fill.sell, fill.venue);
            fill.amountOut = _swap(book, fill, trade.route, k);
            _checkOutput(book, fill, trade, valueIn, k);
        }
    }

    /// @dev All at once what the compiler would refuse one by one: more bits than the types have.
    function _readTrade(Trade calldata trade, Fill memory fill) private pure {
        assembly ("memory-safe") {
            let sell := calldataload(trade)
            let buy := calldataload(add(trade, 0x20))
            let venue := calldataload(add(trade, 0x40))
            let amountIn := calldataload(add(trade, 0x60))
            let minOut := calldataload(add(trade, 0x80))
            if or(shr(8, or(or(sell, buy), venue)), shr(128, or(amountIn, minOut))) { revert(0, 0) }
            mstore(fill, sell)
            mstore(add(fill, 0x20), buy)
            mstore(add(fill, 0x40), venue)
            mstore(add(fill, 0x60), amountIn)
        }
    }

    /// @return value D36{quote} of what is sold
    function _checkTrade(Book memory book, Fill memory fill, uint256 k) private pure returns (uint256 value) {
        uint256 count = book.balances.length;
        if (fill.sell >= count) revert UnknownAsset(k, fill.sell);
        if (fill.buy >= count) revert UnknownAsset(k, fill.buy);
        if (fill.sell == fill.buy) revert SameAsset(k, fill.sell);
        if (fill.venue >= book.words.venueCount()) revert UnknownVenue(k, fill.venue);
        // D36{quote} = {qTok} * D36{quote/qTok}
        value = fill.amountIn * book.prices[fill.sell];
        uint256 smallest = Rules.minTradeValue(book.words.minTrade());
        if (value < smallest) revert TradeTooSmall(k, value, smallest);
    }

    /// @dev What was taken and given is measured, not believed. A difference in the wrong direction counts as nothing:
    ///      only a token that moves by itself can cause it, and then the trade fails by name.
    function _swap(Book memory book, Fill memory fill, bytes calldata route, uint256 k)
        private
        returns (uint256 amountOut)
    {
        address sell = book.words.token(fill.sell);
        address buy = book.words.token(fill.buy);
        uint256 amountIn = fill.amountIn;
        _callVenue(book.words.venue(fill.venue), sell, buy, amountIn, route);

        uint256 left = _held(sell);
        uint256 taken = FixedPointMathLib.zeroFloorSub(book.balances[fill.sell], left);
        require(taken == amountIn, AmountInMismatch(k, amountIn, taken));
        book.balances[fill.sell] = left;
        uint256 now_ = _held(buy);
        amountOut = FixedPointMathLib.zeroFloorSub(now_, book.balances[fill.buy]);
        book.balances[fill.buy] = now_;
    }

    /// @dev Encoded by hand, for half of the gas. A venue without code takes nothing, which `_swap` sees.
    function _callVenue(address venue, address sell, address buy, uint256 amountIn, bytes calldata route) private {
        bytes4 selector = IVenue.swap.selector;
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, selector)
            mstore(add(m, 0x04), sell) // an address of MandateCodec has nothing above its 160 bits
            mstore(add(m, 0x24), buy)
            mstore(add(m, 0x44), amountIn)
            mstore(add(m, 0x64), 0x80)
            mstore(add(m, 0x84), route.length)
            calldatacopy(add(m, 0xa4), route.offset, route.length)
            // Beyond the route lies only what pads it to whole words.
            let size := add(0xa4, and(add(route.length, 31), not(31)))
            if iszero(call(gas(), venue, 0, m, size, 0, 0)) {
                returndatacopy(m, 0, returndatasize())
                revert(m, returndatasize())
            }
        }
    }

    /// @dev Judges what a trade returned, and counts what it lost and moved.
    /// @param trade that `_readTrade` has passed
    /// @param valueIn D36{quote} of what was sold
    function _checkOutput(Book memory book, Fill memory fill, Trade calldata trade, uint256 valueIn, uint256 k)
        private
        pure
    {
        uint256 minOut; // {qTok of buy} the keeper's own floor
        assembly ("memory-safe") {
            minOut := calldataload(add(trade, 0x80))
        }
        uint256 maxSlippage = book.words.maxSlippage();
        uint256 priceBuy = book.prices[fill.buy];
        // D36{quote} = {qTok} * D36{quote/qTok}
        uint256 valueOut = fill.amountOut * priceBuy;
        if (fill.amountOut < minOut || Rules.isOutputTooLow(valueIn, valueOut, maxSlippage)) {
            uint256 floor = Rules.floorUp(fill.amountIn, book.prices[fill.sell], priceBuy, maxSlippage);
            revert OutputTooLow(k, fill.amountOut, FixedPointMathLib.max(floor, minOut));
        }
        book.loss += FixedPointMathLib.zeroFloorSub(valueIn, valueOut);
        book.turnover += valueIn;
        book.sold |= 1 << fill.sell;
        book.bought |= 1 << fill.buy;
    }

    /// @dev Judges the net result and writes it into the state and the entry. The supply needs no check: whatever changes
    ///      it reverts while the vault is locked.
    function _close(Book memory book, Rules.Bands memory bands, Rebalance memory entry, State memory s, bool part)
        private
        view
    {
        uint256 wanted = Triggers.scopeOf(book.words, book.breaches, book.balances.length);
        bool open = _checkAssets(book, bands, entry, wanted, part);
        uint256 window = book.words.window();
        if (part) {
            require(window != 0, PartsNotAllowed());
            require((book.sold | book.bought) & wanted != 0, NoProgress(wanted));
        }
        _spend(book, s);
        // An end once set stays, so that nobody holds a rebalance open by going on with it.
        if (!open) s.openUntil = 0;
        else if (s.openUntil == 0) s.openUntil = block.timestamp + window;
        s.breaches = open ? book.breaches : 0;
        s.lastRebalance = block.timestamp;
        entry.open = open;
    }

    /// @param wanted bitmap of assets that must end inside the destination
    /// @return open whether one of them does not, which only a part may leave so
    function _checkAssets(Book memory book, Rules.Bands memory bands, Rebalance memory entry, uint256 wanted, bool part)
        private
        pure
        returns (bool open)
    {
        (uint256[] memory values, uint256 total) = Rules.valuesOf(book.balances, book.prices);
        (uint256 outside, uint256 largest) = Rules.outsideOf(bands, values, book.targets, total);
        outside &= wanted;
        open = outside != 0;
        uint256 traded = book.sold | book.bought;
        uint256 missed = part ? 0 : outside;
        for (uint256 i; i < values.length; ++i) {
            if ((traded | missed) >> i & 1 == 0) continue;
            uint256 target = uint16(book.targets >> (i << 4));
            uint256 value = values[i];
            if (traded >> i & 1 != 0) _checkCrossing(book, i, target, value, total);
            if (missed >> i & 1 == 0) continue;
            revert DestinationMissed(i, Rules.drift(Rules.deviation(value, target, total), total), target);
        }
        entry.valueAfter = total;
        entry.driftAfter = Rules.drift(largest, total);
    }

    function _checkCrossing(Book memory book, uint256 i, uint256 target, uint256 value, uint256 total) private pure {
        int256 before = Rules.side(book.values[i], target, book.total);
        int256 afterwards = Rules.side(value, target, total);
        bool isCrossed = Rules.isCrossed(book.sold >> i & 1 == 1, book.bought >> i & 1 == 1, before, afterwards);
        if (isCrossed) revert TargetCrossed(i, book.values[i], value, target);
    }

    /// @dev Charges the loss and the turnover of this plan to their limits.
    function _spend(Book memory book, State memory s) private view {
        bytes memory words = book.words;
        uint256 maxLoss = words.maxLoss();
        if (Rules.isLossTooHigh(book.loss, book.total, maxLoss)) {
            // D36{quote} = D36{quote} * {bps} / {bps}, rounded down
            revert LossTooHigh(book.loss, book.total * maxLoss / BPS);
        }
        uint256 window = words.budgetWindow();
        uint256 elapsed = block.timestamp - s.lastRebalance;
        uint256 budget = words.lossBudget();
        uint256 used = Budget.leaked(s.lossLevel, elapsed, budget, window) + Budget.fractionUp(book.loss, book.total);
        uint256 capacity = Budget.capacity(budget);
        require(used <= capacity, LossBudgetExceeded(used, capacity));
        s.lossLevel = used;
        budget = words.turnoverBudget();
        used = Budget.leaked(s.turnoverLevel, elapsed, budget, window) + Budget.fractionUp(book.turnover, book.total);
        capacity = Budget.capacity(budget);
        require(used <= capacity, TurnoverBudgetExceeded(used, capacity));
        s.turnoverLevel = used;
    }

    // ---- views

    /// @inheritdoc IVaultCore
    function balances() external view returns (uint256[] memory held) {
        return _holdings(_words(_unlocked()), 0);
    }

    /// @inheritdoc IVaultCore
    function previewMint(uint256 shares) external view returns (uint256[] memory amounts) {
        bytes memory words = _words(_unlocked());
        uint256 supply = totalSupply();
        return _portionsUp(_holdings(words, 0), shares, supply + _managementShares(words, supply));
    }

    /// @inheritdoc IVaultCore
    function previewRedeem(uint256 shares, uint256 skip) external view returns (uint256[] memory amounts) {
        bytes memory words = _words(_unlocked());
        uint256 supply = totalSupply();
        return _portionsDown(_holdings(words, skip), shares, supply + _managementShares(words, supply));
    }

    /// @inheritdoc IVaultCore
    function owner() external view returns (address) {
        return _owner;
    }

    /// @inheritdoc IVaultCore
    function pendingOwner() external view returns (address) {
        return _pendingOwner;
    }

    /// @inheritdoc IVaultCore
    function guardian() external view returns (address) {
        return _guardian;
    }

    /// @inheritdoc IVaultCore
    function strategist() external view returns (address) {
        return _strategist;
    }

    /// @inheritdoc IVaultCore
    function isKeeper(address account) external view returns (bool) {
        return _isKeeper[account];
    }

    /// @inheritdoc IVaultCore
    function ledger() external view returns (address) {
        return _ledger;
    }

    // ---- inside

    /// @dev The products have 512 bits: no token's supply, however huge, can make them overflow.
    /// @return amounts {qTok}
    function _portionsUp(uint256[] memory held, uint256 shares, uint256 supply)
        private
        pure
        returns (uint256[] memory amounts)
    {
        require(supply > 0, NoValue());
        amounts = new uint256[](held.length);
        for (uint256 i; i < held.length; ++i) {
            // {qTok} = {qTok} * {qShare} / {qShare}
            amounts[i] = FixedPointMathLib.fullMulDivUp(held[i], shares, supply);
        }
    }

    /// @dev As above.
    function _portionsDown(uint256[] memory held, uint256 shares, uint256 supply)
        private
        pure
        returns (uint256[] memory amounts)
    {
        require(supply > 0, NoValue());
        amounts = new uint256[](held.length);
        for (uint256 i; i < held.length; ++i) {
            // {qTok} = {qTok} * {qShare} / {qShare}
            amounts[i] = FixedPointMathLib.fullMulDiv(held[i], shares, supply);
        }
    }
}
