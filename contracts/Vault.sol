// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "solady/tokens/ERC20.sol";
import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";
import {LibString} from "solady/utils/LibString.sol";
import {SSTORE2} from "solady/utils/SSTORE2.sol";
import {SafeTransferLib} from "solady/utils/SafeTransferLib.sol";

import {ILedger} from "./interfaces/ILedger.sol";
import {IPriceOracle} from "./interfaces/IPriceOracle.sol";
import {IVault} from "./interfaces/IVault.sol";
import {IVenue} from "./interfaces/IVenue.sol";
import {MandateCodec} from "./libraries/MandateCodec.sol";
import {MandateRules} from "./libraries/MandateRules.sol";
import {Rules} from "./libraries/Rules.sol";
import {BPS, Feed, Fill, Kind, Mandate, Plan, Rebalance, Roles, Scope, Trade} from "./types/Types.sol";

/// @title Vault
/// @notice An ERC-20 share over a basket of tokens that only moves towards its owner's mandate.
/// @dev Deployed once as an implementation and used through clones.
///
/// SHARE PRICE
/// A share is a part of every token that the vault holds, paid in and out in kind, so no price decides what it is worth.
/// A donation belongs to all shares alike: the donor loses it, and nobody can sell it on at the others' cost. Shares are
/// what a minter asks for and tokens are what is rounded, so a swollen share never rounds a minter's shares to zero; it
/// costs at most one unit more of each token. MIN_SUPPLY shares of the first mint are locked for good, so that the supply
/// never returns to zero or to dust, and only the owner can make the first mint.
///
/// ROUNDING
/// Always for the vault: `mint` takes up, `redeem` pays down, the oracle's floor on a trade is rounded up. Decisions are
/// exact (libraries/Rules.sol).
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
/// ROLES, and what each can cost the holders at most
/// owner     chooses keepers and guardian, can pause, makes the first mint. Cannot move tokens, change the mandate or
///           block redeeming. Through a keeper of its own: what a keeper can cost.
/// keeper    one rebalance per cool-down while one is due, each losing at most `maxLoss` of the vault's value against the
///           oracle, each trade at most `maxSlippage`. Cannot choose the direction: every traded asset moves towards its
///           target and not past it.
/// guardian  can pause, which costs time.
/// oracle, venues, ledger: the oracle is trusted with prices within the mandate's bounds. A venue is trusted with nothing
///           beyond the trade it is given: the allowance is exact and zero again afterwards. The ledger is trusted to
///           record and not to revert.
/// anyone    can transfer tokens in, which may make a rebalance due.
///
/// KNOWN LIMITS
/// - An asset that is not traded can still change its weight, by no more than the loss of the rebalance.
/// - ERC-20 functions of the share (transfer, approve, permit, totalSupply) work while the vault is locked; who values
///   shares takes `balances`, which then reverts.
/// - The mandate cannot be changed; a new one is a new vault.
contract Vault is IVault, ERC20 {
    using MandateCodec for bytes;

    /// @notice {qShare} of the first mint that nobody owns. Large enough that rounding against them is negligible, small
    ///         enough to be worth nothing: 10^-12 of one share.
    uint256 public constant MIN_SUPPLY = 1e6;
    /// @dev Holds the locked shares. Nobody has its key, and unlike zero it shows in every explorer.
    address private constant DEAD = 0x000000000000000000000000000000000000dEaD;

    /// @dev One slot.
    struct State {
        address mandate; // data contract with the words of MandateCodec
        uint40 lastRebalance; // {s}, zero before the first
        uint40 nonce; // of the next plan
        bool paused;
        bool locked; // while a call that moves tokens is under way
    }

    /// @dev One rebalance in memory.
    struct Book {
        Mandate mandate;
        uint256[] prices; // D36{quote/qTok}
        uint256[] balances; // {qTok}, kept up to date trade by trade
        uint256[] values; // D36{quote} before the first trade
        uint256 total; // D36{quote} before the first trade
        uint256 breaches; // bitmap of assets whose drift reached the band
        uint256 sold; // bitmap of assets
        uint256 bought; // bitmap of assets
    }

    /// @inheritdoc IVault
    address public immutable ledger;

    State private _state;
    /// @inheritdoc IVault
    address public owner;
    /// @inheritdoc IVault
    address public pendingOwner;
    /// @inheritdoc IVault
    address public guardian;
    /// @inheritdoc IVault
    mapping(address account => bool) public isKeeper;

    modifier onlyOwner() {
        _unlocked();
        require(msg.sender == owner, Unauthorised(msg.sender));
        _;
    }

    /// @dev The implementation itself can never be used: it stays locked and counts as initialised.
    constructor(address ledger_) {
        ledger = ledger_;
        _state = State({mandate: address(this), lastRebalance: 0, nonce: 0, paused: true, locked: true});
    }

    /// @inheritdoc IVault
    function initialize(Mandate calldata mandate_, Roles calldata roles) external {
        require(_state.mandate == address(0), AlreadyInitialized());
        require(roles.owner != address(0), OwnerZero());
        Mandate memory m = mandate_;
        MandateRules.validate(m, address(this));
        _state.mandate = SSTORE2.write(MandateCodec.pack(m));
        owner = roles.owner;
        guardian = roles.guardian;
        for (uint256 i; i < roles.keepers.length; ++i) {
            isKeeper[roles.keepers[i]] = true;
        }
        _append(Kind.CREATED, abi.encode(m, roles));
    }

    // ---- shares

    /// @inheritdoc IVault
    // What is written last is the lock given back; whatever else writes the state reverts while it is held.
    // slither-disable-next-line reentrancy-no-eth
    function mint(uint256 shares, uint256[] calldata maxAmounts, address receiver)
        external
        returns (uint256[] memory amounts)
    {
        State memory s = _unlocked();
        require(!s.paused, Paused());
        require(shares > 0, ZeroShares());
        _checkReceiver(receiver);
        _lock(s);
        address[] memory tokens = _tokens(s);
        require(maxAmounts.length == tokens.length, LengthMismatch(tokens.length, maxAmounts.length));

        uint256 locked;
        if (totalSupply() == 0) {
            require(msg.sender == owner, Unauthorised(msg.sender));
            require(shares > MIN_SUPPLY, FirstMintTooSmall(shares, MIN_SUPPLY));
            locked = MIN_SUPPLY;
            _mint(DEAD, locked);
            amounts = maxAmounts;
            _take(tokens, _holdings(tokens, 0), amounts);
        } else {
            uint256[] memory held = _holdings(tokens, 0);
            amounts = _portionsUp(held, shares, totalSupply());
            for (uint256 i; i < amounts.length; ++i) {
                require(amounts[i] <= maxAmounts[i], AmountAboveMaximum(i, amounts[i], maxAmounts[i]));
            }
            _take(tokens, held, amounts);
        }
        // Minted last: while a token calls back, the receiver has nothing yet that it could use.
        _mint(receiver, shares - locked);
        _append(Kind.MINTED, abi.encode(msg.sender, receiver, shares, amounts));
        _unlock(s);
    }

    /// @inheritdoc IVault
    // What is written last is the lock given back; whatever else writes the state reverts while it is held.
    // slither-disable-next-line reentrancy-no-eth
    function redeem(uint256 shares, uint256[] calldata minAmounts, address receiver, address from, uint256 skip)
        external
        returns (uint256[] memory amounts)
    {
        State memory s = _unlocked();
        require(shares > 0, ZeroShares());
        _checkReceiver(receiver);
        if (msg.sender != from) _spendAllowance(from, msg.sender, shares);
        _lock(s);
        address[] memory tokens = _tokens(s);
        require(minAmounts.length == tokens.length, LengthMismatch(tokens.length, minAmounts.length));

        uint256 supply = totalSupply();
        _burn(from, shares);
        amounts = _portionsDown(_holdings(tokens, skip), shares, supply);
        for (uint256 i; i < tokens.length; ++i) {
            require(amounts[i] >= minAmounts[i], AmountBelowMinimum(i, amounts[i], minAmounts[i]));
            // Nothing is sent for nothing: it is skipped, or some tokens revert on it.
            if (amounts[i] > 0) SafeTransferLib.safeTransfer(tokens[i], receiver, amounts[i]);
        }
        _append(Kind.REDEEMED, abi.encode(msg.sender, receiver, from, shares, amounts, skip));
        _unlock(s);
    }

    // ---- rebalance

    /// @inheritdoc IVault
    // What is written last is the lock given back; whatever else writes the state reverts while it is held.
    // slither-disable-next-line reentrancy-no-eth
    function rebalance(Plan calldata plan) external returns (bytes32 planHash) {
        State memory s = _unlocked();
        require(isKeeper[msg.sender], Unauthorised(msg.sender));
        require(!s.paused, Paused());
        _checkPlan(plan, s.nonce);
        Book memory book;
        Rebalance memory entry;
        book.mandate = MandateCodec.unpack(SSTORE2.read(s.mandate));
        (book.prices, entry.rounds) = _readPrices(book.mandate);
        entry.driftBefore = _checkDue(book, s.lastRebalance);

        entry.nonce = s.nonce++;
        s.lastRebalance = uint40(block.timestamp);
        _lock(s);
        entry.fills = _trade(book, plan.trades);
        (uint256[] memory values, uint256 total) = Rules.valuesOf(book.balances, book.prices);
        entry.driftAfter = _checkResult(book, values, total);

        planHash = keccak256(abi.encode(plan));
        entry.keeper = msg.sender;
        entry.planHash = planHash;
        entry.journalHead = plan.journalHead;
        entry.valueBefore = book.total;
        entry.valueAfter = total;
        entry.prices = book.prices;
        _append(Kind.REBALANCED, abi.encode(entry));
        _unlock(s);
    }

    /// @dev A block hash is known for the last 256 blocks and zero for all others.
    function _checkPlan(Plan calldata plan, uint256 nonce) private view {
        require(plan.nonce == nonce, NonceMismatch(nonce, plan.nonce));
        require(block.timestamp <= plan.deadline, DeadlinePassed(plan.deadline, block.timestamp));
        bytes32 known = blockhash(plan.referenceBlock);
        require(
            known != 0 && known == plan.referenceHash,
            ReferenceBlockMismatch(plan.referenceBlock, known, plan.referenceHash)
        );
        require(plan.trades.length > 0, NoTrades());
    }

    function _readPrices(Mandate memory m) private view returns (uint256[] memory prices, uint80[] memory rounds) {
        uint256 count = m.assets.length;
        Feed[] memory feeds = new Feed[](count);
        uint8[] memory decimals_ = new uint8[](count);
        for (uint256 i; i < count; ++i) {
            feeds[i] = m.assets[i].feed;
            decimals_[i] = m.assets[i].decimals;
        }
        return IPriceOracle(m.oracle).prices(feeds, decimals_);
    }

    /// @dev Fills the book with what is held and what it is worth, and refuses to go on unless a rebalance is due.
    /// @return drift D18{1} largest, rounded down
    function _checkDue(Book memory book, uint256 lastRebalance) private view returns (uint256 drift) {
        Mandate memory m = book.mandate;
        // {s} = {s} + {s}; the first rebalance waits for nothing
        uint256 until = lastRebalance == 0 ? 0 : lastRebalance + m.cooldown;
        require(block.timestamp >= until, CoolingDown(until, block.timestamp));

        uint256 count = m.assets.length;
        book.balances = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            book.balances[i] = _held(m.assets[i].token);
        }
        (book.values, book.total) = Rules.valuesOf(book.balances, book.prices);
        require(book.total > 0, NoValue());
        uint256 largest;
        for (uint256 i; i < count; ++i) {
            uint256 off = Rules.deviation(book.values[i], m.assets[i].target, book.total);
            if (Rules.isBreach(off, book.total, m.band)) book.breaches |= 1 << i;
            if (off > largest) largest = off;
        }
        drift = Rules.drift(largest, book.total);
        require(book.breaches != 0, NotDue(drift, m.band));
    }

    function _trade(Book memory book, Trade[] calldata trades) private returns (Fill[] memory fills) {
        fills = new Fill[](trades.length);
        for (uint256 k; k < trades.length; ++k) {
            Trade calldata trade = trades[k];
            uint256 minimum = _checkTrade(book, trade, k);
            uint256 amountOut = _swap(book, trade, k, minimum);
            book.sold |= 1 << trade.sell;
            book.bought |= 1 << trade.buy;
            fills[k] = Fill(trade.sell, trade.buy, trade.venue, trade.amountIn, amountOut);
        }
    }

    /// @return minimum {qTok of buy} that the trade must return
    function _checkTrade(Book memory book, Trade calldata trade, uint256 k) private pure returns (uint256 minimum) {
        Mandate memory m = book.mandate;
        uint256 sell = trade.sell;
        uint256 buy = trade.buy;
        require(sell < m.assets.length, UnknownAsset(k, sell));
        require(buy < m.assets.length, UnknownAsset(k, buy));
        require(sell != buy, SameAsset(k, sell));
        require(trade.venue < m.venues.length, UnknownVenue(k, trade.venue));

        // D36{quote} = {qTok} * D36{quote/qTok}
        uint256 value = uint256(trade.amountIn) * book.prices[sell];
        uint256 smallest = Rules.minTradeValue(m.minTrade);
        require(value >= smallest, TradeTooSmall(k, value, smallest));
        minimum = Rules.floorUp(trade.amountIn, book.prices[sell], book.prices[buy], m.maxSlippage);
        if (minimum < trade.minOut) minimum = trade.minOut;
    }

    /// @dev What was taken and given is measured, not believed. A difference in the wrong direction counts as nothing:
    ///      only a token that moves by itself can cause it, and then the trade fails by name.
    function _swap(Book memory book, Trade calldata trade, uint256 k, uint256 minimum)
        private
        returns (uint256 amountOut)
    {
        uint256[] memory held = book.balances;
        address sell = book.mandate.assets[trade.sell].token;
        address buy = book.mandate.assets[trade.buy].token;
        address venue = book.mandate.venues[trade.venue];
        uint256 amountIn = trade.amountIn;

        SafeTransferLib.safeApprove(sell, venue, amountIn);
        IVenue(venue).swap(sell, buy, amountIn, trade.route);

        uint256 left = _held(sell);
        uint256 taken = FixedPointMathLib.zeroFloorSub(held[trade.sell], left);
        require(taken == amountIn, AmountInMismatch(k, amountIn, taken));
        held[trade.sell] = left;
        uint256 now_ = _held(buy);
        amountOut = FixedPointMathLib.zeroFloorSub(now_, held[trade.buy]);
        require(amountOut >= minimum, OutputTooLow(k, amountOut, minimum));
        held[trade.buy] = now_;
        uint256 allowanceLeft = ERC20(sell).allowance(address(this), venue);
        require(allowanceLeft == 0, AllowanceLeft(k, allowanceLeft));
    }

    /// @dev The supply needs no check: mint and redeem revert while the vault is locked.
    /// @param values D36{quote} after the last trade
    /// @return D18{1} largest drift, rounded down
    function _checkResult(Book memory book, uint256[] memory values, uint256 total) private pure returns (uint256) {
        Mandate memory m = book.mandate;
        uint256 largest;
        for (uint256 i; i < values.length; ++i) {
            if ((book.sold | book.bought) >> i & 1 == 1) _checkCrossing(book, i, values[i], total);
            uint256 off = Rules.deviation(values[i], m.assets[i].target, total);
            if (off > largest) largest = off;
            bool inScope = m.scope == Scope.BOOK || book.breaches >> i & 1 == 1;
            // `require` would work out the evidence each time.
            if (inScope && !Rules.isInside(off, total, m.destination, m.minTrade)) {
                revert DestinationMissed(i, Rules.drift(off, total), m.destination);
            }
        }
        uint256 loss = Rules.lossOf(book.total, total);
        // D36{quote} = D36{quote} * {bps} / {bps}, rounded down, for the error only
        require(!Rules.isLossTooHigh(loss, book.total, m.maxLoss), LossTooHigh(loss, book.total * m.maxLoss / BPS));
        return Rules.drift(largest, total);
    }

    function _checkCrossing(Book memory book, uint256 i, uint256 value, uint256 total) private pure {
        uint256 target = book.mandate.assets[i].target;
        int256 before = Rules.side(book.values[i], target, book.total);
        int256 afterwards = Rules.side(value, target, total);
        require(
            !Rules.isCrossed(book.sold >> i & 1 == 1, book.bought >> i & 1 == 1, before, afterwards),
            TargetCrossed(i, book.values[i], value, target)
        );
    }

    // ---- roles

    /// @inheritdoc IVault
    function pause() external {
        _unlocked();
        require(msg.sender == owner || msg.sender == guardian, Unauthorised(msg.sender));
        _state.paused = true;
        _append(Kind.PAUSED, abi.encode(msg.sender));
    }

    /// @inheritdoc IVault
    function unpause() external onlyOwner {
        _state.paused = false;
        _append(Kind.UNPAUSED, abi.encode(msg.sender));
    }

    /// @inheritdoc IVault
    function setKeeper(address keeper, bool allowed) external onlyOwner {
        isKeeper[keeper] = allowed;
        _append(Kind.KEEPER_SET, abi.encode(keeper, allowed));
    }

    /// @inheritdoc IVault
    function setGuardian(address guardian_) external onlyOwner {
        guardian = guardian_;
        _append(Kind.GUARDIAN_SET, abi.encode(guardian_));
    }

    /// @inheritdoc IVault
    function proposeOwner(address pendingOwner_) external onlyOwner {
        pendingOwner = pendingOwner_;
        _append(Kind.OWNER_PROPOSED, abi.encode(pendingOwner_));
    }

    /// @inheritdoc IVault
    function acceptOwner() external {
        _unlocked();
        require(msg.sender == pendingOwner, Unauthorised(msg.sender));
        owner = msg.sender;
        delete pendingOwner;
        _append(Kind.OWNER_SET, abi.encode(msg.sender));
    }

    // ---- views

    /// @inheritdoc IVault
    function mandate() external view returns (Mandate memory) {
        return MandateCodec.unpack(SSTORE2.read(_state.mandate));
    }

    /// @inheritdoc IVault
    function state() external view returns (uint40 nonce, uint40 lastRebalance, bool paused) {
        return (_state.nonce, _state.lastRebalance, _state.paused);
    }

    /// @inheritdoc IVault
    function balances() external view returns (uint256[] memory held) {
        return _holdings(_tokens(_unlocked()), 0);
    }

    /// @inheritdoc IVault
    function previewMint(uint256 shares) external view returns (uint256[] memory amounts) {
        return _portionsUp(_holdings(_tokens(_unlocked()), 0), shares, totalSupply());
    }

    /// @inheritdoc IVault
    function previewRedeem(uint256 shares, uint256 skip) external view returns (uint256[] memory amounts) {
        return _portionsDown(_holdings(_tokens(_unlocked()), skip), shares, totalSupply());
    }

    function name() public view override returns (string memory) {
        return LibString.fromSmallString(SSTORE2.read(_state.mandate).name());
    }

    function symbol() public view override returns (string memory) {
        return LibString.fromSmallString(SSTORE2.read(_state.mandate).symbol());
    }

    // ---- inside

    /// @dev The state, if no call of this vault is under way.
    function _unlocked() private view returns (State memory s) {
        s = _state;
        require(!s.locked, Locked());
    }

    function _lock(State memory s) private {
        s.locked = true;
        _state = s;
    }

    /// @dev Nothing else can have written the state since `_lock`: whatever writes it reverts while the vault is locked.
    function _unlock(State memory s) private {
        s.locked = false;
        _state = s;
    }

    function _append(Kind kind, bytes memory payload) private {
        ILedger(ledger).append(kind, payload);
    }

    /// @dev Redeeming to the vault would record a payment that never left.
    function _checkReceiver(address receiver) private view {
        require(receiver != address(0) && receiver != address(this), InvalidReceiver(receiver));
    }

    function _tokens(State memory s) private view returns (address[] memory) {
        return SSTORE2.read(s.mandate).tokens();
    }

    /// @dev A plain call, so that a token that cannot answer reverts here and is never taken for an empty balance.
    function _held(address token) private view returns (uint256) {
        return ERC20(token).balanceOf(address(this));
    }

    /// @param skip bitmap of tokens that are not called and count as zero
    function _holdings(address[] memory tokens, uint256 skip) private view returns (uint256[] memory held) {
        held = new uint256[](tokens.length);
        for (uint256 i; i < tokens.length; ++i) {
            if (skip >> i & 1 == 0) held[i] = _held(tokens[i]);
        }
    }

    /// @dev Takes exactly `amounts` from the caller. All of them zero would be shares for nothing.
    /// @param held {qTok} before
    function _take(address[] memory tokens, uint256[] memory held, uint256[] memory amounts) private {
        bool paid;
        for (uint256 i; i < tokens.length; ++i) {
            if (amounts[i] == 0) continue;
            paid = true;
            SafeTransferLib.safeTransferFrom(tokens[i], msg.sender, address(this), amounts[i]);
            uint256 received = FixedPointMathLib.zeroFloorSub(_held(tokens[i]), held[i]);
            require(received == amounts[i], TransferMismatch(i, amounts[i], received));
        }
        require(paid, NoValue());
    }

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

    /// @dev An allowance is given by the holder alone: no address is trusted with all shares from the start.
    function _givePermit2InfiniteAllowance() internal pure override returns (bool) {
        return false;
    }
}
