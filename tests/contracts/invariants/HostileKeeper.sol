// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {FixedPointMathLib} from "solady/utils/FixedPointMathLib.sol";

import {IUniswapV2Factory, IUniswapV2Pair} from "../../../contracts/interfaces/IUniswapV2.sol";
import {IUniswapV3Pool} from "../../../contracts/interfaces/IUniswapV3.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {IVaultCore} from "../../../contracts/interfaces/IVaultCore.sol";
import {Mandate, Plan, Roles, Status, Trade} from "../../../contracts/types/Types.sol";
import {UniswapV2Venue} from "../../../contracts/venues/UniswapV2Venue.sol";
import {UniswapV2Fixture} from "../base/UniswapV2Fixture.sol";
import {VaultFixture} from "../base/VaultFixture.sol";
import {OddToken} from "../hostile/OddToken.sol";
import {Thief} from "../hostile/Thief.sol";

/// @notice Deploys the real Uniswap V2 apart: both fixtures read their artifacts in the same words.
contract UniswapV2Deployer is UniswapV2Fixture {
    function deploy() external returns (IUniswapV2Factory, bytes32) {
        setUpUniswapV2();
        return (uniswapV2, pairInitCodeHash);
    }
}

/// @notice A thief with every key but the owner's, who works out the worst plan that the mandate still allows and does it
///         again and again, around whatever else can be done to a vault.
/// @dev The thief is keeper, strategist and guardian, one of the mandate's three venues, and moves the pools of the other
///      two by flash-sized swaps before and after each plan. The market is on its side: prices go where it needs them, to
///      make the next rebalance due. What binds one step is asserted here; what is measured is a share's value at the
///      oracle's prices, before and after each step, and what the thief has in its pocket.
contract HostileKeeper is VaultFixture {
    uint256 internal constant COUNT = 3; // assets
    uint256 internal constant BPS = 10_000;
    uint256 internal constant D14 = 1e14;
    uint256 private constant Q96 = 1 << 96;
    uint256 private constant V2_DOLLARS = 10_000_000e6; // {qTok of dollar} on each side of a pair

    uint8 private constant ON_V3 = 0;
    uint8 private constant ON_V2 = 1;
    uint8 private constant OWN = 2;

    // the mandate's numbers
    uint16 internal constant BAND = 500;
    uint16 internal constant MAX_SLIPPAGE = 300;
    uint16 internal constant MAX_LOSS = 50;
    uint16 internal constant LOSS_BUDGET = 100;
    uint32 internal constant BUDGET_WINDOW = 10 days;
    uint32 internal constant COOLDOWN = 1 hours;
    uint256 private constant MIN_TRADE = 100e36; // D36{quote}
    uint256 private constant DOLLAR36 = 1e36; // D36{quote} what rounding in the pools may come to

    /// @dev What was lost or sold at some second.
    struct Use {
        uint40 time;
        uint216 amount; // D14{1}
    }

    /// @dev Uses in the window that ends now.
    struct Window {
        Use[] uses;
        uint256 first;
        uint256 sum; // D14{1}
        uint256 worst; // D14{1} of any window so far
    }

    struct Book {
        uint256[] held;
        uint256[3] prices; // D36{quote/qTok}
        uint256[3] values; // D36{quote}
        uint256 total; // D36{quote}
        uint256 cap; // D36{quote} that may still be lost
        uint256 room; // D36{quote} that may still be sold
        int256[3] gaps; // D36{quote} above the target, at the total that will be left
        bool isPart;
        uint256 portion; // {percent} of the gaps
        uint256 slippage; // {bps} of each trade
        uint256 roll; // of the dice
        uint256 used; // bitmap of venues
        uint256 found; // trades
        bool aligned; // whether the pools that are used stood at the oracle's prices
    }

    Thief public thief;
    Thief internal crowd; // the rest of the market
    address internal ann = makeAddr("ann"); // an honest holder

    address[3] private _pairs;
    uint256[3] private _scales; // 10^(36 - token decimals - feed decimals)
    int256[3] private _firstAnswers;
    uint256[3] private _liquidity;

    uint256 private _touched; // bitmap of pools, and of pairs 8 bits higher

    Window private _losses;
    Window private _sold;

    bool private _inParts;
    bool private _paused;
    uint32 public turnoverBudget; // {bps}

    // how much of all that was of consequence
    uint256 public robberies;
    uint256 public refusals;
    uint256 public lastTargetChange;

    /// @dev What a step costs whoever holds a share counts against the budget.
    modifier measured() {
        (uint256 total, uint256 supply) = _share();
        _;
        _use(_losses, _lost(total, supply));
        assertLe(_losses.worst, uint256(LOSS_BUDGET) * D14 / BPS, "HK-1 lost in any window: at most the budget");
    }

    /// @dev Only a rebalance may cost anything.
    modifier harmless() {
        (uint256 total, uint256 supply) = _share();
        _;
        assertEq(_lost(total, supply), 0, "HK-7 nothing but a rebalance lowers a share");
    }

    // ---- set-up

    /// @param window {s} in which a rebalance may be finished in parts; zero: all at once
    /// @param turnoverBudget_ {bps} of the vault's value that may be sold in any budget window
    function start(uint32 window, uint32 turnoverBudget_) external {
        (_inParts, turnoverBudget) = (window != 0, turnoverBudget_);
        setUpMarket();
        setUpVaults();
        thief = new Thief();
        crowd = new Thief();
        (IUniswapV2Factory pairs, bytes32 initCodeHash) = new UniswapV2Deployer().deploy();
        for (uint256 i; i < COUNT; ++i) {
            _scales[i] = 10 ** (36 - tokens[i].decimals() - FEED_DECIMALS);
            _firstAnswers[i] = answers[i];
            _liquidity[i] = IUniswapV3Pool(pools[i]).liquidity();
            _pairs[i] = pairs.createPair(address(tokens[i]), address(tokens[DOLLAR]));
            tokens[i].mint(_pairs[i], V2_DOLLARS * 10 ** (tokens[i].decimals() + 2) / uint256(answers[i]));
            tokens[DOLLAR].mint(_pairs[i], V2_DOLLARS);
            IUniswapV2Pair(_pairs[i]).mint(address(crowd));
        }
        UniswapV2Venue second = new UniswapV2Venue(address(pairs), initCodeHash);
        Mandate memory m = _hostileMandate(window, address(second));
        vault = IVault(factory.create(m, _roles(), pairings(m), "hostile"));
        seed(vault, SEED_SHARES);
        vm.prank(owner);
        OddToken(address(vault)).transfer(ann, SEED_SHARES / 2);
        for (uint256 i; i < 4; ++i) {
            tokens[i].mint(address(thief), 1e12 * 10 ** tokens[i].decimals());
            tokens[i].mint(address(crowd), 1e12 * 10 ** tokens[i].decimals());
            bytes memory approve = abi.encodeCall(tokens[i].approve, (address(vault), type(uint256).max));
            thief.exec(address(tokens[i]), approve);
        }
    }

    function _hostileMandate(uint32 window, address second) private view returns (Mandate memory m) {
        m = mandate6030();
        (m.limits.maxSlippage, m.limits.maxLoss, m.limits.lossBudget) = (MAX_SLIPPAGE, MAX_LOSS, LOSS_BUDGET);
        (m.limits.turnoverBudget, m.limits.budgetWindow) = (turnoverBudget, BUDGET_WINDOW);
        (m.trigger.cooldown, m.destination.window) = (COOLDOWN, window);
        m.venues = new address[](3);
        (m.venues[ON_V3], m.venues[ON_V2], m.venues[OWN]) = (address(venue), second, address(thief));
        for (uint256 i; i < COUNT; ++i) {
            // Staleness is no subject here, and this is quicker.
            m.assets[i].feed.heartbeat = type(uint32).max;
            (m.assets[i].minWeight, m.assets[i].maxWeight) = (500, 7_500);
        }
    }

    function _roles() private view returns (Roles memory r) {
        r.keepers = new address[](1);
        (r.owner, r.strategist, r.guardian, r.keepers[0]) = (owner, address(thief), address(thief), address(thief));
    }

    // ---- what the thief does

    /// @notice Makes a rebalance due, mostly, does the worst plan there is, and takes what has come of it out of the pools.
    function rob(uint256 seed_) external {
        if (seed_ & 3 != 0) _makeDue(seed_ >> 8);
        _robNow(seed_);
    }

    function _robNow(uint256 seed_) private measured {
        uint256 flash = seed_ >> 2 & 7;
        // Shares that are there for this one step only: four times the vault at most.
        if (flash == 0) {
            _asThief(abi.encodeCall(vault.mint, (_supply() * (seed_ >> 16 & 3) + 1e18, _most(), address(thief))));
        }
        uint256 pocket = _pocket();
        (uint256 before,) = _share();
        (bool aligned, Plan memory p) = _worst(seed_ >> 24);
        if (p.trades.length != 0) _send(p, seed_ >> 5 & 7 == 0);
        _restore();
        (uint256 after_,) = _share();
        uint256 lost = FixedPointMathLib.zeroFloorSub(before, after_);
        assertLe(lost * BPS, before * MAX_LOSS, "HK-8 lost in one plan: at most the limit");
        if (aligned) {
            assertLe(_pocket(), pocket + lost + DOLLAR36, "HK-5 the thief gains at most what the vault loses");
        }
        if (flash == 0) _redeemAll();
        _leave();
    }

    /// @notice In and out by every door.
    function flow(uint256 seed_) external harmless {
        uint256 what = seed_ % 5;
        uint256 asset = (seed_ >> 8) % COUNT;
        uint256 size = (seed_ >> 16) % 100_000;
        if (what == 0) _asThief(abi.encodeCall(vault.mint, (_supply() * size / 100_000 + 1, _most(), address(thief))));
        if (what == 1) _redeemAll();
        uint256[] memory amounts = new uint256[](COUNT);
        // up to 10% of the vault
        amounts[asset] = size * 1e36 / _price(asset) + 1;
        if (what == 2) _asThief(abi.encodeCall(vault.deposit, (amounts, 0, address(thief))));
        if (what == 3) {
            bytes memory call =
                abi.encodeCall(vault.withdraw, (amounts, type(uint256).max, address(thief), address(thief)));
            _asThief(call);
        }
        if (what == 4) tokens[asset].mint(address(vault), amounts[asset] / 100);
        _leave();
    }

    /// @notice Leaves a pool where it suits.
    function skew(uint256 seed_) external harmless {
        uint256 asset = seed_ % COUNT;
        uint256 price = uint256(answers[asset]) * (50 + (seed_ >> 8) % 100) / 100;
        if (seed_ >> 16 & 1 == 0) thief.moveV3(pools[asset], poolPrice(asset, int256(price)));
        else _moveV2(thief, asset, price);
    }

    /// @notice Time goes by.
    function wait(uint256 seed_) external {
        vm.warp(block.timestamp + 1 + seed_ % 3 days);
        vm.roll(block.number + 1);
    }

    /// @notice Feeds move, and the pools stay behind.
    function moveFeed(uint256 seed_) external {
        uint256 asset = seed_ % COUNT;
        _push(asset, uint256(answers[asset]) * (80 + (seed_ >> 8) % 41) / 100);
    }

    /// @notice As strategist: targets as far as they go.
    function moveTargets(uint256 seed_) external harmless {
        uint16[] memory now_ = vault.targets();
        uint16[] memory next = vault.targets();
        uint256 from = seed_ % COUNT;
        uint256 to = (from + 1 + (seed_ >> 8) % 2) % COUNT;
        uint16 step = uint16((seed_ >> 16) % 700);
        if (step > next[from]) step = next[from];
        (next[from], next[to]) = (next[from] - step, next[to] + step);
        uint32 duration = seed_ >> 32 & 1 == 0 ? 0 : uint32((seed_ >> 40) % 5 days);
        if (!_asThief(abi.encodeCall(vault.setTargets, (next, duration)))) return;
        assertLe(step, 500, "STR-1 a step is at most maxStep");
        if (lastTargetChange != 0) assertGe(block.timestamp, lastTargetChange + 1 days, "STR-2 stepDelay kept");
        lastTargetChange = block.timestamp;
        if (duration != 0) {
            assertEq(abi.encode(vault.targets()), abi.encode(now_), "STR-3 a glide begins where the targets are");
        }
    }

    /// @notice As guardian: stops everything, and withdraws what the owner has announced. The owner takes the pause back.
    function guard(uint256 seed_) external harmless {
        if (seed_ & 3 == 0) {
            assertTrue(_asThief(abi.encodeCall(vault.pause, ())), "GRD-2 pausing always works");
            _paused = true;
        } else if (seed_ & 3 != 3) {
            vm.prank(owner);
            vault.unpause();
            _paused = false;
        } else {
            bytes memory call = abi.encodeCall(vault.setGuardian, (ann));
            vm.prank(owner);
            try vault.submit(call) {} catch {}
            _asThief(abi.encodeCall(vault.revoke, (call)));
        }
        _leave();
    }

    // ---- what is asked of it

    function theVault() external view returns (IVault) {
        return vault;
    }

    /// @return lost D14{1} in the worst window
    /// @return sold D14{1} in the worst window
    function worst() external view returns (uint256 lost, uint256 sold) {
        return (_losses.worst, _sold.worst);
    }

    /// @notice Everybody leaves, paused or not.
    function end() external {
        _asThief(abi.encodeCall(vault.pause, ()));
        _redeemAll();
        address[2] memory holders = [ann, owner];
        for (uint256 k; k < 2; ++k) {
            uint256 shares = OddToken(address(vault)).balanceOf(holders[k]);
            vm.prank(holders[k]);
            vault.redeem(shares, new uint256[](COUNT), holders[k], holders[k], 0);
        }
        assertEq(_supply(), 1e6, "HK-4 everybody has left");
    }

    // ---- the worst plan

    /// @dev Sells what is above for what is below, for as little as slippage, loss limit and budget allow, to the unit.
    /// @return aligned whether the pools that are used stood at the oracle's prices
    function _worst(uint256 roll) private returns (bool aligned, Plan memory p) {
        Book memory b = _read();
        // A part is refused where the mandate has none; that it is, is tried now and then.
        b.isPart = _inParts ? roll & 3 != 0 : roll & 63 == 0;
        // in parts: any portion, so that small ones come often
        (b.portion, b.roll, b.aligned) = (b.isPart ? 1 + (roll >> 8) % 100 : 100, roll >> 16, true);
        uint16[] memory targets = vault.targets();
        for (uint256 i; i < COUNT; ++i) {
            b.gaps[i] = int256(b.values[i]) - int256(b.total * targets[i] / BPS);
            if (b.gaps[i] >= 0) continue;
            // What is lost lowers what may be bought, and what is given is rounded up.
            b.gaps[i] += int256(b.cap * targets[i] / BPS + b.prices[i] + uint256(-b.gaps[i]) / 1e8);
        }
        _overreach(b, roll >> 4 & 15);
        Trade[] memory trades = new Trade[](4);
        for (uint256 i; i < COUNT; ++i) {
            for (uint256 j; j < COUNT; ++j) {
                uint256 amount = _match(b, i, j);
                if (amount != 0) trades[b.found++] = _rob(b, i, j, amount);
            }
        }
        uint256 found = b.found;
        assembly ("memory-safe") {
            mstore(trades, found)
        }
        if (found == 0) return (true, p);
        p = planFor(vault, trades);
        p.part = b.isPart;
        return (b.aligned, p);
    }

    /// @dev Now and then he tries what is not allowed: a plan that obeys every rule shows no rule at work.
    function _overreach(Book memory b, uint256 what) private pure {
        b.slippage = MAX_SLIPPAGE;
        if (what < 2) b.cap = b.total * MAX_LOSS / BPS;
        if (what == 1 || what == 2) b.room = type(uint256).max;
        if (what == 3) b.cap = b.total;
        if (what == 4) (b.cap, b.slippage) = (b.total, 2 * MAX_SLIPPAGE);
        if (what == 5) b.portion += 25;
    }

    /// @return amount {qTok of i} that may be sold for `j`; zero: none
    function _match(Book memory b, uint256 i, uint256 j) private pure returns (uint256 amount) {
        if (b.gaps[i] <= 0 || b.gaps[j] >= 0) return 0;
        int256 value = b.gaps[i] < -b.gaps[j] ? b.gaps[i] : -b.gaps[j];
        (b.gaps[i], b.gaps[j]) = (b.gaps[i] - value, b.gaps[j] + value);
        // Only a part can do with less than its gaps.
        uint256 sale = uint256(value) * b.portion / 100;
        if (b.isPart && sale > b.room) sale = b.room;
        amount = sale / b.prices[i];
        if (amount * b.prices[i] < MIN_TRADE) return 0;
        b.room = FixedPointMathLib.zeroFloorSub(b.room, sale);
    }

    function _read() private view returns (Book memory b) {
        b.held = vault.balances();
        for (uint256 i; i < COUNT; ++i) {
            b.prices[i] = _price(i);
            b.values[i] = b.held[i] * b.prices[i];
            b.total += b.values[i];
        }
        Status memory s = vault.status();
        uint256 left = FixedPointMathLib.zeroFloorSub(uint256(LOSS_BUDGET) * D14 / BPS / 2, s.lossUsed);
        b.cap = FixedPointMathLib.min(
            FixedPointMathLib.fullMulDiv(b.total, left, D14), FixedPointMathLib.fullMulDiv(b.total, MAX_LOSS, BPS)
        );
        left = FixedPointMathLib.zeroFloorSub(uint256(turnoverBudget) * D14 / BPS / 2, s.turnoverUsed);
        b.room = FixedPointMathLib.fullMulDiv(b.total, left, D14);
    }

    /// @dev One trade that loses as much as may still be lost, and the pools moved to where it does.
    function _rob(Book memory b, uint256 i, uint256 j, uint256 amount) private returns (Trade memory t) {
        uint256 valueIn = amount * b.prices[i];
        uint256 loss = FixedPointMathLib.min(b.cap, valueIn * b.slippage / BPS);
        uint256 give = FixedPointMathLib.divUp(valueIn - loss, b.prices[j]);
        b.cap -= loss;
        t = trade(i, j, amount);
        t.venue = _pick(b);
        if (t.venue == OWN) {
            t.route = abi.encode(give, b.roll & 7 == 0);
            return t;
        }
        // Mostly the rest of the market has just traded these pools to the oracle's prices.
        bool align = b.roll & 3 != 0;
        if (!align) b.aligned = false;
        // A thousand millionth more, for what is rounded on the way.
        if (t.venue == ON_V3) {
            _touched |= 1 << i | 1 << j;
            if (align) {
                _alignV3(crowd, i);
                _alignV3(crowd, j);
            }
            _skewV3(i, j, amount, give + give / 1e9 + 1);
        } else {
            _touched |= 1 << (8 + i) | 1 << (8 + j);
            if (align) {
                _moveV2(crowd, i, uint256(answers[i]));
                _moveV2(crowd, j, uint256(answers[j]));
            }
            t.route = abi.encodePacked(address(tokens[DOLLAR]));
            _skewV2(i, j, amount, give + give / 1e9 + 1);
        }
    }

    /// @dev One trade on each of the real venues, the others at home: what one moves the next would miss.
    function _pick(Book memory b) private pure returns (uint8 on) {
        on = uint8((b.roll >> (8 + 4 * b.found)) % 4);
        if (on >= OWN || b.used >> on & 1 == 1) on = OWN;
        b.used |= 1 << on;
    }

    function _send(Plan memory p, bool early) private {
        uint256[] memory before = vault.balances();
        bytes memory call = abi.encodeCall(vault.rebalance, (p));
        if (early) {
            // Out of turn: the plan after this one.
            ++p.nonce;
            _mustMiss(abi.encodeCall(vault.rebalance, (p)));
            --p.nonce;
        }
        (bool ok,) = thief.exec(address(vault), call);
        if (!ok) {
            ++refusals;
            return;
        }
        assertFalse(_paused, "GRD-1 nothing is traded while paused");
        ++robberies;
        _judge(before, vault.balances());
        // Again: never.
        _mustMiss(call);
    }

    function _mustMiss(bytes memory call) private {
        (bool ok, bytes memory answer) = thief.exec(address(vault), call);
        assertFalse(ok, "HK-6 a plan executes at most once, and in its turn");
        bytes4 name = bytes4(answer);
        if (name != IVaultCore.Paused.selector) assertEq(name, IVaultCore.NonceMismatch.selector, "HK-6 by name");
    }

    /// @dev HK-2 and HK-3 on measured balances.
    function _judge(uint256[] memory before, uint256[] memory now_) private {
        uint256 total;
        uint256 totalNow;
        uint256 sold;
        for (uint256 i; i < COUNT; ++i) {
            uint256 price = _price(i);
            total += before[i] * price;
            totalNow += now_[i] * price;
            if (before[i] > now_[i]) sold += (before[i] - now_[i]) * price;
        }
        uint16[] memory targets = vault.targets();
        for (uint256 i; i < COUNT; ++i) {
            uint256 price = _price(i);
            if (now_[i] < before[i]) {
                assertGt(before[i] * price * BPS, targets[i] * total, "HK-2 sold from above");
                assertGe(now_[i] * price * BPS, targets[i] * totalNow, "HK-2 never past the target");
            } else if (now_[i] > before[i]) {
                assertLt(before[i] * price * BPS, targets[i] * total, "HK-2 bought from below");
                assertLe(now_[i] * price * BPS, targets[i] * totalNow, "HK-2 never past the target");
            }
        }
        _use(_sold, FixedPointMathLib.fullMulDiv(sold, D14, total));
        assertLe(_sold.worst, uint256(turnoverBudget) * D14 / BPS, "HK-3 sold in any window: at most the budget");
    }

    // ---- pools, prices, time

    /// @dev Ends the cool-down and moves one price so far that its asset is 5 to 9% off its target.
    function _makeDue(uint256 roll) private {
        Status memory s = vault.status();
        uint256 until = uint256(s.lastRebalance) + COOLDOWN;
        if (block.timestamp > s.openUntil && block.timestamp < until) vm.warp(until);
        vm.roll(block.number + 1);
        if (block.timestamp <= s.openUntil && roll >> 32 & 1 == 0) return;
        Book memory b = _read();
        uint256 i = roll % COUNT;
        bool up = answers[i] < _firstAnswers[i] * 2 / 3 || (answers[i] < _firstAnswers[i] * 3 / 2 && roll >> 8 & 1 == 0);
        uint256 target = vault.targets()[i];
        uint256 off = BAND + 1 + (roll >> 16) % 400;
        uint256 wanted = up ? target + off : target > off + 100 ? target - off : 100; // {bps}
        if (wanted > 9_500) wanted = 9_500;
        // wanted / BPS = factor * value / (total - value + factor * value)
        uint256 rest = b.total - b.values[i];
        if (b.values[i] == 0 || rest == 0) return;
        uint256 value = FixedPointMathLib.fullMulDiv(rest, wanted, BPS - wanted);
        _push(i, FixedPointMathLib.fullMulDiv(uint256(answers[i]), value, b.values[i]));
    }

    /// @dev A new answer, kept between a fifth and five times the first.
    function _push(uint256 i, uint256 answer) private {
        uint256 first = uint256(_firstAnswers[i]);
        answer = FixedPointMathLib.max(FixedPointMathLib.min(answer, first * 5), first / 5);
        answers[i] = int256(answer);
        vm.prank(address(market));
        feeds[i].push(int256(answer));
    }

    function _alignV3(Thief by, uint256 i) private {
        by.moveV3(pools[i], poolPrice(i, answers[i]));
    }

    /// @dev Trades the pair of token `i` to a price.
    function _moveV2(Thief by, uint256 i, uint256 answer) private {
        (uint256 held, uint256 dollars) = _reserves(i);
        // held' * dollars' = held * dollars, dollars' / held' = answer / 10^8 * 10^6 / 10^decimals
        uint256 unit = 10 ** (tokens[i].decimals() + 2);
        uint256 reserve = FixedPointMathLib.sqrt(FixedPointMathLib.fullMulDiv(held * dollars, unit, answer));
        _setReserve(by, i, reserve, dollars * held);
    }

    /// @param reserve {qTok of token i} that the pair is to hold
    function _setReserve(Thief by, uint256 i, uint256 reserve, uint256 product) private {
        bool first = address(tokens[i]) < address(tokens[DOLLAR]);
        (address token0, address token1) =
            first ? (address(tokens[i]), address(tokens[DOLLAR])) : (address(tokens[DOLLAR]), address(tokens[i]));
        by.moveV2(_pairs[i], token0, token1, first ? reserve : product / reserve);
    }

    function _reserves(uint256 i) private view returns (uint256 held, uint256 dollars) {
        (uint256 a, uint256 b,) = IUniswapV2Pair(_pairs[i]).getReserves();
        return address(tokens[i]) < address(tokens[DOLLAR]) ? (a, b) : (b, a);
    }

    /// @dev Moves the pool of `j` so that `amount` of `i` over both pools returns `out`. With s the square root of dollars
    ///      per token and L the liquidity: a trade of `d` dollars moves s by d / L and returns L * (1/s - 1/(s + d/L)), so
    ///      s^2 + s * d / L = d / out.
    function _skewV3(uint256 i, uint256 j, uint256 amount, uint256 out) private {
        uint256 s = _sqrtV3(i);
        uint256 paid = amount * (1e6 - FEE) / 1e6;
        // 1/s' = 1/s + paid / L
        uint256 moved =
            FixedPointMathLib.fullMulDiv(_liquidity[i], s, _liquidity[i] + FixedPointMathLib.fullMulDiv(paid, s, Q96));
        uint256 d = FixedPointMathLib.fullMulDiv(_liquidity[i], s - moved, Q96) * (1e6 - FEE) / 1e6;
        uint256 shift = FixedPointMathLib.fullMulDiv(d, Q96, _liquidity[j]);
        uint256 square = FixedPointMathLib.fullMulDiv(d, Q96 * Q96, out);
        uint256 wanted = (FixedPointMathLib.sqrt(shift * shift + 4 * square) - shift) / 2;
        bool first = address(tokens[j]) < address(tokens[DOLLAR]);
        thief.moveV3(pools[j], uint160(first ? wanted : Q96 * Q96 / wanted));
    }

    /// @return sqrt({qTok of dollar / qTok of token i}) * 2^96
    function _sqrtV3(uint256 i) private view returns (uint256) {
        (uint160 s,,,,,,) = IUniswapV3Pool(pools[i]).slot0();
        return address(tokens[i]) < address(tokens[DOLLAR]) ? s : Q96 * Q96 / s;
    }

    /// @dev The same on the pairs, where `d` dollars return k / y - k / (y + d'), y the pair's dollars, k the product and
    ///      d' what is left after the fee: y^2 + y * d' = k * d' / out.
    function _skewV2(uint256 i, uint256 j, uint256 amount, uint256 out) private {
        (uint256 held, uint256 dollars) = _reserves(i);
        uint256 paid = amount * 997;
        uint256 d = paid * dollars / (held * 1_000 + paid) * 997 / 1_000;
        (held, dollars) = _reserves(j);
        uint256 square = FixedPointMathLib.fullMulDiv(held * dollars, d, out);
        uint256 wanted = (FixedPointMathLib.sqrt(d * d + 4 * square) - d) / 2;
        if (wanted != 0) _setReserve(thief, j, held * dollars / wanted, held * dollars);
    }

    /// @dev What the plan has left in the pools is the thief's.
    function _restore() private {
        for (uint256 i; i < COUNT; ++i) {
            if (_touched >> i & 1 == 1) _alignV3(thief, i);
            if (_touched >> (8 + i) & 1 == 1) _moveV2(thief, i, uint256(answers[i]));
        }
        _touched = 0;
    }

    // ---- accounts

    function _asThief(bytes memory call) private returns (bool ok) {
        (ok,) = thief.exec(address(vault), call);
    }

    function _redeemAll() private {
        uint256 shares = OddToken(address(vault)).balanceOf(address(thief));
        if (shares == 0) return;
        bytes memory call =
            abi.encodeCall(vault.redeem, (shares, new uint256[](COUNT), address(thief), address(thief), 0));
        assertTrue(_asThief(call), "HK-4 redeem works at every step");
    }

    /// @dev HK-4: an honest holder leaves with a little, and gets her part of every token.
    function _leave() private {
        uint256 shares = 1e12;
        uint256[] memory held = vault.balances();
        uint256 supply = _supply();
        for (uint256 i; i < COUNT; ++i) {
            held[i] = held[i] * shares / supply;
        }
        vm.prank(ann);
        vault.redeem(shares, held, ann, ann, 0);
    }

    /// @return value D36{quote} of all that the thief has
    function _pocket() private view returns (uint256 value) {
        for (uint256 i; i < COUNT; ++i) {
            value += tokens[i].balanceOf(address(thief)) * _price(i);
        }
        value += tokens[DOLLAR].balanceOf(address(thief)) * 1e30;
    }

    /// @return D14{1} of a share's value, rounded down
    function _lost(uint256 total, uint256 supply) private view returns (uint256) {
        (uint256 totalNow, uint256 supplyNow) = _share();
        // D36{quote} * {qShare}
        uint256 was = total * supplyNow;
        uint256 is_ = totalNow * supply;
        return is_ < was ? FixedPointMathLib.fullMulDiv(was - is_, D14, was) : 0;
    }

    function _share() private view returns (uint256 total, uint256 supply) {
        uint256[] memory held = vault.balances();
        for (uint256 i; i < COUNT; ++i) {
            total += held[i] * _price(i);
        }
        supply = _supply();
    }

    function _supply() private view returns (uint256) {
        return OddToken(address(vault)).totalSupply();
    }

    function _most() private pure returns (uint256[] memory amounts) {
        amounts = new uint256[](COUNT);
        (amounts[0], amounts[1], amounts[2]) = (type(uint256).max, type(uint256).max, type(uint256).max);
    }

    /// @return D36{quote/qTok}
    function _price(uint256 i) private view returns (uint256) {
        return uint256(answers[i]) * _scales[i];
    }

    function _use(Window storage w, uint256 amount) private {
        if (amount == 0) return;
        w.uses.push(Use(uint40(block.timestamp), uint216(amount)));
        w.sum += amount;
        while (w.uses[w.first].time + BUDGET_WINDOW < block.timestamp) w.sum -= w.uses[w.first++].amount;
        if (w.sum > w.worst) w.worst = w.sum;
    }
}
